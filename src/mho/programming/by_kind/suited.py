"""Protocols that suit the cells of a bench: a trimming method, its pulses, and what to look for.

A bench says of what kind its cells are, `BenchInfo.method`, `telegraph` and `levels`. Cells with
telegraph noise get the protocol of the 2023 chip; for others, the width of pulses and their first
amplitude follow from the typical cell, and the long look is as short as there is nothing slow to
see.
"""

import math
from dataclasses import replace

from mho.bench import BenchInfo
from mho.programming.by_kind.identical import IdenticalPulses
from mho.programming.denoise import Denoise
from mho.programming.predictive import Predictive
from mho.programming.protocol import ProgramProtocol
from mho.programming.trim import Trim
from mho.programming.verify import Verify
from mho.programming.write_verify import WriteVerify

_INCREMENTS = 6
"""Increments of a ramp for a step e times as large (1)."""
_SAMPLES = 8
"""Samples of a long look at cells without telegraph noise (1)."""
_WINDOW = 0.7
_MARGIN = 0.8
"""Parts of the tolerance within which those are not trimmed further, and are accepted (1)."""
_CYCLES = 400
"""Budget of cycles for a ramp, which begins anew with every change of direction (1)."""


def suited_protocol(
    info: BenchInfo, tolerance: float | None = None, *, denoise: bool = True
) -> ProgramProtocol:
    """The protocol for a bench's cells, where nobody chooses one.

    Args:
        info: What the bench says of itself.
        tolerance: Half-width of the acceptance window (S); what suits the cells if `None`.
        denoise: Whether to denoise, where there may be something to denoise.
    """
    width = info.usual_tolerance if tolerance is None else tolerance
    if info.levels == 2:
        return _two_levels(info, width)
    if info.telegraph:
        usual = ProgramProtocol(width, denoise=Denoise() if denoise else None)
        if info.method == "predictive":
            return usual
        return replace(usual, trim=_trim(info, width))
    return ProgramProtocol(
        width,
        trim=_trim(info, width),
        denoise=None,
        verify=_short_look(info),
        trim_window=_WINDOW,
        max_cycles=_CYCLES if info.method == "ramp" else 150,
    )


def _trim(info: BenchInfo, tolerance: float) -> Trim:
    """The method that a bench asks for, with pulses of the typical width."""
    law = info.nominal
    if info.method == "identical pulses":
        return IdenticalPulses(width=law.width)
    if info.method == "ramp":
        lowest = min(law.set_voltage, law.reset_voltage)
        # first pulses move a typical cell by no more than the window is wide
        below = law.slope * math.log(max(law.step / tolerance, 1.0))
        return WriteVerify(
            start_voltage=max(lowest - below, 0.1 * lowest),
            increment=law.slope / _INCREMENTS,
            width=law.width,
        )
    return Predictive(
        least=0.25 * tolerance,
        doubt=0.5 * tolerance,
        telling=tolerance,
        width=law.width,
    )


def _two_levels(info: BenchInfo, tolerance: float) -> ProgramProtocol:
    """Full pulses of the right polarity until a cell is on the right side of the middle."""
    trim = WriteVerify(
        start_voltage=info.amplitude_max,
        increment=info.amplitude_max,
        width=info.nominal.width,
    )
    return ProgramProtocol(
        tolerance, trim=trim, denoise=None, verify=_short_look(info)
    )


def _short_look(info: BenchInfo) -> Verify:
    return Verify(
        window=_SAMPLES * info.sample_time,
        samples=_SAMPLES,
        margin=_MARGIN,
        every=1,
    )
