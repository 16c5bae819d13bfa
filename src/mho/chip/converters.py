"""Uniform mid-tread converters: digital to analog and analog to digital."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_positive


@dataclass(frozen=True, slots=True)
class Converter:
    """Rounds to the nearest of 2^bits codes on `low` … `high` and saturates outside.

    Args:
        bits: Resolution (1).
        low: Value of the lowest code, in the unit of the signal.
        high: Value of the highest code, in the unit of the signal.
        offset: Added to every value (same unit).
        gain_error: Relative error of the slope (1).
    """

    bits: int
    low: float
    high: float
    offset: float = 0.0
    gain_error: float = 0.0

    def __post_init__(self) -> None:
        check_between(self.bits, "bits", 1, 24, "1")
        check_positive(self.high - self.low, "high - low", "")

    @property
    def lsb(self) -> float:
        """Difference between neighbouring codes, in the unit of the signal."""
        return (self.high - self.low) / float(2**self.bits - 1)

    def __call__(self, signal: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The value of the nearest code, with offset and gain error, saturated.

        >>> Converter(bits=2, low=0.0, high=3.0)(torch.tensor([0.4, 0.6, 9.0]))
        tensor([0., 1., 3.])
        """
        seen = signal * (1 + self.gain_error) + self.offset
        return (
            torch.round((seen - self.low) / self.lsb)
            .clamp_(0, 2**self.bits - 1)
            .mul_(self.lsb)
            .add_(self.low)
        )


@dataclass(frozen=True, slots=True)
class SignedConverter:
    """Sign and magnitude: 2^bits magnitudes of either sign, zero exact.

    Args:
        bits: Bits of the magnitude (1).
        full_scale: Largest magnitude, in the unit of the signal.
    """

    bits: int
    full_scale: float

    def __post_init__(self) -> None:
        check_between(self.bits, "bits", 1, 24, "1")
        check_positive(self.full_scale, "full_scale", "")

    @property
    def lsb(self) -> float:
        """Difference between neighbouring codes, in the unit of the signal."""
        return self.full_scale / float(2**self.bits - 1)

    def __call__(self, signal: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The value of the nearest code, saturated."""
        return (
            torch.round(signal / self.lsb).mul_(self.lsb).clamp_(-self.full_scale, self.full_scale)
        )
