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
    EndsOptions,
    Json,
    MetricName,
    OutFolder,
    Resume,
    Samples,
    Seed,
    Threads,
    Tolerance,
    Weights,
)

if TYPE_CHECKING:
    from mho.files import RunFolder
    from mho.runs import Task, YieldPoint

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
    ends: EndsOptions | None = None,
    chip: ChipPreset = PRESET,
    tolerance: Tolerance = None,
    metric: MetricName = None,
    samples: Samples = None,
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
        write_json,
    )
    from mho.deployment import fitting_chip
    from mho.device.published import code_of
    from mho.files import RunFolder, run_identity
    from mho.programming import suited_protocol
    from mho.runs import REMEDIES, Job, Questions, measure_yields, prepare

    shares = _shares(stuck)
    signature = (ends or EndsOptions()).signature()
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
        questions = Questions(metric, samples)
        job = Job(
            network,
            chip,
            seed=seed,
            data=data,
            weights=weights,
            questions=questions,
            signature=signature,
        )
        sources = prepare(job, progress)
        with RunFolder.open(
            folder,
            "yield",
            run_identity(
                sources.fingerprint, chip, protocol, spares, *code_of(chip)
            ),
            details=sources.details,
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
            result = _described(points, sources)
            _save(points, sources, result, run)
            run.finish()
    if not write_json(result, json):
        _report(points, result, folder)


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


def _described(points: Sequence["YieldPoint"], task: "Task") -> dict[str, Any]:
    key = task.metric.key
    return {
        "metric": task.metric.described,
        f"software_{key}": task.software_score,
        "points": [point.described(key) for point in points],
    }


def _save(
    points: Sequence["YieldPoint"],
    task: "Task",
    result: dict[str, Any],
    run: "RunFolder",
) -> None:
    from mho.report.figures import draw_png, yield_figure

    metric = task.metric
    software = result[f"software_{metric.key}"]
    run.write(_FIGURE, draw_png(lambda: yield_figure(points, software, metric)))
    run.write_result(result)


def _report(
    points: Sequence["YieldPoint"], result: dict[str, Any], folder: Path
) -> None:
    from rich.console import Console
    from rich.table import Table

    from mho.data import metric_of
    from mho.runs import REMEDIES

    metric = metric_of(result)
    table = Table(box=None, pad_edge=False)
    for heading in ("stuck", *REMEDIES):
        table.add_column(heading, justify="right")
    for share in sorted({point.stuck_fraction for point in points}):
        cells = [f"{share:.2%}"]
        for remedy in REMEDIES:
            own = [
                p.score
                for p in points
                if (p.stuck_fraction, p.remedy) == (share, remedy)
            ]
            mean = metric.show(sum(own) / len(own))
            least = metric.show(min(own))
            cells.append(f"{mean} ({least}-{metric.show(max(own))})")
        table.add_row(*cells)
    console = Console(highlight=False)
    console.print(table)
    software = metric.show(result[f"software_{metric.key}"])
    console.print(
        f"software: {software}; figure: {folder / _FIGURE}", soft_wrap=True
    )
