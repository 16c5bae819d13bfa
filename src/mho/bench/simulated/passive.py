"""Pulses on a passive array: every cell gets what it sees, and an account says what that did.

Cells know nothing of each other, so each one's pulses are put in the order in which it sees them
and given as trains: those while rows before its own are written, its own row's, those after.
"""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from mho.chip import Chip, HalfSelectSteps, half_select
from mho.device import Cells
from mho.rng import in_order, total
from mho.units import uS

_STEPS = 64
"""Pulses of a train at most: what a cell is given in one go (1)."""
_CHUNK = 262_144
"""Numbers handled at once: a few cells move at every pulse, and each chunk waits for its own."""


@dataclass(frozen=True, slots=True, eq=False)
class DisturbAccount:
    """What writing did to cells that were not written at that moment.

    Conductances are those of all channels of a cell, none blocked.

    Args:
        pulses: Half-select pulses so far, of any size but zero (1). Shape (cells,).
        volt_seconds: Their size times width, whatever the polarity (V·s). Shape (cells,).
        moved: Sum of the sizes of the changes they made, up and down (S). Shape (cells,).
        shift: Sum of the changes, signed, since the cell was last written itself (S). Shape
            (cells,).
    """

    pulses: Int64[Tensor, " cells"]
    volt_seconds: Float64[Tensor, " cells"]
    moved: Float64[Tensor, " cells"]
    shift: Float64[Tensor, " cells"]

    @staticmethod
    def empty(cells: int) -> "DisturbAccount":
        """Nothing has happened yet."""
        zero = torch.zeros(cells, dtype=torch.float64)
        return DisturbAccount(zero.long(), zero, zero.clone(), zero.clone())

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, the same objects: for saving and restoring."""
        return {
            f"disturb.{f.name}": getattr(self, f.name) for f in fields(self)
        }

    def summary(
        self, working: Bool[Tensor, " cells"]
    ) -> dict[str, float | int]:
        """Plain numbers for a result: pulses of all cells, movements of working ones that saw any.

        Args:
            working: Cells that switch at all. Shape (cells,).
        """
        half_selected = self.pulses > 0
        seen = working & half_selected
        numbers: dict[str, float | int] = {
            "half_select_pulses": int(self.pulses.sum()),
            "half_selected_cells": int(half_selected.sum()),
        }
        for name, values in (
            ("moved", self.moved),
            ("shift", self.shift.abs()),
        ):
            found = (
                values[seen]
                if bool(seen.any())
                else torch.zeros(1, dtype=torch.float64)
            )
            numbers[f"{name}_median_uS"] = float(found.quantile(0.5)) / uS
            numbers[f"{name}_p99_uS"] = float(found.quantile(0.99)) / uS
        return numbers

    def copy(self) -> "DisturbAccount":
        """As it is now; the bench goes on counting in its own."""
        return DisturbAccount(
            *(getattr(self, f.name).clone() for f in fields(self))
        )


class PassiveArray:
    """Gives pulses to the cells of a passive chip, wanted ones and others.

    Args:
        chip: The chip; it has a biasing scheme.
        cells: Its cells.
    """

    def __init__(self, chip: Chip, cells: Cells) -> None:
        assert chip.biasing is not None
        self._cells = cells
        self._scheme = chip.biasing
        self._dac = chip.pulse_dac
        self._setup = chip.published.array.pulse_setup
        self._selector = chip.selector
        self._shape = (chip.tiles, chip.rows, chip.cols)
        self.account = DisturbAccount.empty(chip.cells)

    def give(
        self,
        train: Float[Tensor, "train cells"],
        width: float,
        _: float | Float[Tensor, " cells"],
        cells: Int64[Tensor, " cells"],
        start: float,
    ) -> tuple[float, float]:
        """Give the listed cells their trains, and all cells what they see of them.

        Args:
            train: Amplitudes (V). Shape (train, cells).
            width: Duration of each pulse (s).
            _: Word-line voltage of selectors, which a passive array has not.
            cells: Cells, each once. Shape (cells,).
            start: Time at the beginning (s).

        Returns:
            Time that it takes (s), and energy of all of it (J).
        """
        steps = self._steps(self._dac(train), cells)
        seconds = steps.count * (width + self._setup)
        if steps.count == 0:
            return seconds, 0.0
        end = start + seconds
        joules = self._others(steps, width, end, before=True)
        own = torch.where(
            steps.applied != 0, steps.applied, steps.row[..., None]
        )
        wanted = steps.applied != 0
        for volts, chosen in zip(
            own.flatten(1), wanted.flatten(1), strict=True
        ):
            self.account.shift.masked_fill_(chosen, 0.0)
            joules += self._pulse(volts[None], width, end, ~chosen)
        return seconds, joules + self._others(steps, width, end, before=False)

    def _steps(
        self,
        train: Float[Tensor, "train cells"],
        cells: Int64[Tensor, " cells"],
    ) -> HalfSelectSteps:
        """What the lines do to give the listed cells their trains.

        Args:
            train: Amplitudes wanted, as the drivers make them (V). Shape (train, cells).
            cells: Cells, each once. Shape (cells,).
        """
        every = train.new_zeros(train.shape[0], self._cells.count)
        every.index_copy_(1, cells, train)
        return half_select(every.view(-1, *self._shape), self._scheme)

    def _others(
        self, steps: HalfSelectSteps, width: float, now: float, *, before: bool
    ) -> float:
        """What cells see while rows before, or after, their own are written; energy of it (J)."""
        tiles, rows, cols = self._shape
        selected = (steps.row != 0).any(1).any(0).nonzero()[:, 0]
        seen = steps.col[:, :, selected].permute(2, 0, 1, 3).flatten(0, 1)
        row = selected.repeat_interleave(steps.col.shape[0])
        own = torch.arange(rows)
        joules = 0.0
        for volts, number in zip(
            torch.split(seen, _STEPS), torch.split(row, _STEPS), strict=True
        ):
            mine = number[:, None] < own if before else number[:, None] > own
            sees = (volts[:, :, None] * mine[:, None, :, None]).expand(
                -1, tiles, rows, cols
            )
            joules += self._pulse(sees.flatten(1), width, now, None)
        return joules

    def _pulse(
        self,
        volts: Float[Tensor, "train cells"],
        width: float,
        now: float,
        disturbed: Bool[Tensor, " cells"] | None,
    ) -> float:
        """Give every cell that sees any of it a train, and book what was not wanted (J).

        Args:
            volts: Voltage over each cell and its path (V). Shape (train, cells).
            width: Duration of each pulse (s).
            now: Time at the end (s).
            disturbed: Cells to which it happens unasked; all of them if `None`. Shape (cells,).
        """
        some = (volts != 0).any(0).nonzero()[:, 0]
        joules = [
            self._give(
                chosen, volts.index_select(1, chosen), width, now, disturbed
            )
            for chosen in torch.split(some, _CHUNK // volts.shape[0])
        ]
        return total(torch.cat(joules))

    def _give(
        self,
        chosen: Int64[Tensor, " chosen"],
        volts: Float[Tensor, "train chosen"],
        width: float,
        now: float,
        disturbed: Bool[Tensor, " cells"] | None,
    ) -> Float[Tensor, " chosen"]:
        """Energy in each of some cells, summed over the train (J)."""
        before = self._cells.loads(chosen)
        voltage = self._selector.cell_voltage(volts, before, 0.0)
        limit = self._selector.compliance(0.0).expand(chosen.shape[0])
        held = self._cells.held(chosen)
        self._cells.pulse(chosen, voltage, width, limit, now, self._setup)
        change = (self._cells.held(chosen) - held).double()
        joules: Tensor = self._cells.pulse_energy(voltage, before, width)
        if disturbed is not None:
            unasked = disturbed.index_select(0, chosen)
            chosen = chosen[unasked]
            change = change[unasked]
            volts = volts[:, unasked]
        book = self.account
        volt_seconds = in_order(volts.abs().double()) * width
        book.pulses.index_add_(0, chosen, (volts != 0).sum(0))
        book.volt_seconds.index_add_(0, chosen, volt_seconds)
        book.moved.index_add_(0, chosen, change.abs())
        book.shift.index_add_(0, chosen, change)
        return joules
