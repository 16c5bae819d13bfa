"""What the cells of a chip conduct at the moments at which products meet them."""

from itertools import accumulate, repeat

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.simulated.products.costs import ProductCosts
from mho.checks import check_choice
from mho.device import Cells, sample_in_turn

READ_NOISES = ("frozen", "moments", "sampled")
"""How noise enters a product: traps stand still during a call and the white rest is fresh for
every vector; all of it is fresh, with the long-run mean and variance of every cell; or every cell
is followed from vector to vector."""


class MetCells:
    """The cells as products meet them.

    Args:
        cells: The cells.
        read_noise: One of `READ_NOISES`.
        costs: Knows how long products take.
    """

    def __init__(
        self, cells: Cells, read_noise: str, costs: ProductCosts
    ) -> None:
        check_choice(read_noise, "read_noise", READ_NOISES)
        self._cells = cells
        self._by_moments = read_noise == "moments"
        self._costs = costs

    def at(
        self, both: Int64[Tensor, "sides rows cols"], now: float
    ) -> tuple[Tensor, Tensor]:
        """Conductance of the cells during a product (S), and how far it varies (S²).

        Args:
            both: Cells that take part.
            now: Time at its start (s).
        """
        if self._by_moments:
            return self.moments(both, now)
        value = self.values(both, now, 1)[0]
        return value, self._white(value)

    def in_turn(
        self,
        both: Int64[Tensor, "groups sides rows cols"],
        now: float,
        vectors: int,
    ) -> tuple[Tensor, Tensor]:
        """The same of blocks that are met one after the other.

        Args:
            both: Cells of each block.
            now: Time at the start of the first product (s).
            vectors: Vectors that each multiplies (1).
        """
        seconds = self._costs.seconds(vectors, tuple(both.shape))
        # sums as the bench's own clock makes them
        moments = list(accumulate(repeat(seconds, len(both) - 1), initial=now))
        if self._by_moments:
            in_turn = zip(both, moments, strict=True)
            looks = [self.moments(group, time) for group, time in in_turn]
            value, variance = map(torch.stack, zip(*looks, strict=True))
            return value, variance
        time = self._costs.seconds(1, tuple(both.shape))
        found = sample_in_turn(self._cells, both.flatten(1), moments, time)
        value = found.view(both.shape).clamp_(min=0)
        return value, self._white(value)

    def _white(self, value: Float[Tensor, "*cells"]) -> Float[Tensor, "*cells"]:
        """Variance of what is fresh in every vector, of cells that conduct so much (S²)."""
        return self._cells.white_variance(value, self._costs.vector_time)

    def moments(
        self, both: Int64[Tensor, "sides rows cols"], now: float
    ) -> tuple[Tensor, Tensor]:
        """Long-run mean (S) and variance (S²) of the cells' conductance during a product.

        Args:
            both: Cells that take part.
            now: Time of the product (s).
        """
        time = self._costs.vector_time
        mean, variance = self._cells.moments(both.flatten(), now, time)
        return mean.view(both.shape).clamp_(min=0), variance.view(both.shape)

    def values(
        self,
        both: Int64[Tensor, "sides rows cols"],
        now: float,
        vectors: int,
    ) -> Float[Tensor, "vectors sides rows cols"]:
        """Conductance at zero bias during one vector after another (S).

        Args:
            both: Cells that take part.
            now: Time at the start (s).
            vectors: Vectors (1).
        """
        time = self._costs.seconds(1, tuple(both.shape))
        value = self._cells.sample(both.flatten(), now, time, time, vectors)
        # noise may take a cell that conducts next to nothing a little below it
        return value.view(-1, *both.shape).clamp_(min=0)
