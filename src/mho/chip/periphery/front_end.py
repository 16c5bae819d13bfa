"""Front ends: what makes a voltage of a column current before it is converted."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import (
    Configuration,
    check_choice,
    check_not_negative,
    check_positive,
)
from mho.chip.periphery.converters import SignedConverter
from mho.device.laws import BOLTZMANN

SHARING = ("tile", "column", "vector", "value")
"""What shares one gain: everything, a column, an input vector, or nothing."""


class FrontEnd(ABC):
    """Currents to voltages, linear up to ± `swing`, with one or more gains."""

    __slots__ = ()

    swing: float
    temperature: float

    @property
    @abstractmethod
    def full_scales(self) -> tuple[float, ...]:
        """Current that gives the full swing, for each gain from the most sensitive on (A)."""

    @abstractmethod
    def noise(
        self, full_scale: Float[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """Standard deviation of the noise, as a current at the input (A).

        Args:
            full_scale: Full scale of the gain in use (A).
        """

    def choose(
        self, current: Float[Tensor, "batch cols"], shared: str = "tile"
    ) -> Float[Tensor, "gains_batch gains_cols"]:
        """Full scale of the most sensitive gain that holds these currents (A).

        Where none does it is the least sensitive one, and the largest currents saturate.

        Args:
            current: Column currents (A).
            shared: What has one gain: `"tile"`, `"column"`, `"vector"` or `"value"`.

        Returns:
            Shape (1, 1), (1, cols), (batch, 1) or (batch, cols).
        """
        check_choice(shared, "shared", SHARING)
        over = {"tile": (0, 1), "column": (0,), "vector": (1,), "value": ()}
        axes = over[shared]
        largest = current.abs()
        if axes:
            largest = largest.amax(axes, keepdim=True)
        table = torch.tensor(
            self.full_scales, dtype=current.dtype, device=current.device
        )
        # The smallest full scale that is enough; the largest one where none is.
        place = torch.bucketize(largest, table)
        most = table.numel() - 1
        place = place.clamp_(max=most)
        return table[place]

    def digitise(
        self,
        current: Float[Tensor, "batch cols"],
        full_scale: Float[Tensor, "gains_batch gains_cols"],
        adc: SignedConverter,
        generator: torch.Generator | None = None,
    ) -> Float[Tensor, "batch cols"]:
        """Currents as they are read (A): noise, gain, saturation, conversion, gain undone.

        Args:
            current: Column currents (A).
            full_scale: What `choose` gave, for these currents or for typical ones (A).
            adc: Converter of the voltage (V); its full scale is the swing as a rule.
            generator: Source of the noise.

        Raises:
            ValueError: There is noise, but no generator.
        """
        noise = self.noise(full_scale)
        seen = current
        if noise.any():
            if generator is None:
                raise ValueError(
                    "Argument `generator` must be a generator where a front end has noise, but is"
                    " None; pass one of a `Stream`, or set `temperature` to 0 K."
                )
            draws = torch.randn(
                current.shape,
                generator=generator,
                dtype=current.dtype,
                device=current.device,
            )
            seen = draws.mul_(noise).add_(current)
        gain = self.swing / full_scale
        voltage = (seen * gain).clamp_(-self.swing, self.swing)
        return adc(voltage, generator).div_(gain)


@dataclass(frozen=True, slots=True)
class Transimpedance(FrontEnd, Configuration):
    """Amplifier with a feedback resistor for each range, R = swing/range.

    Its noise is that of the resistor (johnson1928), √(4kTB/R); the amplifier's own is not in it.

    Args:
        ranges: Currents that give the full swing, ascending (A); one or several.
        swing: Largest output voltage of either sign (V).
        bandwidth: Noise bandwidth (Hz).
        temperature: Temperature of the resistor (K); 0 for no noise.

    Raises:
        ValueError: A range is not positive, or they do not ascend.
    """

    ranges: float | Sequence[float]
    swing: float = 1.0
    bandwidth: float = 0.0
    temperature: float = 300.0

    references = ("johnson1928",)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "ranges", _ascending(self.ranges, "ranges", "A")
        )
        check_positive(self.swing, "swing", "V")
        check_not_negative(self.bandwidth, "bandwidth", "Hz")
        check_not_negative(self.temperature, "temperature", "K")

    @property
    def full_scales(self) -> tuple[float, ...]:
        """Current that gives the full swing, for each gain from the most sensitive on (A)."""
        assert isinstance(self.ranges, tuple)
        return self.ranges

    @property
    def resistances(self) -> tuple[float, ...]:
        """Feedback resistor of each range (Ω)."""
        return tuple(self.swing / top for top in self.full_scales)

    def noise(
        self, full_scale: Float[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """Standard deviation of the resistor's noise, as a current (A): √(4kTB/R).

        Args:
            full_scale: Full scale of the gain in use (A).
        """
        squared = 4 * BOLTZMANN * self.temperature * self.bandwidth / self.swing
        return full_scale.sqrt().mul_(math.sqrt(squared))


@dataclass(frozen=True, slots=True)
class Integrator(FrontEnd, Configuration):
    """Charge on a capacitor for a fixed time: full scale C·swing/t.

    Its noise is that of resetting the capacitor, a charge √(kTC), as a current √(kTC)/t.

    Args:
        time: Integration time (s).
        capacitance: Capacitors to choose from, ascending (F); one or several.
        swing: Largest output voltage of either sign (V).
        temperature: Temperature (K); 0 for no noise, as with correlated double sampling.

    Raises:
        ValueError: A capacitance is not positive, or they do not ascend.
    """

    time: float
    capacitance: float | Sequence[float]
    swing: float = 1.0
    temperature: float = 300.0

    references = ("johnson1928",)

    def __post_init__(self) -> None:
        check_positive(self.time, "time", "s")
        object.__setattr__(
            self,
            "capacitance",
            _ascending(self.capacitance, "capacitance", "F"),
        )
        check_positive(self.swing, "swing", "V")
        check_not_negative(self.temperature, "temperature", "K")

    @property
    def full_scales(self) -> tuple[float, ...]:
        """Current that gives the full swing, for each gain from the most sensitive on (A)."""
        assert isinstance(self.capacitance, tuple)
        return tuple(
            farads * self.swing / self.time for farads in self.capacitance
        )

    def noise(
        self, full_scale: Float[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """Standard deviation of the reset noise, as a current (A): √(kTC)/t.

        Args:
            full_scale: Full scale of the gain in use (A).
        """
        squared = BOLTZMANN * self.temperature / (self.swing * self.time)
        return full_scale.sqrt().mul_(math.sqrt(squared))


def _ascending(values: Any, name: str, unit: str) -> tuple[float, ...]:
    """One number or several as a tuple that ascends."""
    found = (
        tuple(map(float, values))
        if isinstance(values, Sequence)
        else (float(values),)
    )
    for value in found:
        check_positive(value, name, unit)
    if not found or list(found) != sorted(set(found)):
        raise ValueError(
            f"Argument `{name}` must ascend, but is {found}; give each value once, in order."
        )
    return found
