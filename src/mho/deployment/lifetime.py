"""A deployed network over hours and years: drift, accuracy, and refreshing what drifted."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int64, Shaped
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.checks import check_positive, configuration
from mho.deployment.deployed import DeployedNetwork
from mho.ledger import Ledger
from mho.programming.loop import program
from mho.programming.protocol import ProgramProtocol
from mho.rng import total
from mho.units import show

_SAMPLES = 8
"""Samples of a look at a cell's drift (1)."""


@configuration
@dataclass(frozen=True, slots=True)
class Refresh:
    """When cells are written again, and how.

    Args:
        interval: Time between two looks at all cells (s).
        protocol: How cells that are off by more than its tolerance are programmed.
    """

    interval: float
    protocol: ProgramProtocol

    def __post_init__(self) -> None:
        check_positive(self.interval, "interval", "s")


@dataclass(frozen=True, slots=True)
class Age:
    """The network at one age.

    Args:
        time: Time since the beginning (s).
        accuracy: Fraction of right answers (1).
        drift: Mean of reading minus target over working cells (S).
        spread: Root-mean-square of the same (S).
        refreshed: Cells programmed again so far, each as often as it was (1).
        cost: What looks and refreshes cost so far; measuring the accuracy is left out.
    """

    time: float
    accuracy: float
    drift: float
    spread: float
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
        deployed: The network on a simulated chip, which is older afterwards.
        inputs: Test samples (1). Shape (batch, ...).
        labels: Their classes (1). Shape (batch,).
        times: Ages at which to look, rising (s).
        temperature: Temperature from now on (K); as it is if `None`.
        refresh: Looks at cells and writes those again that drifted; never if `None`.

    Raises:
        ValueError: Times that do not rise, or a bench whose temperature cannot be chosen.
    """
    bench = deployed.bench
    if list(times) != sorted(set(times)) or (times and times[0] <= 0):
        shown = ", ".join(show(t, "s") for t in times)
        raise ValueError(
            f"Argument `times` must rise from above 0 s, but is {shown}; sort the ages."
        )
    if temperature is not None:
        if not isinstance(bench, SimulatedBench):
            raise ValueError(
                "Argument `temperature` must be left out for instruments, which cannot heat; set"
                " it at the chip."
            )
        check_positive(temperature, "temperature", "K")
        bench.heat(temperature)
    start, found, refreshed, cost = bench.clock, list[Age](), 0, Ledger()
    due = refresh.interval if refresh else torch.inf
    for time in times:
        while refresh and due <= time:
            _wait_until(deployed, start + due)
            before = bench.ledger
            refreshed += _rewrite(deployed, refresh.protocol)
            cost += bench.ledger - before
            due += refresh.interval
        _wait_until(deployed, start + time)
        drift = _drift(deployed)[~deployed.programming.stuck].double()
        accuracy = deployed.accuracy(inputs, labels)
        mean, square = total(drift) / drift.numel(), total(drift.square()) / drift.numel()
        found.append(Age(time, accuracy, mean, square**0.5, refreshed, cost))
    return found


def _wait_until(deployed: DeployedNetwork, moment: float) -> None:
    """Wait, unless looks and refreshes already took that long."""
    deployed.bench.wait(max(0.0, moment - deployed.bench.clock))


def _drift(deployed: DeployedNetwork) -> Tensor:
    """Reading minus target of every cell (S). Shape (cells,)."""
    reading = deployed.bench.read(deployed.placement.cells, samples=_SAMPLES, window=0.0)
    return reading.mean - deployed.placement.target


def _rewrite(deployed: DeployedNetwork, protocol: ProgramProtocol) -> int:
    """Program the working cells again that are off by more than the tolerance; how many."""
    off = (_drift(deployed).abs() > protocol.tolerance) & ~deployed.programming.stuck
    some = off.nonzero()[:, 0]
    if some.numel():
        placement = deployed.placement
        program(deployed.bench, placement.target[some], protocol, cells=placement.cells[some])
    return some.numel()
