"""Levels of single cells, with and without denoising."""

from dataclasses import dataclass, replace

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
    denoised = _write(setting, setting.size(10, 3), denoise=True)
    plain = _write(setting, 1, denoise=False)

    counts = _levels_within(denoised)
    cells = counts.numel()
    complete = int((counts == LEVELS).sum())

    pulses = _mean_per_level(denoised, "pulses")
    denoise_pulses = _mean_per_level(denoised, "denoise_pulses")

    return Measurement(
        value=float(counts.median()),
        low=float(counts.min()),
        high=float(counts.max()),
        interval="smallest and largest of the cells",
        holds=cells > 0 and complete >= 0.9 * cells,
        note=f"{complete} of {cells} working cells hold all {LEVELS:,} levels, with"
        f" {pulses:.1f} programming and {denoise_pulses:.1f} denoising pulses per level.",
        shown=LevelsShown(denoised.example, plain.example),
    )


def fewer_levels(setting: Setting) -> Measurement:
    """The same without denoising, and how many fresh states are noisy."""
    plain = _write(setting, setting.size(10, 3), denoise=False)
    counts = _levels_within(plain)

    noisy, cells = _noisy_states(setting, denoise=False)
    still_noisy, denoised_cells = _noisy_states(setting, denoise=True)
    low, high = share_interval(noisy, cells)

    most_allowed = CLEARLY_FEWER * LEVELS
    clearly_fewer = counts.numel() > 0 and float(counts.max()) <= most_allowed
    most_are_noisy = low > 0.5
    noisy_share = noisy / cells
    denoised_share = still_noisy / denoised_cells

    return Measurement(
        value=float(counts.median()),
        low=float(counts.min()),
        high=float(counts.max()),
        interval="smallest and largest of the cells",
        holds=clearly_fewer and most_are_noisy,
        note=f"{noisy_share:.1%} ({low:.1%} to {high:.1%}) of {cells:,} states that were not"
        " denoised fluctuate by more than 1 µS peak-to-peak in 10 s,"
        f" {denoised_share:.1%} of denoised ones.",
    )


def _write(setting: Setting, cells: int, *, denoise: bool) -> LevelTally:
    experiment = LevelExperiment(
        Chip(setting.preset),
        levels=LEVELS,
        tolerance=TOLERANCE,
        cells=cells,
        seed=setting.stream.word >> 2,
    )
    return experiment.run(None, silent, denoise=denoise)


def _levels_within(tally: LevelTally) -> Tensor:
    """Levels within 1 µS of each working cell (1)."""
    working = tally.per_cell["stuck"] < LEVELS / 2
    return tally.per_cell["within_1uS"][working]


def _mean_per_level(tally: LevelTally, name: str) -> float:
    return float(tally.per_cell[name].mean()) / LEVELS


def _noisy_states(setting: Setting, *, denoise: bool) -> tuple[int, int]:
    """States with more than 1 µS peak-to-peak in 10 s, and states looked at (1)."""
    stream = setting.stream.child("states")
    chip = Chip(setting.preset, rows=64, cols=setting.size(64, 16))
    bench = SimulatedBench(chip, stream)
    cells = torch.arange(chip.cells)
    levels = level_targets(50 * uS, 4144 * uS, LEVELS)
    target = random_levels(levels, cells.numel(), stream)

    protocol = ProgramProtocol(TOLERANCE)
    if not denoise:
        protocol = replace(protocol, denoise=None)
    result = program(bench, target, protocol, cells=cells)

    working = cells[~result.stuck]
    look = bench.read(working, samples=100, window=10.0)
    noisy = look.peak_to_peak > TOLERANCE
    return int(noisy.sum()), working.numel()
