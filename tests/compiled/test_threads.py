"""Slices of a range, by several threads."""

import time

import pytest
import torch

from mho.compiled import in_threads


def test_a_slice_that_fails_leaves_nobody_at_work() -> None:
    """The first fails at once, the other works for a fifth of a second: it has ended by then."""
    ended = []

    def work(some: slice) -> None:
        if some.start == 0:
            raise KeyboardInterrupt
        time.sleep(0.2)
        ended.append(some)

    torch.set_num_threads(2)
    with pytest.raises(KeyboardInterrupt):
        in_threads(work, 4096)
    assert ended == [slice(2048, 4096)]
