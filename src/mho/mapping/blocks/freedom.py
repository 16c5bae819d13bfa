"""What a search for conductances may change about the cells of a block."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Freedom:
    """Numbers that a search may change, and the conductances that they stand for.

    The numbers are differences of pairs, or conductances of single cells: whatever a step in the
    difference of a weight can be added to.

    Args:
        start: The numbers to begin with (S).
        conductances: Conductances of all cells of the block that such numbers stand for (S).
        low: Their least values (S); broadcast to `start`.
        high: Their largest values (S); broadcast to `start`.
        direction: +1 where a larger number makes a larger difference, −1 where it makes a smaller
            one, 0 where a number must stay (1); broadcast to `start`.
        full_scale: The difference in parts of which accuracy is meant (S).
    """

    start: Float[Tensor, "*numbers"]
    conductances: Callable[[Tensor], Tensor]
    low: Float[Tensor, "*#numbers"]
    high: Float[Tensor, "*#numbers"]
    direction: Float[Tensor, "*#numbers"]
    full_scale: float

    def moved(
        self,
        numbers: Float[Tensor, "*numbers"],
        step: Float[Tensor, "*blocks rows outputs"],
    ) -> Float[Tensor, "*numbers"]:
        """The numbers after a step of the differences, as far as their limits allow (S).

        Args:
            numbers: The numbers before it (S).
            step: What is to be added to the difference of each weight's cells (S).
        """
        return self.limited(numbers, numbers + self.direction * step)

    def limited(
        self,
        numbers: Float[Tensor, "*numbers"],
        wished: Float[Tensor, "*numbers"],
    ) -> Float[Tensor, "*numbers"]:
        """Numbers that are wished for, as far as their limits allow (S).

        Args:
            numbers: The numbers before (S), for those that must stay.
            wished: What they should become (S).
        """
        inside = torch.maximum(torch.minimum(wished, self.high), self.low)
        return torch.where(self.direction != 0, inside, numbers)
