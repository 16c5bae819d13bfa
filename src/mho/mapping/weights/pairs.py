"""One pair of cells for each weight, their difference in proportion to it."""

from dataclasses import dataclass
from typing import final

from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration
from mho.mapping.blocks import halves
from mho.mapping.weights.stage import PairStage
from mho.mapping.weights.weight_mapping import WeightMapping


@final
@dataclass(frozen=True, slots=True)
class DifferentialPairs(WeightMapping, Configuration):
    """A weight is the difference of two conductances: w = (G⁺ − G⁻) / scale.

    One of the two stays at `low`; the largest weight that shares a scale takes the other to
    `high`.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: What shares a scale, `"layer"` or `"column"`. With a scale of its own every output
            uses the whole range, and a digital factor restores it.
        clip: Percentile of the weights' magnitudes that takes a cell to `high` (%); larger ones
            are cut off there.
        levels: Levels of a cell from `low` to `high` (1), such as 64 for a driver of six bits;
            any conductance if `None`.

    Raises:
        ValueError: A field is out of range.
    """

    references = ("yao2020",)

    @staticmethod
    def lines(outputs: int) -> int:
        """A pair of columns for each output."""
        return outputs

    @staticmethod
    def most_outputs(lines: int) -> int:
        """As many as there are pairs of columns."""
        return lines

    @property
    def block_difference(self) -> float:
        """The whole range (S)."""
        return self.high - self.low

    @property
    def full_scale_difference(self) -> float:
        """The whole range: one block holds all of a weight (S)."""
        return self.block_difference

    def _check_own_fields(self) -> None:
        """It has none."""

    def stages(self, weight: Float[Tensor, "out in_"]) -> tuple[PairStage]:
        """One set of pairs.

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        plus, minus = self.targets(weight)
        return (PairStage(self.scales(weight), plus, minus),)

    def targets(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, "in_ out"]]:
        """Conductances G⁺ and G⁻ (S), transposed: rows are inputs. Shapes (in, out).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        difference, _ = self.differences(weight)
        plus, minus = halves(difference, self.low)
        return plus, minus

    def weights(
        self,
        plus: Float[Tensor, "in_ out"],
        minus: Float[Tensor, "in_ out"],
        scale: float | Float[Tensor, " out"],
    ) -> Float[Tensor, "out in_"]:
        """Weights that a pair of conductances stands for (1). Shape (out, in)."""
        return ((plus - minus) / scale).T
