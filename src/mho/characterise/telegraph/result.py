"""What the analysis of a trace takes for granted, and what it finds."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_between, check_positive


@dataclass(frozen=True, slots=True)
class NoiseOptions(Configuration):
    """When jumps count as telegraph noise.

    Args:
        traps_max: Most traps that are tried, 0 to 3 (1).
        amplitude_min: Least amplitude of a trap, in standard deviations of the white noise (1).
        steps_min: Least amplitude of a trap, in steps of the converter if the values show one (1).
        transitions_min: Least number of captures and of emissions of a trap (1).
        colour: Correlation of the residual, in standard errors, from which a further trap is
            tried (1).
        resolution: Least capture or emission time, in sampling intervals, below which times are
            upper and amplitudes lower limits (1).
        stray_max: Largest share of samples outside all levels for a fit to be complete (1).
        misplaced_max: Largest share of samples that lie elsewhere than the fit puts them (1).
    """

    traps_max: int = 3
    amplitude_min: float = 1.0
    steps_min: float = 2.0
    transitions_min: float = 10.0
    colour: float = 4.0
    resolution: float = 3.0
    stray_max: float = 0.002
    misplaced_max: float = 0.03

    references: ClassVar = ("schwarz1978bic",)

    def __post_init__(self) -> None:
        check_between(self.traps_max, "traps_max", 0, 3, "1")
        for name in (
            "amplitude_min",
            "steps_min",
            "transitions_min",
            "colour",
            "resolution",
            "stray_max",
            "misplaced_max",
        ):
            check_positive(getattr(self, name), name, "1")


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number and the interval that holds the truth with 95 %, in the unit of the number.

    Args:
        value: Best estimate.
        low: Lower end of the interval.
        high: Upper end of the interval.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FoundTrap:
    """One two-state trap; a filled trap lowers the conductance.

    Args:
        amplitude: Conductance of the channel while the trap is empty (S).
        capture_time: Mean time until the empty trap fills (s).
        emission_time: Mean time until the filled trap empties (s).
        transitions: Captures and emissions seen from sample to sample, the fewer of the two (1).
        resolved: Whether both times are long enough; else the intervals of times start at 0, and
            that of the amplitude ends at the span of the trace.
    """

    amplitude: Estimate
    capture_time: Estimate
    emission_time: Estimate
    transitions: float
    resolved: bool

    @property
    def relaxation_time(self) -> float:
        """Time in which the trap forgets its state (s): 1 / (1/τc + 1/τe)."""
        return 1 / (1 / self.capture_time.value + 1 / self.emission_time.value)

    @property
    def occupancy(self) -> float:
        """Long-run probability that the trap is filled (1): τe / (τc + τe)."""
        return self.emission_time.value / (
            self.capture_time.value + self.emission_time.value
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values; keys carry their units."""
        return {
            "amplitude_S": asdict(self.amplitude),
            "capture_time_s": asdict(self.capture_time),
            "emission_time_s": asdict(self.emission_time),
            "transitions": round(self.transitions, 1),
            "resolved": self.resolved,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "FoundTrap":
        """A trap as `as_json` told it."""
        return cls(
            Estimate(**told["amplitude_S"]),
            Estimate(**told["capture_time_s"]),
            Estimate(**told["emission_time_s"]),
            told["transitions"],
            told["resolved"],
        )


@dataclass(frozen=True, slots=True, eq=False)
class TelegraphAnalysis:
    """What a trace says about its telegraph noise.

    Args:
        traps: The traps, largest amplitude first; none is an answer.
        levels: Conductance of every joint state of the traps, from low to high (S).
        noise: Standard deviation of the white noise of a sample (S).
        residual: Root mean square of the trace around the fitted levels (S).
        complete: Whether the traps and white noise explain the trace; if not, it also drifts, has
            1/f noise, or has other traps.
        interval: Time from sample to sample (s).
        samples: Samples (1).
        log_likelihood: Natural logarithm of the density of the trace (in 1/S per sample).
        bic: Bayesian information criterion for 0, 1, … traps, as far as tried; the least wins.
        bic_gaussian: The same for Gaussian noise with the spectrum of the trace and no jumps.
        fitted: Fitted conductance (S). Shape (samples,).
    """

    traps: tuple[FoundTrap, ...]
    levels: tuple[float, ...]
    noise: float
    residual: float
    complete: bool
    interval: float
    samples: int
    log_likelihood: float
    bic: tuple[float, ...]
    bic_gaussian: float
    fitted: Float[Tensor, " samples"]

    @property
    def duration(self) -> float:
        """Length of the trace (s)."""
        return self.samples * self.interval

    def as_json(self) -> dict[str, Any]:
        """Everything but the fitted trace, ready for JSON; keys carry their units."""
        return {
            "traps": [trap.as_json() for trap in self.traps],
            "levels_S": list(self.levels),
            "noise_S": self.noise,
            "residual_S": self.residual,
            "complete": self.complete,
            "interval_s": self.interval,
            "samples": self.samples,
            "duration_s": self.duration,
            "log_likelihood": _number(self.log_likelihood),
            "bic": [_number(value) for value in self.bic],
            "bic_gaussian": _number(self.bic_gaussian),
        }


def analysis_from_json(found: Mapping[str, Any]) -> TelegraphAnalysis:
    """An analysis as `as_json` told it, without the fitted trace.

    Args:
        found: What it told.
    """
    traps = tuple(FoundTrap.from_json(trap) for trap in found["traps"])
    return TelegraphAnalysis(
        traps=traps,
        levels=tuple(found["levels_S"]),
        noise=found["noise_S"],
        residual=found["residual_S"],
        complete=found["complete"],
        interval=found["interval_s"],
        samples=found["samples"],
        log_likelihood=_read_number(found["log_likelihood"]),
        bic=tuple(_read_number(value) for value in found["bic"]),
        bic_gaussian=_read_number(found["bic_gaussian"]),
        fitted=torch.full((found["samples"],), math.nan),
    )


def _read_number(value: float | None) -> float:
    """A number that JSON cannot say comes back as none."""
    return math.nan if value is None else value


def _number(value: float) -> float | None:
    """JSON knows no infinity."""
    return value if math.isfinite(value) else None
