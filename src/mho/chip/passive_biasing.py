"""Passive arrays: what every cell sees while a row of cells is written without selectors.

One row of a tile is selected at a time, with as many of its columns as shall be written; all other
lines are biased so that no cell that is not asked for sees more than a half or a third of the
amplitude. Nothing here has a state.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_choice
from mho.device.laws import LEAST_VOLTAGE, Switching

SCHEMES = {"V/2": 1 / 2, "V/3": 1 / 3}
"""Largest share of the amplitude that a cell which is not written sees (1), by scheme."""


@dataclass(frozen=True, slots=True, eq=False)
class HalfSelectSteps:
    """Voltages at all cells while rows are written one after the other, each in a few phases.

    In the step of a row and a phase, cells of that row see `applied` where they are written and
    `row` where they are not; cells of every other row see `col`.

    Args:
        applied: Amplitude at the cells that are written (V), 0 at all others. Shape
            (phases, tiles, rows, cols).
        row: Voltage at the other cells of the selected row (V). Shape (phases, tiles, rows).
        col: Voltage at the cells of all other rows, by the row that is selected and their own
            column (V). Shape (phases, tiles, rows, cols).
    """

    applied: Float[Tensor, "phases tiles rows cols"]
    row: Float[Tensor, "phases tiles rows"]
    col: Float[Tensor, "phases tiles rows cols"]

    @property
    def count(self) -> int:
        """Steps one after the other: most in one tile; tiles work in parallel (1)."""
        return int((self.row != 0).sum((0, 2)).max()) if self.row.numel() else 0


def half_select(
    amplitude: Float[Tensor, "train tiles rows cols"], scheme: str
) -> HalfSelectSteps:
    r"""Split requested pulses into phases and say what all other cells see in each.

    A phase has one polarity, SET first. With A the largest amplitude of a row, s the share of the
    scheme, and voltages counted from the unselected columns, the row is at :math:`sA`, a column
    written with a at :math:`sA - a`, unselected rows at :math:`(2s - 1)A`. A written cell sees a,
    others in its row :math:`sA`, others in its column :math:`a - (1 - s)A`, all others
    :math:`(2s - 1)A`: nothing in V/2, −A/3 in V/3. Amplitudes below :math:`(1 - 2s)A` wait for
    the next phase, so nobody sees more than :math:`sA`.

    Args:
        amplitude: Pulses wanted (V), positive SETs, 0 for none. Shape (train, tiles, rows, cols).
        scheme: `"V/2"` or `"V/3"`.

    Raises:
        ValueError: There is no such scheme.
    """
    check_choice(scheme, "scheme", SCHEMES)
    share = SCHEMES[scheme]
    phases = [
        phase
        for pulse in amplitude
        for sign in (1, -1)
        for phase in _split(pulse, sign, share)
    ]
    applied = torch.stack(phases) if phases else amplitude[:0]
    size = applied.abs().amax(-1) if applied.numel() else applied.sum(-1)
    top = torch.copysign(size, applied.sum(-1)) if applied.numel() else size
    others = (2 * share - 1) * top[..., None]
    col = torch.where(
        applied != 0, applied - (1 - share) * top[..., None], others
    )
    return HalfSelectSteps(applied, share * top, col)


def _split(
    pulse: Float[Tensor, "tiles rows cols"], sign: int, share: float
) -> list[Float[Tensor, "tiles rows cols"]]:
    """Phases of one polarity, the largest amplitudes of every row first (V)."""
    left = torch.where(pulse * sign > 0, pulse, 0.0)
    phases = []
    while bool(left.any()):
        size = left.abs()
        now = size >= (1 - 2 * share) * size.amax(-1, keepdim=True)
        phases.append(torch.where(now, left, 0.0))
        left = torch.where(now, 0.0, left)
    return phases


@dataclass(frozen=True, slots=True)
class HalfSelectMargin:
    """How many cells can be disturbed while another one is written.

    Args:
        selected: Share of the cells on the selected lines that would switch (1).
        unselected: The same of the cells on neither of them (1).
    """

    selected: float
    unselected: float

    references: ClassVar = ("kim2021",)


def half_select_margin(
    law: Switching, amplitude: float, scheme: str
) -> HalfSelectMargin:
    r"""Share of cells that a write pulse on another cell would switch, from their spread.

    A cell with switching voltage :math:`v V_s` moves from :math:`\theta v V_s` on, with v normal
    around 1 and cut at one half, so that a voltage u reaches
    :math:`\Phi((|u|/\theta V_s - 1)/\sigma)` of the cells, none below :math:`\theta V_s / 2`.

    Args:
        law: How cells switch, and how much they differ.
        amplitude: Amplitude of the write pulse (V); positive SETs.
        scheme: `"V/2"` or `"V/3"`.

    Raises:
        ValueError: There is no such scheme.
    """
    check_choice(scheme, "scheme", SCHEMES)
    share = SCHEMES[scheme]
    return HalfSelectMargin(
        _reached(law, share * amplitude),
        _reached(law, (2 * share - 1) * amplitude),
    )


def _reached(law: Switching, voltage: float) -> float:
    """Share of cells that a voltage switches (1)."""
    own = law.set_voltage if voltage > 0 else law.reset_voltage
    relative = (
        abs(voltage) / (law.threshold * own) if law.threshold else math.inf
    )
    if voltage == 0 or relative < LEAST_VOLTAGE:
        return 0.0
    if law.voltage_spread == 0:
        return float(relative >= 1)

    return (
        1 + math.erf((relative - 1) / (law.voltage_spread * math.sqrt(2)))
    ) / 2
