"""What the products of an operator are off by, measured with a few of them."""

import math
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
    """

    lasting: float
    fresh: float
    gain: float
    products: int

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
        draws = np.random.default_rng(stream.child("probe", number).word)
        vector = draws.standard_normal(matrix.shape[1])
        vector /= np.linalg.norm(vector)
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
