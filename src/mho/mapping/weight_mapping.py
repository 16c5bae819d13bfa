"""What every way from weights to conductances has in common: a range, scales, levels."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_choice, check_finite, check_positive
from mho.units import show

SCALES = ("layer", "column")
"""What shares a scale: all outputs of a layer, or each output has its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What one set of cells holds of a layer's weights; rows are inputs.

    Args:
        plus: Conductance of the cells that add (S). Shape (in, out).
        minus: Conductance of those that subtract, each the other half of a pair (S); `None` where
            a reference column does. Shape (in, out).
        scale: Conductance difference of a weight of one, for each output (S). Shape (out,).
        reference: Conductance of the reference column (S), if there is one.
    """

    plus: Float[Tensor, "in_ out"]
    minus: Float[Tensor, "in_ out"] | None
    scale: Float[Tensor, " out"]
    reference: float | None = None

    @property
    def difference(self) -> Float[Tensor, "in_ out"]:
        """What adds less what subtracts (S)."""
        return (
            self.plus - (self.reference or 0.0)
            if self.minus is None
            else self.plus - self.minus
        )

    def part(self, inputs: slice, outputs: slice) -> "Stage":
        """What it holds of some inputs and outputs."""
        minus = None if self.minus is None else self.minus[inputs, outputs]
        return Stage(
            self.plus[inputs, outputs], minus, self.scale[outputs], self.reference
        )


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

    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")
        if self.high == self.low:
            raise ValueError(
                f"Argument `high` must be above `low`, but both are {show(self.low, 'S')}."
            )
        check_choice(self.scale, "scale", SCALES)
        check_between(self.clip, "clip", 50.0, 100.0, "%")
        if self.levels is not None:
            check_between(self.levels, "levels", 2, 65_536, "1")

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
    def reach(self) -> float:
        """Conductance difference of the largest weight (S)."""

    @abstractmethod
    def stages(self, weight: Float[Tensor, "out in_"]) -> tuple[Stage, ...]:
        """What the cells shall hold, in the order in which they are programmed.

        Raises:
            ValueError: A weight is NaN or infinite.
        """

    @property
    def step(self) -> float | None:
        """Distance of two levels (S); `None` without levels."""
        return (
            None if self.levels is None else (self.high - self.low) / (self.levels - 1)
        )

    def scales(self, weight: Float[Tensor, "out in_"]) -> Float[Tensor, " out"]:
        """Conductance difference of a weight of one, for each output (S). Shape (out,)."""
        groups = weight.abs() if self.scale == "column" else weight.abs().reshape(1, -1)
        largest = groups.amax(1)
        if self.clip < 100:
            # the rank is rounded up, so that of few weights none is cut off
            rank = max(1, math.ceil(groups.shape[1] * self.clip / 100))
            some = groups.kthvalue(rank, 1).values
            largest = torch.where(some > 0, some, largest)
        scale = torch.where(largest > 0, self.reach / largest, 1.0)
        return scale.expand(weight.shape[0]).contiguous()

    def differences(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, " out"]]:
        """Conductance difference that each weight asks for, and the scales (S).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        check_finite(weight, "weight", "Train or repair the network first.")
        scale = self.scales(weight)
        return (weight.T * scale).clamp(-self.reach, self.reach), scale
