"""Tensors without their zeros: the numbers are back where they were."""

import numpy as np
import pytest

from mho.checks import RefusedError
from mho.network.formats.tflite.sparsity import Level, Sparsity, with_zeros

WHOLE = np.array(
    [[1, 0, 2, 3], [0, 4, 0, 0], [0, 0, 0, 0], [5, 0, 0, 6]], np.float32
)


def listed(size: int, segments: list[int], indices: list[int]) -> Level:
    return Level(size, np.array(segments), np.array(indices))


ROWS = Sparsity(
    (0, 1),
    (),
    (Level(4), listed(4, [0, 3, 4, 4, 6], [0, 2, 3, 1, 0, 3])),
)
"""Row by row, the columns that are not zero."""
BLOCKS = Sparsity(
    (0, 1, 2, 3),
    (0, 1),
    (Level(2), listed(2, [0, 2, 4], [0, 1, 0, 1]), Level(2), Level(2)),
)
"""Blocks of two by two, none of which is nothing but zeros."""
COLUMNS = Sparsity(
    (1, 0),
    (),
    (
        listed(4, [0, 4], [0, 1, 2, 3]),
        listed(4, [0, 2, 3, 4, 6], [0, 3, 1, 0, 0, 3]),
    ),
)
"""Column by column."""
STORED = {
    "rows": (ROWS, [1, 2, 3, 4, 5, 6]),
    "blocks": (BLOCKS, [1, 0, 0, 4, 2, 3, 0, 0, 0, 0, 5, 0, 0, 0, 0, 6]),
    "columns": (COLUMNS, [1, 5, 4, 2, 3, 6]),
}


@pytest.mark.parametrize("name", STORED)
def test_numbers_go_where_the_lists_say(name: str) -> None:
    how, numbers = STORED[name]
    found = with_zeros(np.array(numbers, np.float32), (4, 4), how, "w")
    np.testing.assert_array_equal(found, WHOLE)


@pytest.mark.parametrize(
    "columns",
    [
        listed(4, [0, 3, 4, 4, 6], [0, 2, 3, 1, 0, 4]),
        listed(4, [0, 3, 2, 4, 6], [0, 2, 3, 1, 0, 3]),
        listed(4, [0, 3, 4, 6], [0, 2, 3, 1, 0, 3]),
        Level(2**40),
    ],
    ids=["outside", "backwards", "rows that are missing", "endless"],
)
def test_lists_that_contradict_the_shape_are_refused(columns: Level) -> None:
    how = Sparsity((0, 1), (), (Level(4), columns))
    with pytest.raises(RefusedError, match="lists of zeros of `w` contradict"):
        with_zeros(np.ones(6, np.float32), (4, 4), how, "w")


@pytest.mark.parametrize(
    ("rows", "columns", "count"),
    [
        (listed(4, [0, 0], []), Level(2**31 - 1), 0),
        (Level(4), Level(2), 8),
        (Level(4), listed(4, [0, 2, 2, 2, 2], [1, 1]), 2),
        (listed(4, [0, 2], [3, 3]), Level(4), 8),
    ],
    ids=["endless of none", "half", "twice in a row", "a row twice"],
)
def test_every_number_has_a_place_of_its_own(
    rows: Level, columns: Level, count: int
) -> None:
    """Without a list an axis has all its places, even where none lies before them."""
    how = Sparsity((0, 1), (), (rows, columns))
    with pytest.raises(RefusedError, match="lists of zeros of `w` contradict"):
        with_zeros(np.ones(count, np.float32), (4, 4), how, "w")


def test_places_count_as_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 16 numbers along two axes: 44 bytes each."""
    asked = []
    monkeypatch.setattr(
        "mho.network.formats.tflite.sparsity.check_memory",
        lambda needed, *_: asked.append(needed),
    )
    with_zeros(np.arange(1, 7, dtype=np.float32), (4, 4), ROWS, "w")
    assert asked == [44 * 16]
