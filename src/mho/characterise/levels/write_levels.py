"""The level experiment: write many levels into a cell, read each by a sweep."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from mho.bench import Bench, TimedBench
from mho.bench.simulated import SimulatedBench
from mho.checks import check_between, check_shape
from mho.chip import Chip
from mho.ledger import Ledger
from mho.programming import Outcome, ProgramProtocol, ProgramRun, program
from mho.rng import Stream

POINTS = 21
"""Voltages of a sweep from zero to the read voltage (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelSet:
    """What came of writing levels, one entry for each.

    Args:
        target: Conductance wanted (S). Shape (levels,).
        reading: Conductance at the read voltage, by a sweep as soon as the level was accepted, or
            given up (S). Shape (levels,).
        voltage: Voltages of a sweep (V). Shape (points,).
        current: Currents of the sweeps (A). Shape (points, levels).
        outcome: Number of the `Outcome`. Shape (levels,).
        pulses: Programming pulses (1). Shape (levels,).
        denoise_pulses: Denoising pulses (1). Shape (levels,).
        reads: Samples read, the sweep's included (1). Shape (levels,).
        seconds: Time that the bench was busy with the level (s). Shape (levels,).
        ledger: What all of them cost; its time is shorter where levels were written side by side.
    """

    target: Float[Tensor, " levels"]
    reading: Float[Tensor, " levels"]
    voltage: Float[Tensor, " points"]
    current: Float[Tensor, "points levels"]
    outcome: Int[Tensor, " levels"]
    pulses: Int[Tensor, " levels"]
    denoise_pulses: Int[Tensor, " levels"]
    reads: Int[Tensor, " levels"]
    seconds: Float[Tensor, " levels"]
    ledger: Ledger

    references: ClassVar = ("rao2023",)

    @property
    def error(self) -> Float[Tensor, " levels"]:
        """Reading minus target (S)."""
        return self.reading - self.target

    def within(self, tolerance: float) -> Bool[Tensor, " levels"]:
        """Levels read within a tolerance (S) of their targets."""
        return self.error.abs() < tolerance


def level_targets(
    low: float, high: float, count: int
) -> Float[Tensor, " levels"]:
    """Evenly spaced levels, both ends included (S).

    >>> level_targets(50e-6, 4144e-6, 2048)[:2]
    tensor([5.0000e-05, 5.2000e-05])
    """
    check_between(count, "count", 2, 1_000_000, "1")
    check_between(low, "low", 0.0, high, "S")
    return torch.linspace(low, high, count, dtype=torch.float64).float()


def random_levels(
    levels: Float[Tensor, " levels"], count: int, stream: Stream
) -> Float[Tensor, " cells"]:
    """A level for each cell, all equally likely (S).

    Args:
        levels: The levels (S). Shape (levels,).
        count: Number of cells (1).
        stream: Randomness.
    """
    return levels[
        torch.randint(0, levels.numel(), (count,), generator=stream.generator())
    ]


def read_out(
    voltage: Float[Tensor, " points"], current: Float[Tensor, "points cells"]
) -> Float[Tensor, " cells"]:
    """Conductance I/V at the largest voltage of a sweep, from all its points (S).

    Least squares of I/V on 1 and V², weighted by V²: the noise is one of the conductance, so that
    of I/V at small voltages is the read-out's. Exact for I = GV(1 + cV²).

    Args:
        voltage: Voltages of the sweep (V), the largest last, zeros are ignored. Shape (points,).
        current: Currents (A). Shape (points, cells).
    """
    live = voltage != 0
    volts = voltage[live].double()[:, None]
    basis = torch.cat((torch.ones_like(volts), volts.square()), 1) * volts
    fit: Tensor = torch.linalg.lstsq(basis, current[live].double()).solution
    return (fit[0] + fit[1] * volts[-1].square()).to(current.dtype)


def write_levels(
    bench: Bench,
    target: Float[Tensor, " levels"],
    cells: Int64[Tensor, " levels"],
    protocol: ProgramProtocol,
    *,
    on_cycle: Callable[[ProgramRun], object] | None = None,
) -> LevelSet:
    """Program every cell to its level; sweep it as soon as it is accepted, or given up.

    Args:
        bench: What is programmed.
        target: Conductance wanted (S). Shape (levels,).
        cells: Cell of each level, each once: copies of a simulated cell, or several real ones.
            `write_in_turn` writes all levels into a single one. Shape (levels,).
        protocol: What to do with a cell.
        on_cycle: Called after every cycle, for progress.

    Raises:
        ValueError: As `mho.program` does.
    """
    check_shape(cells, "cells", (target.numel(),))
    timed = TimedBench(bench)
    voltage = torch.linspace(0, bench.info.read_voltage, POINTS)
    current = torch.zeros(POINTS, target.numel())
    swept = torch.zeros(target.numel(), dtype=torch.bool)

    def look(run: ProgramRun) -> None:
        ended = run.results.outcome != int(Outcome.LIVE)
        new = (ended & ~swept).nonzero()[:, 0]
        if new.numel():
            current[:, new] = timed.sweep(cells[new], voltage)
            swept[new] = True
        if on_cycle is not None:
            on_cycle(run)

    before = bench.ledger
    done = program(timed, target, protocol, cells=cells, on_cycle=look)
    return LevelSet(
        done.target,
        read_out(voltage, current),
        voltage,
        current,
        done.outcome,
        done.pulses,
        done.denoise_pulses,
        done.reads + POINTS,
        timed.seconds[cells],
        bench.ledger - before,
    )


def write_in_turn(
    bench: Bench,
    target: Float[Tensor, " levels"],
    cell: int,
    protocol: ProgramProtocol,
    *,
    on_level: Callable[[int], object] | None = None,
) -> LevelSet:
    """Write all levels into one cell, one after the other, as on a probe station.

    Args:
        bench: What is programmed.
        target: Conductances wanted, in this order (S). Shape (levels,).
        cell: Number of the cell.
        protocol: What to do with it.
        on_level: Called after every level with how many there are, for progress.

    Raises:
        ValueError: As `mho.program` does.
    """
    parts = []
    one = torch.tensor([cell])
    before = bench.ledger
    for number in range(target.numel()):
        parts.append(
            write_levels(bench, target[number : number + 1], one, protocol)
        )
        if on_level is not None:
            on_level(number + 1)

    return join(parts, bench.ledger - before)


def join(parts: list[LevelSet], ledger: Ledger) -> LevelSet:
    """Several sets as one.

    Args:
        parts: The sets; their sweeps have the same voltages.
        ledger: What they cost together.
    """
    names = (
        "target",
        "reading",
        "current",
        "outcome",
        "pulses",
        "denoise_pulses",
        "reads",
        "seconds",
    )
    joined = {
        name: torch.cat([getattr(p, name) for p in parts], -1) for name in names
    }
    return LevelSet(voltage=parts[0].voltage, ledger=ledger, **joined)


def bench_of_copies(
    chip: Chip, origin: Int64[Tensor, " cells"], each: int, stream: Stream
) -> SimulatedBench:
    """A bench with several copies of each of some cells, side by side and each on its own.

    A level is then written into a copy of its own, from the formed state. No copy knows of
    another, and a row is addressed at once, so each lives through what the cell alone would.

    Args:
        chip: The chip the cells are on.
        origin: Their numbers. Shape (cells,).
        each: Copies of each (1).
        stream: Randomness: the same stream makes the chip's cells of these numbers.
    """
    check_between(each, "each", 1, 65_536 // max(origin.numel(), 1), "1")
    count = origin.numel() * each
    # in one row of a passive array copies would half-select each other: each gets its own tile
    shape = (count, 1, 1) if chip.biasing else (1, 1, count)
    wide = Chip(
        chip.preset,
        *shape,
        chip.driver,
        chip.wires,
        chip.temperature,
        biasing=chip.biasing,
    )
    return SimulatedBench(wide, stream, origin.repeat_interleave(each))
