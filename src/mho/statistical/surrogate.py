"""What programming leaves and time makes of it, cell by cell: measured once, drawn for many chips.

A row of the table is one cell that was programmed in earnest: what it was asked for, how far off
it was at each of several looks over a thousand seconds, how noisy it was, and what it cost. Whole
rows are drawn again among cells that were asked for about the same, so that whatever belongs
together stays together: a cell that took many pulses creeps more, a noisy one jumps.
"""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.checks import (
    check_between,
    check_finite,
    check_not_negative,
    check_number,
    check_positive,
    check_shape,
    check_within,
)
from mho.files import identity

EFFORTS = ("pulses", "reads")
"""What a cell cost: pulses of either kind, and samples (1)."""


_NUMBERS = ("low", "high", "stuck_fraction", "slot_seconds", "pulse_joules")
_MOST_EFFORT = 2**31
"""Pulses or samples that no cell takes (1)."""
_HINT = "Leave such cells out."


@dataclass(frozen=True, slots=True)
class TrainingBudget:
    """What was programmed for a table.

    Args:
        cells: Cells (1).
        pulses: Pulses (1).
        chip_seconds: Time on the chip, looks left out (s).
        chip_joules: Energy of programming (J).
        processor_seconds: Time of the processor (s).
    """

    cells: int
    pulses: int
    chip_seconds: float
    chip_joules: float
    processor_seconds: float


