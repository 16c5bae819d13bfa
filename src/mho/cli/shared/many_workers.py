"""Processes that a command shares its work with: begun first, so that they import beside it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from mho.checks import check_between
from mho.cli.options import PRESET
from mho.workers import Workers, usual_workers

_MOST = 1024

COLLECT_AFTER = 100_000
"""New objects between two looks for garbage: each look goes through much of torch (1)."""


@contextmanager
def with_workers(
    count: int | None, *, chips: int, threads: int, chip: str
) -> Iterator[Workers]:
    """Workers that have all that a deployment needs.

    Args:
        count: Processes that compute (1); `usual_workers` if `None`.
        chips: Chips that they can share (1).
        threads: Threads that each computes with (1).
        chip: Preset of the chips.

    Raises:
        ValueError: There must be one process at least, and not more than any machine bears.
    """
    if count is None:
        count = usual_workers()
    check_between(count, "workers", 1, _MOST, "1")
    # this process makes one chip and waits for others
    others = min(count, chips - 1) if count > 1 else 0
    # of several, nobody knows which will draw
    begin = partial(_begin, threads, chip, draws=others == 1)
    with Workers.open(others, begin) as workers:
        yield workers


def _begin(threads: int, chip: str, *, draws: bool) -> None:
    """Import, and load kernels, while the first process does the same and trains."""
    gc.set_threshold(COLLECT_AFTER)
    import torch

    from mho.runs import warm_up

    torch.set_num_threads(threads)
    # others may have no kernels on disk yet: compiled once they are needed
    if chip == PRESET:
        warm_up()
    if draws:
        import mho.report.figures  # noqa: F401
