"""`mho lifetime`: a programmed chip over years, at a temperature, with and without refreshing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from mho.cli.options import (
    NUMBER,
    WORDS,
    Data,
    FeedOptions,
    Json,
    KeptChip,
    MetricName,
    OutFolder,
    Resume,
    Samples,
    Threads,
    Tolerance,
)

if TYPE_CHECKING:
    from rich.table import Table

    from mho.data import Metric
    from mho.files import RunFolder
    from mho.runs import LifeJob

_FIGURE = "lifetime.png"


def lifetime(
    chip: str,
    /,
    *,
    data: Data = None,
    feed: FeedOptions | None = None,
    times: Annotated[str, WORDS] = "1h,1d,1month,1y,10y",
    temperature: Annotated[str | None, WORDS] = None,
    refresh: Annotated[str | None, WORDS] = None,
    tolerance: Tolerance = None,
    percentile: Annotated[float, NUMBER] = 100.0,
    metric: MetricName = None,
    samples: Samples = None,
    resume: Resume = False,
    out: OutFolder = None,
    aged: KeptChip = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """See how a programmed chip grows old, and what refreshing it costs and saves.

    A cell that lies further from its target than the tolerance is written again when the chip is
    refreshed; the tolerance is that to which the chip was programmed unless another is given. The
    file of the chip stays as it is.

    Args:
        chip: File of `mho program`.
        times: Ages at which to measure, rising, with commas between; units are `s`, `min`, `h`,
            `d`, `week`, `month` (a twelfth of a year) and `y`.
        temperature: Temperature from the beginning on, such as `358K` or `85C`; the chip's own if
            left out.
        refresh: Time between two looks at all cells, such as `30d`, after which those that drifted
            are written again; the chip is then measured without refreshing as well.
        percentile: Percentile of the distances from the targets that has to be beyond the
            tolerance before anything is written; 100 is the worst cell, so that one is enough.
    """
    from mho.checks import check_between
    from mho.cli.shared import (
        check_outputs,
        output_file,
        progress_bars,
        quantity,
        rehearse,
        tell,
        test_data,
        with_threads,
        write_json,
    )
    from mho.cli.shared import temperature as kelvin
    from mho.deployment.storage import load_chip, save_chip
    from mho.files import RunFolder
    from mho.runs import LifeJob, Questions, Task, grow_old

    check_between(percentile, "percentile", 0.0, 100.0, "1")
    _check_refreshed(refresh, tolerance=tolerance, percentile=percentile)
    job = LifeJob(
        tuple(quantity(word, "times", "s") for word in times.split(",")),
        None if temperature is None else kelvin(temperature, "temperature"),
        None if refresh is None else quantity(refresh, "refresh", "s"),
        None if tolerance is None else quantity(tolerance, "tolerance", "S"),
        percentile / 100,
        Questions(metric, samples),
    )
    young = load_chip(chip)
    job.refresh(young)
    arrays = (feed or FeedOptions()).arrays()
    test = test_data(young.image, data, arrays)
    rehearse(young.image.network, test.inputs)
    task = Task(young, test).asked(job.questions)
    folder = (
        Path(out) if out else Path("mho-out") / f"lifetime-{Path(chip).stem}"
    )
    kept = output_file(aged, chip, data) if aged else None
    check_outputs(folder, json)
    with (
        with_threads(threads),
        progress_bars() as progress,
        RunFolder.open(
            folder,
            "lifetime",
            job.identity(task),
            makes=(_FIGURE, "result.json"),
            saves=kept,
            resume=resume,
        ) as run,
    ):
        tell(run)
        if not run.is_complete:
            found, old = grow_old(task, job, run=run, progress=progress)
            if kept is not None:
                save_chip(run.saved, old)
            _save(found, run)
            run.finish()
        result = run.result()
    if not write_json(result, json):
        _print(result, job, folder, kept)


def _check_refreshed(
    refresh: str | None, *, tolerance: str | None, percentile: float
) -> None:
    """Refuse options of a refresh that is not asked for."""
    if refresh is None and (tolerance is not None or percentile != 100.0):
        name = "percentile" if tolerance is None else "tolerance"
        raise ValueError(
            f"Argument `{name}` must come with `refresh`, whose rule it is, but `refresh` is"
            " missing; give the time between two looks, such as `--refresh 30d`."
        )


def _save(result: dict[str, Any], run: "RunFolder") -> None:
    from mho.report.figures import draw_png, lifetime_figure

    run.write(_FIGURE, draw_png(lambda: lifetime_figure(result)))
    run.write_result(result)


def _print(
    result: dict[str, Any], job: "LifeJob", folder: Path, kept: Path | None
) -> None:
    from rich.console import Console

    from mho.data import metric_of
    from mho.runs import REFRESHED

    metric = metric_of(result)
    console = Console(highlight=False)
    for name, ages in result["lives"].items():
        console.print(_table(name, ages, metric))
        console.print()
    if REFRESHED in result["lives"]:
        console.print(_costs(result["lives"][REFRESHED]))
        console.print()
    software = metric.show(result[f"software_{metric.key}"])
    stuck = result["stuck_cells"]
    cells = result["cells"]
    warm = "" if job.temperature is None else f" at {job.temperature:g} K,"
    console.print(
        f"{software} in software;{warm} {stuck} of {cells:,} cells stuck",
        soft_wrap=True,
    )
    console.print(f"figure: {folder / _FIGURE}", soft_wrap=True)
    console.print(
        f"aged chip: {kept}" if kept else "chip file unchanged", soft_wrap=True
    )


def _empty(title: str, *headings: str) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _table(name: str, ages: list[dict[str, Any]], metric: "Metric") -> "Table":
    """What the metric says, and drift, at every age."""
    table = _empty(
        name,
        "age",
        metric.name,
        "mean drift",
        "rms error",
        "1 % to 99 % of cells",
    )
    for age in ages:
        seen = age["drift_percentiles_uS"]
        table.add_row(
            _age(age),
            metric.show(age[metric.key]),
            f"{age['drift_uS']:+.2f} µS",
            f"{age['spread_uS']:.2f} µS",
            f"{seen['1']:+.2f} to {seen['99']:+.2f} µS",
        )
    return table


def _costs(ages: list[dict[str, Any]]) -> "Table":
    """What refreshing cost until every age."""
    from mho.units import show

    headings = (
        "age",
        "looks",
        "rewrites",
        "cells written",
        "pulses",
        "chip time",
        "energy",
    )
    table = _empty("refreshing, so far", *headings)
    for age in ages:
        cost = age["cost"]
        counts = (
            age["looks"],
            age["rewrites"],
            age["refreshed_cells"],
            cost["pulses"],
        )
        spent = (show(cost["seconds"], "s", 3), show(cost["joules"], "J", 3))
        table.add_row(_age(age), *(f"{count:,}" for count in counts), *spent)
    return table


def _age(age: dict[str, Any]) -> str:
    from mho.units import show_duration

    return show_duration(age["time_s"]) if age["time_s"] else "start"
