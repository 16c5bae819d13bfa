"""What wires leave of the ideal current of an array, and where in the array it is lost."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_not_negative, check_positive
from mho.rng import Stream
from mho.units import show
from mho.wires import WireModel

LARGEST = 1024
"""Rows or columns of the largest array (1): its circuit is solved exactly, in its cells^1.5."""
_CELLS = 1 << 16
"""Cells over which shares are averaged, and that are solved side by side (1)."""
_MOST_ARRAYS = 16


@dataclass(frozen=True, slots=True, eq=False)
class WireLoss:
    """What wires leave of the current, of single cells and of whole columns.

    Two loadings: random conductances, uniform over the range, and all cells at its high end. For
    a cell, what is left is effective over programmed conductance: by how much a current answers
    to the voltage of the row, whatever the other rows do. For a column it is the current over the
    ideal one with all rows driven alike.

    Args:
        low: Low end of the range (S).
        high: High end of the range (S).
        programmed: Conductance of each cell, mean over random arrays (S). Shape (rows, cols).
        effective: Effective conductance of each, mean over random arrays (S). Shape (rows, cols).
        full_share: Share of each cell, all cells at `high` (1). Shape (rows, cols).
        column: Share of each column of each random array (1). Shape (arrays, cols).
        full_column: Share of each column, all cells at `high` (1). Shape (cols,).
        spread: Standard deviation of a column's share between random inputs, over its mean (1).
        after_gain: Root mean square error, over random inputs, that the best fixed gain of each
            column leaves, over the column's largest ideal current (1).
    """

    low: float
    high: float
    programmed: Float[Tensor, "rows cols"]
    effective: Float[Tensor, "rows cols"]
    full_share: Float[Tensor, "rows cols"]
    column: Float[Tensor, "arrays cols"]
    full_column: Float[Tensor, " cols"]
    spread: float
    after_gain: float

    @property
    def kept(self) -> float:
        """Share of the current that arrives, mean over the columns of random arrays (1)."""
        return float(self.column.mean())

    @property
    def worst(self) -> float:
        """Share of the worst column, mean over random arrays (1)."""
        return float(self.column.amin(1).mean())

    @property
    def best(self) -> float:
        """Share of the best column, mean over random arrays (1)."""
        return float(self.column.amax(1).mean())

    @property
    def full(self) -> float:
        """Share of the current that arrives, all cells at the high end, mean over columns (1)."""
        return float(self.full_column.mean())

    @property
    def weakest(self) -> tuple[int, int]:
        """Row and column of the cell with the smallest share, all cells at the high end (1)."""
        row, col = divmod(
            int(self.full_share.argmin()), self.full_share.shape[1]
        )
        return row, col

    def blocks(self, most: int) -> Float[Tensor, "down along"]:
        """Share of blocks of neighbouring cells in a random array (1).

        Effective over programmed conductance of the block. Of single cells it is no smooth map:
        where wires take most of the current, part of it reaches a column by way of other rows,
        which for a cell of low conductance is more than its own.

        Args:
            most: Blocks along rows, and along columns, at most (1).
        """
        check_between(most, "most", 1, LARGEST, "1")
        return _pooled(self.effective, most) / _pooled(self.programmed, most)

    @property
    def missing(self) -> float:
        """What the weakest cell seems to lack, itself and all others at the high end (S)."""
        return self.high * (1.0 - float(self.full_share.min()))

    @property
    def bits(self) -> float:
        """Bits of the ideal converter with the error that a gain for each column leaves (1).

        One step of such a converter is √12 times its root mean square error.
        """
        return (
            math.inf
            if self.after_gain == 0
            else -math.log2(math.sqrt(12) * self.after_gain)
        )


def wire_loss(
    wires: WireModel,
    size: tuple[int, int],
    low: float,
    high: float,
    stream: Stream,
    *,
    arrays: int | None = None,
    inputs: int = 256,
) -> WireLoss:
    """Solve arrays with all their wires and see what is left of the ideal current.

    Args:
        wires: Resistances.
        size: Rows and columns (1).
        low: Low end of the range of conductances (S).
        high: High end of the range (S).
        stream: Randomness of conductances and inputs.
        arrays: Number of random arrays; as many as `arrays_for` says if `None` (1).
        inputs: Number of random inputs, uniform from 0 to the largest voltage (1).

    Raises:
        ValueError: A size or a range that cannot be.
    """
    check_load(size, low, high)
    check_between(inputs, "inputs", 2, 1_000_000, "1")
    random, full = loads(size, low, high, stream, arrays)
    effective = solve(wires, random)
    full_effective = solve(wires, full)
    voltage = _uniform((inputs, size[0]), stream.child("inputs"))
    spread, after_gain = _over_inputs(
        voltage @ effective, voltage @ random, random.sum(-2)
    )
    return WireLoss(
        low=low,
        high=high,
        programmed=random.mean(0),
        effective=effective.mean(0),
        full_share=(full_effective / full)[0],
        column=effective.sum(-2) / random.sum(-2),
        full_column=(full_effective.sum(-2) / full.sum(-2))[0],
        spread=spread,
        after_gain=after_gain,
    )


def check_load(size: tuple[int, int], low: float, high: float) -> None:
    """Refuse a size or a range that cannot be.

    Raises:
        ValueError: In the house sentence.
    """
    for count in size:
        check_between(count, "size", 1, LARGEST, "1")
    check_not_negative(low, "low", "S")
    check_positive(high, "high", "S")
    if low > high:
        raise ValueError(
            f"Argument `low` must not lie above the high end of {show(high, 'S')}, but is"
            f" {show(low, 'S')}; swap the ends of the range."
        )


def loads(
    size: tuple[int, int],
    low: float,
    high: float,
    stream: Stream,
    arrays: int | None = None,
) -> tuple[Float[Tensor, "arrays rows cols"], Float[Tensor, "1 rows cols"]]:
    """Random arrays, uniform over the range, and one with all cells at its high end (S)."""
    count = arrays_for(size) if arrays is None else arrays
    check_between(count, "arrays", 1, 1_000_000, "1")
    part = _uniform((count, *size), stream.child("conductance"))
    return low + (high - low) * part, torch.full(
        (1, *size), high, dtype=torch.float64
    )


def arrays_for(size: tuple[int, int]) -> int:
    """Random arrays of one size to average over: more if they are small (1)."""
    return max(1, min(_MOST_ARRAYS, _CELLS // (size[0] * size[1])))


def solve(
    wires: WireModel, conductance: Float[Tensor, "arrays rows cols"]
) -> Float[Tensor, "arrays rows cols"]:
    """Effective matrices (S), so many at a time that memory does not depend on their number."""
    at_once = max(1, _CELLS // conductance[0].numel())
    starts = range(0, conductance.shape[0], at_once)
    return torch.cat(
        [wires.effective_matrix(conductance[k : k + at_once]) for k in starts]
    )


def _uniform(shape: tuple[int, ...], stream: Stream) -> Tensor:
    """Numbers in (0, 1], one stream for each place (1)."""
    places = torch.arange(math.prod(shape))
    return stream.cells(places).uniform("uniform")[0].double().view(shape)


def _pooled(
    values: Float[Tensor, "rows cols"], most: int
) -> Float[Tensor, "down along"]:
    """Sums over blocks, as equal in size as can be."""
    for axis, length in enumerate(values.shape):
        count = min(most, length)
        block = torch.arange(length) * count // length
        shape = (
            (count, values.shape[1]) if axis == 0 else (values.shape[0], count)
        )
        values = values.new_zeros(shape).index_add(axis, block, values)
    return values


def _over_inputs(
    current: Float[Tensor, "arrays inputs cols"],
    ideal: Float[Tensor, "arrays inputs cols"],
    largest: Float[Tensor, "arrays cols"],
) -> tuple[float, float]:
    """Relative spread of the share, and error after the best gain of each column (1)."""
    share = current / ideal
    spread = share.std(1) / share.mean(1)
    gain = (current * ideal).sum(1) / current.square().sum(1)
    error = (gain[:, None] * current - ideal) / largest[:, None]
    return float(spread.square().mean().sqrt()), float(
        error.square().mean().sqrt()
    )
