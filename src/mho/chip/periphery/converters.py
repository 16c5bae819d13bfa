"""Uniform mid-tread converters and their errors: digital to analog and analog to digital."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int32
from torch import Tensor

from mho.checks import (
    Configuration,
    check_between,
    check_choice,
    check_not_negative,
    check_positive,
)
from mho.chip.periphery.inl_tables import (
    check_table,
    full_table,
    looked_up,
    shown,
    transitions,
)

KINDS = ("adc", "dac")
"""Which side is analog: an `adc` sees errors before it rounds, a `dac` makes them afterwards."""


class UniformConverter(ABC):
    """What converters share: codes of equal nominal steps, and four kinds of error.

    The value of a code is ``origin + code · lsb``. An analog-to-digital converter rounds
    ``signal · (1 + gain_error) + offset`` plus noise, between transitions that the INL moves; it
    reports nominal values. A digital-to-analog converter is told a nominal value and makes
    ``(value + INL · lsb) · (1 + gain_error) + offset`` plus noise.
    """

    __slots__ = ()

    bits: int
    offset: float
    gain_error: float
    inl: tuple[float, ...]
    noise_lsb: float
    kind: str

    @property
    @abstractmethod
    def lsb(self) -> float:
        """Difference between neighbouring codes, in the unit of the signal."""

    @property
    @abstractmethod
    def code_range(self) -> tuple[int, int]:
        """Lowest and highest code (1)."""

    @property
    @abstractmethod
    def origin(self) -> float:
        """What code 0 stands for, in the unit of the signal."""

    @abstractmethod
    def __call__(
        self,
        signal: Float[Tensor, "*shape"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "*shape"]:
        """The value of the nearest code, with all errors, saturated."""

    @property
    def code_count(self) -> int:
        """Number of codes (1)."""
        first, last = self.code_range
        return last - first + 1

    @property
    def dnl(self) -> tuple[float, ...]:
        """Differential non-linearity (LSB): INL of each code but the lowest less its neighbour's.

        For an analog-to-digital converter value k is what the width of code k has beyond one
        LSB, for a digital-to-analog one the step from level k to the next. Empty without a table.
        """
        if not self.inl:
            return ()
        return tuple(full_table(self.inl, self.code_count).diff().tolist())

    @property
    def missing_codes(self) -> tuple[int, ...]:
        """Codes that an analog-to-digital converter never gives: those with a DNL of −1 or less.

        After a DNL below −1 more than one code is gone. A digital-to-analog converter has none.
        """
        if not self.inl or self.kind == "dac":
            return ()
        gone = transitions(self.inl, self.code_count).diff() <= 0
        return tuple((gone.nonzero()[:, 0] + self.code_range[0]).tolist())

    @property
    def monotonic(self) -> bool:
        """Whether no step goes back: every DNL is −1 or more."""
        return not self.inl or min(self.dnl) >= -1

    def codes(
        self,
        signal: Float[Tensor, "*shape"],
        generator: torch.Generator | None = None,
    ) -> Int32[Tensor, "*shape"]:
        """Code of each value (1): what an `adc` gives, or what a `dac` is told.

        Args:
            signal: Values, in the unit of the signal.
            generator: Source of an `adc`'s noise.

        Raises:
            ValueError: There is noise, but no generator.
        """
        return self._code(signal, generator).to(torch.int32)

    def _check(self) -> None:
        check_between(self.bits, "bits", 1, 24, "1")
        check_between(self.offset, "offset", -1e30, 1e30, "")
        check_between(self.gain_error, "gain_error", -0.999, 1e3, "1")
        check_table(self.inl, self.code_count)
        check_not_negative(self.noise_lsb, "noise_lsb", "1")
        check_choice(self.kind, "kind", KINDS)

    def _convert(
        self, signal: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """Values with all errors."""
        code = self._code(signal, generator)
        if self.kind == "adc":
            return code.mul_(self.lsb).add_(self.origin)
        if self.inl:
            place = code.to(torch.int32).sub_(self.code_range[0])
            code = code + looked_up(place, self.inl, self.code_count, code)
        if self.noise_lsb:
            # The gain is applied to all of it below, but noise comes behind the gain.
            noise = self._noise(signal, generator)
            code = code + noise / (1 + self.gain_error)
        step = self.lsb * (1 + self.gain_error)
        start = self.origin * (1 + self.gain_error) + self.offset
        made = code.mul_(step)
        return made.add_(start)

    def _code(
        self, signal: Tensor, generator: torch.Generator | None
    ) -> Tensor:
        """Codes as numbers of the signal's type, in a tensor of their own."""
        first, last = self.code_range
        if self.kind == "dac":
            return (
                ((signal - self.origin) / self.lsb).round_().clamp_(first, last)
            )
        position = signal * (1 + self.gain_error)
        position.add_(self.offset).sub_(self.origin).div_(self.lsb)
        if self.noise_lsb:
            position += self._noise(signal, generator)
        if not self.inl:
            return position.round_().clamp_(first, last)
        return shown(position.sub_(first), self.inl, self.code_count).add_(
            first
        )

    def _noise(self, like: Tensor, generator: torch.Generator | None) -> Tensor:
        """Noise of each conversion (LSB)."""
        if generator is None:
            raise ValueError(
                f"Argument `generator` must be a generator where `noise_lsb` is"
                f" {self.noise_lsb:g}, but is None; pass one of a `Stream`."
            )
        draws = torch.randn(
            like.shape,
            generator=generator,
            dtype=like.dtype,
            device=like.device,
        )
        return draws.mul_(self.noise_lsb)


