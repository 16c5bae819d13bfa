"""Crossbars of cells that are not resistors: Newton's method on the co-content of the network.

Currents of cells that grow with the voltage make the co-content of cells and wires, the integral
of the current over the voltage summed over all branches, a convex function of the node voltages;
its minimum is the solution. Every step is a network of linear cells, each with its slope and a
source for the rest of its current, solved as far as the step deserves; a step that would raise
the co-content is halved. Wires enter by their currents, R I² / 2, so that R may be 0.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from mho.units import show
from mho.wires.iv_laws import CellLaw
from mho.wires.nodal.conjugate_gradient import (
    CgSolution,
    StoppingCriterion,
    crossbar_system,
    factor,
    solve_cg,
)
from mho.wires.nodal.line_elimination import branch_currents

_STEPS = 150
"""Most steps; from far above a sinh falls by a factor of e in each (1)."""
_HALVINGS = 40
_ROUNDING = 1e-12
"""Share of the co-content that is rounding (1)."""
_BEGIN = 0.03
"""Accuracy of the first step, which takes the cells for resistors (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """Node voltages (V) with the currents they send through the wires (A)."""

    word: Tensor
    bit: Tensor
    word_wire: Tensor
    bit_wire: Tensor

    @property
    def drop(self) -> Tensor:
        """Voltage across each cell (V). Shape (batch, rows, cols)."""
        return self.word.mT - self.bit

    def towards(self, other: "_State", share: Tensor) -> "_State":
        """The state a share of the way to another; wires stay in balance on the way."""
        pairs = (
            (getattr(self, name), getattr(other, name))
            for name in self.__slots__
        )
        return _State(
            *(torch.lerp(one, two, share[:, None, None]) for one, two in pairs)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Crossbar:
    """What Newton's method solves: wires, cells, law and the voltages at the ends.

    Args:
        wires: Resistances of word lines (cols + 1, rows) and bit lines (rows + 1, cols) from end
            to end (Ω).
        cell: Conductance of the cells at 0 V (S). Shape (rows, cols).
        law: Current of a cell.
        ends: Voltages at the ends of the word lines (batch, rows) and bit lines (batch, cols) (V).
        first: Number of the first vector (1).
    """

    wires: tuple[Tensor, Tensor]
    cell: Tensor
    law: CellLaw
    ends: tuple[Tensor, Tensor]
    first: int = 0

    def solve(self, tolerance: float) -> CgSolution:
        """Node voltages.

        Args:
            tolerance: Error wanted, in the energy norm (1).

        Raises:
            ArithmeticError: Newton's method does not get there.
        """
        zero = self.cell.new_zeros(len(self.ends[0]), *self.cell.shape)
        slope = self.law.slope(zero, self.cell)
        found = solve_cg(
            crossbar_system(factor(self.wires, slope), slope, self.ends),
            StoppingCriterion(_BEGIN),
        )
        state = self._state(found, slope, zero)
        reference = found.first
        slowest = found.slowest
        iterations = found.iterations
        for _ in range(_STEPS):
            drop = state.drop
            slope = self.law.slope(drop, self.cell)
            source = self.law.current(drop, self.cell) - slope * drop
            net = crossbar_system(
                factor(self.wires, slope), slope, self.ends, source
            )
            scale = reference * slowest
            try:
                found = solve_cg(
                    net, StoppingCriterion(tolerance, scale), start=state.bit
                )
            except ArithmeticError as error:
                why = self._complaint(state, ", its slopes being too unequal")
                raise ArithmeticError(why) from error
            iterations += found.iterations
            slowest = torch.minimum(slowest, found.slowest)
            if bool((found.first <= tolerance**2 * reference * slowest).all()):
                return found._replace(iterations=iterations, first=reference)
            state = self._descend(state, self._state(found, slope, source))
        raise ArithmeticError(self._complaint(state, f" after {_STEPS} steps"))

    def _state(
        self, found: CgSolution, slope: Tensor, source: Tensor
    ) -> _State:
        # Either side has voltages that are in balance with its own lines.
        over_word = found.word.mT - found.bit
        over_bit = found.word_before.mT - found.bit
        word_side = slope * over_word + source
        bit_side = slope * over_bit + source
        word, bit = self.wires
        along_word = branch_currents(word, word_side.mT)
        along_bit = branch_currents(bit, -bit_side)
        return _State(found.word, found.bit, along_word, along_bit)

    def _content(self, state: _State) -> Tensor:
        """Co-content of cells and wires (W). Shape (batch,)."""
        content = self.law.work(state.drop, self.cell).sum((-2, -1))
        for wire, current in zip(
            self.wires, (state.word_wire, state.bit_wire), strict=True
        ):
            loss = torch.where(wire.isfinite(), wire, 0.0) * current**2
            content += loss.sum((-2, -1)) / 2
        return content

    def _descend(self, old: _State, new: _State) -> _State:
        """Go to the new state, or as much of the way as lowers the co-content."""
        before = self._content(old)
        allowed = before + _ROUNDING * before.abs()
        share = torch.ones_like(before)
        state = new
        for _ in range(_HALVINGS):
            higher = ~(self._content(state) <= allowed)
            if not bool(higher.any()):
                return state
            share = torch.where(higher, share / 2, share)
            state = old.towards(new, share)
        raise ArithmeticError(
            self._complaint(old, f" though steps were halved {_HALVINGS} times")
        )

    def _complaint(self, state: _State, when: str) -> str:
        current = self.law.current(state.drop, self.cell)
        off = (
            current.sum(-2)
            + branch_currents(self.wires[1], -current)[..., 0, :]
        )
        off = (off - state.bit_wire[..., -1, :]).abs()
        vector, col = divmod(int(off.argmax()), off.shape[-1])
        return (
            f"The crossbar of non-linear cells has not settled{when}: bit line {col} of vector"
            f" {self.first + vector} is still {show(float(off.max()), 'A')} out of balance; lower"
            " the voltage or the coefficient of the law."
        )
