"""A chip of a fleet as a function of the task, its number and nothing else.

Workers read what a task needs once, and then make chip after chip. Chip n of a fleet is the chip
that `mho deploy` makes with the seed n further on.
"""

import gc
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import torch

from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.chip import Chip
from mho.data import BUILT_IN, Outputs, agreements, load_data
from mho.deployment import ready_to_draw
from mho.deployment.storage import CompiledNetwork, load_image
from mho.device.published import code_of, preset
from mho.files import identity
from mho.fleet import Part, Row
from mho.mapping import DifferentialPairs, WeightMapping
from mho.programming import ErrorTable, ProgrammingOptions, measure_errors
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.runs.deployment import image_for, specimen_for
from mho.runs.drawn import batch_for, judge
from mho.runs.fleets.conditions import Condition
from mho.runs.fleets.surrogate_making import (
    check_surrogate,
    identity_for,
    surrogate_chips,
    surrogate_for,
)
from mho.runs.job import Job
from mho.runs.judging import input_names
from mho.runs.population import measure_chip
from mho.runs.population_figures import ChipFigures
from mho.runs.task import Task, prepare
from mho.runs.warm_kernels import warm_up
from mho.statistical import Surrogate
from mho.workers import give_memory_back

PHYSICS = "physics"
DRAWN = "drawn"
SURROGATE = "surrogate"
WAYS = (PHYSICS, DRAWN, SURROGATE)
"""Every pulse of every cell; cells drawn from a table of programmed ones; or cells drawn with what
time makes of them, on the wires of their tiles."""

PHYSICS_MOST = 64
"""Chips up to which every pulse is simulated if nobody says otherwise (1)."""

_VERSION = 5
"""Part of a task's hash: another number where the same task would give other figures (1)."""
_SURROGATE_VERSION = 1
"""The same for chips of a surrogate alone (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class FleetTask:
    """What a worker must be told to make any chip of a fleet.

    Args:
        key: Content hash: of network, data, metric, job, condition and way.
        condition: Under what chips are made.
        way: One of `WAYS`.
        fingerprint: Checksum of network and data, which a worker compares with what it reads.
        table: What cells are drawn from; `None` where every pulse is simulated.
        file: File of a surrogate; one in the folder of kept things if `None`.
        surrogate: Identity of the surrogate that cells are drawn from; `None` for other ways.
    """

    key: str
    condition: Condition
    way: str
    fingerprint: str
    table: ErrorTable | Surrogate | None = None
    file: str | None = None
    surrogate: str | None = None


def fleet_task(condition: Condition, task: Task, way: str) -> FleetTask:
    """A fleet as data.

    Args:
        condition: Under what chips are made.
        task: Network, data and metric.
        way: One of `WAYS`.

    Raises:
        ValueError: Wires are given for drawn cells, which know none, or an image was compiled
            with a mapping that cannot be drawn.
    """
    if way == DRAWN and condition.job.wires:
        raise ValueError(
            "Argument `wires` must be left out, or `0`, where cells are drawn, which know no"
            " wires; `--physics` has them."
        )
    if way == DRAWN and isinstance(task.source, CompiledNetwork):
        _image_pairs(task.source)
    surrogate = None
    if way == SURROGATE:
        check_surrogate(condition)
        pairs = _pairs(condition, task)
        surrogate = identity_for(condition, pairs.low, pairs.high)
    # the number of chips says nothing about any of them
    job = replace(condition.job, chips=1, keep_chips=False, cells=_cells(way))
    own = replace(condition, job=job)
    drawing = {"drawing": _SURROGATE_VERSION} if way == SURROGATE else {}
    key = identity(
        {
            "version": _VERSION,
            "task": task.fingerprint,
            # the fingerprint has weights alone
            "network": task.details,
            "metric": task.metric.described,
            "condition": replace(own, job=_unplaced(job)),
            "asked": [_said(one) for one in job.asked],
            "code": list(code_of(job.chip)),
            "way": way,
            "surrogate": surrogate,
            **drawing,
        }
    )
    return FleetTask(key, own, way, task.fingerprint, surrogate=surrogate)


def with_table(task: FleetTask, read: Task, progress: Progress) -> FleetTask:
    """The task with what cells are drawn from, where they are.

    Args:
        task: What to make chips of.
        read: Network, data and metric.
        progress: Told what is being done.
    """
    needs_table = task.way != PHYSICS and task.table is None
    if not needs_table:
        return task

    stage = "programming cells for the table"
    progress(stage, 0.0)
    pairs = _pairs(task.condition, read)
    table: ErrorTable | Surrogate
    if task.way == SURROGATE:
        table = surrogate_for(task.condition, pairs.low, pairs.high, task.file)
    else:
        table = _table(task.condition, pairs)
    progress(stage, 1.0)
    return replace(task, table=table)


def read_task(job: Job, progress: Progress = silent) -> Task:
    """Network, data and metric of a job, whose network may be an image as well.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    if not job.network.endswith(".mho"):
        return prepare(job, progress)
    image = load_image(job.network, "network")
    given = image.provenance.data
    if job.data is None and given in BUILT_IN:
        task = Task(image, BUILT_IN[given].test(), built_in=given)
    elif job.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of test data, but is missing."
        )
    else:
        progress("reading the data", 0.0)
        data = load_data(job.data).fed(job.signature.arrays)
        task = Task(image, data.for_inputs(input_names(image.network)))
    return task.asked(job.questions)


