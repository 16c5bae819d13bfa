"""What products of a simulated chip cost: time, conversions, and the energy that cells take."""

from typing import Any

from jaxtyping import Float, Float64
from torch import Tensor

from mho.chip import Chip
from mho.chip.periphery import LimitReport, line_currents
from mho.ledger import Ledger


class ProductCosts:
    """Books of the products of a chip.

    Args:
        chip: The chip.
    """

    def __init__(self, chip: Chip) -> None:
        array = chip.published.array
        self._periphery = chip.around
        self._conversion = array.conversion_energy
        self.vector_time = array.vector_time
        """Time that cells are driven by a vector, in one step (s)."""
        self.limits = LimitReport()
        """Where currents exceeded what lines and drivers bear, so far."""

    def seconds(self, vectors: int, shape: tuple[int, ...]) -> float:
        """How long a product takes (s).

        Args:
            vectors: Vectors (1).
            shape: Shape of its cells, of which rows and columns are the last two axes.
        """
        count = self._periphery.count(vectors, *shape[-2:])
        return count.steps * self.vector_time

    def booked(
        self,
        voltage: Float[Tensor, "batch rows"],
        seen: Float[Tensor, "sides rows cols"],
    ) -> Ledger:
        """Cost of vectors on cells of these effective conductances (S); looks at the limits.

        Args:
            voltage: Row voltages that are asked for (V).
            seen: Effective conductances of the cells (S).
        """
        squares = self._periphery.squares(voltage)
        sums = seen.double().sum((0, 2))
        # every cell takes the square of its row's voltage times its conductance
        power = float((squares.numpy() * sums.numpy()).sum())
        limits = self._periphery.limits
        if limits.any:
            beside = seen.transpose(0, 1).flatten(1)
            for driven in self._periphery.nominal(voltage):
                word, bit = line_currents(driven, beside)
                self.limits += limits.exceeded(word, bit)
        return self._ledger(voltage.shape[0], tuple(seen.shape), power)

    def booked_groups(
        self,
        vectors: int,
        squares: Float64[Tensor, "groups rows"],
        seen: Float[Tensor, "groups sides rows cols"],
    ) -> list[Ledger]:
        """Cost of vectors on each of several blocks of cells.

        Args:
            vectors: Vectors of each block (1).
            squares: Squares of each row's voltages, summed over the vectors (V²).
            seen: Effective conductances of the cells (S).
        """
        power = (squares * seen.double().sum((1, 3))).sum(1)
        shape = tuple(seen.shape[1:])
        return [self._ledger(vectors, shape, watts) for watts in power.tolist()]

    def _ledger(
        self, vectors: int, shape: tuple[Any, ...], power: float
    ) -> Ledger:
        """Cost of vectors.

        Args:
            vectors: Vectors (1).
            shape: Sides, rows and columns of the cells (1).
            power: What the cells take, all vectors at once (W).
        """
        sides, rows, cols = shape
        count = self._periphery.count(vectors, rows, cols)
        return Ledger(
            conversions=count.total,
            multiplies=sides * vectors * rows * cols,
            seconds=count.steps * self.vector_time,
            read_joules=power * self.vector_time,
            converter_joules=count.total * self._conversion,
        )
