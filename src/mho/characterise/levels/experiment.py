"""The level experiment on one cell or many, with and without denoising."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench, describe_chip
from mho.characterise.levels.write_levels import (
    LevelSet,
    bench_of_copies,
    level_targets,
    write_in_turn,
    write_levels,
)
from mho.checks import Configuration, check_between, check_positive
from mho.chip import Chip
from mho.files import RunFolder
from mho.ledger import Ledger
from mho.programming import (
    Outcome,
    ProgramProtocol,
    ProgramRun,
    suited_protocol,
)
from mho.progress import Progress
from mho.rng import Stream
from mho.units import uS

_BUDGET = 1000
"""Cycles for one level: a cell on the bench has time, an array has not (1)."""
_SIDE_BY_SIDE = 65_536
"""Levels written at once at most, to bound memory (1)."""
_LINE = 1 * uS
"""The published accuracy, by which levels are counted whatever the tolerance (S)."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelTally:
    """How many levels each cell holds, and what they cost.

    Args:
        per_cell: One tensor for each count, by name: `within` (the tolerance), `within_1uS`,
            `converged`, `stuck`, `pulses`, `denoise_pulses`, `reads` (1) and `seconds` (s),
            summed over the cell's levels. Shapes (cells,).
        joules: Energy of all of them (J).
        example: Every level of the first cell.
        disturb: What levels written in turn into a passive array did to its other cells, see
            `DisturbAccount.summary`; empty where each copy stands alone.
    """

    per_cell: dict[str, Tensor]
    joules: float
    example: LevelSet
    disturb: dict[str, float | int]


