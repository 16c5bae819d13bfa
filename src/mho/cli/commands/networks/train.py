"""`mho train`: a perceptron that learns on the chip itself, from blind pulses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mho.cli.options import (
    NUMBER,
    WHOLE,
    WORDS,
    ChipPreset,
    Compare,
    Json,
    KeptChip,
    OutFolder,
    Resume,
    Seed,
    Stuck,
    Threads,
)

if TYPE_CHECKING:
    from mho.files import RunFolder

_FIGURE = "training.png"


def train(
    data: str,
    /,
    *,
    network: Annotated[str | None, WORDS] = None,
    chip: ChipPreset = "umass_ta_hfo2",
    stuck: Stuck = None,
    epochs: Annotated[int, WHOLE] = 8,
    batch: Annotated[int, WHOLE] = 32,
    rate: Annotated[float, NUMBER] = 0.2,
    step: Annotated[str, WORDS] = "4uS",
    compare: Compare = True,
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    save: KeptChip = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Train a perceptron from scratch on a chip with faults, with blind pulses.

    Args:
        data: `digits` or `mnist` for a built-in example, or a `.npz` file with `training_inputs`,
            `training_labels`, `inputs` and `labels`; inputs from 0 to 1.
        network: Inputs, neurons of each hidden layer and classes, such as `64-54-10`; 54 hidden
            neurons if left out.
        epochs: Passes over the training samples.
        batch: Samples between two updates.
        rate: Learning rate; it falls from pass to pass.
        step: Conductance step of a pulse on a typical cell, with its unit.
    """
    from mho.cli.shared import (
        check_outputs,
        info_of,
        output_file,
        progress_bars,
        quantity,
        tell,
        with_threads,
        write_json,
    )
    from mho.deployment.storage import save_chip
    from mho.device.published import label
    from mho.files import RunFolder
    from mho.runs import TrainJob, learn, training_data
    from mho.training import OnChipTraining

    info = info_of(chip)
    if info.levels is not None:
        raise ValueError(
            "Argument `chip` must have cells that learn step by step, but those of"
            f" `{label(chip)}` hold {info.levels} levels; take another chip."
        )
    samples, provenance = training_data(data)
    hidden = _hidden(network, samples.inputs[0].numel(), samples.test.classes)
    training = OnChipTraining(
        hidden, epochs, batch, rate, quantity(step, "step", "S")
    )
    job = TrainJob(training, chip, stuck, compare, seed)
    folder = (
        Path(out)
        if out
        else Path("mho-out")
        / f"train-{Path(data).stem}-{label(chip)}-seed{seed}"
    )
    kept = output_file(save, data) if save else None
    check_outputs(folder, json)
    with (
        with_threads(threads),
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "train",
            job.identity(samples),
            makes=(_FIGURE, "result.json"),
            saves=kept,
            resume=resume,
        ) as run,
    ):
        tell(run)
        if not run.is_complete:
            found, trained = learn(
                job, samples, provenance, run=run, progress=progress
            )
            if kept is not None:
                save_chip(run.saved, trained)
            _save(found, run)
            run.finish()
        result = run.result()
    if not write_json(result, json):
        _print(result, folder, kept)


def _hidden(network: str | None, inputs: int, classes: int) -> tuple[int, ...]:
    """Sizes of the hidden layers."""
    if network is None:
        return (54,)
    words = network.split("-")
    sizes = [int(word) for word in words if word.isascii() and word.isdigit()]
    if (
        len(sizes) != len(words)
        or len(sizes) < 2
        or (sizes[0], sizes[-1]) != (inputs, classes)
    ):
        raise ValueError(
            f"Argument `network` must be sizes with hyphens between, from {inputs} inputs to"
            f" {classes} classes, such as `{inputs}-54-{classes}`, but is `{network}`."
        )

    return tuple(sizes[1:-1])


def _save(result: dict[str, Any], run: "RunFolder") -> None:
    from mho.report.figures import draw_png, training_figure

    run.write(_FIGURE, draw_png(lambda: training_figure(result)))
    run.write_result(result)


def _print(result: dict[str, Any], folder: Path, kept: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table

    from mho.units import show

    runs = result["runs"]
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for heading in ("pass", *runs):
        table.add_column(heading, justify="right")
    for number, passes in enumerate(zip(*runs.values(), strict=True), 1):
        table.add_row(
            str(number), *(f"{one['accuracy']:.2%}" for one in passes)
        )
    for name, unit in (("pulses", ""), ("seconds", "s"), ("joules", "J")):
        spent = [passes[-1]["cost"][name] for passes in runs.values()]
        told = [
            show(value, unit, 3) if unit else f"{value:,}" for value in spent
        ]
        table.add_row(
            {"seconds": "chip time", "joules": "energy"}.get(name, name), *told
        )
    console.print(table)
    sizes = "-".join(str(size) for size in result["network"])
    console.print(
        f"network {sizes}, {result['cells']:,} cells, {result['stuck_fraction']:.2%} of the chip's"
        f" stuck; accuracy on {result['test_samples']:,} test samples",
        soft_wrap=True,
    )
    console.print(f"figure: {folder / _FIGURE}", soft_wrap=True)
    if kept is not None:
        console.print(f"chip: {kept}", soft_wrap=True)
