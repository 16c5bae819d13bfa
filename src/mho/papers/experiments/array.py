"""Whole arrays: random levels held for a long time, and a map of levels after many cycles."""

from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.characterise.levels import level_targets, random_levels
from mho.chip import Chip
from mho.papers.claim import Measurement, Setting, share_interval
from mho.programming import ProgramProtocol, Verify, audit, program
from mho.units import uS

LEVELS = 2048
TOLERANCE = 1 * uS
BLOCK_LEVELS = 64
BLOCK_TOLERANCE = 20 * uS
CYCLES = 1e6
NEARER = 1e-4
"""Share of cells that may be read nearer to another level than to their own (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class HoldShown:
    """How far cells were from their targets at worst.

    Args:
        worst: Largest distance in all looks (S). Shape (cells,).
        target: Targets (S). Shape (cells,).
        tolerance: Half a spacing (S).
    """

    worst: Float[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    tolerance: float


@dataclass(frozen=True, slots=True, eq=False)
class MapShown:
    """A tile in blocks of one level each.

    Args:
        reading: Conductance read of each cell (S); NaN where the cell was given up. Shape (rows,
            cols).
        block: Number of each cell's level. Shape (rows, cols).
        level: The levels (S). Shape (levels,).
    """

    reading: Float[Tensor, "rows cols"]
    block: Int64[Tensor, "rows cols"]
    level: Float[Tensor, " levels"]


def held_levels(setting: Setting) -> Measurement:
    """Cells of a tile that never leave ±1 µS in 100 looks over 1,000 s (1)."""
    # all rows of a tile even for few cells: a look lasts as long as there are rows to wait for
    chip = Chip(setting.preset, cols=setting.size(256, 16))
    bench = SimulatedBench(chip, setting.stream)
    cells = torch.arange(chip.cells)
    levels = level_targets(50 * uS, 4144 * uS, LEVELS)
    target = random_levels(
        levels, cells.numel(), setting.stream.child("levels")
    )

    result = program(bench, target, ProgramProtocol(TOLERANCE), cells=cells)

    working = ~bench.stuck
    looks = audit(bench, target[working], cells[working])
    held = int(looks.quiet(TOLERANCE).sum())
    count = int(working.sum())
    converged = float(result.converged[working].double().mean())
    pulses = float(result.pulses.double().mean())
    denoise_pulses = float(result.denoise_pulses.double().mean())

    low, high = share_interval(held, count)
    return Measurement(
        value=held / count,
        low=low,
        high=high,
        interval="95 % of the share",
        holds=held >= 0.995 * count and converged >= 0.999,
        note=f"{converged:.3%} of {count:,} working cells converged, with"
        f" {pulses:.1f} programming and {denoise_pulses:.1f} denoising pulses per cell; 99 % of"
        f" them stay within ±{looks.window(0.99) / uS:.2f} µS.",
        shown=HoldShown(looks.worst, target[working], TOLERANCE),
    )


def level_map(setting: Setting) -> Measurement:
    """Cells read nearer to another level than their own, 64 blocks by the integrated driver (1).

    Blocks have 32×32 cells, 12×12 in the quick size. The map is read by the same electronics.
    """
    edge = setting.size(32, 12)
    side = 8 * edge
    chip = Chip(
        setting.preset,
        rows=side,
        cols=side,
        driver="on_chip",
    )
    bench = SimulatedBench(chip, setting.stream)
    # the published map was taken of cells that had been cycled that often
    bench.age(CYCLES)
    levels = level_targets(50 * uS, 4144 * uS, BLOCK_LEVELS)
    block_along = torch.arange(side) // edge
    block = block_along[:, None] * 8 + block_along[None, :]
    target = levels[block.flatten()]
    cells = torch.arange(block.numel())

    protocol = ProgramProtocol(BLOCK_TOLERANCE, verify=Verify(window=100.0))
    result = program(bench, target, protocol, cells=cells)
    reading = bench.read(cells, samples=32, window=0.0).mean

    converged = result.converged
    count = int(converged.sum())
    half_spacing = float(levels[1] - levels[0]) / 2
    nearer_to_another = (reading - target).abs() >= half_spacing
    wrong = int(nearer_to_another[converged].sum())

    low, high = share_interval(wrong, count)
    overlaps = _overlaps(reading, block.flatten(), converged, left_out=0)
    overlaps_inside = _overlaps(reading, block.flatten(), converged, left_out=1)
    few_wrong = wrong <= max(NEARER * count, 1)
    few_given_up = count > 0.99 * cells.numel()

    shown = torch.where(converged, reading, torch.nan).view(block.shape)
    return Measurement(
        value=wrong / max(count, 1),
        low=low,
        high=high,
        interval="95 % of the share",
        holds=few_wrong and few_given_up and overlaps_inside == 0,
        note=f"{wrong} of {count:,} cells; {overlaps_inside} of {BLOCK_LEVELS - 1} pairs of"
        f" neighbouring blocks overlap with the farthest cell of each end left out, {overlaps}"
        f" with all cells; {cells.numel() - count} cells were given up.",
        shown=MapShown(shown, block, levels),
    )


def _overlaps(
    reading: Float[Tensor, " cells"],
    block: Int64[Tensor, " cells"],
    good: Bool[Tensor, " cells"],
    left_out: int,
) -> int:
    """Pairs of neighbouring blocks whose readings overlap, without the farthest at each end."""
    ends = []
    for number in range(BLOCK_LEVELS):
        of_block = reading[(block == number) & good]
        ordered = of_block.sort().values
        if ordered.numel() <= 2 * left_out:
            # a block without cells tells no level from another
            return BLOCK_LEVELS - 1
        lowest = float(ordered[left_out])
        highest = float(ordered[-1 - left_out])
        ends.append((lowest, highest))
    return sum(lower[1] >= upper[0] for lower, upper in pairwise(ends))
