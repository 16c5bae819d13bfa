"""`mho tune`: a network on a chip with faults, tuned step by step."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mho.checks import check_between
from mho.cli.options import (
    PLACE,
    Data,
    EndsOptions,
    Json,
    KeptChip,
    MetricName,
    OutFolder,
    OwnDenoise,
    OwnPreset,
    Resume,
    Seed,
    Stuck,
    Threads,
    Tolerance,
    Weights,
)

if TYPE_CHECKING:
    from mho.files import RunFolder
    from mho.runs import Tuned

_FIGURE = "tuning.png"
_PACKED = ".mho"


def tune(
    network: str,
    /,
    *,
    data: Data = None,
    training: Annotated[str | None, PLACE] = None,
    weights: Weights = None,
    ends: EndsOptions | None = None,
    method: str = "refit,hybrid",
    chip: OwnPreset = None,
    stuck: Stuck = None,
    tolerance: Tolerance = None,
    denoise: OwnDenoise = None,
    repair: bool | None = None,
    metric: MetricName = None,
    seed: Seed = 0,
    resume: Resume = False,
    save: KeptChip = None,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Win back the accuracy that a chip costs a network, by tuning before and after programming.

    The network is programmed coarsely, within ±20 µS and without denoising, into a chip of
    `rao2023` unless said otherwise: it is tuning that wins the accuracy back. A file of a chip is
    taken as it is.

    Args:
        network: `digits` or `mnist` for a built-in example, `model.pt2`, `model.onnx`,
            `model.tflite`, `module.py:factory`, an image of `mho compile`, or a chip of
            `mho program`.
        training: Another `.npz` file for the training data; there they may also be called
            `inputs` and `labels`.
        method: Steps in order, with commas: `noise-aware` trains the network for chips of the
            kind before it is programmed, `refit` fits gain and offset of outputs digitally,
            `hybrid` trains the last layer with programming pulses.
        repair: Let partners of stuck cells make up for them when the network is first programmed;
            they do if left out.
    """
    from mho.cli.shared import (
        check_outputs,
        print_rows,
        progress_bars,
        tell,
        with_threads,
        write_json,
    )
    from mho.device.published import label
    from mho.files import RunFolder
    from mho.runs import TuneJob
    from mho.runs import tune as run

    given = _Chip(chip, stuck, tolerance, denoise, repair)
    given.check(network)
    check_between(seed, "seed", 0, 2**62, "1")
    methods = tuple(word for word in method.split(",") if word)
    job = TuneJob(
        network,
        data,
        training,
        weights,
        methods=methods,
        seed=seed,
        metric=metric,
        signature=(ends or EndsOptions()).signature(),
        **given.options(),
    )
    name = Path(network.rpartition(":")[0] or network).stem
    folder = (
        Path(out)
        if out
        else Path("mho-out") / f"tune-{name}-{label(job.chip)}-seed{seed}"
    )
    check_outputs(folder, json)
    _check_save(save, network)
    kept = Path(save) if save else None
    with with_threads(threads), progress_bars() as progress:
        start = job.gather(progress)
        with RunFolder.open(
            folder,
            "tune",
            job.identity(start),
            details=start.details,
            makes=(_FIGURE, "result.json"),
            saves=kept,
            resume=resume,
        ) as files:
            tell(files)
            if not files.is_complete:
                _finish(files, run(job, progress, start=start, run=files), kept)
            result = files.result()
    if not write_json(result, json):
        last = f"figure: {folder / _FIGURE}" + (
            f"\nchip: {save}" if save else ""
        )
        print_rows(_rows(result), last)


@dataclass(frozen=True, slots=True)
class _Chip:
    """What was said about the chip; see the help."""

    chip: str | None
    stuck: float | None
    tolerance: str | None
    denoise: bool | None
    repair: bool | None

    def check(self, network: str) -> None:
        """A chip that is programmed already is what it is."""
        from mho.deployment.storage import CHIP_KIND, read_kind

        if not (network.endswith(_PACKED) and Path(network).is_file()):
            return
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None and read_kind(network) == CHIP_KIND:
                raise ValueError(
                    f"Argument `{name}` must be left out for a chip that is programmed already,"
                    f" but is `{value}`; `mho program` decides it."
                )

    def options(self) -> dict[str, Any]:
        """Those that were said, by their names in `TuneJob`."""
        from mho.cli.shared import info_of, quantity

        window = self.tolerance
        coarse = None
        if window is not None:
            coarse = quantity(window, "tolerance", "S")
        elif self.chip is not None:
            info = info_of(self.chip)
            # as coarse as for filaments would be any conductance at all
            coarse = None if info.telegraph else info.usual_tolerance
        told = {
            "chip": self.chip,
            "stuck": self.stuck,
            "tolerance": coarse,
            "denoise": self.denoise,
            "repaired": self.repair,
        }
        return {
            name: value for name, value in told.items() if value is not None
        }


def _check_save(save: str | None, network: str) -> None:
    from mho.cli.shared import check_writable

    if save is None:
        return
    if Path(save).is_dir():
        raise ValueError(
            f"Argument `save` must name a file, but `{save}` is a folder."
        )
    if Path(save).resolve() == Path(network).resolve():
        raise ValueError(
            f"Argument `save` must name another file, but is `{network}` itself."
        )
    check_writable(Path(save).parent)


def _finish(files: "RunFolder", tuned: "Tuned", kept: Path | None) -> None:
    """Result, figure and chip."""
    from mho.deployment.storage import save_chip
    from mho.report.figures import draw_png, tuning_figure

    result = tuned.result | {"version": version("mho")}
    files.write(_FIGURE, draw_png(lambda: tuning_figure(result)))
    files.write_result(result)
    if kept is not None:
        save_chip(files.saved, tuned.chip)
    files.finish()


def _rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    from mho.data import metric_of
    from mho.units import show

    metric = metric_of(result)
    software = metric.show(result[f"software_{metric.key}"])
    rows = [(f"{metric.name} in software", software)]
    for step in result["steps"]:
        spent = f"{show(step['chip_seconds'], 's')}, {show(step['chip_joules'], 'J')}"
        cost = f"{step['pulses']:,} pulses, {spent}"
        where = " in software" if step["where"] == "software" else ""
        name = (
            "at the start"
            if step["step"] == "start"
            else f"after {step['step']}"
        )
        reached = metric.show(step[metric.key])
        rows.append((f"  {name}", f"{reached}{where}, at {cost}"))
        if "measured_cells" in step:
            rows.append(
                (
                    "",
                    f"of {step['measured_cells']:,} cells of a spare chip;"
                    f" {step['training_epochs']} passes,"
                    f" {step['training_multiply_adds']:.2g} multiply-adds,"
                    f" {step['training_seconds']:.0f} s on this computer",
                )
            )
        before, after = (
            step.get(f"training_accuracy_{when}", 0.0)
            for when in ("before", "after")
        )
        if after < before:
            rows.append(
                (
                    "",
                    f"training data {before:.2%} before, {after:.2%} after: noise, or"
                    " cells that no longer go back",
                )
            )
    rows.append(
        ("cells stuck", f"{result['stuck_cells']} of {result['cells']:,}")
    )
    share = result["recovered"]
    won = (
        "nothing was lost" if share is None else f"{share:.0%} of what was lost"
    )
    return [*rows, ("won back on the chip", won)]
