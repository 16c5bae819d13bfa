"""Stretches of a trace that look alike, and how it settles after it was written."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.characterise.history.noise_scale import NORMAL_MEDIAN
from mho.characterise.telegraph import Array

_BLOCKS = 500
"""Blocks that a trace is cut into (1)."""
_BLOCK_MIN = 20
"""Samples of a block at least (1)."""
_QUANTILES = (0.1, 0.5, 0.9)
_SHORTEST = 4
"""Blocks of a stretch at least (1)."""
_PENALTY = 8.0
"""Price of a stretch, over the logarithm of the number of blocks (1)."""
_ALIKE = 4.0
"""Change of every quantile, over the noise, below which stretches are one (1)."""
_FASTER = 2.0
"""Ratio of the rates at which traps change, below which stretches are one (1)."""
_SURE = 6.0
"""Standard errors by which rates must differ; changes come in clumps (1)."""

_LASTING = 0.05
"""Share of the trace that a stretch takes at least to be what it settles to (1)."""
_FINE = 5000
"""Blocks in which settling is followed (1)."""
_EXTREMES = (0.002, 0.998)
"""Quantiles of that stretch between which a block has settled (1)."""
_SETTLED_MOVE = 5.0
"""Least change that counts as settling, over the noise (1)."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a trace that looks alike.

    Args:
        begin: First sample (1).
        end: Sample after the last (1).
        low: Quantile 10 % of the conductance, in the unit of the trace.
        middle: Its median.
        high: Quantile 90 %.
    """

    begin: int
    end: int
    low: float
    middle: float
    high: float


def find_stretches(
    values: Array, traps: Array, noise: float
) -> tuple[Span, ...]:
    """Cut a trace where its level, its range or the activity of its traps changes for good.

    Blocks of samples are described by three quantiles of the trace without traps, each over its
    usual change from block to block, and by the number of times that traps change, over its root;
    sums of squares within stretches and a price for each stretch are the least possible, by
    dynamic programming. Neighbours that differ little are one.

    Args:
        values: The trace. Shape (samples,).
        traps: What traps add to it. Shape (samples,).
        noise: Standard deviation of its white noise.
    """
    count = len(values)
    block = max(_BLOCK_MIN, count // _BLOCKS)
    number = count // block
    if number < 2 * _SHORTEST:
        return (span_of(values, 0, count),)
    table = (values - traps)[: number * block].reshape(number, block)
    seen = np.quantile(table, _QUANTILES, axis=1).T
    usual = np.median(np.abs(np.diff(seen, axis=0)), axis=0)
    apart = usual / NORMAL_MEDIAN / math.sqrt(2)
    scale = np.maximum(apart, noise / math.sqrt(block))
    changes = np.diff(traps, prepend=traps[0]) != 0
    flips = changes[: number * block].reshape(number, block).sum(1)
    # the root of a Poisson number has the variance 1/4
    activity = 2 * np.sqrt(flips + 3 / 8)
    described = np.column_stack((seen / scale, activity))
    borders = _joined(_cut(described), seen / (_ALIKE * noise), flips)
    begins = [border * block for border in borders[:-1]]
    ends = [*begins[1:], count]
    return tuple(
        span_of(values, begin, end)
        for begin, end in zip(begins, ends, strict=True)
    )


def _cut(described: Array) -> list[int]:
    """Borders of stretches of blocks, ends included."""
    number, width = described.shape
    zero = np.zeros((1, width))
    total = np.concatenate((zero, np.cumsum(described, axis=0)))
    squares = np.concatenate(([0.0], np.cumsum((described**2).sum(1))))
    price = _PENALTY * math.log(number)
    cost = np.full(number + 1, np.inf)
    cost[0] = 0.0
    origin = np.zeros(number + 1, dtype=np.int64)
    for end in range(_SHORTEST, number + 1):
        begin = np.arange(end - _SHORTEST + 1)
        rise = total[end] - total[begin]
        inside = squares[end] - squares[begin]
        inside = inside - (rise**2).sum(1) / (end - begin)
        here = cost[begin] + inside + price
        best = int(here.argmin())
        cost[end] = here[best]
        origin[end] = best
    borders = [number]
    while borders[-1] > 0:
        borders.append(int(origin[borders[-1]]))
    return borders[::-1]


def span_of(values: Array, begin: int, end: int) -> Span:
    """A part of a trace with its quantiles."""
    low, middle, high = np.quantile(values[begin:end], _QUANTILES)
    return Span(begin, end, float(low), float(middle), float(high))


def _joined(
    borders: list[int], levels: Array, flips: npt.NDArray[np.int64]
) -> list[int]:
    """Borders between stretches that differ, the closest joined first.

    Args:
        borders: Borders of stretches of blocks, ends included.
        levels: Quantiles of each block, over what they must differ by. Shape (blocks, 3).
        flips: Changes of traps in each block (1). Shape (blocks,).
    """

    def apart(place: int) -> float:
        left = slice(borders[place - 1], borders[place])
        right = slice(borders[place], borders[place + 1])
        shift = np.median(levels[left], 0) - np.median(levels[right], 0)
        livelier = _livelier(flips[left], flips[right])
        return max(float(np.abs(shift).max()), livelier)

    while len(borders) > 2:
        distances = [apart(place) for place in range(1, len(borders) - 1)]
        closest = int(np.argmin(distances))
        if distances[closest] >= 1:
            break
        borders = borders[: closest + 1] + borders[closest + 2 :]
    return borders


def _livelier(
    left: npt.NDArray[np.int64], right: npt.NDArray[np.int64]
) -> float:
    """How different the activity of traps is, over what tells stretches apart (1)."""
    before = (left.sum() + 1) / len(left)
    after = (right.sum() + 1) / len(right)
    ratio = abs(math.log(before / after)) / math.log(_FASTER)
    # roots of Poisson numbers differ by half a standard deviation each
    error = math.sqrt(1 / len(left) + 1 / len(right)) / 2
    sure = abs(math.sqrt(before) - math.sqrt(after)) / (_SURE * error)
    return min(ratio, sure)


def settled_after(
    values: Array, spans: tuple[Span, ...], noise: float
) -> tuple[int, Span]:
    """Samples until a trace stays where it does for a while, and that stretch.

    The trace settles until its last block outside the range of that stretch; if that is long, as
    long as most blocks since it began lie outside.

    Args:
        values: The trace. Shape (samples,).
        spans: Its stretches.
        noise: Standard deviation of its white noise.

    Returns:
        0 samples if it begins there.
    """
    count = len(values)
    lasting = [
        span for span in spans if span.end - span.begin >= _LASTING * count
    ]
    goal = lasting[0] if lasting else spans[0]
    block = max(_BLOCK_MIN, count // _FINE)
    # a stretch begins with one of the coarse blocks, of which the first may be on the way
    end = goal.begin if goal.begin > 0 else goal.end // 4
    number = end // block
    if number == 0:
        return 0, goal
    table = values[: number * block].reshape(number, block)
    medians = np.median(table, axis=1)
    # what the stretch itself hardly ever does
    own = values[max(goal.begin, end) : goal.end]
    low, high = np.quantile(own, _EXTREMES)
    outside = (medians < low) | (medians > high)
    share = np.cumsum(outside) / np.arange(1, number + 1)
    if end > _LASTING * count:
        outside &= share > 0.5
    on_the_way = np.flatnonzero(outside)
    moved = np.abs(medians - goal.middle).max()
    if len(on_the_way) == 0 or moved < _SETTLED_MOVE * noise:
        return 0, goal
    return int(on_the_way[-1] + 1) * block, goal
