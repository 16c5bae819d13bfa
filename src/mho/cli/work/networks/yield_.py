"""`mho yield`: accuracy against the share of stuck cells, to a table, a figure and JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from mho.checks import check_between
from mho.cli.shared import (
    check_outputs,
    info_of,
    progress_bars,
    say,
    tell,
    tolerance_of,
    with_threads,
    write_json,
)
from mho.data import metric_of
from mho.deployment import fitting_chip
from mho.device.published import code_of
from mho.files import RunFolder, run_identity
from mho.fleet import Crew, PartStore
from mho.network.formats import Signature
from mho.programming import ProgramProtocol, suited_protocol
from mho.report.figures import draw_png, yield_figure
from mho.runs import (
    MOST,
    REMEDIES,
    Job,
    Questions,
    Task,
    YieldJob,
    YieldPoint,
    measure_yields,
    prepare,
)
from mho.workers import usual_workers

_FIGURE = "yield.png"
_PARTS = "parts"
_RESULT = "result.json"
_MOST_WORKERS = 1024


@dataclass(frozen=True, slots=True)
class Yield:
    """What `mho yield` is asked for; see its help."""

    network: str
    shares: str
    chips: int
    spares: int
    data: str | None
    weights: str | None
    signature: Signature
    chip: str
    tolerance: str | None
    metric: str | None
    samples: int | None
    seed: int

    def job(self) -> Job:
        """Network, data, metric and kind of chip."""
        return Job(
            self.network,
            self.chip,
            seed=self.seed,
            data=self.data,
            weights=self.weights,
            questions=Questions(self.metric, self.samples),
            signature=self.signature,
        )


def run(
    asked: Yield,
    *,
    resume: bool,
    out: str | None,
    json: str | None,
    threads: int,
    workers: int | None,
) -> None:
    """Measure yields; see `mho yield --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    shares = _shares(asked.shares)
    check_between(asked.chips, "chips", 1, 1000, "1")
    check_between(asked.seed, "seed", 0, 2**62, "1")
    check_between(asked.spares, "spares", 0, 1000, "1")
    count = usual_workers() if workers is None else workers
    check_between(count, "workers", 1, _MOST_WORKERS, "1")
    info = info_of(asked.chip)
    protocol = suited_protocol(info, tolerance_of(asked.tolerance, info))
    # before anything is trained: cells that are never stuck
    _ = fitting_chip([(1, 1)], asked.chip, stuck=max(shares)).chip
    name = Path(asked.network.rpartition(":")[0] or asked.network).stem
    folder = Path(out) if out else Path("mho-out") / f"yield-{name}"
    check_outputs(folder, json)
    with with_threads(threads), progress_bars() as progress:
        job = asked.job()
        sources = prepare(job, progress)
        with RunFolder.open(
            folder,
            "yield",
            run_identity(
                sources.fingerprint,
                asked.chip,
                protocol,
                asked.spares,
                *code_of(asked.chip),
            ),
            details=sources.details,
            makes=(_FIGURE, _RESULT),
            resume=resume,
            extends=True,
        ) as files:
            tell(files)
            progress = files.live.following(progress)
            crew = Crew(
                PartStore(folder / _PARTS),
                count,
                partial(torch.set_num_threads, threads),
                partial(progress, "chips"),
                say,
            )
            of = YieldJob(job, protocol, asked.spares, sources.fingerprint)
            chips = _chips(asked, shares)
            points = measure_yields(of, sources, chips, files, crew)
            result = _described(points, sources)
            result["options"] = _options(asked, shares, protocol)
            _save(points, sources, result, files)
            files.finish()
    if not write_json(result, json):
        _report(points, result, folder)


def _chips(asked: Yield, shares: list[float]) -> list[tuple[float, int, str]]:
    """Share of stuck cells, seed and remedy of every chip."""
    seeds = range(asked.seed, asked.seed + asked.chips)
    return [(s, n, r) for s in shares for n in seeds for r in REMEDIES]


def _options(
    asked: Yield, shares: list[float], protocol: ProgramProtocol
) -> dict[str, Any]:
    """What was asked for, without folders."""
    return {
        "network": Path(asked.network).name,
        "chip": asked.chip,
        "tolerance": protocol.tolerance,
        "shares": shares,
        "chips": asked.chips,
        "seed": asked.seed,
        "spares": asked.spares,
    }


def _shares(text: str) -> list[float]:
    """Numbers between commas, ascending, each once."""
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


def _described(points: Sequence[YieldPoint], task: Task) -> dict[str, Any]:
    key = task.metric.key
    return {
        "metric": task.metric.described,
        f"software_{key}": task.software_score,
        "points": [point.described(key) for point in points],
    }


def _save(
    points: Sequence[YieldPoint],
    task: Task,
    result: dict[str, Any],
    run: RunFolder,
) -> None:
    metric = task.metric
    software = result[f"software_{metric.key}"]
    run.write(_FIGURE, draw_png(lambda: yield_figure(points, software, metric)))
    run.write_result(result)


def _report(
    points: Sequence[YieldPoint], result: dict[str, Any], folder: Path
) -> None:
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
