"""Mappings by the names that commands know."""

from mho.bench import BenchInfo
from mho.checks import check_choice
from mho.mapping.weights.pairs import DifferentialPairs
from mho.mapping.weights.reference_column import ReferenceColumn
from mho.mapping.weights.two_pairs import TwoPairs
from mho.mapping.weights.weight_mapping import WeightMapping

MAPPINGS: dict[str, type[WeightMapping]] = {
    "pairs": DifferentialPairs,
    "offset": ReferenceColumn,
    "four": TwoPairs,
}
"""Two cells a weight, one and a reference column, and four."""


def mapping_kind(name: str) -> type[WeightMapping]:
    """The mapping of this name.

    Raises:
        ValueError: There is none; one sentence names the nearest.
    """
    check_choice(name, "mapping", tuple(MAPPINGS))
    return MAPPINGS[name]


def mapping_for(
    name: str,
    info: BenchInfo,
    *,
    scale: str = "layer",
    clip: float = 100.0,
    levels: int | None = None,
) -> WeightMapping:
    """The mapping of this name, in the range that a bench recommends.

    Args:
        name: One of `MAPPINGS`.
        info: The bench.
        scale: What shares a scale, `"layer"` or `"column"`.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%).
        levels: Levels of a cell (1); any conductance if `None`.

    Raises:
        ValueError: There is none of this name, or an option is out of range.
    """
    return mapping_kind(name)(
        info.array_low, info.array_high, scale, clip, levels
    )
