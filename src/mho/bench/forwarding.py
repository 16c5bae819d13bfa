"""A bench that hands everything on to another one: to be refined where something is added."""

from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Bench, BenchInfo, Pulse, Reading
from mho.ledger import Ledger


class ForwardingBench:
    """The same bench.

    Args:
        bench: The bench that does the work.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def inner(self) -> Bench:
        """The bench that does the work."""
        return self._bench

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
        """Pulse; see `mho.Bench`."""
        self._bench.pulse(pulse, cells)

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read; see `mho.Bench`."""
        return self._bench.read(cells, samples=samples, window=window)

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Sweep (A); see `mho.Bench`."""
        return self._bench.sweep(cells, voltage)

    def wait(self, seconds: float) -> None:
        """Let time pass (s)."""
        self._bench.wait(seconds)

    def multiply(
        self,
        voltage: Float[Tensor, "batch rows"],
        plus: Int64[Tensor, "rows cols"],
        minus: Int64[Tensor, "rows cols"] | None = None,
        *,
        full_scale: float | Float[Tensor, " cols"],
    ) -> Float[Tensor, "batch cols"]:
        """Multiply (A); see `mho.Bench`."""
        return self._bench.multiply(voltage, plus, minus, full_scale=full_scale)
