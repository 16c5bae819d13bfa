"""The choices of a mapping that do not depend on a network or a chip."""

from dataclasses import dataclass
from typing import Any

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_choice
from mho.deployment.ranges import RULES, RangeRule
from mho.mapping import SCALES, WeightMapping, mapping_for, mapping_kind


@dataclass(frozen=True, slots=True)
class DeployOptions(Configuration):
    """How weights become conductances, and how converter ranges follow from samples.

    Args:
        mapping: Cells of a weight, one of `MAPPINGS`, or `residual:N` for N pairs.
        scale: What shares a scale of weights, one of `SCALES`.
        clip: Percentile of the weights' magnitudes that takes a cell to the top (%).
        levels: Levels of a cell (1); any conductance if `None`.
        ranges: How converter ranges follow from samples, one of `RULES`.
        per_column: Whether every column has a converter range of its own.

    Raises:
        ValueError: A field is out of range.
    """

    mapping: str = "pairs"
    scale: str = "layer"
    clip: float = 100.0
    levels: int | None = None
    ranges: str = "largest"
    per_column: bool = False

    def __post_init__(self) -> None:
        mapping_kind(self.mapping)
        check_choice(self.scale, "scale", SCALES)
        check_between(self.clip, "clip", 50.0, 100.0, "%")
        if self.levels is not None:
            check_between(self.levels, "levels", 2, 65_536, "1")
        check_choice(self.ranges, "ranges", RULES)

    def weight_mapping(
        self, info: BenchInfo, tolerance: float | None = None
    ) -> WeightMapping:
        """The mapping within the range that a bench recommends.

        Args:
            info: The bench.
            tolerance: Half-width of the window of programming (S); the usual one if `None`.

        Raises:
            ValueError: Its cells hold fewer levels than are wanted.
        """
        info.check_levels(self.levels)
        return mapping_for(
            self.mapping,
            info,
            scale=self.scale,
            clip=self.clip,
            levels=self.levels,
            tolerance=tolerance,
        )

    def rule(self, info: BenchInfo) -> RangeRule:
        """Ranges of the converters of a bench."""
        return RangeRule.of(info, self.ranges, per_column=self.per_column)

    def options(
        self, info: BenchInfo, tolerance: float | None = None
    ) -> dict[str, Any]:
        """What `deploy` and `compile_image` take, by name, for a bench.

        Args:
            info: The bench.
            tolerance: Half-width of the window of programming (S); the usual one if `None`.
        """
        return {
            "mapping": self.weight_mapping(info, tolerance),
            "ranges": self.rule(info),
        }
