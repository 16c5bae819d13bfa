"""Conductances whose currents, wires included, are those that weights want.

A cell far from driver and sense gives less current than its conductance promises, and how much
less depends on all other cells of the tile. So conductances are found by trying: solve the wires,
see what is missing, move, solve again. Compensation for wires, second pairs and cells beside stuck
ones differ in what may move and in when they have enough, not in how they step.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.blocks.block import Block, Solves
from mho.mapping.blocks.freedom import Freedom
from mho.mapping.blocks.mixing import Mixing, is_large
from mho.wires import effective_blocks, effective_pair

ROUNDS = 40
"""Solutions of the wires in a search for conductances (1)."""

CLOSE = 1e-5
"""Accepted error of an effective conductance difference, in parts of the full scale (1)."""

_LEAST_SHARE = 0.01
"""Share of its signal that one look at the wires may take from an output at most leaves (1)."""

_FAR = 1e-3
"""Step of a search, in parts of the full scale, down to which single precision will do (1): it
solves the wires to some 3e-6."""

Goal = Callable[[Tensor, Tensor], Tensor]
"""Differences wanted (S), of the numbers of a search and the differences that they reach."""


def effective(
    held: Float[Tensor, "sides rows cols"],
    block: Block,
    info: BenchInfo,
    solves: Solves | None = None,
) -> Float[Tensor, "sides rows cols"]:
    """What the wires leave of the conductances of a block's cells (S).

    Args:
        held: Their conductances (S).
        block: Where they lie.
        info: The bench.
        solves: Solves the wires; the whole net of the tile if `None`.
    """
    if solves is not None:
        return solves(held, block.crossings)
    place = place_on_tile(block, info)
    return effective_pair(info.wires, (info.rows, info.cols), place, held)


def place_on_tile(
    block: Block, info: BenchInfo
) -> Int64[Tensor, "sides rows cols"]:
    """Where the cells of a block lie on its tile: row · columns + column (1).

    Args:
        block: The block.
        info: The bench.
    """
    return block.crossings % (info.rows * info.cols)


def effective_difference(
    held: Float[Tensor, "sides rows cols"],
    block: Block,
    info: BenchInfo,
    solves: Solves | None = None,
) -> tuple[Float[Tensor, "rows outputs"], Float[Tensor, "rows cols"]]:
    """What the wires leave: conductance difference of the weights, and sum of the sides (S).

    Args:
        held: Conductances of the cells of the block's `crossings` (S).
        block: Where they lie.
        info: The bench.
        solves: As of `effective`.
    """
    seen = effective(held, block, info, solves)
    return block.difference(seen), seen.sum(0)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One solution of the wires in a search.

    Args:
        numbers: The numbers that were tried (S).
        held: Conductances of all cells that they stand for (S). Shape (sides, rows, cols).
        missing: What effective differences lack (S). Shape (rows, outputs).
        proposal: The numbers to try next (S).
    """

    numbers: Float[Tensor, "*numbers"]
    held: Float[Tensor, "sides rows cols"]
    missing: Float[Tensor, "rows outputs"]
    proposal: Float[Tensor, "*numbers"]


def looks(
    freedom: Freedom,
    goal: Goal,
    block: Block,
    info: BenchInfo,
    solves: Solves | None = None,
) -> Iterator[Look]:
    """Search for conductances, one solution of the wires after the other, `ROUNDS` at most.

    Newton's method with the attenuation of each weight's own cells in the place of the full
    Jacobian: if the wires leave 80 % of what these conduct, 1 µS that is missing asks for 1.25 µS.
    How a weight's cells change the currents of others is left to the next looks: on large blocks
    these combine what the last rounds have left, see `Mixing`.

    Args:
        freedom: What may move.
        goal: Effective differences wanted.
        block: Where the cells lie.
        info: The bench.
        solves: As of `effective`.

    Yields:
        What was tried and what is to be tried next; whoever asks decides when to stop.
    """
    numbers = freedom.start
    mixing = Mixing(freedom)
    far = is_large(numbers)
    for _ in range(ROUNDS):
        held = freedom.conductances(numbers)
        tried = held.float() if far else held
        seen = effective(tried, block, info, solves).to(held.dtype)
        reached = block.difference(seen)
        missing = goal(numbers, reached) - reached
        proposal = _proposal(freedom, numbers, missing, (held, seen), block)
        far = far and _goes_far(freedom, numbers, proposal)
        yield Look(numbers, held, missing, proposal)
        numbers = mixing(numbers, proposal)


def _goes_far(
    freedom: Freedom,
    numbers: Float[Tensor, "*numbers"],
    proposal: Float[Tensor, "*numbers"],
) -> bool:
    """Whether a search is still so far from its goal that few digits tell where to go."""
    largest_step = (proposal - numbers).abs().max()
    return bool(largest_step > _FAR * freedom.full_scale)


def always(wanted: Float[Tensor, "rows outputs"]) -> Goal:
    """A goal that does not depend on what is reached."""

    def goal(_numbers: Tensor, _reached: Tensor) -> Tensor:
        return wanted

    return goal