_NOTHING = TrainingBudget(0, 0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class DrawnCells:
    """Cells that were drawn.

    Args:
        error: Conductance less target at each look (S).
        variance: Variance of what is fresh in every product (S²).
        converged: Whether they came to be within the tolerance.
        effort: What each cost, as `EFFORTS` (1).
    """

    error: Float[Tensor, "cells looks"]
    variance: Float[Tensor, " cells"]
    converged: Bool[Tensor, " cells"]
    effort: Int64[Tensor, "cells efforts"]


@dataclass(frozen=True, slots=True, eq=False)
class Surrogate:
    """A table of programmed cells of one kind, by one protocol.

    Bins of targets share the range from `low` to `high` evenly; the first is of cells asked for
    `low` exactly, where the idle half of a pair waits.

    Args:
        identity: Checksum of kind, protocol, range, looks and version of the laws.
        low: Lowest target (S).
        high: Highest target (S).
        moments: When looks were taken after programming (s).
        cells: Working cells, bin by bin.
        bounds: Where each bin begins among them, and where the last ends (1). Shape (bins + 1,).
        held: Conductance of the cells that did not answer, at each look (S).
        held_effort: What each of these cost, as `EFFORTS` (1).
        stuck_fraction: Probability that a cell does not answer (1).
        slot_seconds: Time on the chip for each sample of the slowest cell of every row (s).
        pulse_joules: Energy for each pulse and siemens of its target (J/S).
        budget: What was programmed for it.
    """

    identity: str
    low: float
    high: float
    moments: tuple[float, ...]
    cells: DrawnCells
    bounds: Int64[Tensor, " bounds"]
    held: Float[Tensor, "stuck looks"]
    held_effort: Int64[Tensor, "stuck efforts"]
    stuck_fraction: float
    slot_seconds: float
    pulse_joules: float
    budget: TrainingBudget

    def __post_init__(self) -> None:
        self._check_numbers()
        count, looks = self.cells.error.shape
        check_shape(self.cells.variance, "variance", (count,))
        check_shape(self.cells.converged, "converged", (count,))
        check_shape(self.cells.effort, "effort", (count, len(EFFORTS)))
        check_shape(self.held, "held", (None, looks))
        check_shape(
            self.held_effort,
            "held_effort",
            (self.held.shape[0], len(EFFORTS)),
        )
        check_between(len(self.moments), "moments", looks, looks, "1")
        check_shape(self.bounds, "bounds", (None,))
        self._check_cells()
        sizes = self.bounds.diff()
        is_whole = int(self.bounds[0]) == 0 and int(self.bounds[-1]) == count
        if self.bounds.numel() < 3 or not is_whole or bool((sizes < 1).any()):
            raise ValueError(
                "Argument `bounds` must give every bin of targets at least one of the cells, but"
                " does not; measure more of them."
            )

    def _check_numbers(self) -> None:
        """Refuse what is no number, or lies where no cell is."""
        for name in _NUMBERS:
            check_number(getattr(self, name), name)
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")
        check_positive(self.high - self.low, "high less low", "S")
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")
        check_not_negative(self.slot_seconds, "slot_seconds", "s")
        check_not_negative(self.pulse_joules, "pulse_joules", "J/S")
        for moment in self.moments:
            check_number(moment, "moments")
            check_not_negative(moment, "moments", "s")
        for part in fields(self.budget):
            value = getattr(self.budget, part.name)
            check_number(value, part.name)
            check_not_negative(value, part.name, "1")

    def _check_cells(self) -> None:
        """Refuse tensors of other kinds of numbers, and numbers that no cell has."""
        cells = self.cells
        for name, tensor, kind in (
            ("error", cells.error, torch.float32),
            ("variance", cells.variance, torch.float32),
            ("converged", cells.converged, torch.bool),
            ("effort", cells.effort, torch.int64),
            ("bounds", self.bounds, torch.int64),
            ("held", self.held, torch.float32),
            ("held_effort", self.held_effort, torch.int64),
        ):
            if tensor.dtype != kind:
                raise ValueError(
                    f"Argument `{name}` must hold numbers of kind {kind}, but holds"
                    f" {tensor.dtype}."
                )
        check_finite(cells.error, "error", _HINT)
        check_finite(self.held, "held", _HINT)
        for name, tensor, most, unit in (
            ("variance", cells.variance, 1.0, "S²"),
            ("effort", cells.effort, _MOST_EFFORT, "1"),
            ("held_effort", self.held_effort, _MOST_EFFORT, "1"),
        ):
            check_within(tensor, name, 0, most, unit=unit, hint=_HINT)

    @property
    def checksum(self) -> str:
        """Checksum of all that is drawn; what measuring it took of a processor is no part."""
        return identity(replace(self, budget=_NOTHING))

    @property
    def looks(self) -> int:
        """Looks over time (1)."""
        return len(self.moments)

    def draw(
        self, target: Float[Tensor, " cells"], generator: torch.Generator
    ) -> DrawnCells:
        """Cells as programming leaves them and time goes on with them.

        Args:
            target: What they are asked to hold (S); beyond the range the nearest bin counts.
            generator: Says which.
        """
        last = self.bounds.numel() - 2
        place = (target - self.low) * (last / (self.high - self.low))
        # a target on the edge of a bin belongs to it, however its last digit was rounded
        own = (place - 1e-4).ceil().clamp(0, last).long()
        first = self.bounds[own]
        size = self.bounds[own + 1] - first
        share = torch.rand(target.numel(), generator=generator)
        chosen = first + (share * size).long().minimum(size - 1)
        drawn = self.cells
        return DrawnCells(
            drawn.error.index_select(0, chosen),
            drawn.variance.index_select(0, chosen),
            drawn.converged.index_select(0, chosen),
            drawn.effort.index_select(0, chosen),
        )

    def draw_held(
        self, cells: int, generator: torch.Generator
    ) -> tuple[Float[Tensor, "cells looks"], Int64[Tensor, "cells efforts"]]:
        """What cells that do not answer hold at each look (S), and what they cost (1).

        Args:
            cells: How many (1).
            generator: Says which.

        Raises:
            ValueError: None of the cells that were measured was stuck.
        """
        count = self.held.shape[0]
        if cells and not count:
            raise ValueError(
                "Argument `surrogate` must hold cells that do not answer where some are asked for,"
                " but all of its cells answered."
            )
        chosen = torch.randint(max(count, 1), (cells,), generator=generator)
        return self.held[chosen], self.held_effort[chosen]
