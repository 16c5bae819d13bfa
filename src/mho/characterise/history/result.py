"""What happened in a trace, from the moment it was written."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mho.characterise.history.spectrum_fit import NoiseSpectrum
from mho.characterise.telegraph import (
    Estimate,
    FoundTrap,
    TelegraphAnalysis,
    analysis_from_json,
)


@dataclass(frozen=True, slots=True)
class Jump:
    """A change of the whole cell within a sample or two, that no trap explains.

    Args:
        time: When (s).
        change: Conductance after it, less that before (S).
        settling: Whether the trace was still settling.
    """

    time: float
    change: float
    settling: bool


@dataclass(frozen=True, slots=True)
class Settling:
    """How a trace moved to where it stayed for a while.

    Args:
        duration: Time until it was there (s).
        begin: Conductance in the first samples (S).
        end: Median of the stretch that it moved to (S).
    """

    duration: float
    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a trace that looks alike.

    Args:
        begin: When it begins (s).
        end: When it ends (s).
        conductance: Median (S).
        low: Quantile 10 % (S).
        high: Quantile 90 % (S).
        traps: Its traps, the largest first.
        noise: Standard deviation of the white noise of a sample (S).
        gaussian: Whether its changes are those of Gaussian noise, white or 1/f; if not, and no
            trap is found, it has spikes, or traps too fast or too irregular to be fitted.
    """

    begin: float
    end: float
    conductance: float
    low: float
    high: float
    traps: tuple[FoundTrap, ...]
    noise: float
    gaussian: bool


@dataclass(frozen=True, slots=True, eq=False)
class TraceHistory:
    """What a trace shows besides noise that is always the same.

    Args:
        stretches: Parts that look alike, in order; one if the trace is the same all along.
        jumps: Jumps larger than five times the noise, in order.
        settling: How it settled; `None` if it began where it stayed.
        steady: The analysis of the whole trace where it is the same all along; else `None`.
        spectrum: Its noise without traps and jumps.
        noise: Standard deviation of the white noise of a sample (S).
        converter_step: Step of the converter that made the trace (S); 0 if none shows.
        interval: Time from sample to sample (s).
        samples: Samples (1).
        fitted: Conductance without noise, where a trap was fitted, else smoothed (S). Shape
            (samples,).
    """

    stretches: tuple[Stretch, ...]
    jumps: tuple[Jump, ...]
    settling: Settling | None
    steady: TelegraphAnalysis | None
    spectrum: NoiseSpectrum
    noise: float
    converter_step: float
    interval: float
    samples: int
    fitted: Float[Tensor, " samples"]

    @property
    def duration(self) -> float:
        """Length of the trace (s)."""
        return self.samples * self.interval

    def as_json(self) -> dict[str, Any]:
        """Everything but the fitted trace, ready for JSON; keys carry their units."""
        steady = self.steady.as_json() if self.steady else {}
        traps = [
            trap.as_json() | {"begin_s": stretch.begin, "end_s": stretch.end}
            for stretch in self.stretches
            for trap in stretch.traps
        ]
        settling = None
        if self.settling is not None:
            settling = {
                "duration_s": self.settling.duration,
                "begin_S": self.settling.begin,
                "end_S": self.settling.end,
            }
        return steady | {
            "traps": traps,
            "interval_s": self.interval,
            "samples": self.samples,
            "duration_s": self.duration,
            "noise_S": self.noise,
            "converter_step_S": self.converter_step,
            "settling": settling,
            "jumps": [
                {
                    "time_s": jump.time,
                    "change_S": jump.change,
                    "settling": jump.settling,
                }
                for jump in self.jumps
            ],
            "stretches": [_stretch(stretch) for stretch in self.stretches],
            "spectrum": _spectrum(self.spectrum),
            "steady": self.steady is not None,
        }


def history_from_json(found: Mapping[str, Any]) -> TraceHistory:
    """A history as `as_json` told it, without the fitted trace.

    Args:
        found: What it told.
    """
    settling = None
    if found["settling"] is not None:
        told = found["settling"]
        settling = Settling(told["duration_s"], told["begin_S"], told["end_S"])
    spectrum = found["spectrum"]
    return TraceHistory(
        stretches=tuple(map(_stretch_from, found["stretches"])),
        jumps=tuple(
            Jump(jump["time_s"], jump["change_S"], jump["settling"])
            for jump in found["jumps"]
        ),
        settling=settling,
        steady=analysis_from_json(found) if found["steady"] else None,
        spectrum=NoiseSpectrum(
            Estimate(**spectrum["white_S2_per_Hz"]),
            _estimate_from(spectrum["flicker_S2_per_Hz"]),
            _estimate_from(spectrum["exponent"]),
            _estimate_from(spectrum["corner_Hz"]),
        ),
        noise=found["noise_S"],
        converter_step=found["converter_step_S"],
        interval=found["interval_s"],
        samples=found["samples"],
        fitted=torch.full((found["samples"],), torch.nan),
    )


def _stretch(stretch: Stretch) -> dict[str, Any]:
    return {
        "begin_s": stretch.begin,
        "end_s": stretch.end,
        "conductance_S": stretch.conductance,
        "low_S": stretch.low,
        "high_S": stretch.high,
        "noise_S": stretch.noise,
        "gaussian": stretch.gaussian,
        "traps": [trap.as_json() for trap in stretch.traps],
    }


def _stretch_from(told: Mapping[str, Any]) -> Stretch:
    return Stretch(
        told["begin_s"],
        told["end_s"],
        told["conductance_S"],
        told["low_S"],
        told["high_S"],
        tuple(FoundTrap.from_json(trap) for trap in told["traps"]),
        told["noise_S"],
        told["gaussian"],
    )


def _estimate_from(told: Mapping[str, float] | None) -> Estimate | None:
    return None if told is None else Estimate(**told)


def _spectrum(spectrum: NoiseSpectrum) -> dict[str, Any]:
    told = {
        "white_S2_per_Hz": spectrum.white,
        "flicker_S2_per_Hz": spectrum.flicker,
        "exponent": spectrum.exponent,
        "corner_Hz": spectrum.corner,
    }
    return {
        name: None if value is None else asdict(value)
        for name, value in told.items()
    }
