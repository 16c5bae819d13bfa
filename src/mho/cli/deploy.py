"""`mho deploy`: options to a job, and its results to terminal, page and JSON."""

import json as json_format
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mho.checks import check_between, check_choice
from mho.deployment.job import Job, Workshop, make_chip, prepare, with_threads
from mho.deployment.measure import measure
from mho.device.published import PRESETS
from mho.files import write_whole
from mho.report.page import write_report
from mho.units import parse


def run(
    network: str,
    *,
    data: str | None,
    weights: str | None,
    chip: str,
    tolerance: str,
    seed: int,
    denoise: bool,
    resume: bool,
    out: str | None,
    json: str | None,
    threads: int,
) -> None:
    """Deploy; see `mho deploy --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    check_choice(chip, "chip", PRESETS)
    check_between(seed, "seed", 0, 2**62, "1")
    check_between(threads, "threads", 1, 1024, "1")
    job = Job(network, chip, _tolerance(tolerance), seed, denoise, data, weights)
    job.protocol(denoise=denoise)
    folder = Path(out) if out else Path("mho-out") / job.name
    _check_writable(folder)
    if json not in (None, "-"):
        _check_writable(Path(json).parent)
    with with_threads(threads), _progress() as progress:
        result = _run(job, folder, progress, resume=resume)
    text = json_format.dumps(result, indent=2) + "\n"
    if json == "-":
        sys.stdout.write(text)
        return
    if json:
        write_whole(Path(json), text.encode())
    _print(result, folder)


def _run(
    job: Job, folder: Path, progress: Callable[[str, float], None], *, resume: bool
) -> dict[str, Any]:
    """Everything between the options and the results."""
    started = time.monotonic()
    if resume and (finished := _finished(job, folder)):
        return finished
    sources = prepare(job, progress)
    workshop = Workshop(folder, sources.fingerprint, job, started, resume=resume)
    chip = make_chip(job, sources, workshop, progress, denoise=job.denoise)
    plain = chip
    if job.denoise:
        plain = make_chip(job, sources, workshop, progress, denoise=False)
    found = measure(job, sources, chip, plain, version("mho"), progress)
    progress("writing the report", 1.0)
    found.result["wall_seconds"] = round(workshop.seconds, 2)
    write_report(found, workshop.work / "report.html")
    text = json_format.dumps(found.result, indent=2) + "\n"
    write_whole(workshop.work / "result.json", text.encode())
    workshop.finish()
    return found.result


def _finished(job: Job, folder: Path) -> dict[str, Any] | None:
    """The result of this very job, if it is there and nothing is unfinished."""
    path = folder / "result.json"
    if (folder / "unfinished").exists() or not path.exists():
        return None
    result: dict[str, Any] = json_format.loads(path.read_text())
    same = {"network": job.network, "preset": job.chip, "seed": job.seed, "denoise": job.denoise,
            "version": version("mho")}  # fmt: skip
    return result if all(result.get(k) == v for k, v in same.items()) else None


def _tolerance(text: str) -> float:
    """A tolerance with its unit, in siemens."""
    try:
        return parse(text, "S")
    except ValueError as error:
        raise ValueError(f"Argument `tolerance` {error}") from None


def _check_writable(folder: Path) -> None:
    """Try to write into a folder, before any work is done; leave nothing behind."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".mho-probe"
    probe.write_bytes(b"")
    probe.unlink()
    for made in missing:
        made.rmdir()


@contextmanager
def _progress() -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error; one plain line per stage where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said: list[str] = []

        def line(stage: str, done: float) -> None:
            del done
            if stage not in said:
                said.append(stage)
                print(f"{stage} …", file=sys.stderr, flush=True)

        yield line
        return
    columns = (
        TextColumn("{task.description:28}"),
        BarColumn(40),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def bar(stage: str, done: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=done)

        yield bar


def _print(result: dict[str, Any], folder: Path) -> None:
    """The short table."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for name, text in rows(result):
        table.add_row(name, text)
    console = Console(highlight=False)
    console.print(table)
    console.print(f"report: {folder / 'report.html'}", soft_wrap=True)


def rows(result: dict[str, Any]) -> list[tuple[str, str]]:
    """What the table says: name and value, units included."""
    error, noise = result["error_uS"], result["noise_uS"]
    lines = [("accuracy in software", f"{result['software_accuracy']:.2%}")]
    if result["denoise"]:
        lines.append(
            ("  on the chip, not denoised", _interval(result["chip_accuracy_no_denoise"]))
        )
        lines.append(("  on the chip, denoised", _interval(result["chip_accuracy"])))
    else:
        lines.append(("  on the chip, not denoised", _interval(result["chip_accuracy"])))
    return [
        *lines,
        (
            "cells converged",
            f"{result['converged_fraction']:.3%} of {result['cells'] - result['stuck_cells']:,}"
            f" ({result['stuck_cells']} stuck)",
        ),
        ("error, median / 99.9 %", f"{error['median']:.2f} / {error['p999']:.2f} µS"),
        ("residual noise, median / 99 %", f"{noise['median']:.2f} / {noise['p99']:.2f} µS"),
        (
            "per cell",
            f"{result['pulses_per_cell']:.1f} pulses, {result['denoise_pulses_per_cell']:.1f}"
            f" denoising pulses, {result['reads_per_cell']:.0f} reads",
        ),
        (
            "programming on the chip",
            f"{result['chip_seconds']:.1f} s, {result['chip_joules'] * 1e3:.2f} mJ",
        ),
        ("wall time", f"{result['wall_seconds']:.1f} s"),
    ]


def _interval(value: dict[str, float]) -> str:
    return f"{value['best']:.2%} ({value['low']:.2%} to {value['high']:.2%} over time)"