class WeakenedGoal:
    """Differences wanted, output by output as weak as the ends of the range make them.

    Where a cell at the end of its range gives less than it should, all weights of that output
    become weaker by the same share, which a digital factor restores.

    Args:
        wanted: Differences of ideal wires (S). Shape (..., rows, outputs).
        freedom: What may move, and how far.
    """

    def __init__(
        self, wanted: Float[Tensor, "*blocks rows outputs"], freedom: Freedom
    ) -> None:
        self._wanted = wanted
        self._freedom = freedom
        self.share = torch.ones_like(wanted[..., :1, :])
        """Share of its signal that each output keeps (1). Shape (..., 1, outputs)."""

    def __call__(
        self,
        numbers: Float[Tensor, "*blocks rows outputs"],
        reached: Float[Tensor, "*blocks rows outputs"],
    ) -> Float[Tensor, "*blocks rows outputs"]:
        """The goal, now that these numbers are known to reach these differences (S)."""
        wanted = self._wanted
        at_high_end = numbers >= self._freedom.high
        at_low_end = numbers <= self._freedom.low
        at_its_end = torch.where(wanted > 0, at_high_end, at_low_end)
        # a weight of zero has no end to go to
        at_its_end &= wanted != 0
        reached_share = reached / (self.share * wanted)
        # the weakest of an output's weights says what all of them keep
        kept_by_weights = torch.where(at_its_end, reached_share, 1.0)
        kept = kept_by_weights.amin(-2, keepdim=True)
        self.share = self.share * kept.clamp(_LEAST_SHARE, 1.0)
        return self.share * wanted


def weakened_search(
    freedom: Freedom,
    wanted: Float[Tensor, "blocks rows outputs"],
    blocks: Sequence[Block],
    info: BenchInfo,
) -> tuple[
    Float[Tensor, "blocks sides rows cols"], Float[Tensor, "blocks outputs"]
]:
    """Conductances whose effective differences are in proportion to the wanted ones.

    Blocks of equal shape are searched together, each until it is close enough: what one finds
    does not depend on the others. Large ones combine what their last rounds have left, see
    `Mixing`, once no output gets weaker any more.

    Args:
        freedom: What may move.
        wanted: Differences of ideal wires (S).
        blocks: Where the cells lie, of one kind and of one shape.
        info: The bench.

    Returns:
        The conductances (S), and the share of its signal that each output keeps (1).
    """
    like = blocks[0]
    goal = WeakenedGoal(wanted, freedom)
    places = torch.stack([place_on_tile(block, info) for block in blocks])
    numbers = freedom.start
    seen = freedom.conductances(numbers)
    searching = torch.ones(len(blocks), dtype=torch.bool)
    mixing = [Mixing(freedom) for _ in blocks]
    far = [is_large(number) for number in numbers]
    # if one is never close enough, its last proposal is the best guess that there is
    for _ in range(ROUNDS):
        held = freedom.conductances(numbers)
        for kind, some in (
            (torch.float32, searching & torch.tensor(far)),
            (held.dtype, searching & ~torch.tensor(far)),
        ):
            if some.any():
                solved = effective_blocks(
                    info.wires,
                    (info.rows, info.cols),
                    places[some],
                    held[some].to(kind),
                )
                seen[some] = solved.to(held.dtype)
        reached = like.difference(seen)
        share_before = goal.share
        missing = goal(numbers, reached) - reached
        ongoing = searching[:, None, None]
        goal.share = torch.where(ongoing, goal.share, share_before)
        worst = missing.abs().amax((-2, -1))
        searching = searching & ~(worst < CLOSE * freedom.full_scale)
        if not searching.any():
            break
        proposal = _proposal(freedom, numbers, missing, (held, seen), like)
        far = [
            before and _goes_far(freedom, number, plain)
            for before, number, plain in zip(
                far, numbers, proposal, strict=True
            )
        ]
        steady = (goal.share == share_before).all(-1).all(-1)
        tries = [
            mix(number, plain) if at_rest else mix.anew(plain)
            for mix, number, plain, at_rest in zip(
                mixing, numbers, proposal, steady, strict=True
            )
        ]
        next_try = _no_nearer_to_ends(torch.stack(tries), proposal, freedom)
        numbers = torch.where(searching[:, None, None], next_try, numbers)
    return freedom.conductances(numbers), goal.share.squeeze(-2)


def _no_nearer_to_ends(
    wished: Float[Tensor, "*numbers"],
    plain: Float[Tensor, "*numbers"],
    freedom: Freedom,
) -> Float[Tensor, "*numbers"]:
    """What is wished for, but for numbers that only the wish has brought to an end.

    There an output would count as too strong, and be weakened for good.
    """
    at_end = (wished >= freedom.high) | (wished <= freedom.low)
    return torch.where(at_end, plain, wished)


def _proposal(
    freedom: Freedom,
    numbers: Float[Tensor, "*numbers"],
    missing: Float[Tensor, "*blocks rows outputs"],
    cells: tuple[Tensor, Tensor],
    block: Block,
) -> Float[Tensor, "*numbers"]:
    """The numbers to try next (S).

    Args:
        freedom: What may move.
        numbers: The numbers that were tried (S).
        missing: What effective differences lack (S).
        cells: Conductances of the cells, and what the wires leave of them (S).
        block: The kind of block that they belong to.
    """
    held, seen = cells
    # as much more as the wires will take of it
    step = missing * block.conducting(held) / block.conducting(seen)
    return freedom.moved(numbers, step)
