"""`mho sweep`: fields over a grid, to a table, a figure and JSON."""

import re
from json import dumps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mho.checks import check_choice
from mho.chip import DRIVERS
from mho.cli.shared import (
    check_outputs,
    info_of,
    progress_bars,
    quantity,
    tell,
    tolerance_of,
    write_json,
)
from mho.device.published import preset
from mho.files import RunFolder, run_identity
from mho.programming import suited_protocol
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
    measure_point,
    parse_axis,
    to_csv,
    to_parquet,
)

_SHOWN = ("levels", "95 %", "held", "converged", "pulses", "denoising")


def run(
    sweeps: list[str],
    *,
    unknown: list[str],
    chip: str,
    driver: str,
    tolerance: str | None,
    denoise: bool,
    cells: int,
    looks: int,
    span: str,
    seed: int,
    parquet: bool,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Sweep; see `mho sweep --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    subject = _subject(chip, tolerance, denoise=denoise)
    check_choice(driver, "electronics", DRIVERS)
    for name in unknown:
        check_choice(name, "unknown", UNKNOWNS)
    texts = [*sweeps, *(UNKNOWNS[name].sweep for name in unknown)]
    if not texts:
        raise ValueError(
            "Argument `sweeps` must name a field and its values, as in `telegraph.births=0.3,1,3`,"
            " but is missing; `mho sweep --list` has ready ones."
        )
    axes = [parse_axis(text, subject) for text in texts]
    points = grid_points(axes, subject)
    how = PointMeasure(cells, looks, quantity(span, "span", "s"), driver, seed)
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
        kept = Points(files)
        rows: list[tuple[tuple[float, ...], Row]] = []
        for number, (values, changed) in enumerate(points):
            progress("points", number / len(points))
            row = kept.get(axes, values)
            if row is None:
                row = measure_point(changed, how)
                kept.add(axes, values, row)
            rows.append((values, row))
        progress("points", 1.0)
        _write(axes, rows, subject, files, parquet=parquet)
        files.write(
            "result.json", (dumps(_found(axes, rows), indent=2) + "\n").encode()
        )
        files.write(RESULT, kept.content)
        files.finish()
    _report(axes, rows, subject, folder, json)


def show_unknowns() -> None:
    """List the ready sweeps with their ranges and reasons."""
    table = Table(box=None, pad_edge=False)
    for heading in ("unknown", "sweep", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "unknown")
    for name, unknown in UNKNOWNS.items():
        table.add_row(name, unknown.sweep, unknown.why)
    Console(highlight=False).print(table)


def _subject(chip: str, tolerance: str | None, *, denoise: bool) -> Subject:
    info = info_of(chip)
    window = tolerance_of(tolerance, info)
    return Subject(preset(chip), suited_protocol(info, window, denoise=denoise))


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
    json: str | None,
) -> None:
    if write_json(_found(axes, rows), json):
        return
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
