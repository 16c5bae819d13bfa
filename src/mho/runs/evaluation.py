"""What a deployed network reaches over a thousand seconds: interruptible between batches."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mho.bench import restorable
from mho.data import Outputs
from mho.deployment import DeployedNetwork, Looks
from mho.files import KeptState
from mho.runs.task import Task

LOOKS = 20
"""Evaluations at different times."""

SPAN = 1000.0
"""Time between the first and the last of them (s)."""

_PATIENCE = 2.0
"""Time of one look beyond which its batches are kept one by one (s)."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A network on a chip at every look.

    Args:
        scores: What the metric says at each look (its unit).
        outputs: All outputs of the last look by name.
    """

    scores: list[float] = field(default_factory=list)
    outputs: Outputs = field(default_factory=dict)

    @property
    def interval(self) -> dict[str, float]:
        """Smallest, mean and largest: `best` is the best estimate, not the best case."""
        return interval(self.scores)


def interval(values: list[float]) -> dict[str, float]:
    """Smallest, mean and largest: `best` is the best estimate, not the best case."""
    return {
        "low": min(values),
        "best": sum(values) / len(values),
        "high": max(values),
    }


def look_times() -> list[float]:
    """Times after programming of the evaluations, from 1 s on in equal ratios (s)."""
    return [float(t) for t in torch.logspace(0, 3, LOOKS, dtype=torch.float64)]


def evaluate(
    deployed: DeployedNetwork,
    task: Task,
    progress: Callable[[float], None],
    state: KeptState | None = None,
) -> Evaluation:
    """Look at a network again and again, and judge it each time.

    Args:
        deployed: The network on its chip, whose clock goes on.
        task: Data and metric.
        progress: Told how much is done (1); may raise to interrupt.
        state: Where chip and looks are kept now and then; what is there is gone on with.

    Raises:
        ValueError: The metric gives no number, or the state is damaged.
        OSError: The state cannot be written.
    """
    course = _Course(deployed, task, progress, state)
    return course.run()


class _Course:
    """The looks of one evaluation, kept on the way."""

    def __init__(
        self,
        deployed: DeployedNetwork,
        task: Task,
        progress: Callable[[float], None],
        state: KeptState | None,
    ) -> None:
        self._deployed = deployed
        self._task = task
        self._progress = progress
        self._state = state
        self._scores: list[float] = []
        self._start = deployed.bench.clock
        self._take_up()
        self._looks = Looks(
            deployed,
            task.data.inputs,
            [self._start + moment for moment in look_times()],
            patience=math.inf if state is None else _PATIENCE,
            on_batch=self._after_batch,
        )
        self._looks.go_on(len(self._scores), self._parts)

    def run(self) -> Evaluation:
        """All looks that are left."""
        outputs: Outputs = {}
        for outputs in self._looks:
            score = self._task.metric.score(outputs, self._task.data)
            self._scores.append(score)
        return Evaluation(self._scores, outputs)

    def _after_batch(self) -> None:
        self._progress(self._looks.done)
        state = self._state
        if state is None or not self._looks.steady or not state.due:
            return
        bench = restorable(self._deployed.bench)
        groups: dict[str, dict[str, Tensor]] = {
            "bench": bench.state(self._deployed.placement.cells)
        }
        for number, part in enumerate(self._looks.parts):
            groups[f"part {number}"] = dict(part)
        facts = {"start": self._start, "scores": self._scores}
        state.save(groups, facts)

    def _take_up(self) -> None:
        """Go back to where an interrupted evaluation was kept."""
        self._parts: list[dict[str, Any]] = []
        held = self._state.load() if self._state is not None else None
        if held is None:
            return
        groups, facts = held
        bench = restorable(self._deployed.bench)
        bench.restore(groups.pop("bench"), self._deployed.placement.cells)
        self._start = facts["start"]
        self._scores = list(facts["scores"])
        self._parts = [
            groups[f"part {number}"] for number in range(len(groups))
        ]
