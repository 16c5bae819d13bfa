"""Work on many cells by several threads: kernels let go of the interpreter while they run."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch

_Result = TypeVar("_Result")
_LEAST = 1024
"""Cells of a thread at least: waking one costs as much as handling some hundreds."""


_KERNELS_OWN: ContextVar[int | None] = ContextVar("_KERNELS_OWN", default=None)


@contextmanager
def threads_for_kernels() -> Iterator[None]:
    """Within, kernels have all threads that torch may use, and torch has one.

    Threads of torch's operations wait busily for the next one, on cores that kernels could have.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield
        return
    token = _KERNELS_OWN.set(threads)
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        _KERNELS_OWN.reset(token)


def in_threads(
    work: Callable[[slice], _Result], count: int, size: int | float = 1
) -> list[_Result]:
    """What a function gives for slices that make up a range, in their order.

    As many threads as torch may use, this one among them. Whoever adds up the results gets the
    same sum for any number of threads only if the slices do not matter to it.

    Args:
        work: Function of a slice; handles its part alone.
        count: Length of the range (1).
        size: How much work each is, relative to one pulse of a cell (1).
    """
    most = _KERNELS_OWN.get() or torch.get_num_threads()
    threads = min(most, int(count * size) // _LEAST)
    if threads <= 1:
        return [work(slice(0, count))]
    edges = [count * k // threads for k in range(threads + 1)]
    first, *others = (slice(*pair) for pair in pairwise(edges))
    pool = _pool(threads)
    begun = [pool.submit(work, some) for some in others]
    try:
        # whoever waits may as well work
        found = [work(first)]
    finally:
        # nobody goes on with slices of what the caller has given up
        wait(begun)
    return found + [one.result() for one in begun]


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads that wait for work."""
    return ThreadPoolExecutor(threads - 1, "mho-kernel")
