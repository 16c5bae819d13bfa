"""One cell per weight: the difference to a reference column that all outputs of a part share."""

from dataclasses import dataclass
from typing import ClassVar, final

from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_between
from mho.mapping.weights.stage import ReferenceStage
from mho.mapping.weights.weight_mapping import WeightMapping


@final
@dataclass(frozen=True, slots=True)
class ReferenceColumn(WeightMapping, Configuration):
    """A weight is the difference of a cell to its row's reference: w = (G − G_ref) / scale.

    The reference column lies in the middle of the range, or on the level below it. It is read
    like the others and subtracted digitally, so all converters see currents of one sign, and the
    noise of the reference is common to the outputs of a part.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
        scale: What shares a scale, `"layer"` or `"column"`.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%);
            larger ones are cut off there.
        levels: Levels of a cell from `low` to `high`, three or more (1); any conductance if
            `None`.

    Raises:
        ValueError: A field is out of range.
    """

    paired: ClassVar[bool] = False
    references = ("xiao2022",)

    def _check_own_fields(self) -> None:
        """Two levels leave none between them for the reference."""
        if self.levels is not None:
            check_between(self.levels, "levels", 3, 65_536, "1")

    @staticmethod
    def lines(outputs: int) -> int:
        """One column for each output, and the reference."""
        return outputs + 1

    @staticmethod
    def most_outputs(lines: int) -> int:
        """All columns but the reference."""
        return lines - 1

    @property
    def middle(self) -> float:
        """Conductance of the reference column (S)."""
        if self.step is None or self.levels is None:
            return (self.low + self.high) / 2
        levels_below = (self.levels - 1) // 2
        return self.low + levels_below * self.step

    @property
    def block_difference(self) -> float:
        """Half the range: the reference lies in its middle (S)."""
        return self.middle - self.low

    @property
    def full_scale_difference(self) -> float:
        """Half the range: one block holds all of a weight (S)."""
        return self.block_difference

    def stages(self, weight: Float[Tensor, "out in_"]) -> tuple[ReferenceStage]:
        """One set of cells and its reference.

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        difference, scale = self.differences(weight)
        return (ReferenceStage(scale, self.middle + difference, self.middle),)
