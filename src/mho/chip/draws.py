"""Normal numbers for vectors: number n gets the same ones however vectors come in batches.

A product with a matrix takes five nanoseconds an output, a normal number of the common generators
nearly four. So pairs are made from words of 32 bits by Box and Muller's method: 20 bits give the
radius, 12 the angle. Probabilities are those of the normal distribution to 1e-4, mean and variance
to 1e-5; the largest number is 5.4. (Key: box1958.)
"""

import math
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.rng import Stream

_BLOCK = 1 << 17
"""Numbers made at once: their intermediate results stay in the cache."""

_ANGLES = 1 << 12
_RADII = 20
"""Bits of the radius."""

_FULL = 2 * _RADII * math.log(2) + 4e-6
"""Twice the logarithm of the number of radii; a hair more, so that no square is negative."""


class VectorDraws:
    """A source of rows of normal numbers, each row named by how many came before it.

    Args:
        stream: Randomness.
        width: Numbers of a row (1).
    """

    def __init__(self, stream: Stream, width: int) -> None:
        self.width = width
        self._source = np.random.SFC64(stream.word)
        self._stream = stream
        self._rows = 2 * max(_BLOCK // (2 * width), 1)
        self._ready = torch.empty(0, width)
        # half a step off the axes, where sine or cosine would be zero too often
        angle = (torch.arange(_ANGLES, dtype=torch.float64) + 0.5) * (2 * math.pi / _ANGLES)
        self._cosine, self._sine = angle.cos().float(), angle.sin().float()

    @cached_property
    def generator(self) -> torch.Generator:
        """Randomness of the converters, which draw batch by batch."""
        return self._stream.child("converters").generator()

    def normal(self, rows: int) -> Float[Tensor, "rows width"]:
        """The next rows of standard normal numbers (1)."""
        pieces = []
        while rows > 0:
            if self._ready.shape[0] == 0:
                self._ready = self._block()
            given, self._ready = self._ready[:rows], self._ready[rows:]
            pieces.append(given)
            rows -= given.shape[0]
        return pieces[0] if len(pieces) == 1 else torch.cat((self._ready[:0], *pieces))

    @torch.inference_mode(False)
    def _block(self) -> Float[Tensor, "rows width"]:
        """The next block: cosines in the first half of its rows, sines in the second."""
        block = torch.empty(self._rows, self.width)
        words = block.numel() // 2
        word = torch.from_numpy(self._source.random_raw(-(-words // 2)).view(np.int32)[:words])
        angle = torch.bitwise_and(word, _ANGLES - 1)
        # ln of 1/2 … 2^20 − 1/2 in steps of one; the shift keeps a sign
        middle = 2.0 ** (_RADII - 1) + 0.5
        radius = torch.add(word.bitwise_right_shift_(32 - _RADII), middle).log_()
        radius.mul_(-2).add_(_FULL).sqrt_()
        for half, table in zip(block.view(2, -1), (self._cosine, self._sine), strict=True):
            torch.index_select(table, 0, angle, out=half).mul_(radius)
        return block
