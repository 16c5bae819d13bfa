"""What a narrower window costs in pulses."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import Preset
from mho.papers.claim import Measurement, Setting
from mho.programming import ProgramProtocol, Verify, WriteVerify, program
from mho.rng import Stream
from mho.units import V, ms, uS

RATIO = 9.0
WINDOWS = (0.02, 0.01, 0.005, 0.002)
_LEVELS = (10, 30, 50, 70, 90)
"""Targets (µS)."""
_AMPLITUDE = 1.033 * V
"""Of the identical pulses: the one that needs fewest for 2 %; steps are then some 5 µS (V)."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowsShown:
    """Pulses against the window.

    Args:
        window: Half-width relative to the target (1). Shape (windows,).
        pulses: Mean pulses (1). Shape (windows,).
    """

    window: Float[Tensor, " windows"]
    pulses: Float[Tensor, " windows"]


def narrower_window(setting: Setting) -> Measurement:
    """Pulses for ±0.2 % over pulses for ±2 % of 10 to 90 µS, identical pulses (1).

    Cells are typical ones without noise, over the range of the published measurement; how a pulse
    moves them is the paper's cell's own law. Identical pulses hit a window narrower than a step by
    chance, so their number is nearly geometric: the mean of n has a relative error of 1/√n.
    """
    windows = (WINDOWS[0], WINDOWS[-1]) if setting.quick else WINDOWS
    cells_per_level = setting.size(256, 64)
    cells = len(_LEVELS) * cells_per_level
    kind = _quiet(setting.preset)

    means = []
    for number, window in enumerate(windows):
        stream = setting.stream.child("window", number)
        means.append(_mean_pulses(kind, window, cells_per_level, stream))

    ratio = means[-1] / means[0]
    error = 1.96 * ratio * math.sqrt(2 / cells)
    as_published = abs(ratio / RATIO - 1) <= 0.3
    wide_as_published = 7 <= means[0] <= 15

    each = [
        f"{mean:.1f} pulses for ±{window:.1%}"
        for window, mean in zip(windows, means, strict=True)
    ]
    return Measurement(
        value=ratio,
        low=ratio - error,
        high=ratio + error,
        interval="95 %, for geometric numbers",
        holds=as_published and wide_as_published,
        note=f"{', '.join(each)}; {cells:,} cells each.",
        shown=WindowsShown(torch.tensor(windows), torch.tensor(means)),
    )


def _quiet(preset: Preset) -> Preset:
    """The same law of steps over 10 to 90 µS, without noise and without differences of cells."""
    return preset.replace(
        telegraph__births=0.0,
        telegraph__spawning=0.0,
        flicker__per_decade=0.0,
        relaxation__scale=0.0,
        retention__scale=0.0,
        cell__stuck_fraction=0.0,
        cell__curvature=0.0,
        cell__formed=10 * uS,
        array__read_noise_off_chip=0.0,
        array__level_low=9 * uS,
        array__level_high=95 * uS,
        switching__low=5 * uS,
        switching__high=100 * uS,
        switching__span=50 * uS,
        switching__largest_step=90 * uS,
        switching__voltage_spread=0.0,
        switching__gain_spread=0.0,
    )


def _mean_pulses(
    preset: Preset, window: float, cells: int, stream: Stream
) -> float:
    """Mean pulses to a window relative to the target, from random states to five levels (1)."""
    means = []
    for level in _LEVELS:
        level_stream = stream.child("level", level)
        chip = Chip(preset, rows=8, cols=cells // 8)
        bench = SimulatedBench(chip, level_stream)
        # any state of the range may come before
        generator = level_stream.child("before").generator()
        before = (10 + 80 * torch.rand(cells, generator=generator)) * uS
        program(bench, before, _protocol(5 * uS))

        target = torch.full((cells,), level * uS)
        result = program(bench, target, _protocol(window * level * uS))
        means.append(float(result.pulses.double().mean()))
    return sum(means) / len(means)


def _protocol(tolerance: float) -> ProgramProtocol:
    """One look between pulses, a second one to accept; all pulses alike."""
    return ProgramProtocol(
        tolerance=tolerance,
        trim=WriteVerify(
            start_voltage=_AMPLITUDE,
            increment=1e-6,
            cap_pulses=10**6,
        ),
        denoise=None,
        verify=Verify(
            window=2 * ms,
            samples=2,
            margin=1.0,
            every=1,
        ),
        trim_window=1.0,
        max_cycles=4000,
    )
