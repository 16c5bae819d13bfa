"""What the products of an operator are off by, measured with a few of them."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.rng import Stream

Array = npt.NDArray[np.float64]

_VECTORS = 3
"""Vectors that are tried (1)."""
_LOOKS = 4
"""Products of each (1)."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Errors of products, each as the length of the error over that of the input.

    Args:
        lasting: What is the same in every product of a vector: write error of the cells, and
            what quantisation rounds always alike (in units of the matrix).
        fresh: What is new in every product: read noise (in units of the matrix).
        gain: Length of the exact product over that of the input (in units of the matrix).
        products: Products that it took (1).
        of: What was tried, to begin a sentence with.
    """

    lasting: float
    fresh: float
    gain: float
    products: int
    of: str = "A product of the chip"

    @property
    def usable(self) -> bool:
        """Whether all products were finite numbers, and some of them other than zero."""
        return math.isfinite(self.lasting + self.fresh) and self.gain > 0

    @property
    def relative(self) -> float:
        """Error of one product over the product (1)."""
        return math.hypot(self.lasting, self.fresh) / self.gain

    def gap(self, length: float, path: float) -> float:
        """How far a residual that was made of noisy products is from the true one.

        What lasts acts on the solution as a whole, what is fresh on every step by itself:
        `√((lasting·|x|)² + (fresh²·Σ|Δx|²))`.

        Args:
            length: Length of the solution (1).
            path: Root of the summed squares of the steps to it (1).
        """
        return math.hypot(self.lasting * length, self.fresh * path)


def probe(operator: Any, matrix: Any, stream: Stream) -> Probe:
    """Measure the errors of an operator's products with a few random vectors.

    Args:
        operator: The analog operator.
        matrix: The exact matrix. Shape (n, n).
        stream: Names the vectors.
    """
    lasting = 0.0
    fresh = 0.0
    gain = 0.0
    for number in range(_VECTORS):
        vector = _unit(stream, number, matrix.shape[1])
        exact = matrix @ vector
        looks = np.stack([operator @ vector for _ in range(_LOOKS)])
        spread = float(looks.var(axis=0, ddof=1).sum())
        off = float(np.sum((looks.mean(axis=0) - exact) ** 2))
        fresh += spread
        # the mean of the looks has some of the fresh noise in it
        lasting += max(off - spread / _LOOKS, 0.0)
        gain += float(exact @ exact)
    return Probe(
        lasting=math.sqrt(lasting / _VECTORS),
        fresh=math.sqrt(fresh / _VECTORS),
        gain=math.sqrt(gain / _VECTORS),
        products=_VECTORS * _LOOKS,
    )


def probe_answers(
    answer: Callable[[Array], Array], matrix: Any, stream: Stream
) -> Probe:
    """Measure how far a circuit's answers are off, in parts of what they should be.

    Args:
        answer: Takes a right side and returns what the circuit settles to.
        matrix: The exact matrix. Shape (n, n).
        stream: Names the vectors that it should find.
    """
    off = 0.0
    gain = 0.0
    for number in range(_VECTORS):
        wanted = _unit(stream, number, matrix.shape[1])
        side = matrix @ wanted
        size = float(np.linalg.norm(side))
        found = size * answer(side / size)
        off += float(np.sum((found - wanted) ** 2))
        gain += size**2
    # an answer off by a share is as a matrix that is off by it
    relative = math.sqrt(off / _VECTORS)
    length = math.sqrt(gain / _VECTORS)
    return Probe(
        lasting=relative * length,
        fresh=0.0,
        gain=length,
        products=_VECTORS,
        of="An answer of the circuit",
    )


def _unit(stream: Stream, number: int, count: int) -> Array:
    """A random vector of length 1. Shape (count,)."""
    draws = np.random.default_rng(stream.child("probe", number).word)
    vector = draws.standard_normal(count)
    unit: Array = vector / np.linalg.norm(vector)
    return unit
