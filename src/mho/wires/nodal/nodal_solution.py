"""Node voltages and currents of a crossbar, vector by vector, without its effective matrix."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from mho.checks import check_between, check_finite, check_shape, check_within
from mho.wires.iv_laws import CellLaw, InSeries, Sinh, sensitivity
from mho.wires.nodal.conjugate_gradient import (
    CgSolution,
    StoppingCriterion,
    crossbar_system,
    factor,
    solve_cg,
)
from mho.wires.nodal.line_elimination import OPEN, branch_currents
from mho.wires.nodal.newton import Crossbar

if TYPE_CHECKING:
    from mho.wires.model import WireModel

_TOGETHER = 65_536
"""Cells, over all vectors, that are solved for together; more leave the cache (1)."""
_STEEPEST = 100.0
"""Largest argument of a sinh (1); at more a cell is a short circuit by any measure."""
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
    _check(voltage, conductance, law, tolerance)
    circuit = _Circuit(wires, conductance.detach(), law)
    voltage = voltage.detach()
    ends = (voltage, voltage.new_zeros(len(voltage), conductance.shape[1]))
    found = circuit.solve(ends, tolerance)
    drop = found.word.mT - found.bit
    cell = circuit.current(drop)
    word = branch_currents(circuit.wires[0], cell.mT).mT
    bit = branch_currents(circuit.wires[1], -cell)
    source = word[..., 0] - word[..., -1]
    error = (found.last / found.slowest / found.first).sqrt()
    return WireSolution(
        word_voltage=found.word.mT.to(voltage.dtype, copy=True),
        bit_voltage=found.bit.to(voltage.dtype, copy=True),
        cell_current=cell.to(voltage.dtype),
        currents=(bit[:, -1] - bit[:, 0]).to(voltage.dtype),
        source_current=source.to(voltage.dtype),
        word_current=word.to(voltage.dtype),
        bit_current=bit.to(voltage.dtype),
        power=(source * voltage).sum(-1).to(voltage.dtype),
        iterations=found.iterations,
        residual=torch.where(found.first > 0, error, 0.0).to(voltage.dtype),
    )


def currents(
    wires: "WireModel",
    voltage: Float[Tensor, "batch rows"],
    conductance: Float[Tensor, "rows cols"],
    law: CellLaw | None = None,
    *,
    tolerance: float = 1e-10,
) -> Float[Tensor, "batch cols"]:
    """Currents into virtual ground (A), differentiable by voltage and conductance.

    The gradient is that of the solution, whatever the iterations were: one more network, of
    linear cells with the slopes of these, driven from the bit lines.

    Args:
        wires: Resistances of the lines.
        voltage: Voltages of the drivers (V). Shape (batch, rows).
        conductance: Conductance of each cell, at 0 V if there is a law (S). Shape (rows, cols).
        law: Current of a cell at a voltage; `None` for resistors.
        tolerance: Relative error wanted of the currents, and of the gradient (1).

    Raises:
        ValueError: A conductance is negative or a shape does not fit.
        ArithmeticError: The tolerance is not reached.
    """
    _check(voltage, conductance, law, tolerance)
    circuit = _Circuit(wires, conductance.detach(), law)
    return _Currents.apply(voltage, conductance, circuit, tolerance)  # type: ignore[no-any-return, no-untyped-call]


class _Currents(torch.autograd.Function):
    """Currents with the adjoint network as their gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        voltage: Tensor,
        conductance: Tensor,
        circuit: "_Circuit",
        tolerance: float,
    ) -> Tensor:
        ends = (voltage, voltage.new_zeros(len(voltage), conductance.shape[1]))
        found = circuit.solve(ends, tolerance)
        drop = found.word.mT - found.bit
        ctx.save_for_backward(drop)
        ctx.circuit = circuit
        ctx.tolerance = tolerance
        ctx.kinds = voltage.dtype, conductance.dtype
        return (
            circuit.current(drop).sum(-2).mul_(circuit.sensed).to(voltage.dtype)
        )

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, weight: Tensor
    ) -> tuple[Tensor | None, Tensor | None, None, None]:
        (drop,) = ctx.saved_tensors
        circuit = ctx.circuit
        slope = circuit.slope(drop)
        found = circuit.linear(
            slope,
            (weight.new_zeros(len(weight), drop.shape[1]), weight),
            ctx.tolerance,
        )
        adjoint = found.bit - found.word.mT
        by_voltage = (
            (slope * adjoint).sum(-1).mul_(circuit.driven).to(ctx.kinds[0])
        )
        by_cell = (circuit.sensitivity(drop) * adjoint).sum(0).to(ctx.kinds[1])
        return by_voltage, by_cell, None, None


