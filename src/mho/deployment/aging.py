"""A deployed network over hours and years: drift, accuracy, and refreshing what drifted."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jaxtyping import Float, Int64, Shaped
from torch import Tensor

from mho.bench import heatable
from mho.checks import Configuration, check_between, check_positive
from mho.deployment.deployed import DeployedNetwork
from mho.ledger import Ledger
from mho.programming import ProgramProtocol, program
from mho.rng import total
from mho.units import show_duration

QUANTILES = (0.01, 0.25, 0.5, 0.75, 0.99)
"""Quantiles of the drift that an age tells (1)."""

_SCORE = "accuracy"
"""Name of the score in states of unfinished runs."""
_SAMPLES = 8
"""Samples of a look at a cell's drift (1)."""


@dataclass(frozen=True, slots=True)
class Refresh(Configuration):
    """When cells are written again, and how.

    Args:
        interval: Time between two looks at all cells (s).
        protocol: How cells that are off by more than its tolerance are programmed.
        quantile: Quantile of the working cells' distances from their targets that has to exceed
            that tolerance before anything is written (1). 1 is the worst cell: one that is off is
            enough. With 0.99 nothing is written until one cell in a hundred is off.
    """

    interval: float
    protocol: ProgramProtocol
    quantile: float = 1.0

    def __post_init__(self) -> None:
        check_positive(self.interval, "interval", "s")
        check_between(self.quantile, "quantile", 0.0, 1.0, "1")


@dataclass(frozen=True, slots=True)
class Age:
    """The network at one age.

    Args:
        time: Time since the beginning (s).
        score: What the network is judged by: the share of right answers, unless another
            metric was asked for (its unit).
        drift: Mean of reading minus target over working cells (S).
        spread: Root-mean-square of the same (S).
        quantiles: Its `QUANTILES` (S).
        looks: Looks at all cells so far, to see whether they need to be refreshed (1).
        rewrites: Looks after which cells were written again (1).
        refreshed: Cells programmed again so far, each as often as it was (1).
        cost: What looks and refreshes cost so far; judging the network is left out.
    """

    time: float
    score: float
    drift: float
    spread: float
    quantiles: tuple[float, ...]
    looks: int
    rewrites: int
    refreshed: int
    cost: Ledger


def lifetime(
    deployed: DeployedNetwork,
    inputs: Shaped[Tensor, "batch ..."],
    labels: Int64[Tensor, " batch"],
    times: Sequence[float],
    *,
    temperature: float | None = None,
    refresh: Refresh | None = None,
) -> list[Age]:
    """Let a deployed network grow old at a temperature, and look at it now and then.

    Args:
        deployed: The network on a bench, which is older afterwards.
        inputs: Test samples (1). Shape (batch, ...).
        labels: Their classes (1). Shape (batch,).
        times: Ages at which to look, rising (s).
        temperature: Temperature from now on (K); as it is if `None`.
        refresh: Looks at cells and writes those again that drifted; never if `None`.

    Raises:
        ValueError: Times that do not rise, or a bench whose temperature cannot be chosen.
    """
    check_times(times)
    life = Life(deployed, lambda aged: aged.accuracy(inputs, labels), refresh)
    if temperature is not None:
        life.heat(temperature)
    return [life.until(time) for time in times]


def check_times(times: Sequence[float]) -> None:
    """Refuse ages that do not rise from above zero.

    Raises:
        ValueError: In the house sentence.
    """
    if (
        list(times) != sorted(set(times))
        or not times
        or not 0 < times[0] <= times[-1] < math.inf
    ):
        shown = ", ".join(show_duration(t) for t in times) or "empty"
        raise ValueError(
            f"Argument `times` must rise from above 0 s, but is {shown}; sort the ages."
        )