def rows_of(task: FleetTask, part: Part) -> list[Row]:
    """Figures of the chips of a part; what runs in a worker.

    Args:
        task: What they are chips of.
        part: Which.

    Raises:
        ValueError: The worker has other files, or another processor, than who asks.
    """
    make = _held_maker(task)
    numbers = range(part.first, part.first + part.count)
    rows = [make(number) for number in numbers]
    give_memory_back()
    return rows


def begin_worker() -> None:
    """What a worker process does before its first chip."""
    torch.set_num_threads(1)
    warm_up()


_HELD: dict[str, Callable[[int], Row]] = {}
"""Of a worker: what makes the chips of the tasks that it worked on last."""
_HELD_MOST = 2


def _held_maker(task: FleetTask) -> Callable[[int], Row]:
    """What makes chips of a task, made once."""
    if task.key not in _HELD:
        while len(_HELD) >= _HELD_MOST:
            _HELD.pop(next(iter(_HELD)))
            # what was held is garbage now, where it can be found
            gc.unfreeze()
        torch.set_num_threads(1)
        read = read_task(task.condition.job)
        if read.fingerprint != task.fingerprint:
            raise ValueError(
                "Argument `network` must be the same for every worker, but"
                f" `{task.condition.job.network}` or its data are others there; name files that"
                " all of them see, and an image or a network file where training would end with"
                " other last digits."
            )
        _HELD[task.key] = _MAKERS[task.way](task, read)
        # what stays as long as the task need not be looked through after every part
        gc.collect()
        gc.freeze()
    return _HELD[task.key]


class _PhysicsMaker:
    """Chips with every pulse simulated, and looked at over a thousand seconds."""

    def __init__(self, task: FleetTask, read: Task) -> None:
        self._condition = task.condition
        self._read = read
        job = task.condition.job
        self._image = _image(task, read)
        self._effort = ProgrammingOptions(job.tolerance, job.denoise)

    def __call__(self, number: int) -> Row:
        """Figures of one chip."""
        condition = self._condition
        job = condition.job
        plain = specimen_for(job, self._image, job.seed + number)
        spec: ChipSpec = replace(
            plain, temperature=condition.temperature, stuck=condition.stuck
        )
        judged = measure_chip(
            self._image,
            spec,
            self._effort,
            self._read,
            fit_columns=job.fit_columns,
        )
        return _row(judged.figures, judged.outputs, self._read)


class _DrawnMaker:
    """Chips whose cells are drawn from those that were programmed for the table."""

    def __init__(self, task: FleetTask, read: Task) -> None:
        assert isinstance(task.table, ErrorTable)
        self._table = task.table
        self._read = read
        self._seed = task.condition.job.seed
        job = task.condition.job
        calibration = read.data.calibration
        if isinstance(read.source, CompiledNetwork):
            rule = read.source.rule
        else:
            rule = job.layout.rule(_bench(task.condition).info)
        meant = _pairs(task.condition, read)
        self._ready = ready_to_draw(
            read.network,
            _chip(task.condition),
            calibration,
            meant,
            rule,
            batch=batch_for(read.network, calibration),
        )

    def __call__(self, number: int) -> Row:
        """Figures of one chip."""
        seed = self._seed + number
        cost = self._ready.program(self._table, Stream(seed).child("chip"))
        judged = judge(self._ready, self._table, cost, self._read, seed, silent)
        return _row(judged.figures, judged.outputs, self._read)


