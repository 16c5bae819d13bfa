"""Any number of pairs for each weight, in the order in which they are programmed."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_between
from mho.mapping.blocks import halves
from mho.mapping.weights.stage import CorrectingStage, PairedStage, PairStage
from mho.mapping.weights.weight_mapping import WeightMapping

MOST_PAIRS = 16
"""Pairs of a weight at most (1)."""


@dataclass(frozen=True, slots=True)
class PairLines:
    """Lines that so many pairs for each weight take.

    Args:
        pairs: Pairs of a weight (1).
    """

    pairs: int
    paired: bool = True

    def lines(self, outputs: int, /) -> int:
        """A pair of columns for each output and pair (1)."""
        return self.pairs * outputs

    def most_outputs(self, lines: int, /) -> int:
        """Outputs that fit on so many pairs of columns (1)."""
        return lines // self.pairs


@final
@dataclass(frozen=True, slots=True)
class ResidualPairs(WeightMapping, Configuration):
    """Pairs make a weight, each with what those before it miss: w = Σ Fᵏ⁻ⁿ (Gₙ⁺ − Gₙ⁻) / scale.

    The first pairs are programmed and read; the second ones get what is missing, F times as
    large, and so on. What is left is the error of the last ones, which counts Fᵏ⁻¹ times less.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: What shares a scale, `"layer"` or `"column"`.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%);
            larger ones are cut off there.
        levels: Levels of a cell from `low` to `high` (1); any conductance if `None`.
        pairs: Pairs of a weight (1).
        factor: Significance of a pair in parts of that of the next one, F (1): the range over the
            largest error that is to be cancelled.

    Raises:
        ValueError: A field is out of range.
    """

    pairs: int = 2
    factor: float = 16.0

    references = ("song2024",)

    def _check_own_fields(self) -> None:
        """How many pairs share a weight, and what they count."""
        check_between(self.pairs, "pairs", 1, MOST_PAIRS, "1")
        check_between(self.factor, "factor", 1.0, 1e6, "1")

    def lines(self, outputs: int) -> int:  # type: ignore[override] # depends on the mapping
        """A pair of columns for each output and pair (1)."""
        return PairLines(self.pairs).lines(outputs)

    def most_outputs(self, lines: int) -> int:  # type: ignore[override] # as above
        """Outputs that fit on so many pairs of columns (1)."""
        return PairLines(self.pairs).most_outputs(lines)

    @property
    def block_difference(self) -> float:
        """The whole range: all pairs have it (S)."""
        return self.high - self.low

    @property
    def full_scale_difference(self) -> float:
        """The whole range: the first pairs hold all of a weight (S)."""
        return self.block_difference

    def stages(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[PairedStage, ...]:
        """The first pairs, and those that wait for what these miss.

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        difference, scale = self.differences(weight)
        parts = [difference]
        parts += [torch.zeros_like(difference)] * (self.pairs - 1)
        return pair_stages(parts, scale, self.factor, self.low)


def pair_stages(
    parts: list[Float[Tensor, "in_ out"]],
    scale: Float[Tensor, " out"],
    factor: float,
    low: float,
) -> tuple[PairedStage, ...]:
    """Pairs of falling significance.

    Args:
        parts: Difference that the pairs of each stage hold if the earlier ones have no error (S).
        scale: Conductance difference of a weight of one in the first pairs (S).
        factor: Significance of a pair in parts of that of the next one (1).
        low: Lowest conductance used (S).
    """
    stages: list[PairedStage] = []
    for difference in parts:
        plus, minus = halves(difference, low)
        kind: type[PairedStage] = CorrectingStage if stages else PairStage
        stages.append(kind(scale, plus, minus))
        scale = scale * factor
    return tuple(stages)
