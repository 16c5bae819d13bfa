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

SHORT, OPEN = 1e-60, 1e60
"""Resistances that stand for none and for no connection (Ω)."""


class _Step(NamedTuple):
    """One elimination: what every second node passes left and right, and what it keeps (Ω)."""

    left: Tensor
    right: Tensor
    own: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines with every node eliminated, ready for any currents into the nodes.

    Args:
        steps: The eliminations, first to last.
        first: Conductance to ground that is left at the first end (S). Shape (..., lines).
        last: The same at the last end.
    """

    steps: tuple[_Step, ...]
    first: Tensor
    last: Tensor

    def response(self, end: Float[Tensor, "*batch lines"]) -> Float[Tensor, "*batch nodes lines"]:
        """Node voltages (V) with no current fed and both ends held at a voltage.

        Args:
            end: Voltage of both ends of each line (V). Shape (..., lines).
        """
        nodes = sum(step.own.shape[-2] for step in self.steps)
        batch = torch.broadcast_shapes(end.shape[:-1], self.first.shape[:-1])
        out = end.new_zeros(*batch, nodes, end.shape[-1])
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
        self, current: Float[Tensor, "*batch nodes lines"], out: Float[Tensor, "*batch nodes lines"]
    ) -> "Solver":
        """What solves for the currents in one tensor, as often as they change, into another."""
        down, up = [], []
        fed, kept = current[..., 0::2, :], current[..., 1::2, :]
        for step, even, odd in self._halves(out):
            for share, giver, to in _given(step, fed, odd):
                down.append((to, kept[..., : to.shape[-2], :], share, giver))
                kept = odd
            up.append((even, step.own, fed, _received(step, even, odd)))
            fed, kept = odd[..., 0::2, :], odd[..., 1::2, :]
        return Solver(tuple(down), tuple(reversed(up)))

    def into_ends(
        self, current: Float[Tensor, "*batch nodes lines"]
    ) -> tuple[Float[Tensor, "*batch lines"], Float[Tensor, "*batch lines"]]:
        """Currents (A) that leave through the first and the last end, both grounded."""
        left, right = torch.zeros_like(current[..., 0, :]), torch.zeros_like(current[..., 0, :])
        for step, even, odd in self._halves(current.clone()):
            left += step.left[..., 0, :] * even[..., 0, :]
            if even.shape[-2] > odd.shape[-2]:
                right += step.right[..., -1, :] * even[..., -1, :]
            for share, giver, to in _given(step, even, odd):
                to.addcmul_(share, giver)
        return left, right

    def _halves(self, nodes: Tensor) -> list[tuple[_Step, Tensor, Tensor]]:
        """Of every elimination the nodes that go and the nodes that stay."""
        halves = []
        for step in self.steps:
            even, nodes = nodes[..., 0::2, :], nodes[..., 1::2, :]
            halves.append((step, even, nodes))
        return halves


@dataclass(frozen=True, slots=True, eq=False)
class Solver:
    """The multiplications of a solve between two tensors, every slice taken beforehand."""

    down: tuple[tuple[Tensor, Tensor, Tensor, Tensor], ...]
    up: tuple[tuple[Tensor, Tensor, Tensor, list[tuple[Tensor, Tensor, Tensor]]], ...]

    def run(self) -> None:
        """Solve for the currents that are in the first tensor now."""
        for to, kept, share, giver in self.down:
            torch.addcmul(kept, share, giver, out=to)
        for even, own, fed, received in self.up:
            torch.mul(fed, own, out=even)
            for to, share, neighbour in received:
                to.addcmul_(share, neighbour)


def eliminate(
    resistance: Float[Tensor, "segments lines"], conductance: Float[Tensor, "*batch nodes lines"]
) -> Lines:
    """Eliminate every node of every line.

    Args:
        resistance: Segments from end to end, nodes + 1 of them (Ω). Zero and infinite are
            allowed. Shape (nodes + 1, lines).
        conductance: Conductance from each node to ground (S). Shape (..., nodes, lines).
    """
    wire = resistance.clamp(SHORT, OPEN).expand(*conductance.shape[:-2], *resistance.shape)
    first = torch.zeros_like(conductance[..., 0, :])
    last = torch.zeros_like(first)
    parts = [torch.empty_like(conductance) for _ in _Step._fields]
    ground, steps, start = conductance, [], 0
    while ground.shape[-2]:
        even, rest = ground[..., 0::2, :], ground[..., 1::2, :].clone()
        count, odd = even.shape[-2], ground.shape[-2] % 2
        left, right = wire[..., 0 : 2 * count : 2, :], wire[..., 1 : 2 * count : 2, :]
        whole = left.new_empty(*left.shape[:-2], wire.shape[-2] - count, left.shape[-1])
        merged, step = (
            whole[..., :count, :],
            _Step(*(x[..., start : start + count, :] for x in parts)),
        )
        torch.mul(left, right, out=step.own)
        torch.addcmul(torch.add(left, right, out=merged), step.own, even, out=merged)
        share = merged.reciprocal()
        torch.mul(right, share, out=step.left)
        torch.mul(left, share, out=step.right)
        step.own.mul_(share)
        merged.clamp_(max=OPEN)
        whole[..., count:, :] = wire[..., 2 * count :, :]
        first = first + step.left[..., 0, :] * even[..., 0, :]
        if odd:
            last = last + step.right[..., -1, :] * even[..., -1, :]
        for part, giver, to in _given(step, even, rest):
            to.addcmul_(part, giver)
        wire, ground, start = whole, rest, start + count
        steps.append(step)
    return Lines(tuple(steps), first, last)


def _given(step: _Step, even: Tensor, odd: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Share, giver and taker where nodes that go pass something to their neighbours."""
    stay, inner = odd.shape[-2], even.shape[-2] - 1
    terms = [(step.right[..., :stay, :], even[..., :stay, :], odd)] if stay else []
    if inner:
        terms.append((step.left[..., 1:, :], even[..., 1:, :], odd[..., :inner, :]))
    return terms


def _received(step: _Step, even: Tensor, odd: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Taker, share and neighbour where nodes that went get their voltages."""
    return [(giver, share, taker) for share, giver, taker in _given(step, even, odd)]