@dataclass(frozen=True, slots=True)
class Converter(UniformConverter, Configuration):
    """Rounds to the nearest of 2^bits codes on `low` … `high` and saturates outside.

    Args:
        bits: Resolution (1).
        low: Value of the lowest code, in the unit of the signal.
        high: Value of the highest code, in the unit of the signal.
        offset: Added to every value (same unit).
        gain_error: Relative error of the slope (1).
        inl: Integral non-linearity of every code from the lowest (LSB), or of fewer, evenly
            spaced ones between which it is interpolated; empty for none.
        noise_lsb: Standard deviation of the noise of one conversion (LSB), at the analog side.
        kind: `"adc"` or `"dac"`.

    Raises:
        ValueError: A number is out of its range, or the table does not fit the codes.
    """

    bits: int
    low: float
    high: float
    offset: float = 0.0
    gain_error: float = 0.0
    inl: tuple[float, ...] = ()
    noise_lsb: float = 0.0
    kind: str = "adc"

    def __post_init__(self) -> None:
        check_positive(self.high - self.low, "high - low", "")
        self._check()

    @property
    def lsb(self) -> float:
        """Difference between neighbouring codes, in the unit of the signal."""
        return (self.high - self.low) / float(2**self.bits - 1)

    @property
    def code_range(self) -> tuple[int, int]:
        """Lowest and highest code (1)."""
        return 0, 2**self.bits - 1

    @property
    def origin(self) -> float:
        """What code 0 stands for, in the unit of the signal."""
        return self.low

    def __call__(
        self,
        signal: Float[Tensor, "*shape"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "*shape"]:
        """The value of the nearest code, with all errors, saturated.

        Args:
            signal: Values, in their unit.
            generator: Source of the noise.

        Raises:
            ValueError: There is noise, but no generator.

        >>> Converter(bits=2, low=0.0, high=3.0)(torch.tensor([0.4, 0.6, 9.0]))
        tensor([0., 1., 3.])
        """
        return self._convert(signal, generator)


@dataclass(frozen=True, slots=True)
class SignedConverter(UniformConverter, Configuration):
    """Sign and magnitude: 2^bits magnitudes of either sign, zero exact.

    Args:
        bits: Bits of the magnitude (1).
        full_scale: Largest magnitude, in the unit of the signal.
        offset: Added to every value (same unit).
        gain_error: Relative error of the slope (1).
        inl: Integral non-linearity of every code from the most negative (LSB), or of fewer,
            evenly spaced ones between which it is interpolated; empty for none.
        noise_lsb: Standard deviation of the noise of one conversion (LSB), at the analog side.
        kind: `"adc"` or `"dac"`.

    Raises:
        ValueError: A number is out of its range, or the table does not fit the codes.
    """

    bits: int
    full_scale: float
    offset: float = 0.0
    gain_error: float = 0.0
    inl: tuple[float, ...] = ()
    noise_lsb: float = 0.0
    kind: str = "adc"

    def __post_init__(self) -> None:
        check_positive(self.full_scale, "full_scale", "")
        self._check()

    @property
    def lsb(self) -> float:
        """Difference between neighbouring codes, in the unit of the signal."""
        return self.full_scale / float(2**self.bits - 1)

    @property
    def code_range(self) -> tuple[int, int]:
        """Lowest and highest code (1)."""
        return 1 - 2**self.bits, 2**self.bits - 1

    @property
    def origin(self) -> float:
        """What code 0 stands for: zero."""
        return 0.0

    def __call__(
        self,
        signal: Float[Tensor, "*shape"],
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "*shape"]:
        """The value of the nearest code, with all errors, saturated.

        Args:
            signal: Values, in their unit.
            generator: Source of the noise.

        Raises:
            ValueError: There is noise, but no generator.
        """
        if self.inl or self.noise_lsb or self.offset or self.gain_error:
            return self._convert(signal, generator)
        codes = (signal / self.lsb).round_()
        return codes.mul_(self.lsb).clamp_(-self.full_scale, self.full_scale)
