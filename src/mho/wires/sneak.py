"""Sneak paths: what a read of one cell of a passive array sees of all others, exactly."""

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from mho.checks import check_between, check_choice, check_shape
from mho.wires.model import WireModel

UNSELECTED = ("float", "ground", "half")
"""What can be done with the lines that are not read."""


_Admittances = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class SneakCurrents:
    """Currents while one cell is read.

    Args:
        sensed: Current that the selected column delivers into virtual ground (A).
        alone: Current of the cell if it and its path were all there is (A).
        driven: Current that the selected row takes from its driver (A).
    """

    sensed: float
    alone: float
    driven: float

    @property
    def sneak(self) -> float:
        """Current that is sensed because of all other cells (A)."""
        return self.sensed - self.alone


def sneak_currents(
    wires: WireModel,
    conductance: Float[Tensor, "rows cols"],
    row: int,
    col: int,
    voltage: float,
    *,
    unselected: str = "float",
) -> SneakCurrents:
    """Currents of a read of one cell, cells taken as linear.

    Args:
        wires: Lines of the tile, each connected at one end.
        conductance: Conductance of every cell (S). Shape (rows, cols).
        row: Row of the cell that is read.
        col: Its column, held at virtual ground.
        voltage: Voltage of the row's driver (V).
        unselected: All other lines `"float"`, are held at `"ground"`, or at `"half"` of the
            voltage, each through its driver or sense resistance.

    Raises:
        ValueError: A cell that is not there, lines connected at both ends, or another word.
    """
    check_shape(conductance, "conductance", (None, None))
    rows, cols = conductance.shape
    check_between(row, "row", 0, rows - 1, "1")
    check_between(col, "col", 0, cols - 1, "1")
    check_choice(unselected, "unselected", UNSELECTED)
    admittance = terminal_admittance(wires, conductance)
    bias = voltage / 2 if unselected == "half" else 0.0
    volts = torch.full((rows + cols,), bias, dtype=torch.float64)
    read = torch.tensor([row, rows + col])
    volts[read] = torch.tensor([voltage, 0.0], dtype=torch.float64)
    if unselected == "float":
        free = torch.ones(rows + cols, dtype=torch.bool)
        free[read] = False
        # Lines that nobody holds take no current in all; what the held ones send settles them.
        # Cells of 0 S may leave lines that hang on nothing: any voltage will do.
        inside = admittance[free][:, free]
        sent = admittance[free][:, read] @ volts[read]
        volts[free] = -torch.linalg.pinv(inside, hermitian=True) @ sent
    current = admittance @ volts
    path = _path(wires, rows, row, col)
    cell = float(conductance[row, col])
    return SneakCurrents(
        sensed=-float(current[rows + col]),
        alone=voltage * cell / (1 + cell * path),
        driven=float(current[row]),
    )


def terminal_admittance(
    wires: WireModel, conductance: Float[Tensor, "rows cols"]
) -> Float64[Tensor, "lines lines"]:
    """Currents into the tile's terminals for their voltages, rows first, then columns (S).

    Row after row: bit-line nodes at voltages u pass J v − P u down and word lines take Q v − Jᵀ u,
    v the row voltages. A segment b turns P into (1 + P b)⁻¹ P, J likewise, and takes Jᵀ b J from
    Q; a row adds its own. No resistance is ever divided by.

    Raises:
        ValueError: Lines connected at both ends.
    """
    for name in ("sides", "sense_sides"):
        check_choice(getattr(wires, name), name, ["one"])
    rows, cols = conductance.shape
    conductance = conductance.double()
    cell = conductance / (1 + conductance * wires.access)
    word = _each(wires.word_line, rows)
    drive = _each(wires.driver, rows)
    bit = _each(wires.bit_line, cols)
    sense = _each(wires.sense, cols)
    # Two cells of a row share the wire up to the nearer one.
    place = torch.arange(cols)
    shared = torch.minimum(place[:, None], place[None, :])
    down = torch.zeros(cols, cols, dtype=torch.float64)  # P
    along = torch.zeros(cols, rows, dtype=torch.float64)  # J
    taken = torch.zeros(rows, rows, dtype=torch.float64)  # Q
    for number in range(rows):
        if number:
            down, along, taken = _past(bit, down, along, taken)
        own = _row_alone(cell[number], drive[number] + word[number] * shared)
        down = down + own
        along[:, number] = own.sum(1)
        taken[number, number] = own.sum()
    down, along, taken = _past(sense, down, along, taken)
    upper = torch.cat((taken, -along.T), 1)
    lower = torch.cat((-along, down), 1)
    return torch.cat((upper, lower))


def _row_alone(
    cell: Float64[Tensor, " cols"], path: Float64[Tensor, "cols cols"]
) -> Float64[Tensor, "cols cols"]:
    """Currents that the bit-line nodes of one row take for their voltages (S).

    Args:
        cell: Conductance of its cells (S).
        path: Resistance that two cells share, from the driver on (Ω).
    """
    one = torch.eye(len(cell), dtype=torch.float64)
    own: Tensor = torch.linalg.solve(one + cell[:, None] * path, cell.diag())
    return own


def _past(
    segment: Tensor, down: Tensor, along: Tensor, taken: Tensor
) -> _Admittances:
    """P, J and Q at the far end of one segment of every bit line, or of its sense resistance."""
    one = torch.eye(len(segment), dtype=torch.float64)
    below = torch.linalg.inv(one + down * segment)
    passed = below @ along
    taken = taken - along.T @ (segment[:, None] * passed)
    return below @ down, passed, taken


def _path(wires: WireModel, rows: int, row: int, col: int) -> float:
    """Resistance in series with one cell, from driver to virtual ground (Ω)."""
    word = float(_each(wires.word_line, rows)[row])
    drive = float(_each(wires.driver, rows)[row])
    bit = float(_each(wires.bit_line, col + 1)[col])
    sense = float(_each(wires.sense, col + 1)[col])
    return drive + word * col + wires.access + bit * (rows - 1 - row) + sense


def _each(value: Any, lines: int) -> Float64[Tensor, " lines"]:
    """One resistance per line (Ω)."""
    every = torch.as_tensor(value, dtype=torch.float64)
    return every[:lines] if every.ndim else every.expand(lines)
