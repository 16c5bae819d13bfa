"""Many chips with stuck cells, each a task of its own: made once, by whichever process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mho.device.published import code_of
from mho.files import RunFolder, identity
from mho.fleet import Crew, Row, collected
from mho.programming import ProgramProtocol
from mho.progress import silent
from mho.runs.job import Job
from mho.runs.stuck_cells.chip import YieldPoint, measure_yield
from mho.runs.task import Task, prepare

_VERSION = 1
"""Part of a chip's hash: another number where the same chip would give other figures (1)."""
_SCORE = "accuracy"
"""Name of the score among what runs of before kept."""
_NUMBERS = ("score", "stuck_cells", "chip_seconds")
"""What is measured of a chip."""

Named = tuple[float, int, str]
"""A chip: share of stuck cells (1), seed and remedy."""


@dataclass(frozen=True, slots=True)
class YieldJob:
    """What all chips of a run have in common.

    Args:
        job: Network, data, metric and kind of chip.
        protocol: How to program.
        spares: Spare rows, and pairs of columns, of each part of a layer, for `mapped` (1).
        fingerprint: Checksum of network and data, which a worker compares with what it reads.
    """

    job: Job
    protocol: ProgramProtocol
    spares: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class StuckChip:
    """What a worker must be told to measure one chip.

    Args:
        of: What all chips have in common.
        share: Probability that a cell is stuck (1).
        number: Its seed.
        remedy: One of `REMEDIES`.
        key: Content hash of all of it but the seed.
    """

    of: YieldJob
    share: float
    number: int
    remedy: str
    key: str

    def row(self) -> Row:
        """Measure it, which depends on nothing else.

        Raises:
            ValueError: The worker has other files than who asks.
        """
        point = measure_yield(
            _held_task(self.of),
            self.of.job.chip,
            self.share,
            remedy=self.remedy,
            seed=self.number,
            protocol=self.of.protocol,
            spares=self.of.spares,
        )
        return {name: getattr(point, name) for name in _NUMBERS}


def measure_yields(
    of: YieldJob,
    sources: Task,
    chips: Sequence[Named],
    run: RunFolder,
    crew: Crew,
) -> list[YieldPoint]:
    """Measure many chips, those left out that are there already.

    Args:
        of: What all have in common.
        sources: Network and data, as they are read already.
        chips: Which.
        run: Where runs of before kept theirs.
        crew: Who measures them, and where they are kept.

    Raises:
        PartFailedError: A chip was lost with its worker too often.
        ValueError: What is kept is damaged.
        OSError: A chip cannot be kept.
    """
    _HELD[of.fingerprint] = sources
    before = _before(run)
    keys = _Keys(of, sources)
    units = {
        chip: StuckChip(of, *chip, keys.of(chip))
        for chip in chips
        if chip not in before
    }
    rows = collected(list(units.values()), crew)
    made = dict(zip(units, rows, strict=True))
    return [
        before[chip] if chip in before else _point(chip, made[chip])
        for chip in chips
    ]


class _Keys:
    """Hashes of chips: all that their figures depend on, but no folders."""

    def __init__(self, of: YieldJob, sources: Task) -> None:
        job = of.job
        name = Path(job.network).name
        plain = replace(job, network=name, data=None, weights=None, seed=0)
        self._common = {
            "version": _VERSION,
            "what": "yield",
            "task": sources.fingerprint,
            "network": sources.details,
            "metric": sources.metric.described,
            "job": plain,
            "asked": [_said(one) for one in job.asked],
            "code": list(code_of(job.chip)),
            "protocol": of.protocol,
            "spares": of.spares,
        }

    def of(self, chip: Named) -> str:
        """That of a chip."""
        share, _, remedy = chip
        return identity(self._common | {"share": share, "remedy": remedy})


_HELD: dict[str, Task] = {}
"""Network and data that this process has read, by their checksum."""


def _held_task(of: YieldJob) -> Task:
    """Network and data, read once in each process.

    Raises:
        ValueError: They are others here than where they were asked for.
    """
    if of.fingerprint not in _HELD:
        read = prepare(of.job, silent)
        if read.fingerprint != of.fingerprint:
            raise ValueError(
                "Argument `network` must be the same for every worker, but"
                f" `{of.job.network}` or its data changed meanwhile; begin anew."
            )
        _HELD.clear()
        _HELD[of.fingerprint] = read
    return _HELD[of.fingerprint]


def _said(one: object) -> str:
    return one if isinstance(one, str) else identity(one)


def _point(chip: Named, row: Mapping[str, Any]) -> YieldPoint:
    share, seed, remedy = chip
    return YieldPoint(
        stuck_fraction=share,
        seed=seed,
        remedy=remedy,
        score=row["score"],
        stuck_cells=int(row["stuck_cells"]),
        chip_seconds=row["chip_seconds"],
    )


def _before(run: RunFolder) -> dict[Named, YieldPoint]:
    """Chips that runs of before kept, unfinished ones and finished ones."""
    held = list(run.values().values())
    if run.extends:
        held += run.result()["points"]
    found: dict[Named, YieldPoint] = {}
    for one in held:
        # a metric of one's own has another word there than accuracy
        score = one.get(_SCORE, one.get("score"))
        chip = (one["stuck_fraction"], one["seed"], one["remedy"])
        found.setdefault(chip, _point(chip, {**one, "score": score}))
    return found
