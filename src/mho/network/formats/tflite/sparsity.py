"""Tensors of TFLite files whose zeros were left out, and where the other numbers go.

Numbers lie in the order in which their axes are gone through, blocks of them after the axes that
they divide. An axis has all of its places, or, of each place of the axes before it, those listed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import RefusedError
from mho.files import check_memory
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.flat_buffer import Table

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One axis, in the order in which they are gone through.

    Args:
        size: Its places, if it has all of them (1).
        segments: Where the list of each place of the axes before begins, and the last one ends;
            `None` if it has all places.
        indices: Places listed.
    """

    size: int
    segments: Array | None = None
    indices: Array | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Sparsity:
    """How a tensor is stored.

    Args:
        order: Axes in the order in which they are gone through; those of blocks count on from the
            tensor's own.
        block_map: Axis of the tensor that each axis of blocks divides.
        levels: What there is of each axis, in that order.
    """

    order: tuple[int, ...]
    block_map: tuple[int, ...]
    levels: tuple[Level, ...]


def sparsity_of(table: Table) -> Sparsity:
    """What a file says of a tensor without its zeros.

    Raises:
        RefusedError: It points outside the file.
    """
    fields = schema.SparsityTable
    levels = tuple(_level(one) for one in table.tables(fields.DIM_METADATA))
    return Sparsity(
        _whole(table, fields.TRAVERSAL_ORDER),
        _whole(table, fields.BLOCK_MAP),
        levels,
    )


def _whole(table: Table, field: int) -> tuple[int, ...]:
    found = table.numbers(field, np.int32)
    return () if found is None else tuple(int(number) for number in found)


def _level(table: Table) -> Level:
    fields = schema.DimensionTable
    size = table.whole(fields.DENSE_SIZE, "i")
    if not table.whole(fields.FORMAT, "b"):
        return Level(size)
    return Level(
        size,
        _vector(table, fields.SEGMENTS_TYPE, fields.SEGMENTS),
        _vector(table, fields.INDICES_TYPE, fields.INDICES),
    )


def _vector(table: Table, kind: int, field: int) -> Array:
    """Whole numbers of one of three sizes."""
    types = (np.int32, np.uint16, np.uint8)
    member = table.whole(kind, "B")
    held = table.table(field)
    if held is None or not 1 <= member <= len(types):
        raise RefusedError(
            "lists places of zeros in a way that mho does not read"
        )
    found = held.numbers(0, types[member - 1])
    return np.zeros(0, np.int64) if found is None else found.astype(np.int64)


def with_zeros(
    values: Array, shape: Sequence[int], how: Sparsity, name: str
) -> Array:
    """The whole tensor.

    Args:
        values: Its numbers as they are stored.
        shape: Its sizes.
        how: Where they go.
        name: What it is called, for the sentence.

    Raises:
        RefusedError: The lists contradict each other, or the sizes, or put two numbers in one
            place.
        TooLargeError: Places need more memory than is allowed.
    """
    axes = len(shape)
    wrong = RefusedError(
        f"is damaged: the lists of zeros of `{name}` contradict its shape {tuple(shape)}"
    )
    everyone = list(range(axes + len(how.block_map)))
    plain = sorted(how.order) == everyone and len(how.levels) == len(everyone)
    if not plain or any(not 0 <= axis < axes for axis in how.block_map):
        raise wrong
    sizes = _sizes(shape, how)
    if sizes is None:
        raise wrong
    # Eight bytes for the place of each number along each axis, as many while they are repeated.
    needed = (12 + 16 * len(everyone)) * max(math.prod(shape), 1)
    check_memory(needed, "network", f"its tensor `{name}`")
    places: dict[int, Array] = {}
    count = 1
    for axis, level in zip(how.order, how.levels, strict=True):
        times, own = _listed(level, count, sizes[axis], math.prod(shape))
        if own is None or own.size > math.prod(shape):
            raise wrong
        places = {other: np.repeat(p, times) for other, p in places.items()}
        places[axis] = own
        count = own.size
    if count != values.size:
        raise wrong
    found = _in_tensor(places, how, axes)
    fits = all(
        not p.size or 0 <= p.min() <= p.max() < size
        for p, size in zip(found, shape, strict=True)
    )
    if not fits:
        raise wrong
    taken = np.zeros(tuple(shape), bool)
    taken[tuple(found)] = True
    if np.count_nonzero(taken) != count:
        raise wrong
    whole = np.zeros(tuple(shape), values.dtype)
    whole[tuple(found)] = values
    return whole


def _sizes(shape: Sequence[int], how: Sparsity) -> list[int] | None:
    """Places along the tensor's axes in blocks, then along those of the blocks.

    Returns:
        `None` where blocks do not divide their axis.
    """
    sizes = list(shape)
    for number, axis in enumerate(how.block_map):
        block = how.levels[how.order.index(len(shape) + number)].size
        if block < 1 or sizes[axis] % block:
            return None
        sizes[axis] //= block
        sizes.append(block)
    return sizes


def _in_tensor(
    places: dict[int, Array], how: Sparsity, axes: int
) -> list[Array]:
    """Places along the tensor's own axes, where blocks are taken together again."""
    found = [places[axis] for axis in range(axes)]
    for number, axis in enumerate(how.block_map):
        level = how.levels[how.order.index(axes + number)]
        found[axis] = found[axis] * level.size + places[axes + number]
    return found


def _listed(
    level: Level, count: int, size: int, most: int
) -> tuple[Array | int, Array | None]:
    """How often each of the places before is gone through, and the places of this axis.

    Args:
        level: What there is of the axis.
        count: Places before (1).
        size: Places that the axis has by the tensor's shape (1).
        most: Numbers that the tensor may have (1).

    Returns:
        The places are `None` where lists contradict each other.
    """
    if level.segments is None or level.indices is None:
        fits = level.size == size and max(count, 1) * size <= most
        if size < 1 or not fits:
            return 1, None
        return level.size, np.tile(np.arange(level.size), count)
    times = np.diff(level.segments)
    fits = level.segments.size == count + 1 and not np.any(times < 0)
    if (
        not fits
        or level.segments[0]
        or level.segments[-1] != level.indices.size
    ):
        return 1, None
    return times, level.indices
