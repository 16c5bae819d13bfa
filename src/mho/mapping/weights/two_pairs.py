"""Four cells per weight: a second pair of less significance takes up what the first one misses."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_between
from mho.mapping.weights.several_pairs import pair_stages
from mho.mapping.weights.stage import PairedStage
from mho.mapping.weights.weight_mapping import WeightMapping


@final
@dataclass(frozen=True, slots=True)
class TwoPairs(WeightMapping, Configuration):
    """Two pairs make a weight: w = (F (G⁺ − G⁻) + (g⁺ − g⁻)) / scale.

    The first pairs are programmed and read; the second ones then get what is missing, F times as
    large. What is left is their own error, which counts F times less. A factor of 2 is what
    Mackin and others found best for phase-change cells; a large one, with a `share` of 0, is
    programming to arbitrary precision.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: What shares a scale, `"layer"` or `"column"`.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%);
            larger ones are cut off there.
        levels: Levels of a cell from `low` to `high` (1); any conductance if `None`.
        factor: Significance of the first pair in parts of the second's, F (1).
        share: Share of the second pair's range that the largest weight takes (1); the rest is
            room for the first pair's errors.

    Raises:
        ValueError: A field is out of range.
    """

    factor: float = 2.0
    share: float = 0.8

    references = ("mackin2022",)

    def _check_own_fields(self) -> None:
        """How the two pairs share a weight."""
        check_between(self.factor, "factor", 1.0, 1e4, "1")
        check_between(self.share, "share", 0.0, 1.0, "1")

    @staticmethod
    def lines(outputs: int) -> int:
        """Two pairs of columns for each output."""
        return 2 * outputs

    @staticmethod
    def most_outputs(lines: int) -> int:
        """Half the pairs of columns."""
        return lines // 2

    @property
    def block_difference(self) -> float:
        """The whole range: both pairs have it (S)."""
        return self.high - self.low

    @property
    def full_scale_difference(self) -> float:
        """Both pairs together, in conductance of the first ones (S)."""
        return self.block_difference * self._both_over_first

    @property
    def _both_over_first(self) -> float:
        """What both pairs hold of a weight, in parts of what the first one holds (1)."""
        return 1 + self.share / self.factor

    def stages(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[PairedStage, ...]:
        """The first pairs, and the second ones if the first had no error.

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        difference, scale = self.differences(weight)
        # the first pairs take most of a weight, the second ones the rest, F times as large
        first = difference / self._both_over_first
        rest = difference - first
        second = self.factor * rest
        return pair_stages([first, second], scale, self.factor, self.low)
