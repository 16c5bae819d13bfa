"""One point of a sweep: program a chip, audit it, count."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.characterise.levels import level_targets, random_levels
from mho.checks import Configuration, check_between, check_not_negative
from mho.chip import Chip
from mho.programming import audit, program
from mho.rng import Stream
from mho.sweeping.fields import Subject
from mho.units import uS

FRACTION = 0.99
"""Share of cells that must hold their levels when levels are counted (1)."""
_ROWS = 256
_LEVELS = 2048


@dataclass(frozen=True, slots=True)
class PointMeasure(Configuration):
    """How every point is measured, the same for all.

    Args:
        cells: Cells, in columns of 256 (1).
        looks: Looks of the audit (1).
        span: Time over which they are spread (s).
        driver: Of the chip.
        seed: Names the chip: all points have the same one, but for the fields swept.
    """

    cells: int = 4096
    looks: int = 25
    span: float = 1000.0
    driver: str = "off_chip"
    seed: int = 0

    def __post_init__(self) -> None:
        check_between(self.cells, "cells", _ROWS, 1_000_000, "1")
        check_between(self.looks, "looks", 1, 100_000, "1")
        check_not_negative(self.span, "span", "s")
        check_between(self.seed, "seed", 0, 2**62, "1")


COLUMNS = {
    "converged": "share of working cells that converged (1)",
    "held": "share of working cells that never left the tolerance in the audit (1)",
    "levels": "1 + range/2w, w the half-width that 99 % of working cells never left (1)",
    "levels_low": "lower end of its 95 % interval, by order statistics (1)",
    "levels_high": "upper end of the same (1)",
    "window_uS": "w (µS)",
    "pulses": "programming pulses per cell (1)",
    "denoise_pulses": "denoising pulses per cell (1)",
    "reads": "samples read per cell while programming (1)",
    "chip_seconds": "time on the chip for programming (s)",
    "chip_joules": "energy on the chip for programming (J)",
}
"""What is measured, and what it means."""


def check_sweep(subject: Subject, how: PointMeasure) -> None:
    """Refuse a tolerance that the read-out cannot tell from its neighbours.

    Raises:
        ValueError: In the house sentence.
    """
    chip = Chip(
        subject.preset,
        rows=1,
        cols=1,
        driver=how.driver,
    )
    subject.protocol.check(SimulatedBench(chip, Stream(how.seed)).info)


def measure_point(subject: Subject, how: PointMeasure) -> dict[str, float]:
    """Program a chip to random ones of 2,048 levels and audit it.

    Args:
        subject: Cells and protocol.
        how: How.

    Returns:
        Values by the names in `COLUMNS`.

    Raises:
        ValueError: A tolerance below the read-out's resolution.
    """
    stream = Stream(how.seed)
    cols = math.ceil(how.cells / _ROWS)
    chip = Chip(
        subject.preset,
        rows=_ROWS,
        cols=cols,
        driver=how.driver,
    )
    bench = SimulatedBench(chip, stream.child("chip"))
    cells = torch.arange(chip.cells)
    array = subject.preset.array
    # cells of few levels are asked for those
    count = bench.info.levels or _LEVELS
    levels = level_targets(array.level_low, array.level_high, count)
    target = random_levels(levels, cells.numel(), stream.child("levels"))
    result = program(bench, target, subject.protocol, cells=cells)

    working = ~bench.stuck
    if not bool(working.any()):
        raise ValueError(
            "Argument `cell.stuck_fraction` must leave cells that work, but does not."
        )
    looks = audit(
        bench,
        target[working],
        cells[working],
        looks=how.looks,
        span=how.span,
    )
    span = array.level_high - array.level_low
    window = looks.window(FRACTION)
    narrowest, widest = looks.window_interval(FRACTION)
    return {
        "converged": _mean(result.converged[working]),
        "held": _mean(looks.quiet(subject.protocol.tolerance)),
        "levels": _levels(span, window),
        # the wider the window, the fewer levels
        "levels_low": _levels(span, widest),
        "levels_high": _levels(span, narrowest),
        "window_uS": window / uS,
        "pulses": _mean(result.pulses),
        "denoise_pulses": _mean(result.denoise_pulses),
        "reads": _mean(result.reads),
        "chip_seconds": result.ledger.seconds,
        "chip_joules": result.ledger.joules,
    }


def _mean(values: Tensor) -> float:
    return float(values.double().mean())


def _levels(span: float, window: float) -> float:
    """Levels that windows of this half-width (S) leave room for (1)."""
    return 1 + span / (2 * max(window, 1e-12))
