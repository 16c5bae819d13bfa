"""`mho yield`: accuracy against the share of stuck cells, to a table, a figure and JSON."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from mho.cli.options import (
    PRESET,
    WHOLE,
    WORDS,
    ChipPreset,
    Chips,
    Data,
    Json,
    OutFolder,
    Resume,
    Seed,
    Threads,
    Tolerance,
    Weights,
)

if TYPE_CHECKING:
    from mho.files import RunFolder
    from mho.runs import YieldPoint

_FIGURE = "yield.png"
_RESULT = "result.json"


def yield_(
    network: str = "digits",
    /,
    *,
    stuck: Annotated[
        str, WORDS, Parameter(name="--shares")
    ] = "0,0.01,0.02,0.05,0.1",
    seeds: Annotated[Chips, Parameter(name="--chips")] = 3,
    spares: Annotated[int, WHOLE] = 0,
    data: Data = None,
    weights: Weights = None,
    chip: ChipPreset = PRESET,
    tolerance: Tolerance = None,
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """See what stuck cells cost a network, and what mapping around them saves.

    So many chips of each share are programmed. An interrupted run may also be resumed with more
    shares or chips than it had.

    Args:
        network: `digits`, `mnist`, `model.pt2` or another network, as for `mho deploy`.
        stuck: Shares of stuck cells, from 0 to 0.3, with commas between.
        spares: Spare rows, and pairs of columns, of each part of a layer.
    """
    from mho.checks import check_between
    from mho.cli.shared import (
        check_outputs,
        info_of,
        progress_bars,
        tell,
        tolerance_of,
        with_threads,
    )
    from mho.deployment import fitting_chip
    from mho.device.published import code_of
    from mho.files import RunFolder, run_identity
    from mho.programming import suited_protocol
    from mho.runs import REMEDIES, Job, measure_yields, prepare

    shares = _shares(stuck)
    check_between(seeds, "chips", 1, 1000, "1")
    check_between(seed, "seed", 0, 2**62, "1")
    check_between(spares, "spares", 0, 1000, "1")
    info = info_of(chip)
    protocol = suited_protocol(info, tolerance_of(tolerance, info))
    # before anything is trained: cells that are never stuck
    _ = fitting_chip([(1, 1)], chip, stuck=max(shares)).chip
    name = Path(network.rpartition(":")[0] or network).stem
    folder = Path(out) if out else Path("mho-out") / f"yield-{name}"
    check_outputs(folder, json)
    numbers = range(seed, seed + seeds)
    chips = [(s, n, r) for s in shares for n in numbers for r in REMEDIES]
    with with_threads(threads), progress_bars() as progress:
        sources = prepare(
            Job(network, chip, seed=seed, data=data, weights=weights), progress
        )
        with RunFolder.open(
            folder,
            "yield",
            run_identity(
                sources.fingerprint, chip, protocol, spares, *code_of(chip)
            ),
            makes=(_FIGURE, _RESULT),
            resume=resume,
            extends=True,
        ) as run:
            tell(run)
            points = measure_yields(
                sources,
                chip,
                chips,
                run,
                protocol=protocol,
                spares=spares,
                progress=lambda done: progress("chips", done),
            )
            software = sources.software_accuracy
            _save(points, software, run)
            run.finish()
    _report(points, software, folder, json)


def _shares(text: str) -> list[float]:
    """Numbers between commas, ascending, each once."""
    from mho.checks import check_between
    from mho.runs import MOST

    try:
        found = sorted({float(word) for word in text.split(",")})
    except ValueError:
        raise ValueError(
            f"Argument `shares` must be numbers with commas between, such as `0,0.01,0.05`, but is"
            f" `{text}`."
        ) from None
    for share in found:
        check_between(share, "shares", 0.0, MOST, "1")
    return found


def _described(
    points: Sequence["YieldPoint"], software: float
) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "software_accuracy": software,
        "points": [asdict(point) for point in points],
    }


def _save(
    points: Sequence["YieldPoint"], software: float, run: "RunFolder"
) -> None:
    from mho.report.figures import draw_png, yield_figure

    run.write(_FIGURE, draw_png(lambda: yield_figure(points, software)))
    run.write_result(_described(points, software))


def _report(
    points: Sequence["YieldPoint"],
    software: float,
    folder: Path,
    json: str | None,
) -> None:
    from rich.console import Console
    from rich.table import Table

    from mho.cli.shared import write_json
    from mho.runs import REMEDIES

    if write_json(_described(points, software), json):
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
            cells.append(
                f"{sum(own) / len(own):.2%} ({min(own):.2%}-{max(own):.2%})"
            )
        table.add_row(*cells)
    console = Console(highlight=False)
    console.print(table)
    console.print(
        f"software: {software:.2%}; figure: {folder / _FIGURE}", soft_wrap=True
    )
