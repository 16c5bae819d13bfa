"""Mappings by the names that commands know."""

import math

from mho.bench import BenchInfo
from mho.checks import check_choice
from mho.mapping.weights.line_use import LineUse
from mho.mapping.weights.pairs import DifferentialPairs
from mho.mapping.weights.reference_column import ReferenceColumn
from mho.mapping.weights.several_pairs import (
    MOST_PAIRS,
    PairLines,
    ResidualPairs,
)
from mho.mapping.weights.two_pairs import TwoPairs
from mho.mapping.weights.weight_mapping import WeightMapping

MAPPINGS: dict[str, type[WeightMapping]] = {
    "pairs": DifferentialPairs,
    "offset": ReferenceColumn,
    "four": TwoPairs,
}
"""Two cells a weight, one and a reference column, and four."""


RESIDUAL = "residual"
"""Word before the number of pairs, and before what each counts in parts of the next one."""


def mapping_kind(name: str) -> LineUse:
    """The mapping of this name, as far as lines are concerned.

    Raises:
        ValueError: There is none; one sentence names the nearest.
    """
    if name.partition(":")[0] == RESIDUAL:
        return PairLines(_residual(name)[0])
    check_choice(name, "mapping", (*MAPPINGS, f"{RESIDUAL}:N"))
    return MAPPINGS[name]


def _residual(name: str) -> tuple[int, float | None]:
    """Pairs, and what each counts in parts of the next one, of `residual:3` or `residual:3:16`.

    Raises:
        ValueError: It is neither.
    """
    _, *rest = name.split(":")
    count = len(rest)
    try:
        pairs = int(rest[0])
        factor = float(rest[1]) if count > 1 else None
        pairs_fit = 1 <= pairs <= MOST_PAIRS
        factor_fits = factor is None or 1 <= factor <= 1e6
        fits = count <= 2 and pairs_fit and factor_fits
    except (IndexError, ValueError):
        fits = False
    if not fits:
        raise ValueError(
            f"Argument `mapping` must be `{RESIDUAL}:N` with 1 to {MOST_PAIRS} pairs of cells, or"
            f" `{RESIDUAL}:N:F` if each counts F times as much as the next, but is `{name}`."
        )
    return pairs, factor


def mapping_for(
    name: str,
    info: BenchInfo,
    *,
    scale: str = "layer",
    clip: float = 100.0,
    levels: int | None = None,
    tolerance: float | None = None,
) -> WeightMapping:
    """The mapping of this name, in the range that a bench recommends.

    Args:
        name: One of `MAPPINGS`, or `residual:N` for N pairs.
        info: The bench.
        scale: What shares a scale, `"layer"` or `"column"`.
        clip: Percentile of the weights' magnitudes that takes a cell to the end of its range (%).
        levels: Levels of a cell (1); any conductance if `None`.
        tolerance: Half-width of the window in which cells are verified (S); the usual one of the
            bench if `None`. It says what pairs of `residual:N` count.

    Raises:
        ValueError: There is none of this name, or an option is out of range.
    """
    low, high = info.array_low, info.array_high
    if name.partition(":")[0] == RESIDUAL:
        pairs, factor = _residual(name)
        if factor is None:
            window = info.usual_tolerance if tolerance is None else tolerance
            factor = error_factor(high - low, window)
        return ResidualPairs(low, high, scale, clip, levels, pairs, factor)
    check_choice(name, "mapping", (*MAPPINGS, f"{RESIDUAL}:N"))
    return MAPPINGS[name](low, high, scale, clip, levels)


def error_factor(span: float, tolerance: float) -> float:
    """What a pair counts in parts of the next one, so that this one reaches all its errors (1).

    Both cells of a pair may be off by the window that verification enforces. Whole numbers, so
    that files say them as people would.

    Args:
        span: Largest difference of a pair (S).
        tolerance: Half-width of the window of a cell (S).
    """
    return float(max(1, math.floor(span / (2 * tolerance) * (1 + 1e-9))))
