"""A bench that notes how long it was busy with each cell."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.forwarding import ForwardingBench
from mho.bench.interface import Bench, Pulse, Reading


class TimedBench(ForwardingBench):
    """The same bench; the time of a pulse, read or sweep is booked to each cell that took part.

    Args:
        bench: The bench that does the work.
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self.seconds = torch.zeros(bench.info.cells, dtype=torch.float64)
        """Time so far (s). Shape (cells,)."""

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Pulse."""
        with self._booked(cells):
            super().pulse(pulse, cells)

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read."""
        with self._booked(cells):
            return super().read(cells, samples=samples, window=window)

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Sweep (A)."""
        with self._booked(cells):
            return super().sweep(cells, voltage)

    @contextmanager
    def _booked(self, cells: Int64[Tensor, " cells"]) -> Iterator[None]:
        before = self.clock
        yield
        self.seconds[cells] += self.clock - before
