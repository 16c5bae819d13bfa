"""Pairs of cells drawn from statistics: what programming would have left, for millions at once."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.programming import ErrorTable, TableDraws
from mho.rng import Stream

_PIECE = 1 << 16
"""Pairs drawn together: their intermediate results stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Conductances to which the partner of a stuck cell can be programmed.

    Args:
        low: Lowest (S).
        high: Highest (S).
    """

    low: float
    high: float


def draw_programmed_pairs(
    difference: Float[Tensor, "*shape"], table: ErrorTable, reach: Reach, stream: Stream
) -> Float[Tensor, "*shape"]:
    """Turn wanted differences of pairs into those that programming leaves, in place.

    One cell of a pair waits at the lowest target, the other is above it by the difference. Where
    a cell is stuck its partner makes up for it as far as it reaches.

    Args:
        difference: Wanted difference of each pair (S).
        table: What programming leaves.
        reach: How far partners of stuck cells can go.
        stream: Names the cells.

    Returns:
        Variance of the noise of each pair (S²).
    """
    draws = table.draws(stream)
    flat = difference.view(-1)
    variance = torch.empty_like(flat)
    places = draws.stuck(2 * flat.numel())
    pairs = places % flat.numel()
    wanted = flat[pairs]
    one = torch.ones(())
    for part, noise in zip(
        torch.split(flat, _PIECE), torch.split(variance, _PIECE), strict=True
    ):
        error, own = draws.errors(part.abs())
        waiting, other = draws.idle(part.numel())
        # an error of the higher cell adds to positive differences, and takes from negative ones
        part.addcmul_(torch.copysign(one, part), error.sub_(waiting))
        torch.add(own, other, out=noise)
    _repair(flat, wanted, (pairs, places >= flat.numel()), table, draws, reach)
    return variance.view(difference.shape)


def _repair(
    flat: Tensor,
    wanted: Float[Tensor, " stuck"],
    where: tuple[Tensor, Tensor],
    table: ErrorTable,
    draws: TableDraws,
    reach: Reach,
) -> None:
    """Give pairs with a stuck cell the difference that their partner can make of it.

    Args:
        flat: Differences of all pairs (S).
        wanted: Differences wanted of those with a stuck cell (S).
        where: Which pairs these are, and whether it is the cell that subtracts.
        table: What programming leaves.
        draws: Source of the partners.
        reach: How far these can go.
    """
    pairs, subtracts = where
    held = draws.held(pairs.numel())
    sign = torch.where(subtracts, -1.0, 1.0)
    partner = (held - sign * wanted).clamp(reach.low, reach.high)
    partner += draws.errors(partner - table.low)[0]
    flat[pairs] = sign * (held - partner)
