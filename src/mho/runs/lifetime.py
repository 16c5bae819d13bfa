"""A programmed chip over years, with and without refreshing it: resumable, age by age."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from typing import Any

from torch import Tensor

from mho.bench import restorable
from mho.checks import Configuration, check_between, check_positive
from mho.deployment import (
    QUANTILES,
    Age,
    Life,
    Refresh,
    check_times,
)
from mho.deployment.storage import ProgrammedChip
from mho.files import NOT_IDENTITY, KeptState, RunFolder, run_identity
from mho.progress import Progress, silent
from mho.runs.job import Questions
from mho.runs.task import Task
from mho.samples import each_tensor, number_of
from mho.units import show_duration

ALONE = "left alone"
REFRESHED = "refreshed"
"""Names of the two lives of a chip."""

_LOOKS = 100_000
"""Looks that a life may have (1)."""


@dataclass(frozen=True, slots=True)
class LifeJob(Configuration):
    """How a chip shall grow old.

    Args:
        times: Ages at which to measure, rising (s).
        temperature: Temperature from the beginning on (K); as it is if `None`.
        interval: Time between two looks at all cells that shall be refreshed (s); no refresh if
            `None`.
        tolerance: Half-width of the window within which a cell need not be refreshed, and is
            programmed (S); that of the chip's own programming if `None`.
        quantile: Quantile of the distances from target that has to exceed the tolerance (1).
        questions: Samples and metric.
    """

    times: tuple[float, ...]
    temperature: float | None = None
    interval: float | None = None
    tolerance: float | None = None
    quantile: float = 1.0
    # runs from before there were questions stay what they are
    questions: Questions = field(
        default_factory=Questions, metadata=NOT_IDENTITY
    )

    def __post_init__(self) -> None:
        check_times(self.times)
        if self.temperature is not None:
            check_between(self.temperature, "temperature", 4.0, 1000.0, "K")
        check_between(self.quantile, "quantile", 0.0, 1.0, "1")
        if self.tolerance is not None:
            check_positive(self.tolerance, "tolerance", "S")
        if self.interval is not None:
            check_positive(self.interval, "interval", "s")
            life = self.times[-1]
            least = life / _LOOKS
            if self.interval < least:
                raise ValueError(
                    f"Argument `refresh` must be at least {show_duration(least)} for a life of"
                    f" {show_duration(life)}, but is {show_duration(self.interval)};"
                    " look less often."
                )

    def identity(self, task: Task) -> str:
        """Everything that the result depends on; see `RunFolder`.

        Args:
            task: The chip and the data, with what is asked.
        """
        digest = hashlib.sha256()
        data = task.data
        # calibration and training data change nothing about a life
        for tensor in (
            *each_tensor(data.inputs),
            data.labels,
            *data.others.values(),
        ):
            if tensor is not None:
                digest.update(tensor.contiguous().numpy().tobytes())
        usual = Questions()
        asked = [] if self.questions == usual else [self.questions]
        chip = task.source
        assert isinstance(chip, ProgrammedChip)
        return run_identity(
            chip.sha256, digest.hexdigest(), self, *asked, *task.metric.sources
        )

    def refresh(self, chip: ProgrammedChip) -> Refresh | None:
        """How cells of a chip are refreshed.

        Raises:
            ValueError: The chip cannot be programmed as finely.
        """
        if self.interval is None:
            return None
        protocol = chip.effort.protocol(chip.specimen.info)
        if self.tolerance is not None:
            protocol = replace(protocol, tolerance=self.tolerance)
        protocol.check(chip.image.info)
        return Refresh(self.interval, protocol, self.quantile)


def grow_old(
    task: Task,
    job: LifeJob,
    *,
    run: RunFolder | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, Any], ProgrammedChip]:
    """Let copies of a chip grow old: one that is left alone and, if wanted, one refreshed.

    Args:
        task: The chip, which stays as it is, the test samples and the metric.
        job: How.
        run: Where finished ages and the chips' states are kept; what it has already is taken up.
        progress: Told what is being done and how far it is; may raise to interrupt.

    Returns:
        Plain values, and the chip as it is at the last age, the refreshed one if there is one.

    Raises:
        ValueError: What was kept is damaged.
        OSError: The folder cannot be written.
    """
    chip = task.source
    assert isinstance(chip, ProgrammedChip)
    refresh = job.refresh(chip)
    lives: dict[str, Refresh | None] = {ALONE: None}
    if refresh is not None:
        lives[REFRESHED] = refresh
    found: dict[str, list[Age]] = {}
    aged = chip
    for name, rule in lives.items():
        deployed = chip.deployed()
        life = Life(deployed, task.score_on, rule)
        state = run.state(name.replace(" ", "-")) if run else None
        _AgingRun(life, job, chip.placement.cells, state).run(name, progress)
        found[name] = life.ages
        records = task.metric.record(life.ages[-1].score)
        aged = chip.after(deployed.bench, **records)
    return _described(chip, task, job, found), aged


class _AgingRun:
    """One life from beginning to end, kept now and then."""

    def __init__(
        self, life: Life, job: LifeJob, cells: Tensor, state: KeptState | None
    ) -> None:
        self._life = life
        self._job = job
        self._bench = restorable(life.deployed.bench)
        self._cells = cells
        self._state = state

    def run(self, name: str, progress: Progress) -> None:
        """Go through all ages; the first is the chip as it comes, at its own temperature."""
        job = self._job
        life = self._life
        interval = job.interval if name == REFRESHED else None
        whole = (
            len(job.times)
            + 1
            + (math.floor(job.times[-1] / interval) if interval else 0)
        )

        def looked() -> None:
            progress(name, (life.looks + len(life.ages)) / whole)
            if self._state is not None and self._state.due:
                self._keep()

        self._take_up()
        progress(name, (life.looks + len(life.ages)) / whole)
        if not life.ages:
            life.until(0.0)
            if job.temperature is not None:
                life.heat(job.temperature)
        for age in job.times[len(life.ages) - 1 :]:
            life.until(age, looked)
            self._keep()
            progress(name, (life.looks + len(life.ages)) / whole)

    def _keep(self) -> None:
        if self._state is not None:
            parts = {"bench": self._bench.state(self._cells)}
            self._state.save(parts, {"life": self._life.facts()})

    def _take_up(self) -> None:
        held = self._state.load() if self._state is not None else None
        if held is not None:
            groups, facts = held
            self._bench.restore(groups["bench"], self._cells)
            self._life.restore(facts["life"])


def _described(
    chip: ProgrammedChip,
    task: Task,
    job: LifeJob,
    found: Mapping[str, list[Age]],
) -> dict[str, Any]:
    """The results as plain numbers, units in the names."""
    stuck = int(chip.result.stuck.sum())
    key = task.metric.key
    refresh = job.refresh(chip)
    return {
        "chip": chip.sha256,
        "preset": chip.specimen.preset,
        "seed": chip.specimen.seed,
        "cells": chip.placement.cells.numel(),
        "stuck_cells": stuck,
        "samples": number_of(task.data.inputs),
        "metric": task.metric.described,
        f"software_{key}": task.software_score,
        "temperature_K": job.temperature,
        "refresh": refresh
        and {
            "interval_s": refresh.interval,
            "tolerance_uS": refresh.protocol.tolerance * 1e6,
            "quantile": refresh.quantile,
        },
        "lives": {
            name: [_told(age, key) for age in ages]
            for name, ages in found.items()
        },
        "version": version("mho"),
    }


def _told(age: Age, key: str) -> dict[str, Any]:
    named = zip(QUANTILES, age.quantiles, strict=True)
    return {
        "time_s": age.time,
        key: age.score,
        "drift_uS": age.drift * 1e6,
        "spread_uS": age.spread * 1e6,
        "drift_percentiles_uS": {
            f"{100 * q:g}": value * 1e6 for q, value in named
        },
        "looks": age.looks,
        "rewrites": age.rewrites,
        "refreshed_cells": age.refreshed,
        "cost": {**asdict(age.cost), "joules": age.cost.joules},
    }
