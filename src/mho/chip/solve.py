"""Node voltages and currents of a crossbar, vector by vector, without its effective matrix."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mho.checks import check_between, check_finite, check_shape, check_within
from mho.chip.cell_laws import CellLaw, InSeries, sensitivity
from mho.chip.lines import OPEN, branch_currents
from mho.chip.network import Accuracy, Relaxed, network, relax
from mho.chip.newton import Crossbar

if TYPE_CHECKING:
    from mho.chip.wires import WireModel

_TOGETHER = 65_536
"""Cells, over all vectors, that are solved for together; more leave the cache (1)."""
_SAFETY = 0.3
"""Error allowed in the energy norm, of the one allowed in the currents (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class WireSolution:
    """Every voltage and current of a crossbar.

    A node that is connected to nothing, neither through wires nor through cells, carries no
    current; its voltage is finite and means nothing.

    Args:
        word_voltage: Voltages of the word-line nodes (V). Shape (batch, rows, cols).
        bit_voltage: Voltages of the bit-line nodes (V). Shape (batch, rows, cols).
        cell_current: Currents from word line to bit line (A). Shape (batch, rows, cols).
        currents: Currents into virtual ground (A), of both ends if there are two. Shape (batch,
            cols).
        source_current: Currents drawn from the drivers (A). Shape (batch, rows).
        word_current: Currents along word lines, towards higher columns (A): through the left
            terminal, each segment and the right terminal. Shape (batch, rows, cols + 1).
        bit_current: Currents along bit lines, towards higher rows (A): through the top terminal,
            each segment and the bottom terminal. Shape (batch, rows + 1, cols).
        power: Power drawn from the drivers (W). Shape (batch,).
        iterations: Most conjugate-gradient iterations that a vector took (1).
        residual: Estimated error of the voltages in the energy norm (1). Shape (batch,).
    """

    word_voltage: Float[Tensor, "batch rows cols"]
    bit_voltage: Float[Tensor, "batch rows cols"]
    cell_current: Float[Tensor, "batch rows cols"]
    currents: Float[Tensor, "batch cols"]
    source_current: Float[Tensor, "batch rows"]
    word_current: Float[Tensor, "batch rows more_cols"]
    bit_current: Float[Tensor, "batch more_rows cols"]
    power: Float[Tensor, " batch"]
    iterations: int
    residual: Float[Tensor, " batch"]


def solve(
    wires: "WireModel",
    voltage: Float[Tensor, "batch rows"],
    conductance: Float[Tensor, "rows cols"],
    law: CellLaw | None = None,
    *,
    tolerance: float = 1e-10,
) -> WireSolution:
    """Every voltage and current of a crossbar.

    Args:
        wires: Resistances of the lines.
        voltage: Voltages of the drivers (V). Shape (batch, rows).
        conductance: Conductance of each cell, at 0 V if there is a law (S). Shape (rows, cols).
        law: Current of a cell at a voltage; `None` for resistors.
        tolerance: Relative error wanted of the currents (1).

    Raises:
        ValueError: A conductance is negative or a shape does not fit.
        ArithmeticError: The tolerance is not reached.
    """
    circuit = _Circuit(wires, conductance, law)
    _check(voltage, conductance, tolerance)
    ends = (voltage, voltage.new_zeros(len(voltage), conductance.shape[1]))
    found = circuit.solve(ends, tolerance)
    drop = found.word.mT - found.bit
    cell = circuit.current(drop)
    word = branch_currents(circuit.lines[0], cell.mT).mT
    bit = branch_currents(circuit.lines[1], -cell)
    source = word[..., 0] - word[..., -1]
    error = (found.last / found.slowest / found.first).sqrt()
    return WireSolution(
        word_voltage=found.word.mT.to(voltage.dtype),
        bit_voltage=found.bit.to(voltage.dtype),
        cell_current=cell.to(voltage.dtype),
        currents=(bit[:, -1] - bit[:, 0]).to(voltage.dtype),
        source_current=source.to(voltage.dtype),
        word_current=word.to(voltage.dtype),
        bit_current=bit.to(voltage.dtype),
        power=(source * voltage).sum(-1).to(voltage.dtype),
        iterations=found.iterations,
        residual=torch.where(found.first > 0, error, 0.0).to(voltage.dtype),
    )
