"""`mho fleet`: options to tasks, and what fleets come to as a table, a figure and JSON."""

import csv
import io
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from mho.checks import check_between
from mho.cli.options import PRESET
from mho.cli.shared import (
    check_outputs,
    info_of,
    names,
    progress_bars,
    resistance,
    say,
    tell,
    tolerance_of,
    with_threads,
    write_json,
)
from mho.cli.work.networks.fleet_options import (
    check_surrogate_options,
    number_of,
    score_of,
    way_of,
)
from mho.cli.work.networks.fleet_table import print_fleets
from mho.deployment import DeployOptions
from mho.deployment.storage import load_image
from mho.files import RunFolder, identity
from mho.fleet import PartStore, opened_executor
from mho.network.formats import Signature
from mho.progress import Progress
from mho.report import fleet_figure
from mho.report.figures import draw_png
from mho.runs import (
    Job,
    Questions,
    Task,
    packed_by_itself,
    scaled_by_itself,
)
from mho.runs.fleets import (
    PHYSICS_MOST,
    Fleet,
    FleetResult,
    Questioned,
    begin_worker,
    checked_against_physics,
    chips_told,
    conditions_of,
    fleet_task,
    read_task,
    run_fleet,
    summarised,
    with_named_table,
    with_table,
)
from mho.workers import usual_workers

