"""`mho yield`: accuracy against the share of stuck cells, to a table, a figure and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from mho.runs import YieldPoint


def yield_(
    network: str = "digits",
    /,
    *,
    stuck: str = "0,0.01,0.02,0.05,0.1",
    seeds: int = 3,
    spares: int = 0,
    data: str | None = None,
    weights: str | None = None,
    chip: str = "rao2023",
    tolerance: str = "1uS",
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """See what stuck cells cost a network, and what mapping around them saves.

    Args:
        network: `digits`, `model.pt2` or `module.py:factory`, as for `mho deploy`.
        stuck: Shares of stuck cells, from 0 to 0.3, with commas between.
        seeds: Chips of each share.
        spares: Spare rows, and pairs of columns, of each part of a layer.
        data: Test data, a `.npz` file with `inputs`, `labels` and, if wanted, `calibration`.
        weights: State dict for a factory's module, `.safetensors`, `.pt` or `.pth`.
        chip: Preset of the chip; `mho presets` lists them.
        tolerance: Half-width of the acceptance window, with its unit.
        resume: Go on with an interrupted run, or with more shares or chips than it had.
        out: Folder for the results; `mho-out/yield-<network>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from importlib.metadata import version
    from shutil import rmtree

    from mho.checks import check_between, check_choice
    from mho.cli.shared.output import check_outputs, progress_bars, quantity
    from mho.cli.shared.threads import with_threads
    from mho.device.published import PRESETS, preset
    from mho.files import Kept, work_folder
    from mho.programming import ProgramProtocol
    from mho.runs import REMEDIES, Job, measure_yields, prepare, software_accuracy

    shares = _shares(stuck)
    check_choice(chip, "chip", PRESETS)
    check_between(seeds, "seeds", 1, 1000, "1")
    check_between(spares, "spares", 0, 1000, "1")
    protocol = ProgramProtocol(quantity(tolerance, "tolerance", "S"))
    name = Path(network.rpartition(":")[0] or network).stem
    folder = Path(out) if out else Path("mho-out") / f"yield-{name}"
    check_outputs(folder, json)
    chips = [(s, seed, r) for s in shares for seed in range(seeds) for r in REMEDIES]
    with with_threads(1), progress_bars() as progress:
        sources = prepare(Job(network, chip, data=data, weights=weights), progress)
        work = work_folder(folder, resume=resume)
        same = f"{version('mho')} {sources.fingerprint} {chip} {protocol!r} {spares}"
        points = measure_yields(
            sources,
            preset(chip),
            chips,
            Kept(work, same),
            protocol=protocol,
            spares=spares,
            progress=lambda done: progress("chips", done),
        )
    _report(points, software_accuracy(sources), folder, json)
    rmtree(work)


def _shares(text: str) -> list[float]:
    """Numbers between commas, ascending, each once."""
    from mho.checks import check_between
    from mho.runs import MOST

    try:
        found = sorted({float(word) for word in text.split(",")})
    except ValueError:
        raise ValueError(
            f"Argument `stuck` must be numbers with commas between, such as `0,0.01,0.05`, but is"
            f" `{text}`."
        ) from None
    for share in found:
        check_between(share, "stuck", 0.0, MOST, "1")
    return found


def _report(
    points: Sequence["YieldPoint"], software: float, folder: Path, json: str | None
) -> None:
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from mho.cli.shared.output import write_json
    from mho.files import write_whole
    from mho.report.figures import draw_png, yield_figure
    from mho.runs import REMEDIES

    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "software_accuracy": software,
        "points": [asdict(point) for point in points],
    }
    write_json(result, str(folder / "yield.json"))
    picture = folder / "yield.png"
    write_whole(picture, draw_png(lambda: yield_figure(points, software)))
    if write_json(result, json):
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("stuck", *REMEDIES):
        table.add_column(heading, justify="right")
    for share in sorted({point.stuck_fraction for point in points}):
        cells = [f"{share:.2%}"]
        for remedy in REMEDIES:
            own = [
                p.accuracy
                for p in points
                if (p.stuck_fraction, p.remedy) == (share, remedy)
            ]
            cells.append(f"{sum(own) / len(own):.2%} ({min(own):.2%}-{max(own):.2%})")
        table.add_row(*cells)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"software: {software:.2%}; figure: {picture}", soft_wrap=True)
