"""Node voltages of many resistive lines at once, without dividing by a wire resistance.

A line is a chain of nodes, each with a conductance to ground, between two ends. Every second
node is eliminated, then every second of the rest, and so on (cyclic reduction), each as a star
turned into a triangle. With segments R₁ and R₂ to its neighbours and the conductance g,

    N = R₁ + R₂ + R₁ R₂ g:   its current goes to the neighbours in parts R₂ / N and R₁ / N,
    its voltage is (R₂ u₁ + R₁ u₂ + R₁ R₂ f) / N, and N is the segment left between them.

Nothing is ever subtracted, so that each result keeps its digits however far it has decayed.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

SHORT = 1e-60
OPEN = 1e60
"""Resistances that stand for none and for no connection (Ω)."""


_FEW = 8
"""Nodes from which on a dense inverse takes less time than further eliminations (1)."""


class _Step(NamedTuple):
    """One elimination: what every second node passes left and right, and what it keeps (Ω)."""

    left: Tensor
    right: Tensor
    own: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class EliminatedLines:
    """Lines with every node eliminated, ready for any currents into the nodes.

    Args:
        steps: The eliminations, first to last.
    """

    steps: tuple[_Step, ...]

    def response(
        self, end: Float[Tensor, "*batch lines"]
    ) -> Float[Tensor, "*batch nodes lines"]:
        """Node voltages (V) with no current fed and both ends held at a voltage.

        Args:
            end: Voltage of both ends of each line (V). Shape (..., lines).
        """
        nodes = sum(step.own.shape[-2] for step in self.steps)
        own = self.steps[0].own.shape[:-2]
        out = end.new_zeros(*max(end.shape[:-1], own, key=len), nodes, end.shape[-1])
        for step, even, odd in reversed(self._halves(out)):
            for to, share, neighbour in _received(step, even, odd):
                to.addcmul_(share, neighbour)
            even[..., 0, :] += step.left[..., 0, :] * end
            if even.shape[-2] > odd.shape[-2]:
                even[..., -1, :] += step.right[..., -1, :] * end
        return out

    def solve(
        self, current: Float[Tensor, "*batch nodes lines"]
    ) -> Float[Tensor, "*batch nodes lines"]:
        """Node voltages (V) with currents (A) fed into the nodes and both ends grounded."""
        out = torch.empty_like(current, memory_format=torch.contiguous_format)
        self.solver(current, out).run()
        return out

    def solver(
        self,
        current: Float[Tensor, "*batch nodes lines"],
        out: Float[Tensor, "*batch nodes lines"],
    ) -> "Solver":
        """What solves for the currents in one tensor, as often as they change, into another."""
        down = []
        up = []
        fed = current[..., 0::2, :]
        kept = current[..., 1::2, :]
        for number, (step, even, odd) in enumerate(self._halves(out)):
            for share, giver, to in _given(step, fed, odd):
                down.append((to, kept[..., : to.shape[-2], :], share, giver))
                kept = odd
            up.append((even, step.own, fed, _received(step, even, odd)))
            fed = odd[..., 0::2, :]
            kept = odd[..., 1::2, :]
            if 1 < odd.shape[-2] <= _FEW:
                inverse = EliminatedLines(self.steps[number + 1 :]).inverse(
                    odd.shape[-2]
                )
                product = odd.new_empty(*odd.shape[:-2], *inverse.shape[-3:])
                rest = (inverse, odd.unsqueeze(-3), product, odd)
                return Solver(tuple(down), rest, tuple(reversed(up)))
        return Solver(tuple(down), None, tuple(reversed(up)))

    def inverse(self, nodes: int) -> Tensor:
        """Voltage of every node per current into each (Ω). Shape (..., nodes, nodes, lines)."""
        each = EliminatedLines(
            tuple(_Step(*(part.unsqueeze(-3) for part in step)) for step in self.steps)
        )
        own = self.steps[0].own
        unit = torch.eye(nodes, dtype=own.dtype, device=own.device).unsqueeze(-1)
        return each.solve(unit.expand(*own.shape[:-2], nodes, nodes, own.shape[-1]))

    def _halves(self, nodes: Tensor) -> list[tuple[_Step, Tensor, Tensor]]:
        """Of every elimination the nodes that go and the nodes that stay."""
        halves = []
        for step in self.steps:
            even = nodes[..., 0::2, :]
            nodes = nodes[..., 1::2, :]
            halves.append((step, even, nodes))
        return halves


@dataclass(frozen=True, slots=True, eq=False)
class Solver:
    """The multiplications of a solve between two tensors, every slice taken beforehand."""

    down: tuple[tuple[Tensor, Tensor, Tensor, Tensor], ...]
    rest: tuple[Tensor, Tensor, Tensor, Tensor] | None
    up: tuple[tuple[Tensor, Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]], ...]

    def run(self) -> None:
        """Solve for the currents that are in the first tensor now."""
        for to, kept, share, giver in self.down:
            torch.addcmul(kept, share, giver, out=to)
        if self.rest is not None:
            inverse, current, product, nodes = self.rest
            torch.mul(inverse, current, out=product)
            torch.sum(product, -2, out=nodes)
        for even, own, fed, received in self.up:
            torch.mul(fed, own, out=even)
            for to, share, neighbour in received:
                to.addcmul_(share, neighbour)


def eliminate(
    resistance: Float[Tensor, "segments lines"],
    conductance: Float[Tensor, "*batch nodes lines"],
) -> EliminatedLines:
    """Eliminate every node of every line.

    Args:
        resistance: Segments from end to end, nodes + 1 of them (Ω). Zero and infinite are
            allowed. Shape (nodes + 1, lines).
        conductance: Conductance from each node to ground (S). Shape (..., nodes, lines).
    """
    wire = resistance.clamp(SHORT, OPEN).expand(
        *conductance.shape[:-2], *resistance.shape
    )
    parts = conductance.new_empty(len(_Step._fields), *conductance.shape)
    ground = conductance
    steps = []
    start = 0
    while ground.shape[-2]:
        even = ground[..., 0::2, :]
        rest = ground[..., 1::2, :]
        count = even.shape[-2]
        stay = rest.shape[-2]
        step = _Step(*(part[..., start : start + count, :] for part in parts))
        wire = _merge(wire, even, step)
        ground = torch.addcmul(rest, step.right[..., :stay, :], even[..., :stay, :])
        ground[..., : count - 1, :].addcmul_(step.left[..., 1:, :], even[..., 1:, :])
        start += count
        steps.append(step)
    return EliminatedLines(tuple(steps))


def _merge(wire: Tensor, even: Tensor, step: _Step) -> Tensor:
    """Fill in the shares of one elimination; segments left between the nodes that stay (Ω)."""
    count = even.shape[-2]
    left = wire[..., 0 : 2 * count : 2, :]
    right = wire[..., 1 : 2 * count : 2, :]
    shape = (*wire.shape[:-2], wire.shape[-2] - count, wire.shape[-1])
    merged = wire.new_empty(shape)
    whole = merged[..., :count, :]
    torch.mul(left, right, out=step.own)
    torch.addcmul(torch.add(left, right, out=whole), step.own, even, out=whole)
    torch.reciprocal(whole, out=step.right)
    torch.mul(right, step.right, out=step.left)
    step.own.mul_(step.right)
    step.right.mul_(left)
    whole.clamp_(max=OPEN)
    merged[..., count:, :] = wire[..., 2 * count :, :]
    return merged


def _given(
    step: _Step, even: Tensor, odd: Tensor
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Share, giver and taker where nodes that go pass something to their neighbours."""
    stay = odd.shape[-2]
    inner = even.shape[-2] - 1
    terms = [(step.right[..., :stay, :], even[..., :stay, :], odd)] if stay else []
    if inner:
        terms.append((step.left[..., 1:, :], even[..., 1:, :], odd[..., :inner, :]))
    return terms


def _received(
    step: _Step, even: Tensor, odd: Tensor
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Taker, share and neighbour where nodes that went get their voltages."""
    return [(giver, share, taker) for share, giver, taker in _given(step, even, odd)]


def branch_currents(
    resistance: Float[Tensor, "segments lines"],
    taken: Float[Tensor, "*batch nodes lines"],
) -> Float[Tensor, "*batch segments lines"]:
    """Currents along lines whose nodes give currents away, both ends at the same voltage.

    Kirchhoff's two laws: neighbours differ by what the node between them takes, and the drops
    R I of a line add up to nothing.

    Args:
        resistance: Segments from end to end (Ω). Shape (nodes + 1, lines).
        taken: Current that leaves the line at each node (A). Shape (..., nodes, lines).

    Returns:
        Current from the first towards the last end in each segment (A); 0 in an open one.
    """
    wire = resistance.clamp(SHORT, OPEN)
    after = torch.nn.functional.pad(taken.flip(-2).cumsum(-2).flip(-2), (0, 0, 0, 1))
    around = (wire / wire.sum(-2) * after).sum(-2, keepdim=True)
    return torch.where(wire < OPEN, after - around, 0.0)
