"""Memory used again: fresh memory for every intermediate result takes as long as the result."""

import math

import torch
from torch import Tensor


class Workspace:
    """A stretch of memory from which tensors are cut one after the other.

    Args:
        like: Tensor whose dtype and device the memory gets.
        numbers: Numbers it can hold (1); what does not fit gets memory of its own.
    """

    def __init__(self, like: Tensor, numbers: int) -> None:
        self._memory = like.new_empty(numbers)
        self._used = 0

    def take(self, *shape: int) -> Tensor:
        """An uninitialised tensor, valid until the next `clear`."""
        start = self._used
        stop = self._used + math.prod(shape)
        if stop > self._memory.numel():
            return self._memory.new_empty(shape)
        self._used = stop
        return self._memory[start:stop].view(shape)

    def product(self, a: Tensor, b: Tensor) -> Tensor:
        """Matrix product of every pair of matrices."""
        return torch.bmm(
            a, b, out=self.take(a.shape[0], a.shape[1], b.shape[2])
        )

    def clear(self) -> None:
        """Give all its memory free."""
        self._used = 0


class Memory:
    """Workspaces of a tree of blocks: two levels in turn, and one for intermediate results.

    Args:
        like: Tensor whose dtype and device the memory gets.
        cells: Cells that are computed at once (1).
    """

    def __init__(self, like: Tensor, cells: int) -> None:
        self._new, self._old = (Workspace(like, 20 * cells) for _ in range(2))
        self.work = Workspace(like, 50 * cells)

    def next_level(self) -> Workspace:
        """Memory of the level before the last, for the next one."""
        self._new, self._old = self._old, self._new
        self._new.clear()
        return self._new
