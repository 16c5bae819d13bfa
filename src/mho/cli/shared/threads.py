"""How many threads compute."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from mho.checks import check_between

_MOST = 1024


@contextmanager
def with_threads(threads: int) -> Iterator[None]:
    """Compute with this many threads: elementwise work gains nothing from more than one.

    Raises:
        ValueError: There must be one at least, and not more than any machine has.
    """
    check_between(threads, "threads", 1, _MOST, "1")
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