@dataclass(frozen=True, slots=True)
class LevelExperiment(Configuration):
    """What is written where.

    Args:
        chip: The chip.
        levels: Levels, evenly spaced over the chip's range (1).
        tolerance: Half-width of the acceptance window (S); half a spacing if `None`.
        first: Number of the first cell.
        cells: Number of cells, from there on (1).
        seed: Names the chip.
        in_turn: Write the levels one after the other into the one cell instead of side by side
            into copies of it. Slow: about 30 ms for each.

    Raises:
        ValueError: A cell that the chip does not have, or several cells in turn.
    """

    chip: Chip
    levels: int = 2048
    tolerance: float | None = None
    first: int = 0
    cells: int = 1
    seed: int = 0
    in_turn: bool = False

    def __post_init__(self) -> None:
        check_between(self.seed, "seed", 0, 2**62, "1")
        if self.tolerance is not None:
            check_positive(self.tolerance, "tolerance", "S")
        check_between(self.levels, "levels", 2, _SIDE_BY_SIDE, "1")
        check_between(self.first, "cell", 0, self.chip.cells - 1, "1")
        check_between(self.cells, "cells", 1, self.chip.cells - self.first, "1")
        describe_chip(self.chip).check_levels(self.levels)
        if self.in_turn and self.cells > 1:
            raise ValueError(
                f"Argument `cells` must be 1 where levels are written in turn, but is"
                f" {self.cells}; leave one of the two out."
            )

    @property
    def targets(self) -> Tensor:
        """The levels (S). Shape (levels,)."""
        array = self.chip.published.array
        return level_targets(array.level_low, array.level_high, self.levels)

    @property
    def window(self) -> float:
        """Half-width of the acceptance window (S)."""
        array = self.chip.published.array
        span = array.level_high - array.level_low
        return self.tolerance or span / (self.levels - 1) / 2

    def protocol(self, *, denoise: bool) -> ProgramProtocol:
        """How a level is written. Without denoising many never converge: they get less time."""
        info = describe_chip(self.chip)
        usual = suited_protocol(info, self.window)
        return (
            replace(usual, max_cycles=_BUDGET)
            if denoise
            else replace(usual, denoise=None)
        )

    def check(self) -> None:
        """Refuse a tolerance that the read-out cannot tell from its neighbours.

        Raises:
            ValueError: In the house sentence.
        """
        bench = bench_of_copies(
            self.chip, torch.tensor([self.first]), 1, Stream(self.seed)
        )
        self.protocol(denoise=True).check(bench.info)

    def run(
        self, folder: RunFolder | None, progress: Progress, *, denoise: bool
    ) -> LevelTally:
        """Write all levels of all cells.

        Args:
            folder: Where finished parts are kept, to go on after an interruption.
            progress: Told the stage and how much of it is done (1).
            denoise: Whether to denoise.

        Raises:
            ValueError: A tolerance below the read-out's resolution, or a damaged part.
            OSError: The folder cannot be written.
        """
        stage = (
            "writing levels, denoised"
            if denoise
            else "writing levels, not denoised"
        )
        few = max(_SIDE_BY_SIDE // self.levels, 1)
        numbers = torch.arange(self.first, self.first + self.cells)
        parts: list[tuple[dict[str, Tensor], float]] = []
        example: LevelSet | None = None
        disturb: dict[str, float | int] = {}
        for nth, origin in enumerate(torch.split(numbers, few)):

            def tell(done: float, nth: int = nth) -> None:
                progress(stage, min((nth + done) * few / self.cells, 1.0))

            name = f"{'denoised' if denoise else 'plain'}-{nth}"
            state = folder.state(name) if folder else None
            held = state.load() if state else None
            if held is not None:
                groups, facts = held
                parts.append((groups["cells"], float(facts["joules"])))
                disturb = facts["disturb"]
                example = example or _example(groups["example"])
                continue
            found, disturb = self._write(origin, tell, denoise=denoise)
            part = _per_cell(found, origin.numel(), self.window)
            own = _first(found, self.levels)
            parts.append((part, found.ledger.joules))
            example = example or own
            if state is not None:
                groups = {"cells": part, "example": _tensors(own)}
                state.save(
                    groups, {"joules": found.ledger.joules, "disturb": disturb}
                )
        assert example is not None
        per_cell = {k: torch.cat([p[k] for p, _ in parts]) for k in parts[0][0]}
        return LevelTally(per_cell, sum(j for _, j in parts), example, disturb)

    def _write(
        self, origin: Tensor, tell: Callable[[float], None], *, denoise: bool
    ) -> tuple[LevelSet, dict[str, float | int]]:
        """Write all levels of some cells, cell by cell in the result; and what that disturbed."""
        stream = Stream(self.seed).child("chip")
        protocol = self.protocol(denoise=denoise)
        if self.in_turn:
            bench = SimulatedBench(self.chip, stream)
            count = self.levels
            written = write_in_turn(
                bench,
                self.targets,
                self.first,
                protocol,
                on_level=lambda n: tell(n / count),
            )
            return written, bench.disturb.summary(
                ~bench.stuck
            ) if bench.disturb else {}
        bench = bench_of_copies(self.chip, origin, self.levels, stream)
        target = self.targets.repeat(origin.numel())

        def look(run: ProgramRun) -> None:
            tell(1 - run.live_cells / target.numel())

        cells = torch.arange(target.numel())
        return write_levels(bench, target, cells, protocol, on_cycle=look), {}


def _per_cell(
    found: LevelSet, cells: int, tolerance: float
) -> dict[str, Tensor]:
    """Sums over each cell's levels."""
    each = {
        "within": found.within(tolerance),
        "within_1uS": found.within(_LINE),
        "converged": found.outcome == Outcome.CONVERGED,
        "stuck": found.outcome == Outcome.STUCK,
        "pulses": found.pulses,
        "denoise_pulses": found.denoise_pulses,
        "reads": found.reads,
        "seconds": found.seconds,
    }
    return {
        name: values.double().view(cells, -1).sum(1)
        for name, values in each.items()
    }


_NAMES = (
    "target",
    "reading",
    "voltage",
    "current",
    "outcome",
    "pulses",
    "denoise_pulses",
    "reads",
    "seconds",
)


def _first(found: LevelSet, levels: int) -> LevelSet:
    """The levels of the first cell alone."""
    kept = {name: getattr(found, name)[..., :levels].clone() for name in _NAMES}
    kept["voltage"] = found.voltage
    return LevelSet(**kept, ledger=found.ledger)


def _tensors(levels: LevelSet) -> dict[str, Tensor]:
    return {name: getattr(levels, name) for name in _NAMES}


def _example(kept: dict[str, Tensor]) -> LevelSet:
    return LevelSet(**kept, ledger=Ledger())