class _Circuit:
    """Wires and cells in the form of the solvers, in double precision."""

    def __init__(
        self, wires: "WireModel", conductance: Tensor, law: CellLaw | None
    ) -> None:
        rows, cols = conductance.shape
        self.cell = conductance.double()
        self.law = law
        self.access = wires.access
        if not math.isfinite(wires.access):
            self.cell = torch.zeros_like(self.cell)
            self.access = 0.0
        if law is not None and self.access:
            self.law = InSeries(law, self.access)
        driver = _per_line(wires.driver, "driver", rows, self.cell)
        sense = _per_line(wires.sense, "sense", cols, self.cell)
        open_end = (
            torch.full_like(driver, math.inf),
            torch.full_like(sense, math.inf),
        )
        word = _per_line(wires.word_line, "word_line", rows, self.cell).expand(
            cols - 1, rows
        )
        bit = _per_line(wires.bit_line, "bit_line", cols, self.cell).expand(
            rows - 1, cols
        )
        right = driver if wires.sides == "both" else open_end[0]
        top = sense if wires.sense_sides == "both" else open_end[1]
        self.wires = (
            torch.cat((driver[None], word, right[None])),
            torch.cat((top[None], bit, sense[None])),
        )
        self.driven = driver < OPEN
        self.sensed = sense < OPEN

    def solve(
        self, ends: tuple[Tensor, Tensor], tolerance: float
    ) -> CgSolution:
        """Node voltages with the cells as they are."""
        law = self.law
        if law is None:
            return self.linear(self.slope(None), ends, tolerance)

        def part(of: slice, some: tuple[Tensor, Tensor]) -> CgSolution:
            crossbar = Crossbar(
                self.wires, self.cell, law, some, first=of.start
            )
            return crossbar.solve(tolerance * _SAFETY)

        return self._in_parts(part, ends)

    def linear(
        self, cell: Tensor, ends: tuple[Tensor, Tensor], tolerance: float
    ) -> CgSolution:
        """Node voltages with linear cells, shared by all vectors or one set for each."""
        # Cells that all inputs share are factored once.
        shared = factor(self.wires, cell) if cell.ndim == 2 else None

        def part(of: slice, some: tuple[Tensor, Tensor]) -> CgSolution:
            own = cell if shared else cell[of]
            lines = shared or factor(self.wires, own)
            system = crossbar_system(lines, own, some)
            criterion = StoppingCriterion(tolerance * _SAFETY)
            return solve_cg(system, criterion)

        return self._in_parts(part, ends)

    def current(self, drop: Tensor) -> Tensor:
        """Currents of the cells (A) from the voltages across them and their access (V)."""
        if self.law is None:
            return self.slope(drop) * drop
        return self.law.current(drop, self.cell)

    def slope(self, drop: Tensor | None) -> Tensor:
        """Differential conductances (S); of linear cells one set for all vectors."""
        if self.law is None or drop is None:
            return (
                self.cell / (1 + self.access * self.cell)
                if self.access
                else self.cell
            )
        return self.law.slope(drop, self.cell)

    def sensitivity(self, drop: Tensor) -> Tensor:
        """What each current gains per conductance (V)."""
        if self.law is None:
            return drop / (1 + self.access * self.cell) ** 2
        return sensitivity(self.law, drop, self.cell)

    def _in_parts(
        self,
        part: Callable[[slice, tuple[Tensor, Tensor]], CgSolution],
        ends: tuple[Tensor, Tensor],
    ) -> CgSolution:
        """Solve for some vectors at a time; lines cut off from their ends are at 0 V."""
        word = torch.where(self.driven, ends[0].double(), 0.0)
        bit = torch.where(self.sensed, ends[1].double(), 0.0)
        size = max(1, _TOGETHER // self.cell.numel())
        # One part at least, though it be empty.
        starts = range(0, max(1, len(word)), size)
        parts = []
        for start in starts:
            of = slice(start, start + size)
            parts.append(part(of, (word[of], bit[of])))
        if len(parts) == 1:
            return parts[0]
        values_of_fields = zip(*parts, strict=True)
        fields = dict(zip(CgSolution._fields, values_of_fields, strict=True))
        iterations = max(fields.pop("iterations"))
        joined = {name: torch.cat(values) for name, values in fields.items()}
        return CgSolution(iterations=iterations, **joined)


def _per_line(value: Any, name: str, lines: int, like: Tensor) -> Tensor:
    """One resistance per line (Ω)."""
    values = torch.as_tensor(value, dtype=like.dtype, device=like.device)
    if values.ndim and len(values) != lines:
        raise ValueError(
            f"Argument `{name}` must be one resistance or one per line, {lines} of them, but has"
            f" {len(values)}."
        )
    return values.expand(lines)


def _check(
    voltage: Tensor, conductance: Tensor, law: CellLaw | None, tolerance: float
) -> None:
    check_shape(conductance, "conductance", (None, None))
    check_shape(voltage, "voltage", (None, conductance.shape[0]))
    check_finite(voltage, "voltage", "A driver has a voltage.")
    check_finite(conductance, "conductance", "An open cell has 0 S.")
    check_within(
        conductance,
        "conductance",
        0,
        math.inf,
        unit="S",
        hint="No cell has less than 0 S.",
    )
    check_between(tolerance, "tolerance", 1e-13, 0.1, "1")
    if isinstance(law, Sinh):
        steepest = float(torch.as_tensor(law.coefficient).max())
        low, high = torch.nn.functional.pad(
            voltage.detach().flatten(), (0, 1)
        ).aminmax()
        highest = float(high - low)
        check_between(
            highest * steepest, "voltage * coefficient", 0, _STEEPEST, "1"
        )
