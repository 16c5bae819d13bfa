"""What writing a pair of cells leaves: a law, or the statistics of cells that were programmed.

Differences of pairs are told in parts of the largest one that a pair can hold, so that numbers
lie within −1 and 1.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import final

import torch
from jaxtyping import Float64
from torch import Tensor

from mho.checks import Configuration, check_between, check_not_negative
from mho.ledger import Ledger
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical import ConductanceRange, draw_programmed_pairs

_SIGMAS = 4.5
"""Standard deviations within which errors without a bound are taken to lie (1)."""
_NONE = 0.5
"""Errors beyond a reach below whose expected number there is none (1)."""
_SAMPLES = 1 << 17
"""Pairs that are drawn to know the distribution of a table's errors (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Pairs of cells after writing.

    Args:
        held: What each pair holds, in parts of the largest difference (1).
        seen: What was read back of it (1).
        variance: Variance of its read noise (1); `None` if there is none.
        stuck: Cells that did not answer (1).
    """

    held: Float64[Tensor, "*pairs"]
    seen: Float64[Tensor, "*pairs"]
    variance: Tensor | None
    stuck: int = 0


class CellErrors(ABC):
    """What writing leaves, and how well that is known beforehand."""

    __slots__ = ()

    @property
    @abstractmethod
    def rms(self) -> float:
        """Root mean square of the error of a pair, in parts of the largest difference (1)."""

    @property
    @abstractmethod
    def reach(self) -> float:
        """Error that the next pair of a number must be able to cancel (1)."""

    @property
    @abstractmethod
    def read_back(self) -> float:
        """Root mean square error of what is read back of a pair (1)."""

    @property
    @abstractmethod
    def noise(self) -> float:
        """Root mean square of the noise of a pair in a product (1)."""

    @abstractmethod
    def excess(self, reach: float, numbers: int) -> float:
        """Root mean square of what errors of so many pairs have beyond a reach (1)."""

    @abstractmethod
    def write(
        self, wanted: Float64[Tensor, "*columns rows"], stream: Stream
    ) -> Written:
        """Write pairs.

        Args:
            wanted: What each shall hold (1); pairs of the last axis share a column.
            stream: Names the pairs.
        """

    @abstractmethod
    def cost(self, cells: int) -> Ledger:
        """What writing so many cells costs."""


@dataclass(frozen=True, slots=True)
class _Law(CellErrors):
    """What laws have in common: read noise, and how often a pair is read back.

    Args:
        noise: Root mean square of the read noise of a pair (1).
        looks: Samples read back of each pair (1); endlessly many if 0.
    """

    noise: float = 0.0
    looks: int = 0

    def __post_init__(self) -> None:
        check_between(self.noise, "noise", 0.0, 1.0, "1")
        check_not_negative(self.looks, "looks", "1")

    @property
    def read_back(self) -> float:
        """Root mean square error of what is read back of a pair (1)."""
        return self.noise / math.sqrt(self.looks) if self.looks else 0.0

    def cost(self, cells: int) -> Ledger:  # noqa: ARG002 - as of every kind of errors
        """Nothing: a law knows no pulses."""
        return Ledger()

    def _written(
        self, wanted: Tensor, error: Tensor, generator: torch.Generator
    ) -> Written:
        """Pairs with these errors (1)."""
        held = wanted + error
        variance = None
        if self.noise:
            variance = torch.full_like(held, self.noise**2)
        seen = held
        if self.read_back:
            seen = held + self.read_back * _normal(held, generator)
        return Written(held, seen, variance)


@final
@dataclass(frozen=True, slots=True)
class GaussianErrors(_Law, Configuration):
    """Normal errors without a bound.

    Args:
        noise: Root mean square of the read noise of a pair (1).
        looks: Samples read back of each pair (1); endlessly many if 0.
        spread: Standard deviation of the error of a pair, in parts of its largest difference (1).

    Raises:
        ValueError: A number is out of range.

    >>> GaussianErrors(spread=0.01).reach
    0.045
    """

    spread: float = 0.01

    def __post_init__(self) -> None:
        _Law.__post_init__(self)
        check_between(self.spread, "spread", 0.0, 0.2, "1")

    @property
    def rms(self) -> float:
        """The standard deviation (1)."""
        return self.spread

    @property
    def reach(self) -> float:
        """4.5 standard deviations (1): of 150,000 errors one is larger."""
        return _SIGMAS * self.spread

    def excess(self, reach: float, numbers: int) -> float:
        """Root mean square of what errors of so many pairs have beyond a reach (1).

        Where less than half an error is to be expected there, there is none: one in a billion
        would set the mean of all.
        """
        if not self.spread:
            return 0.0
        # E (|z| − t)² over both tails, z normal: 2 ((1 + t²) Q(t) − t φ(t))
        t = reach / self.spread
        tail = math.erfc(t / math.sqrt(2)) / 2
        if 2 * tail * numbers < _NONE:
            return 0.0
        density = math.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        square = 2 * ((1 + t * t) * tail - t * density)
        return self.spread * math.sqrt(max(square, 0.0))

    def write(
        self, wanted: Float64[Tensor, "*columns rows"], stream: Stream
    ) -> Written:
        """Write pairs.

        Args:
            wanted: What each shall hold (1).
            stream: Names the pairs.
        """
        generator = stream.generator()
        error = _normal(wanted, generator).mul_(self.spread)
        return self._written(wanted, error, generator)


@final
@dataclass(frozen=True, slots=True)
class BoundedErrors(_Law, Configuration):
    """Errors spread evenly over a window that verification enforces.

    Args:
        noise: Root mean square of the read noise of a pair (1).
        looks: Samples read back of each pair (1); endlessly many if 0.
        window: Largest error of a pair, in parts of its largest difference (1).

    Raises:
        ValueError: A number is out of range.
    """

    window: float = 1 / 128

    def __post_init__(self) -> None:
        _Law.__post_init__(self)
        check_between(self.window, "window", 0.0, 1.0, "1")

    @property
    def rms(self) -> float:
        """Window over √3 (1)."""
        return self.window / math.sqrt(3)

    @property
    def reach(self) -> float:
        """The window (1)."""
        return self.window

    def excess(self, reach: float, numbers: int) -> float:  # noqa: ARG002 - as all errors
        """Root mean square of what errors have beyond a reach (1)."""
        beyond = max(self.window - reach, 0.0)
        if not beyond:
            return 0.0
        return math.sqrt(beyond**3 / (3 * self.window))

    def write(
        self, wanted: Float64[Tensor, "*columns rows"], stream: Stream
    ) -> Written:
        """Write pairs.

        Args:
            wanted: What each shall hold (1).
            stream: Names the pairs.
        """
        generator = stream.generator()
        even = torch.rand(
            wanted.shape, generator=generator, dtype=torch.float64
        )
        error = even.mul_(2).sub_(1).mul_(self.window)
        return self._written(wanted, error, generator)


@final
class TableErrors(CellErrors):
    """Errors of cells that were programmed in earnest, drawn from a table of them.

    Args:
        table: What programming leaves.
        partners: How far partners of stuck cells can go.
        looks: Samples read back of each pair (1).

    Raises:
        ValueError: The number of samples is below 1.
    """

    def __init__(
        self, table: ErrorTable, partners: ConductanceRange, looks: int = 32
    ) -> None:
        check_between(looks, "looks", 1, 1e9, "1")
        self.table = table
        self.looks = looks
        self._partners = partners

    @property
    def span(self) -> float:
        """Largest difference of a pair (S)."""
        return self.table.high - self.table.low

    @cached_property
    def _drawn(self) -> tuple[Tensor, float]:
        """Errors of working pairs all over the range, and their mean variance (1)."""
        draws = self.table.draws(Stream(0).child("errors of pairs"))
        even = torch.linspace(0, self.span, _SAMPLES)
        error, noise = draws.errors(even)
        error_of_waiting, noise_of_waiting = draws.idle(_SAMPLES)
        errors = (error - error_of_waiting).double() / self.span
        both = (noise + noise_of_waiting).double().mean()
        return errors, float(both) / self.span**2

    @property
    def rms(self) -> float:
        """Root mean square of the errors of working pairs (1)."""
        return float(self._drawn[0].square().mean().sqrt())

    @property
    def reach(self) -> float:
        """4.5 standard deviations of the errors (1)."""
        return min(_SIGMAS * self.rms, 1.0)

    @property
    def noise(self) -> float:
        """Root mean square of the noise of a pair (1)."""
        return math.sqrt(self._drawn[1])

    @property
    def read_back(self) -> float:
        """The same over the root of the samples (1)."""
        return self.noise / math.sqrt(self.looks)

    def excess(self, reach: float, numbers: int) -> float:  # noqa: ARG002 - as all errors
        """Root mean square of what errors have beyond a reach (1)."""
        beyond = self._drawn[0].abs().sub(reach).clamp_(min=0)
        return float(beyond.square().mean().sqrt())

    def write(
        self, wanted: Float64[Tensor, "*columns rows"], stream: Stream
    ) -> Written:
        """Draw pairs that were asked for this; partners of stuck cells make up for them.

        Args:
            wanted: What each shall hold (1).
            stream: Names the pairs.
        """
        # cells are drawn in the order in which they lie, and transposed ones lie otherwise
        before = (wanted * self.span).float().contiguous()
        after = before.clone()
        drawn = draw_programmed_pairs(
            after, self.table, self._partners, stream.child("cells")
        )
        # tables are single precision: errors are what they are good for, not sums
        error = after.sub_(before).double().div_(self.span)
        held = error.add_(wanted)
        variance = drawn.variance.div_(self.span**2)
        generator = stream.child("read back").generator()
        look = torch.randn(variance.shape, generator=generator)
        look.mul_((variance / self.looks).sqrt_())
        return Written(held, held + look, variance, drawn.stuck)

    def cost(self, cells: int) -> Ledger:
        """What writing so many cells costs, by the same statistics."""
        return self.table.expected_cost(cells)


def _normal(like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal numbers in double precision."""
    return torch.randn(like.shape, generator=generator, dtype=torch.float64)
