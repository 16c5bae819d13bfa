"""`mho sweep`: fields over a grid, to a table, a figure and JSON."""

import re
from dataclasses import asdict, dataclass
from functools import partial
from json import dumps
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from mho.checks import check_between, check_choice
from mho.chip import DRIVERS
from mho.cli.shared import (
    check_outputs,
    info_of,
    progress_bars,
    quantity,
    say,
    tell,
    tolerance_of,
    write_json,
)
from mho.files import RunFolder, run_identity
from mho.fleet import Crew, PartStore, collected
from mho.report.figures import draw_png, sweep_figure
from mho.sweeping import (
    COLUMNS,
    RESULT,
    UNKNOWNS,
    Axis,
    PointMeasure,
    Points,
    Row,
    Subject,
    check_sweep,
    grid_points,
    parse_axis,
    subject_of,
    swept_point,
    to_csv,
    to_parquet,
)
from mho.workers import usual_workers

_PARTS = "parts"
_MOST_WORKERS = 1024
_SHOWN = ("levels", "95 %", "held", "converged", "pulses", "denoising")


@dataclass(frozen=True, slots=True)
class Swept:
    """What `mho sweep` is asked for; see its help."""

    sweeps: list[str]
    unknown: list[str]
    chip: str
    driver: str
    tolerance: str | None
    denoise: bool
    cells: int
    looks: int
    span: str
    seed: int

    @property
    def said(self) -> tuple[str, float | None, bool]:
        """Chip, tolerance and denoising, for `subject_of`."""
        window = tolerance_of(self.tolerance, info_of(self.chip))
        return self.chip, window, self.denoise

    @property
    def how(self) -> PointMeasure:
        """How every point is measured."""
        span = quantity(self.span, "span", "s")
        return PointMeasure(
            self.cells, self.looks, span, self.driver, self.seed
        )


def run(
    asked: Swept,
    *,
    parquet: bool,
    resume: bool,
    out: str | None,
    json: str | None,
    threads: int,
    workers: int | None,
) -> None:
    """Sweep; see `mho sweep --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    count = usual_workers() if workers is None else workers
    check_between(count, "workers", 1, _MOST_WORKERS, "1")
    chip, window, denoise = asked.said
    subject = subject_of(chip, window, denoise=denoise)
    axes = _axes(asked, subject)
    points = grid_points(axes, subject)
    how = asked.how
    for _, changed in points:
        check_sweep(changed, how)
    if parquet:
        to_parquet(axes, [])
    folder = Path(out) if out else Path("mho-out") / _name(axes)
    check_outputs(folder, json)
    with (
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "sweep",
            run_identity(subject, how),
            makes=(
                "sweep.csv",
                "sweep.parquet",
                "sweep.png",
                "result.json",
                RESULT,
            ),
            resume=resume,
            extends=True,
        ) as files,
    ):
        tell(files)
        progress = files.live.following(progress)
        crew = Crew(
            PartStore(folder / _PARTS),
            count,
            partial(torch.set_num_threads, threads),
            partial(progress, "points"),
            say,
        )
        kept = Points(files)
        rows = _measured(asked, axes, points, kept, crew)
        found = _found(axes, rows) | {"options": asdict(asked)}
        _write(axes, rows, subject, files, parquet=parquet)
        files.write("result.json", (dumps(found, indent=2) + "\n").encode())
        files.write(RESULT, kept.content)
        files.finish()
    if write_json(found, json):
        return
    _report(axes, rows, subject, folder)


def _axes(asked: Swept, subject: Subject) -> list[Axis]:
    """Fields and their values."""
    check_choice(asked.driver, "electronics", DRIVERS)
    for name in asked.unknown:
        check_choice(name, "unknown", UNKNOWNS)
    ready = [UNKNOWNS[name].sweep for name in asked.unknown]
    texts = [*asked.sweeps, *ready]
    if not texts:
        raise ValueError(
            "Argument `sweeps` must name a field and its values, as in `telegraph.births=0.3,1,3`,"
            " but is missing; `mho sweep --list` has ready ones."
        )
    return [parse_axis(text, subject) for text in texts]


def _measured(
    asked: Swept,
    axes: list[Axis],
    points: list[tuple[tuple[float, ...], Subject]],
    kept: Points,
    crew: Crew,
) -> list[tuple[tuple[float, ...], Row]]:
    """Every point: as a run of before kept it, or as a part says, or measured now."""
    names = [axis.name for axis in axes]
    units = {
        values: swept_point(
            asked.said,
            tuple(zip(names, values, strict=True)),
            changed,
            asked.how,
        )
        for values, changed in points
        if kept.get(axes, values) is None
    }
    rows = collected(list(units.values()), crew)
    for values, row in zip(units, rows, strict=True):
        # in the order of the columns, wherever it comes from
        kept.add(axes, values, {name: row[name] for name in COLUMNS})
    found = []
    for values, _ in points:
        held = kept.get(axes, values)
        assert held is not None
        found.append((values, held))
    return found


def show_unknowns() -> None:
    """List the ready sweeps with their ranges and reasons."""
    table = Table(box=None, pad_edge=False)
    for heading in ("unknown", "sweep", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "unknown")
    for name, unknown in UNKNOWNS.items():
        table.add_row(name, unknown.sweep, unknown.why)
    Console(highlight=False).print(table)


def _name(axes: list[Axis]) -> str:
    return "sweep-" + "-".join(
        re.sub(r"[^a-z0-9_]+", "_", axis.name) for axis in axes
    )


def _write(
    axes: list[Axis],
    rows: list[tuple[tuple[float, ...], Row]],
    subject: Subject,
    files: RunFolder,
    *,
    parquet: bool,
) -> None:
    files.clear_results()
    files.write("sweep.csv", to_csv(axes, rows))
    if parquet:
        files.write("sweep.parquet", to_parquet(axes, rows))
    if len(axes) <= 2:
        picture = draw_png(lambda: sweep_figure(axes, rows, subject))  # type: ignore[arg-type,return-value]
        files.write("sweep.png", picture)


def _found(
    axes: list[Axis], rows: list[tuple[tuple[float, ...], Row]]
) -> dict[str, Any]:
    """The results as plain values: what columns mean, and a row for each point."""
    points = []
    for values, row in rows:
        fields = {
            axis.name: value for axis, value in zip(axes, values, strict=True)
        }
        points.append(fields | row)
    return {"columns": COLUMNS, "points": points}


def _report(
    axes: list[Axis],
    rows: list[tuple[tuple[float, ...], Row]],
    subject: Subject,
    folder: Path,
) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (*(axis.name.replace(".", " ") for axis in axes), *_SHOWN):
        table.add_column(heading, justify="right")
    for values, row in rows:
        settings = [
            subject.shown(a.name, v) for a, v in zip(axes, values, strict=True)
        ]
        table.add_row(
            *settings,
            f"{row['levels']:,.0f}",
            f"{row['levels_low']:,.0f}-{row['levels_high']:,.0f}",
            f"{row['held']:.2%}",
            f"{row['converged']:.2%}",
            f"{row['pulses']:.1f}",
            f"{row['denoise_pulses']:.1f}",
        )
    console = Console(highlight=False)
    console.print(table)
    console.print(f"table: {folder / 'sweep.csv'}", soft_wrap=True)
