"""Node voltages of a crossbar with linear cells: conjugate gradients, preconditioned by lines.

With the bit lines eliminated the word-line voltages U obey S U = A U − D B⁻¹ D U = s, where A and
B are the word and the bit lines with the cells D to ground. A is the preconditioner, so that
only solves along lines are needed: A p follows the recurrence of p itself, because A z is the
residual. Word lines are kept as (cols, rows), so that both solves run along the slow axis.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from mho.wires.nodal.line_elimination import EliminatedLines, eliminate

_WHOLE = 4096
"""Cells up to which planes are transposed all at once; above, one by one is faster (1)."""


class StoppingCriterion(NamedTuple):
    """When to stop; errors in the energy norm.

    Args:
        tolerance: Error wanted (1), relative to the first residual or to the reference.
        reference: Square of the norm (W) errors are measured by in a step of Newton's method,
            which stops earlier: a step that starts far off need not be accurate. Shape (batch,).
    """

    tolerance: float
    reference: Tensor | None = None

    def limit(self, first: Tensor) -> Tensor:
        """Square of the norm to reach (W), from that of the first residual."""
        if self.reference is None:
            return first * self.tolerance**2
        enough = first * _ratio(first, self.reference).clamp(1e-6, 1e-3)
        return torch.maximum(self.reference * self.tolerance**2, enough)


@dataclass(frozen=True, slots=True, eq=False)
class CrossbarSystem:
    """Word lines and bit lines with linear cells between them, and what feeds the lines.

    Args:
        word: Word lines with the cells to ground.
        bit: Bit lines with the cells to ground.
        cell: Conductance of the cells (S). Shape (..., rows, cols).
        word_fed: Voltages of the word lines with all bit lines at ground (V). Shape (batch, cols,
            rows).
        bit_fed: Voltages of the bit lines with all word lines at ground (V). Shape (batch, rows,
            cols).
    """

    word: EliminatedLines
    bit: EliminatedLines
    cell: Tensor
    word_fed: Tensor
    bit_fed: Tensor


class CgSolution(NamedTuple):
    """Node voltages that solve a network, and how well.

    Args:
        word: Word-line voltages, in balance with `bit` (V). Shape (batch, cols, rows).
        word_before: Word-line voltages `bit` is in balance with (V).
        bit: Bit-line voltages (V). Shape (batch, rows, cols).
        iterations: Iterations used (1).
        first: Square of the energy norm of the first residual (W). Shape (batch,).
        last: The same of the last one.
        slowest: Smallest eigenvalue seen (1), by which an error hides in its residual.
    """

    word: Tensor
    word_before: Tensor
    bit: Tensor
    iterations: int
    first: Tensor
    last: Tensor
    slowest: Tensor


def factor(
    wires: tuple[Tensor, Tensor], cell: Float[Tensor, "*batch rows cols"]
) -> tuple[EliminatedLines, EliminatedLines]:
    """Word lines and bit lines with linear cells to ground.

    Args:
        wires: Resistances of word lines (cols + 1, rows) and bit lines (rows + 1, cols) from end
            to end (Ω).
        cell: Conductance of the cells (S).
    """
    return eliminate(wires[0], cell.mT.contiguous()), eliminate(wires[1], cell)


def crossbar_system(
    lines: tuple[EliminatedLines, EliminatedLines],
    cell: Float[Tensor, "*batch rows cols"],
    ends: tuple[Tensor, Tensor],
    source: Float[Tensor, "batch rows cols"] | None = None,
) -> CrossbarSystem:
    """A network out of its lines and what feeds them.

    Args:
        lines: Word lines and bit lines with these cells.
        cell: Conductance of the cells (S).
        ends: Voltages at the ends of the word lines (batch, rows) and bit lines (batch, cols) (V).
        source: Current from word line to bit line beside each cell (A).
    """
    word, bit = lines
    word_fed = word.response(ends[0])
    bit_fed = bit.response(ends[1])
    if source is not None:
        word_fed -= word.solve(source.mT.contiguous())
        bit_fed += bit.solve(source)
    return CrossbarSystem(word, bit, cell, word_fed, bit_fed)


def solve_cg(
    net: CrossbarSystem,
    criterion: StoppingCriterion,
    start: Tensor | None = None,
) -> CgSolution:
    """Solve for the node voltages.

    Args:
        net: The network.
        criterion: When to stop.
        start: Bit-line voltages to start from (V). Shape (batch, rows, cols).

    Raises:
        ArithmeticError: The accuracy is not reached.
    """
    work = _Work(net)
    begin = net.bit_fed if start is None else start
    work.charge(begin)
    work.precondition()
    torch.add(net.word_fed, work.ahead, out=work.word)
    work.feed(work.word)
    if start is not None:
        work.bit += net.bit_fed - start
    work.charge(work.bit)
    iterations, first, last, slowest = _iterate(work, criterion)
    work.feed(work.word)
    work.bit += net.bit_fed
    work.charge(work.bit)
    work.precondition()
    work.ahead += net.word_fed
    return CgSolution(
        work.ahead, work.word, work.bit, iterations, first, last, slowest
    )


def _iterate(
    work: "_Work", criterion: StoppingCriterion
) -> tuple[int, Tensor, Tensor, Tensor]:
    """Conjugate gradients on `work.word` until accurate enough."""
    steps: list[Tensor] = []
    turns: list[Tensor] = []
    power = first = work.power()
    limit = criterion.limit(first)
    turn = torch.zeros_like(power)
    slowest = torch.ones_like(power)
    most = 200 + 10 * sum(work.word.shape[-2:])
    for iteration in range(most):
        if bool((power <= limit * slowest).all()):
            # An error along a small eigenvalue hides: its residual is smaller by as much.
            found = _slowest(steps, turns, power)
            enough = bool((power <= limit * found).all())
            if enough or criterion.reference is not None:
                return iteration, first, power, found
            slowest = found
        turns.append(turn)
        step = _ratio(power, work.turn(turn))
        steps.append(step)
        work.advance(step)
        before = power
        power = work.power()
        turn = _ratio(power, before)
    short = math.sqrt(float((power / limit).max()))
    raise ArithmeticError(
        f"The node voltages are still {short:.1e} times as far off as wanted after {most}"
        f" iterations; ask for less than a `tolerance` of {criterion.tolerance:g}, or bring the"
        " resistances of wires and cells nearer to each other."
    )


def _slowest(steps: list[Tensor], turns: list[Tensor], like: Tensor) -> Tensor:
    """Smallest eigenvalue that the iteration has seen (1), by which errors hide in residuals."""
    if not steps:
        return torch.ones_like(like)
    step = torch.stack(steps, -1).clamp(min=torch.finfo(like.dtype).tiny)
    turn = torch.stack(turns, -1)
    # Lanczos: the steps and turns of conjugate gradients are a tridiagonal matrix with the
    # eigenvalues that the search has met.
    step_before = step[:, :-1]
    turn_since = turn[:, 1:]
    diagonal = 1 / step
    diagonal[:, 1:] += turn_since / step_before
    beside = turn_since.sqrt() / step_before
    matrix = (
        diagonal.diag_embed() + beside.diag_embed(1) + beside.diag_embed(-1)
    )
    smallest: Tensor = torch.linalg.eigvalsh(matrix)[:, 0]
    return smallest.clamp(min=torch.finfo(like.dtype).eps, max=1)


class _Work:
    """The tensors of one solve, and the products between them.

    They lie in one piece of memory, larger than needed: an allocator that gives pages back to the
    system at twice its largest piece then keeps all pages of a solve for the next one, which
    saves a quarter of the time. Pages that are never touched take no memory.
    """

    OF_WORD = 6
    """Planes in the order of word lines."""
    OF_BIT = 2
    """Planes in the order of bit lines."""
    PLANES = 14
    """All of them, with one for the cells and five that are never touched."""

    def __init__(self, net: CrossbarSystem) -> None:
        word_size = net.word_fed.numel()
        bit_size = net.bit_fed.numel()
        cell_size = net.cell.numel()
        store = net.word_fed.new_empty(_Work.PLANES, max(word_size, cell_size))
        turned_at = _Work.OF_WORD + _Work.OF_BIT
        of_word = store[: _Work.OF_WORD, :word_size]
        of_bit = store[_Work.OF_WORD : turned_at, :bit_size]
        planes = of_word.view(_Work.OF_WORD, *net.word_fed.shape).unbind()
        # The word-line voltages so far, what they still lack (A), and that as voltages (V).
        self.word = planes[0]
        self.residual = planes[1]
        self.ahead = planes[2]
        # The direction of search (V), what it causes (A), and currents on their way (A).
        self._search = planes[3]
        self._image = planes[4]
        self._fed_word = planes[5]
        self._search.zero_()
        self._image.zero_()
        planes = of_bit.view(_Work.OF_BIT, *net.bit_fed.shape).unbind()
        self._fed_bit = planes[0]
        self.bit = planes[1]
        # The cells once more with word lines along the slow axis, as word-line voltages lie.
        self._cell = net.cell
        self._turned = store[turned_at, :cell_size].view_as(net.cell.mT)
        self._turned.copy_(net.cell.mT)
        self._word_lines = net.word.solver(self.residual, self.ahead)
        self._bit_lines = net.bit.solver(self._fed_bit, self.bit)

    def precondition(self) -> None:
        """Into `ahead` what the residual causes on word lines."""
        self._word_lines.run()

    def power(self) -> Tensor:
        """Square of the energy norm of the residual, which is preconditioned for it (W)."""
        self.precondition()
        return _dot(self.ahead, self.residual)

    def feed(self, word: Tensor) -> None:
        """Into `bit` what voltages of the word lines cause on bit lines."""
        torch.mul(word, self._turned, out=self._fed_word)
        _transpose(self._fed_word, self._fed_bit)
        self._bit_lines.run()

    def charge(self, bit: Tensor) -> None:
        """Into `residual` the currents that voltages of the bit lines send into word lines."""
        torch.mul(bit, self._cell, out=self._fed_bit)
        _transpose(self._fed_bit, self.residual)

    def turn(self, turn: Tensor) -> Tensor:
        """Turn the direction of search; the power along it (W)."""
        scale = turn[:, None, None]
        torch.addcmul(self.ahead, self._search, scale, out=self._search)
        torch.addcmul(self.residual, self._image, scale, out=self._image)
        self.feed(self._search)
        torch.mul(self.bit, self._cell, out=self._fed_bit)
        _transpose(self._fed_bit, self._fed_word)
        torch.sub(self._image, self._fed_word, out=self._fed_word)
        return _dot(self._search, self._fed_word)

    def advance(self, step: Tensor) -> None:
        """Go along the direction of search."""
        scale = step[:, None, None]
        self.word.addcmul_(self._search, scale)
        self.residual.addcmul_(self._fed_word, scale, value=-1)


def _dot(one: Tensor, other: Tensor) -> Tensor:
    row = one.flatten(1).unsqueeze(1)
    column = other.flatten(1).unsqueeze(2)
    return torch.bmm(row, column)[:, 0, 0]


def _ratio(one: Tensor, other: Tensor) -> Tensor:
    """Quotient, and 0 where nothing is left to divide."""
    return torch.where(other > 0, one / other, 0.0)


def _transpose(planes: Tensor, out: Tensor) -> None:
    if planes.shape[-1] * planes.shape[-2] <= _WHOLE:
        out.copy_(planes.mT)
    else:
        for plane, turned in zip(planes, out, strict=True):
            turned.copy_(plane.mT)
