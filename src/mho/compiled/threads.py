"""Work on many cells by several threads: kernels let go of the interpreter while they run."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch

_Result = TypeVar("_Result")
_LEAST = 2048
"""Cells of a thread at least: starting one costs as much as handling some hundreds."""


def in_threads(
    work: Callable[[slice], _Result], count: int, size: int = 1
) -> list[_Result]:
    """What a function gives for slices that make up a range, in their order.

    As many threads as torch may use. Whoever adds up the results gets the same sum for any number
    of threads only if the slices do not matter to it.

    Args:
        work: Function of a slice; handles its part alone.
        count: Length of the range (1).
        size: How much work each is, relative to one pulse of a cell (1).
    """
    threads = min(torch.get_num_threads(), count * size // _LEAST)
    if threads <= 1:
        return [work(slice(0, count))]
    edges = [count * k // threads for k in range(threads + 1)]
    slices = [slice(*pair) for pair in pairwise(edges)]
    return list(_pool(threads).map(work, slices))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work."""
    return ThreadPoolExecutor(threads, "mho-kernel")