class _SurrogateMaker:
    """Chips drawn from a surrogate, with wires and looks over a thousand seconds."""

    def __init__(self, task: FleetTask, read: Task) -> None:
        assert isinstance(task.table, Surrogate)
        self._read = read
        self._seed = task.condition.job.seed
        self._chips = surrogate_chips(
            task.condition, task.table, read, _image(task, read)
        )

    def __call__(self, number: int) -> Row:
        """Figures of one chip."""
        judged = self._chips.judged(self._seed + number)
        return _row(judged.figures, judged.outputs, self._read)


_MAKERS: dict[str, Callable[[FleetTask, Task], Callable[[int], Row]]] = {
    PHYSICS: _PhysicsMaker,
    DRAWN: _DrawnMaker,
    SURROGATE: _SurrogateMaker,
}


def _image(task: FleetTask, read: Task) -> CompiledNetwork:
    """The network laid out: as it is given, or as the job says."""
    source = read.source
    if isinstance(source, CompiledNetwork):
        return source
    return image_for(task.condition.job, read)


def _cells(way: str) -> str:
    """A way as a job has it, which knows two."""
    return PHYSICS if way == SURROGATE else way


def _row(figures: ChipFigures, outputs: Outputs, task: Task) -> Row:
    """Plain numbers of a chip."""
    wanted = task.software_outputs
    errors = [one.error for one in agreements(outputs, wanted).values()]
    return {
        "score": figures.score,
        "lowest": figures.lowest,
        "highest": figures.highest,
        "error": max(errors, default=0.0),
        "converged_fraction": figures.converged_fraction,
        "stuck_cells": figures.stuck_cells,
        "pulses": figures.programming.pulses,
        "chip_seconds": figures.programming.seconds,
        "chip_joules": figures.programming.joules,
    }


def _chip(condition: Condition) -> Chip:
    """A tile of the kind, as warm as the chips."""
    kind = preset(condition.job.chip)
    if condition.stuck is not None:
        kind = kind.replace(cell__stuck_fraction=condition.stuck)
    return Chip(kind, temperature=condition.temperature)


def _bench(condition: Condition) -> SimulatedBench:
    return SimulatedBench(_chip(condition), Stream(0).child("table"))


def _table(condition: Condition, pairs: WeightMapping) -> ErrorTable:
    """What programming leaves: it depends on no seed, and is what `mho deploy` draws from."""
    job = condition.job
    effort = ProgrammingOptions(job.tolerance, job.denoise)
    bench = _bench(condition)
    return measure_errors(
        bench,
        Stream(0).child("targets"),
        effort.protocol(bench.info),
        low=pairs.low,
        high=pairs.high,
    )


def _pairs(condition: Condition, read: Task) -> WeightMapping:
    if isinstance(read.source, CompiledNetwork):
        return _image_pairs(read.source)
    return condition.job.layout.weight_mapping(_bench(condition).info)


def _image_pairs(image: CompiledNetwork) -> DifferentialPairs:
    """The pairs that an image was compiled with.

    Raises:
        ValueError: It was compiled with another mapping.
    """
    words = dict(image.mapping)
    kind = words.pop("kind")
    names = {field.name for field in fields(DifferentialPairs)}
    if kind != DifferentialPairs.__name__ or set(words) != names:
        raise ValueError(
            f"Argument `network` must be an image of pairs where cells are drawn, but is one of"
            f" `{kind}`; `--physics` takes any."
        )
    return DifferentialPairs(**words)  # type: ignore[arg-type]


def _unplaced(job: Job) -> Job:
    """The job without folders: what is in its files is known by the fingerprint."""
    name = Path(job.network).name
    return replace(job, network=name, data=None, weights=None)


def _said(one: object) -> str:
    return one if isinstance(one, str) else identity(one)
