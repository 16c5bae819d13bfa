"""Levels of single cells, with and without denoising."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.characterise.levels import (
    LevelExperiment,
    LevelSet,
    LevelTally,
    level_targets,
    random_levels,
)
from mho.chip import Chip
from mho.papers.claim import Measurement, Setting, share_interval
from mho.programming import ProgramProtocol, program
from mho.progress import silent
from mho.units import uS

LEVELS = 2048
TOLERANCE = 1 * uS
CLEARLY_FEWER = 0.75
"""Share of the levels that may be left without denoising at most (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelsShown:
    """Every level of one cell.

    Args:
        denoised: With denoising.
        plain: Without.
    """

    denoised: LevelSet
    plain: LevelSet | None


def all_levels(setting: Setting) -> Measurement:
    """Levels read within 1 µS, of 2,048, in several cells."""
    tally = _write(setting, setting.size(10, 3), denoise=True)
    plain = _write(setting, 1, denoise=False)
    counts = _counts(tally)
    full = int((counts == LEVELS).sum())
    return Measurement(
        float(counts.median()),
        float(counts.min()),
        float(counts.max()),
        "smallest and largest of the cells",
        holds=counts.numel() > 0 and full >= 0.9 * counts.numel(),
        note=f"{full} of {counts.numel()} working cells hold all {LEVELS:,} levels, with"
        f" {_mean(tally, 'pulses'):.1f} programming and {_mean(tally, 'denoise_pulses'):.1f}"
        " denoising pulses per level.",
        shown=LevelsShown(tally.example, plain.example),
    )


def fewer_levels(setting: Setting) -> Measurement:
    """The same without denoising, and how many fresh states are noisy."""
    tally = _write(setting, setting.size(10, 3), denoise=False)
    counts = _counts(tally)
    noisy, cells = _noisy(setting, denoise=False)
    quiet, others = _noisy(setting, denoise=True)
    low, high = share_interval(noisy, cells)
    few = counts.numel() > 0 and float(counts.max()) <= CLEARLY_FEWER * LEVELS
    return Measurement(
        float(counts.median()),
        float(counts.min()),
        float(counts.max()),
        "smallest and largest of the cells",
        holds=few and low > 0.5,
        note=f"{noisy / cells:.1%} ({low:.1%} to {high:.1%}) of {cells:,} states that were not"
        f" denoised fluctuate by more than 1 µS peak-to-peak in 10 s, {quiet / others:.1%} of"
        " denoised ones.",
    )


def _write(setting: Setting, cells: int, *, denoise: bool) -> LevelTally:
    chip = Chip(setting.preset)
    experiment = LevelExperiment(
        chip, LEVELS, TOLERANCE, cells=cells, seed=setting.stream.word >> 2
    )
    return experiment.run(None, silent, denoise=denoise)


def _counts(tally: LevelTally) -> Tensor:
    """Levels within 1 µS of each working cell (1)."""
    working = tally.per_cell["stuck"] < LEVELS / 2
    return tally.per_cell["within_1uS"][working]


def _mean(tally: LevelTally, name: str) -> float:
    return float(tally.per_cell[name].mean()) / LEVELS


def _noisy(setting: Setting, *, denoise: bool) -> tuple[int, int]:
    """States with more than 1 µS peak-to-peak in 10 s, and states looked at (1)."""
    stream = setting.stream.child("states")
    chip = Chip(setting.preset, rows=64, cols=setting.size(64, 16))
    bench = SimulatedBench(chip, stream)
    cells = torch.arange(chip.cells)
    levels = level_targets(50 * uS, 4144 * uS, LEVELS)
    target = random_levels(levels, cells.numel(), stream)
    usual = ProgramProtocol(TOLERANCE)
    protocol = usual if denoise else ProgramProtocol(TOLERANCE, denoise=None)
    result = program(bench, target, protocol, cells=cells)
    working = cells[~result.stuck]
    look = bench.read(working, samples=100, window=10.0)
    return int((look.peak_to_peak > TOLERANCE).sum()), working.numel()