class Life:
    """A network that grows old step by step, and can be kept in between.

    Args:
        deployed: The network on a bench.
        judge: Says how good the network is on its bench (its unit).
        refresh: When cells are written again; never if `None`.
    """

    def __init__(
        self,
        deployed: DeployedNetwork,
        judge: Callable[[DeployedNetwork], float],
        refresh: Refresh | None = None,
    ) -> None:
        self.deployed = deployed
        self._judge = judge
        self._refresh = refresh
        self.ages: list[Age] = []
        """Ages that were looked at."""
        self._start = deployed.bench.clock
        self._looks = self._rewrites = self._refreshed = 0
        self._cost = Ledger()

    @property
    def looks(self) -> int:
        """Looks at all cells so far, to see whether they need to be refreshed (1)."""
        return self._looks

    def heat(self, temperature: float) -> None:
        """Bring the chip to another temperature.

        Args:
            temperature: New temperature (K).

        Raises:
            ValueError: A bench whose temperature cannot be chosen.
        """
        check_positive(temperature, "temperature", "K")
        heatable(self.deployed.bench).heat(temperature)

    def until(
        self, time: float, on_look: Callable[[], None] | None = None
    ) -> Age:
        """Let time pass, with the refreshes that are due, and look at the network.

        Args:
            time: Age to reach (s).
            on_look: Called after every look at the cells; may raise to interrupt.
        """
        refresh = self._refresh
        while refresh and (self._looks + 1) * refresh.interval <= time:
            self._wait_until((self._looks + 1) * refresh.interval)
            self._look(refresh)
            if on_look is not None:
                on_look()
        self._wait_until(time)
        working = ~self.deployed.programming.stuck
        drift = self._drift()[working].double()
        score = self._judge(self.deployed)
        count = max(drift.numel(), 1)
        mean_square = total(drift.square()) / count
        ordered = drift.sort().values
        age = Age(
            time=time,
            score=score,
            drift=total(drift) / count,
            spread=mean_square**0.5,
            quantiles=tuple(_quantile(ordered, q) for q in QUANTILES),
            looks=self._looks,
            rewrites=self._rewrites,
            refreshed=self._refreshed,
            cost=self._cost,
        )
        self.ages.append(age)
        return age

    def facts(self) -> dict[str, Any]:
        """Everything but the bench's own state, as plain values: for `restore`."""
        return {
            "start": self._start,
            "counts": [self._looks, self._rewrites, self._refreshed],
            "cost": asdict(self._cost),
            "ages": [_plain(age) for age in self.ages],
        }

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Go back to where `facts` were taken; the bench must be restored by its owner."""
        self._start = facts["start"]
        self._looks, self._rewrites, self._refreshed = facts["counts"]
        self._cost = Ledger(**facts["cost"])
        self.ages = [_age_of(plain) for plain in facts["ages"]]

    def _wait_until(self, time: float) -> None:
        """Wait, unless looks and refreshes already took that long."""
        bench = self.deployed.bench
        bench.wait(max(0.0, self._start + time - bench.clock))

    def _drift(self) -> Float[Tensor, " cells"]:
        """Reading minus target of every cell (S). Shape (cells,)."""
        placement = self.deployed.placement
        reading = self.deployed.bench.read(
            placement.cells, samples=_SAMPLES, window=0.0
        )
        return reading.mean - placement.target

    def _look(self, refresh: Refresh) -> None:
        """Look at all cells; write those again that are off, if the rule says so."""
        bench = self.deployed.bench
        placement = self.deployed.placement
        before = bench.ledger
        working = ~self.deployed.programming.stuck
        off_target = self._drift().abs()
        tolerance = refresh.protocol.tolerance
        # looking costs, whether anything is written or not
        self._looks += 1
        ordered = off_target[working].double().sort().values
        if _quantile(ordered, refresh.quantile) > tolerance:
            drifted = (off_target > tolerance) & working
            positions = drifted.nonzero()[:, 0]
            program(
                bench,
                placement.target[positions],
                refresh.protocol,
                cells=placement.cells[positions],
            )
            self._rewrites += 1
            self._refreshed += positions.numel()
        self._cost += bench.ledger - before


def _quantile(ordered: Float[Tensor, " cells"], quantile: float) -> float:
    """Smallest value that at least this share of sorted values do not exceed; 0 of none."""
    if ordered.numel() == 0:
        return 0.0
    not_exceeding = math.ceil(quantile * ordered.numel())
    return float(ordered[max(0, not_exceeding - 1)])


def _plain(age: Age) -> dict[str, Any]:
    """An age as plain values; what is judged has been called accuracy since the first states."""
    values = asdict(age)
    values[_SCORE] = values.pop("score")
    return values


def _age_of(plain: Mapping[str, Any]) -> Age:
    """An age from plain values."""
    values = dict(plain)
    values["quantiles"] = tuple(plain["quantiles"])
    values["score"] = values.pop(_SCORE)
    values["cost"] = Ledger(**plain["cost"])
    return Age(**values)
