"""Work on many cells part by part: cells know nothing of each other."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_CHUNK = 32_768
"""Numbers handled at once: keeps the working set in a core's cache."""


def in_chunks(
    work: Callable[..., Any], size: int, cells: Tensor, *others: Tensor
) -> list[Any]:
    """What a function gives for the cells, part by part: cells know nothing of each other.

    Args:
        work: Function of the parts.
        size: Numbers that a cell needs at once (1).
        cells: Cells.
        others: What belongs to them; cells are the last axis.
    """
    few = max(_CHUNK // size, 1)
    parts = zip(
        *(torch.split(x, few, -1) for x in (cells, *others)), strict=True
    )
    return [work(*part) for part in parts]
