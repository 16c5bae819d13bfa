"""`mho tune`: the built-in example on a chip with faults, tuned on the chip."""

import json as json_format
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from mho.checks import check_between, check_choice
from mho.cli.common import check_outputs, print_rows, progress_bars, quantity, write_json
from mho.files import write_whole


def register(app: App) -> None:
    """Add the command."""
    app.command(tune)


def tune(
    network: str,
    /,
    *,
    method: str = "refit,hybrid",
    chip: str = "rao2023",
    stuck: float | None = None,
    tolerance: str = "20uS",
    denoise: bool = False,
    repair: bool = True,
    seed: int = 0,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Deploy a network on a chip with faults, and win back what they cost by tuning on the chip.

    Args:
        network: `digits`, the built-in example: tuning needs its training data.
        method: Steps in order, with commas: `refit` fits gain and offset of outputs digitally,
            `hybrid` trains the last layer with programming pulses.
        chip: Preset of the chip; `mho presets` lists them.
        stuck: Fraction of cells that never switch, 0 to 1; the preset's if left out.
        tolerance: Half-width of the acceptance window, with its unit.
        denoise: Denoise cells when they are programmed.
        repair: Let partners of stuck cells make up for them when the network is first programmed.
        seed: Names the chip and everything random about the run.
        out: Folder for `result.json` and a figure; `mho-out/tune-…` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.deployment.job import with_threads
    from mho.deployment.tuning_run import TuneJob
    from mho.deployment.tuning_run import tune as run
    from mho.device.published import PRESETS
    from mho.report.style import draw_png
    from mho.report.tuning_figure import tuning_figure

    check_choice(network, "network", ["digits"])
    check_choice(chip, "chip", PRESETS)
    check_between(seed, "seed", 0, 2**62, "1")
    job = TuneJob(
        chip, stuck, tuple(method.split(",")), quantity(tolerance, "tolerance", "S"), denoise,
        repair, seed,
    )  # fmt: skip
    folder = Path(out) if out else Path("mho-out") / f"tune-{network}-{chip}-seed{seed}"
    check_outputs(folder, json)
    with with_threads(1), progress_bars() as progress:
        result = run(job, progress) | {"version": version("mho")}
    folder.mkdir(parents=True, exist_ok=True)
    text = json_format.dumps(result, indent=2) + "\n"
    write_whole(folder / "result.json", text.encode())
    write_whole(folder / "tuning.png", draw_png(lambda: tuning_figure(result)))
    if not write_json(result, json):
        print_rows(_rows(result), f"figure: {folder / 'tuning.png'}")


def _rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    rows = [("accuracy in software", f"{result['software_accuracy']:.2%}")]
    for step in result["steps"]:
        cost = (
            f"{step['pulses']:,} pulses, {step['chip_seconds']:.3g} s,"
            f" {step['chip_joules'] * 1e3:.3g} mJ"
        )
        rows.append((f"  after {step['step']}", f"{step['accuracy']:.2%}, at {cost}"))
    rows.append(("cells stuck", f"{result['stuck_cells']} of {result['cells']:,}"))
    share = result["recovered"]
    won = "nothing was lost" if share is None else f"{share:.0%} of what was lost"
    return [*rows, ("won back", won)]
