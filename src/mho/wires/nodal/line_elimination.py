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


class _Given(NamedTuple):
    """What nodes that go give to neighbours that stay.

    Args:
        taker: Where the neighbours collect their currents (A).
        before: What they had (A).
        share: Part that each takes (1).
        giver: Currents of the nodes that go (A).
    """

    taker: Tensor
    before: Tensor
    share: Tensor
    giver: Tensor


class _Returned(NamedTuple):
    """How nodes that went get their voltages.

    Args:
        node: Where their voltages go (V).
        own: Resistance to what their own currents see (Ω).
        current: Their own currents (A).
        received: Taker, share and neighbour, for the neighbour on either side.
    """

    node: Tensor
    own: Tensor
    current: Tensor
    received: list[tuple[Tensor, Tensor, Tensor]]


class _Dense(NamedTuple):
    """How few nodes get their voltages from all their currents at once.

    Args:
        inverse: Voltage of every node per current into each (Ω).
        current: The currents (A), with an axis for the node whose voltage they cause.
        product: Memory for the products (V).
        nodes: Where the voltages go (V).
    """

    inverse: Tensor
    current: Tensor
    product: Tensor
    nodes: Tensor


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
        own_batch = self.steps[0].own.shape[:-2]
        batch = max(end.shape[:-1], own_batch, key=len)
        out = end.new_zeros(*batch, nodes, end.shape[-1])
        # Last eliminated, first known: every node lies between two that are known by then.
        for step, even, odd in reversed(self._halves(out)):
            for to, share, neighbour in _received(step, even, odd):
                to.addcmul_(share, neighbour)
            even[..., 0, :] += step.left[..., 0, :] * end
            last_is_even = even.shape[-2] > odd.shape[-2]
            if last_is_even:
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
        """What solves for the currents in one tensor, as often as they change, into another.

        Every product is laid out beforehand, on views of the two tensors. On the way down each
        elimination hands the currents of the nodes that go to their neighbours; on the way up
        each of those nodes gets its voltage from its own current and from its neighbours. Nodes
        that stay collect their currents in `out`, where their voltages will be.
        """
        down: list[_Given] = []
        up: list[_Returned] = []
        # The first elimination finds all currents in `current`; later ones find them in `out`.
        going = current[..., 0::2, :]
        staying = current[..., 1::2, :]
        rest = None
        for number, (step, even, odd) in enumerate(self._halves(out)):
            for share, giver, taker in _given(step, going, odd):
                before = staying[..., : taker.shape[-2], :]
                down.append(_Given(taker, before, share, giver))
                # What the first neighbour gave is in `out` by now; the second adds to that.
                staying = odd
            received = _received(step, even, odd)
            up.append(_Returned(even, step.own, going, received))
            going = odd[..., 0::2, :]
            staying = odd[..., 1::2, :]
            if 1 < odd.shape[-2] <= _FEW:
                later = EliminatedLines(self.steps[number + 1 :])
                rest = _dense(later, odd)
                break
        return Solver(tuple(down), rest, tuple(reversed(up)))

    def inverse(self, nodes: int) -> Tensor:
        """Voltage of every node per current into each (Ω). Shape (..., nodes, nodes, lines)."""
        # A further axis, for the node that the current is fed into.
        steps = [
            _Step(*(part.unsqueeze(-3) for part in step)) for step in self.steps
        ]
        own = self.steps[0].own
        unit = torch.eye(nodes, dtype=own.dtype, device=own.device).unsqueeze(
            -1
        )
        fed = unit.expand(*own.shape[:-2], nodes, nodes, own.shape[-1])
        return EliminatedLines(tuple(steps)).solve(fed)

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
    """The multiplications of a solve between two tensors, every slice taken beforehand.

    Args:
        down: What eliminated nodes give to their neighbours, first elimination to last.
        rest: How the few nodes that are left get their voltages; `None` if none are left.
        up: How eliminated nodes get their voltages, last elimination to first.
    """

    down: tuple[_Given, ...]
    rest: _Dense | None
    up: tuple[_Returned, ...]

    def run(self) -> None:
        """Solve for the currents that are in the first tensor now."""
        for taker, before, share, giver in self.down:
            torch.addcmul(before, share, giver, out=taker)
        if self.rest is not None:
            inverse, current, product, nodes = self.rest
            torch.mul(inverse, current, out=product)
            torch.sum(product, -2, out=nodes)
        for node, own, current, received in self.up:
            torch.mul(current, own, out=node)
            for taker, share, neighbour in received:
                taker.addcmul_(share, neighbour)


def _dense(lines: EliminatedLines, nodes: Tensor) -> _Dense:
    """Few nodes at once, by the inverse of their conductances; they hold their currents now."""
    inverse = lines.inverse(nodes.shape[-2])
    product = nodes.new_empty(*nodes.shape[:-2], *inverse.shape[-3:])
    return _Dense(inverse, nodes.unsqueeze(-3), product, nodes)


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
    batch = conductance.shape[:-2]
    wire = resistance.clamp(SHORT, OPEN).expand(*batch, *resistance.shape)
    parts = conductance.new_empty(len(_Step._fields), *conductance.shape)
    ground = conductance
    steps = []
    start = 0
    while ground.shape[-2]:
        even = ground[..., 0::2, :]
        rest = ground[..., 1::2, :]
        count = even.shape[-2]
        stay = rest.shape[-2]
        places = slice(start, start + count)
        step = _Step(*(part[..., places, :] for part in parts))
        wire = _merge(wire, even, step)
        # The conductance to ground of a node that goes is shared out to its neighbours.
        to_next = step.right[..., :stay, :]
        ground = torch.addcmul(rest, to_next, even[..., :stay, :])
        to_last = step.left[..., 1:, :]
        ground[..., : count - 1, :].addcmul_(to_last, even[..., 1:, :])
        start += count
        steps.append(step)
    return EliminatedLines(tuple(steps))


def _merge(wire: Tensor, even: Tensor, step: _Step) -> Tensor:
    """Fill in the shares of one elimination; segments left between the nodes that stay (Ω)."""
    count = even.shape[-2]
    left = wire[..., 0 : 2 * count : 2, :]
    right = wire[..., 1 : 2 * count : 2, :]
    segments = wire.shape[-2] - count
    merged = wire.new_empty((*wire.shape[:-2], segments, wire.shape[-1]))
    whole = merged[..., :count, :]
    torch.mul(left, right, out=step.own)
    # N = R1 + R2 + R1 R2 g
    torch.add(left, right, out=whole)
    torch.addcmul(whole, step.own, even, out=whole)
    # R2 / N, R1 R2 / N and R1 / N
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
    terms = []
    if stay:
        to_next = step.right[..., :stay, :]
        terms.append((to_next, even[..., :stay, :], odd))
    if inner:
        to_last = step.left[..., 1:, :]
        terms.append((to_last, even[..., 1:, :], odd[..., :inner, :]))
    return terms


def _received(
    step: _Step, even: Tensor, odd: Tensor
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Taker, share and neighbour where nodes that went get their voltages."""
    return [
        (giver, share, taker) for share, giver, taker in _given(step, even, odd)
    ]


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
    # What all nodes behind a segment take flows through it, and some more all the way through.
    behind = taken.flip(-2).cumsum(-2).flip(-2)
    after = torch.nn.functional.pad(behind, (0, 0, 0, 1))
    weight = wire / wire.sum(-2)
    around = (weight * after).sum(-2, keepdim=True)
    return torch.where(wire < OPEN, after - around, 0.0)
