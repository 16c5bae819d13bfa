"""A bench that notes how long it was busy with each cell."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Bench, BenchInfo, Pulse, Reading
from mho.ledger import Ledger


class TimedBench:
    """The same bench; every operation's time is booked to each cell that took part.

    Args:
        bench: The bench that does the work.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.seconds = torch.zeros(bench.info.cells, dtype=torch.float64)
        """Time so far (s). Shape (cells,)."""

    @property
    def info(self) -> BenchInfo:
        """What the bench can do."""
        return self._bench.info

    @property
    def ledger(self) -> Ledger:
        """All costs so far."""
        return self._bench.ledger

    @property
    def clock(self) -> float:
        """Time since the bench was switched on (s)."""
        return self._bench.clock

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Pulse."""
        before = self.clock
        self._bench.pulse(pulse, cells)
        self.seconds[cells] += self.clock - before

    def read(self, cells: Int64[Tensor, " cells"], *, samples: int, window: float) -> Reading:
        """Read."""
        before = self.clock
        reading = self._bench.read(cells, samples=samples, window=window)
        self.seconds[cells] += self.clock - before
        return reading

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Sweep."""
        before = self.clock
        current = self._bench.sweep(cells, voltage)
        self.seconds[cells] += self.clock - before
        return current

    def wait(self, seconds: float) -> None:
        """Let time pass; no cell is busy."""
        self._bench.wait(seconds)

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"],
        *,
        full_scale: float,
    ) -> Float[Tensor, "batch cols"]:
        """Multiply; booked to no cell."""
        return self._bench.multiply(voltage, plus, minus, full_scale=full_scale)
