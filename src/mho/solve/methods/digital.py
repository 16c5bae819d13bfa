"""What the digital part of a solver computes, and what that costs on a stated machine."""

from dataclasses import dataclass
from typing import Any

_DOUBLE = 8
"""Bytes of a number in double precision (1)."""
_INDEX = 4
"""Bytes of the index that a sparse matrix keeps beside each number (1)."""


@dataclass(frozen=True, slots=True)
class DigitalWork:
    """Operations in double precision. Work adds; an empty one is the zero of `+`.

    Args:
        operations: Additions and multiplications (1).
        bytes: Bytes moved from or to memory (1).
        products: Products of the exact matrix with a vector among them (1).

    >>> DigitalWork(2, 16) + DigitalWork(1, 8, products=1)
    DigitalWork(operations=3, bytes=24, products=1)
    """

    operations: int = 0
    bytes: int = 0
    products: int = 0

    def __add__(self, other: "DigitalWork") -> "DigitalWork":
        return DigitalWork(
            operations=self.operations + other.operations,
            bytes=self.bytes + other.bytes,
            products=self.products + other.products,
        )


@dataclass(frozen=True, slots=True)
class DigitalMachine:
    """What digital work costs at best: at full speed and full power, nothing waited for.

    Args:
        name: What it is.
        operations_per_second: Peak of double precision (1/s).
        bytes_per_second: Peak of its memory (1/s).
        watts: Its power (W).
        source: Where the figures stand.
    """

    name: str
    operations_per_second: float
    bytes_per_second: float
    watts: float
    source: str

    references = ("nvidia2020a100",)

    def seconds(self, work: DigitalWork) -> float:
        """Least time: arithmetic and memory at their peaks, side by side (s)."""
        return max(
            work.operations / self.operations_per_second,
            work.bytes / self.bytes_per_second,
        )

    def joules(self, work: DigitalWork) -> float:
        """Least energy: its power over that time (J)."""
        return self.watts * self.seconds(work)


A100 = DigitalMachine(
    name="A100",
    operations_per_second=9.7e12,
    bytes_per_second=1.555e12,
    watts=400.0,
    source="nvidia2020a100",
)
"""A large processor of 7 nm; per operation 41 pJ, per byte from memory 257 pJ at its peaks."""


def product_work(matrix: Any) -> DigitalWork:
    """Work of one product of a matrix with a vector.

    Args:
        matrix: Dense array or sparse matrix. Shape (rows, cols).
    """
    rows, cols = matrix.shape
    vectors = _DOUBLE * (rows + cols)
    sparse = hasattr(matrix, "nnz")
    numbers = int(matrix.nnz) if sparse else rows * cols
    each = _DOUBLE + _INDEX if sparse else _DOUBLE
    return DigitalWork(2 * numbers, each * numbers + vectors, products=1)


def vector_work(length: int, count: int = 1) -> DigitalWork:
    """Work of scaled sums or inner products of two vectors.

    Args:
        length: Numbers of a vector (1).
        count: How many sums or products (1).
    """
    return DigitalWork(2 * length * count, 3 * _DOUBLE * length * count)
