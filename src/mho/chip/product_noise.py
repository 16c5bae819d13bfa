"""Normal numbers for vectors: number n gets the same ones however vectors come in batches.

A product with a matrix takes five nanoseconds an output, a normal number of the common generators
nearly four. Here sixteen bits choose one of 65,536 quantiles of the normal distribution, and two
of these are turned into two numbers by a rotation: sums of normal numbers are normal, and the
steps of one quantile vanish between those of the other. Probabilities are normal to 1e-5 and
better, mean and variance to rounding; the largest number is 6.1.
"""

import math
from functools import cache

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.rng import Stream

_BLOCK = 1 << 17
"""Numbers made at once: their intermediate results stay in the cache."""

_STEP = 1 << 9
"""Numbers by which they are made (1): whole registers, as the last few may be rounded apart."""

_QUANTILES = 1 << 16
_COSINE = 0.8
NORMAL_TANGENT = 0.75
"""Of the rotation; any angle far from the axes will do."""


class VectorDraws:
    """A source of rows of normal numbers, each row named by how many came before it.

    Args:
        stream: Randomness.
        width: Numbers of a row (1).
    """

    @torch.inference_mode(False)
    def __init__(self, stream: Stream, width: int) -> None:
        self.width = width
        self._source = np.random.SFC64(stream.word)
        rows = 2 * max(_BLOCK // (2 * width), 1)
        # memory that is used again: fresh pages would cost as much as the numbers
        self._place = torch.empty(rows * width, dtype=torch.int32)
        self._pairs = torch.empty(2, rows * width // 2)
        self._block = torch.empty(rows, width)
        self._raw = np.empty(0, np.uint16)
        self._made = rows * width
        self._given = rows

    def normal(self, rows: int) -> Float[Tensor, "rows width"]:
        """The next rows of standard normal numbers (1), valid until the next call."""
        ready = self._block.shape[0] - self._given
        if rows <= ready:
            self._given += rows
            self._make(self._given * self.width)
            return self._block[self._given - rows : self._given]
        if ready == 0 and rows <= self._block.shape[0]:
            self._renew()
            return self.normal(rows)
        numbers = torch.empty(rows, self.width)
        done = 0
        while done < rows:
            some = min(
                rows - done,
                self._block.shape[0] - self._given or self._block.shape[0],
            )
            numbers[done : done + some] = self.normal(some)
            done += some
        return numbers

    @torch.inference_mode(False)
    def _renew(self) -> None:
        """The next block of rows, of which none is made yet."""
        count = self._place.numel()
        words = self._source.random_raw(-(-count // 4))
        self._raw = words.view(np.uint16)[:count]
        self._made = 0
        self._given = 0

    @torch.inference_mode(False)
    def _make(self, numbers: int) -> None:
        """Make the first numbers of the block: what a rotation makes of pairs of quantiles.

        A product of few vectors needs the first ones alone; whoever goes on gets all of them.
        """
        if numbers <= self._made:
            return
        half = self._raw.size // 2
        stop = min(-(-numbers // _STEP) * _STEP, half)
        if self._made or 2 * stop > half:
            stop = half
        place = self._place.view(2, -1)[:, :stop]
        place.copy_(torch.from_numpy(self._raw).view(2, -1)[:, :stop])
        x, y = self._pairs[:, :stop]
        torch.index_select(normal_quantiles(), 0, place[0], out=x)
        torch.index_select(normal_quantiles(), 0, place[1], out=y)
        one, other = self._block.view(2, -1)
        torch.add(x, y, alpha=NORMAL_TANGENT, out=one[:stop])
        self._made = stop
        if stop == half:
            torch.add(y, x, alpha=-NORMAL_TANGENT, out=other)
            self._made = 2 * half


@cache
@torch.inference_mode(False)
def normal_quantiles() -> Float[Tensor, " quantiles"]:
    """Means of the normal distribution's equally likely parts, of variance cos² together (1)."""
    edge = torch.special.ndtri(
        torch.arange(_QUANTILES + 1, dtype=torch.float64) / _QUANTILES
    )
    density = torch.exp(-0.5 * edge.square()) / math.sqrt(2 * math.pi)
    mean = _QUANTILES * (density[:-1] - density[1:])
    return (_COSINE * mean / mean.square().mean().sqrt()).float()