_DRAWN = (
    f"More than {PHYSICS_MOST} chips: cells are drawn from a table of programmed ones; `--physics`"
    " simulates every pulse, `--surrogate` knows wires and time."
)
_PARTS = "parts"
_FIGURE = "fleet.png"
_TABLE = "chips.csv"
_RESULT = "result.json"
_MOST_CHIPS = 10_000_000
_MOST_WORKERS = 1024


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a run is asked for besides the job.

    Args:
        chips: Chips of each fleet (1).
        way: `physics`, `drawn` or `surrogate`.
        table: File of the surrogate; one among kept things if `None`.
        check: Chips that are programmed to compare with (1); none if `None`.
        vary: What differs between fleets.
        questioned: What is asked of the scores.
        executor: Who makes the chips.
        workers: Processes (1).
    """

    chips: int
    way: str
    table: str | None
    check: int | None
    vary: tuple[str, ...]
    questioned: Questioned
    executor: str
    workers: int


def run(
    network: str,
    *,
    chips: int,
    ways: tuple[bool, bool, bool],
    table: str | None,
    check: int | None,
    vary: list[str],
    at_least: str | None,
    until: str | None,
    data: str | None,
    weights: str | None,
    chip: str | None,
    tolerance: str | None,
    denoise: bool,
    wires: str | None,
    metric: str | None,
    samples: int | None,
    seed: int,
    compensate: bool,
    layout: DeployOptions,
    scaled: bool,
    packed: bool | None,
    digital: str | None,
    signature: Signature,
    read_noise: str,
    fit_columns: bool,
    resume: bool,
    out: str | None,
    json: str | None,
    executor: str,
    workers: int | None,
) -> None:
    """Make fleets; see `mho fleet --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    started = time.monotonic()
    check_between(chips, "chips", 2, _MOST_CHIPS, "1")
    way = way_of(ways, chips)
    check_surrogate_options(way, table, check)
    count = usual_workers() if workers is None else workers
    check_between(count, "workers", 1, _MOST_WORKERS, "1")
    chip = _kind(network, chip, layout, wires=wires, digital=digital)
    info = info_of(chip)
    # before anything is trained: levels that no cell holds
    layout.weight_mapping(info)
    job = Job(
        network,
        chip,
        tolerance_of(tolerance, info),
        seed,
        denoise and info.telegraph,
        data,
        weights,
        None if wires is None else resistance(wires, "wires"),
        compensate,
        read_noise,
        bool(packed),
        layout,
        fit_columns,
        names(digital),
        questions=Questions(metric, samples),
        signature=signature,
    )
    # before anything is read: fields and values that there are not, and packages
    conditions_of(job, vary)
    number_of(at_least, "at_least")
    number_of(until, "until")
    opened_executor(executor, count, begin_worker)
    folder = Path(out) if out else Path("mho-out") / f"fleet-{job.name}"
    check_outputs(folder, json)
    # workers have one thread each: with two, training may end with other last digits
    with with_threads(1), progress_bars() as progress:
        task = read_task(job, progress)
        if way == "drawn" and not any(ways):
            say(_DRAWN)
        if not network.endswith(".mho"):
            settled = packed is not None or way == "drawn"
            job = _laid_out(job, task, scaled=scaled, packed=settled)
        questioned = Questioned(
            task.metric,
            score_of(at_least, "at_least", task.metric),
            score_of(until, "until", task.metric),
        )
        asked = _Asked(
            chips, way, table, check, tuple(vary), questioned, executor, count
        )
        result = _run(
            job, task, asked, folder, progress, resume=resume, started=started
        )
    if write_json(result, json):
        return
    print_fleets(result, task.metric, folder / _FIGURE)


def _laid_out(job: Job, task: Task, *, scaled: bool, packed: bool) -> Job:
    """The job with what nobody has said of its layout chosen, as far as that is open.

    Args:
        job: What is asked for.
        task: Network and data.
        scaled: Whether it is settled what shares a scale of weights.
        packed: Whether it is settled if layers share tiles.
    """
    if not scaled:
        job = scaled_by_itself(job, task)
    return job if packed else packed_by_itself(job, task)


def _kind(
    network: str,
    chip: str | None,
    layout: DeployOptions,
    *,
    wires: str | None,
    digital: str | None,
) -> str:
    """Preset of the chips: that of an image, which also says how it is laid out.

    Raises:
        ValueError: What an image says is said once more, or it names no preset.
    """
    if not network.endswith(".mho"):
        return chip or PRESET
    given = {
        "chip": chip,
        "wires": wires,
        "digital": digital,
        "mapping, ranges, per_column, scale, clip or levels": (
            None if layout == DeployOptions() else layout
        ),
    }
    for name, value in given.items():
        if value is not None:
            raise ValueError(
                f"Argument `{name}` must be left out for an image, which was compiled with its"
                " own; compile another one."
            )
    preset = load_image(network, "network").provenance.preset
    if not preset:
        raise ValueError(
            f"Argument `network` must be an image that names its preset, but `{network}` names"
            " none; compile it with `mho compile`."
        )
    return preset


def _run(
    job: Job,
    task: Task,
    asked: _Asked,
    folder: Path,
    progress: Progress,
    *,
    resume: bool,
    started: float,
) -> dict[str, Any]:
    """Everything between options and results."""
    conditions = conditions_of(job, asked.vary)
    tasks = [fleet_task(c, task, asked.way) for c in conditions]
    if asked.table is not None:
        tasks = with_named_table(tasks, task, asked.table, progress)
    whose = identity({"tasks": [one.key for one in tasks]})
    with RunFolder.open(
        folder,
        "fleet",
        whose,
        makes=(_TABLE, _FIGURE, _RESULT),
        resume=resume,
        extends=True,
        started=started,
    ) as files:
        tell(files)
        progress = files.live.following(progress)
        fleet = Fleet(
            PartStore(folder / _PARTS),
            asked.chips,
            opened_executor(asked.executor, asked.workers, begin_worker),
            asked.workers,
            asked.questioned.width,
            progress,
            say,
            lambda one: with_table(one, task, progress),
            files.live.tell,
        )
        found = run_fleet(tasks, fleet)
        result = _described(job, task, asked, found)
        if asked.check is not None:
            compared = checked_against_physics(found, fleet, task, asked.check)
            for told, one in zip(result["fleets"], compared, strict=True):
                told["against_physics"] = one
        files.clear_results()
        files.write(_TABLE, _csv(found, job.seed))
        figure = partial(fleet_figure, result, task.metric, found)
        files.write(_FIGURE, draw_png(figure))
        files.write_result(result)
        files.finish()
    if kept := sum(one.kept for one in found):
        say(f"{kept:,} chips were there already.")
    return result


def _described(
    job: Job, task: Task, asked: _Asked, found: Sequence[FleetResult]
) -> dict[str, Any]:
    """The result: nothing in it depends on who made the chips, or how often it was begun."""
    metric = task.metric
    return {
        "network": Path(job.network).name,
        "options": asdict(_unplaced(job))
        | {"chips": asked.chips, "vary": list(asked.vary)},
        "preset": job.chip,
        "seed": job.seed,
        "metric": metric.described,
        f"software_{metric.key}": task.software_score,
        "fleets": [summarised(one, asked.questioned) for one in found],
    }


def _unplaced(job: Job) -> Job:
    """The job without folders: the result is the same wherever its files lie."""
    network = Path(job.network).name
    weights = None if job.weights is None else Path(job.weights).name
    data = None if job.data is None else Path(job.data).name
    return replace(job, network=network, weights=weights, data=data)


def _csv(found: Sequence[FleetResult], seed: int) -> bytes:
    """A line for every chip."""
    rows = [row for one in found for row in chips_told(one, seed)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
