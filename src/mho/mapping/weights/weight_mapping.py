"""What every way from weights to conductances has in common: a range, scales, levels."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_choice, check_finite, check_positive
from mho.mapping.weights.stage import Stage
from mho.units import show

SCALES = ("layer", "column")
"""What shares a scale: all outputs of a layer, or each output has its own."""


@dataclass(frozen=True, slots=True)
class WeightMapping(ABC):
    """A way from weights to conductances.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: One of `SCALES`. With a scale of its own every output uses the whole range, and
            a digital factor restores it.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%);
            larger ones are cut off there.
        levels: Levels of a cell from `low` to `high` (1), such as 64 for a driver of six bits;
            any conductance if `None`.

    Raises:
        ValueError: A field is out of range.
    """

    low: float
    high: float
    scale: str = "layer"
    clip: float = 100.0
    levels: int | None = None

    paired: ClassVar[bool] = True
    """Whether lines are pairs of columns; otherwise each is one column."""

    @final
    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")
        if self.high == self.low:
            both = show(self.low, "S")
            raise ValueError(
                f"Argument `high` must be above `low`, but both are {both}."
            )
        check_choice(self.scale, "scale", SCALES)
        check_between(self.clip, "clip", 50.0, 100.0, "%")
        if self.levels is not None:
            check_between(self.levels, "levels", 2, 65_536, "1")
        self._check_own_fields()

    @abstractmethod
    def _check_own_fields(self) -> None:
        """Refuse what a kind of mapping cannot do, once the common fields are checked.

        Raises:
            ValueError: A field is out of range.
        """

    @staticmethod
    @abstractmethod
    def lines(outputs: int) -> int:
        """Lines of a tile that a part of a layer with so many outputs takes (1)."""

    @staticmethod
    @abstractmethod
    def most_outputs(lines: int) -> int:
        """Outputs that fit on so many lines (1)."""

    @property
    @abstractmethod
    def block_difference(self) -> float:
        """Largest conductance difference that a weight's cells in one block can make (S)."""

    @property
    @abstractmethod
    def full_scale_difference(self) -> float:
        """Conductance difference of the largest weight, all its cells together (S)."""

    @abstractmethod
    def stages(self, weight: Float[Tensor, "out in_"]) -> tuple[Stage, ...]:
        """What the cells shall hold, in the order in which they are programmed.

        Raises:
            ValueError: A weight is NaN or infinite.
        """

    @property
    def step(self) -> float | None:
        """Distance of two levels (S); `None` without levels."""
        if self.levels is None:
            return None
        return (self.high - self.low) / (self.levels - 1)

    def scales(self, weight: Float[Tensor, "out in_"]) -> Float[Tensor, " out"]:
        """Conductance difference of a weight of one, for each output (S). Shape (out,)."""
        magnitudes = weight.abs()
        if self.scale == "layer":
            magnitudes = magnitudes.reshape(1, -1)
        largest = magnitudes.amax(1)
        if self.clip < 100:
            # the rank is rounded up, so that of few weights none is cut off
            rank = math.ceil(magnitudes.shape[1] * self.clip / 100)
            percentile = magnitudes.kthvalue(max(1, rank), 1).values
            # of mostly zeros the percentile is zero: their largest weight sets the scale
            largest = torch.where(percentile > 0, percentile, largest)
        per_weight = self.full_scale_difference / largest
        scale = torch.where(largest > 0, per_weight, 1.0)
        return scale.expand(weight.shape[0]).contiguous()

    def differences(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, " out"]]:
        """Conductance difference that each weight asks for, and the scales (S).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        check_finite(weight, "weight", "Train or repair the network first.")
        limit = self.full_scale_difference
        scale = self.scales(weight)
        difference = weight.T * scale
        return difference.clamp(-limit, limit), scale
