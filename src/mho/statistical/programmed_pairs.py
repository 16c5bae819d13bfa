"""Pairs of cells drawn from statistics: what programming would have left, for millions at once."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.programming import ErrorTable, TableDraws
from mho.rng import Stream

_PIECE = 1 << 16
"""Pairs drawn together: their intermediate results stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class ConductanceRange:
    """Conductances to which the partner of a stuck cell can be programmed.

    Args:
        low: Lowest (S).
        high: Highest (S).
    """

    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPairs:
    """What is known of drawn pairs beside their differences.

    Args:
        variance: Variance of the noise of each (S²).
        stuck: Cells that do not answer (1).
    """

    variance: Float[Tensor, "*shape"]
    stuck: int


def draw_programmed_pairs(
    difference: Float[Tensor, "*columns rows"],
    table: ErrorTable,
    partners: ConductanceRange,
    stream: Stream,
) -> DrawnPairs:
    """Turn wanted differences of pairs into those that programming leaves, in place.

    One cell of a pair waits at the lowest target, the other is above it by the difference. Where
    a cell is stuck its partner makes up for it as far as it reaches; columns are turned round
    where that loses less.

    Args:
        difference: Wanted difference of each pair (S); pairs of the last axis share a column.
        table: What programming leaves.
        partners: How far partners of stuck cells can go.
        stream: Names the cells.

    Returns:
        Their noise, and how many cells do not answer.
    """
    draws = table.draws(stream)
    flat = difference.view(-1)
    count = flat.numel()
    variance = torch.empty_like(flat)
    # cells are numbered G⁺ of all pairs first, then G⁻ of all
    stuck_cells = draws.stuck(2 * count)
    pairs = stuck_cells % count
    subtracts = stuck_cells >= count
    wanted = flat[pairs]
    held = draws.held(pairs.numel())
    subtracts ^= _turned(
        wanted, subtracts, held, pairs // difference.shape[-1], partners
    )
    one = torch.ones(())
    pieces = torch.split(flat, _PIECE)
    noises = torch.split(variance, _PIECE)
    for piece, noise in zip(pieces, noises, strict=True):
        error, noise_of_higher = draws.errors(piece.abs())
        error_of_waiting, noise_of_waiting = draws.idle(piece.numel())
        # an error of the higher cell adds to positive differences, and takes from negative ones
        sign = torch.copysign(one, piece)
        piece.addcmul_(sign, error.sub_(error_of_waiting))
        torch.add(noise_of_higher, noise_of_waiting, out=noise)
    found = _repaired(wanted, subtracts, held, table, draws, partners)
    flat[pairs] = _both_stuck(pairs, subtracts, held, found)
    noise_of_pairs = variance.view(difference.shape)
    return DrawnPairs(noise_of_pairs, stuck_cells.numel())


def _both_stuck(
    pairs: Int64[Tensor, " stuck"],
    subtracts: Bool[Tensor, " stuck"],
    held: Float[Tensor, " stuck"],
    found: Float[Tensor, " stuck"],
) -> Float[Tensor, " stuck"]:
    """The same differences, but of pairs with two stuck cells what these hold (S).

    They are rare, one in a quarter of a million at a share of 0.002, and nothing makes up for one:
    a chip that has one is among the worst.

    Args:
        pairs: Number of the pair of each stuck cell.
        subtracts: Whether it is the one that subtracts.
        held: What it holds (S).
        found: Differences with the partner made up for it (S).
    """
    _, numbers, counts = np.unique(
        pairs.numpy(), return_inverse=True, return_counts=True
    )
    place = torch.from_numpy(numbers)
    signed = torch.where(subtracts, -held, held)
    together = held.new_zeros(counts.size).index_add(0, place, signed)
    is_alone = torch.from_numpy(counts == 1)[place]
    return torch.where(is_alone, found, together[place])


def _turned(
    wanted: Float[Tensor, " stuck"],
    subtracts: Bool[Tensor, " stuck"],
    held: Float[Tensor, " stuck"],
    column: Int64[Tensor, " stuck"],
    partners: ConductanceRange,
) -> Bool[Tensor, " stuck"]:
    """Whether the column of each stuck cell is turned round, so that its halves change places.

    Args:
        wanted: Differences wanted (S).
        subtracts: Whether the stuck cell is the one that subtracts.
        held: What the stuck cells hold (S).
        column: Number of the column of each.
        partners: How far their partners can go.
    """
    sign = torch.where(subtracts, -1.0, 1.0)
    gain = _loss(wanted, sign, held, partners) - _loss(
        wanted, -sign, held, partners
    )
    _, numbers = np.unique(column.numpy(), return_inverse=True)
    place = torch.from_numpy(numbers)
    gains = gain.new_zeros(int(place.max()) + 1 if place.numel() else 0)
    return gains.index_add(0, place, gain)[place] > 0


def _loss(
    wanted: Float[Tensor, " stuck"],
    sign: Float[Tensor, " stuck"],
    held: Float[Tensor, " stuck"],
    partners: ConductanceRange,
) -> Float[Tensor, " stuck"]:
    """Square of what the best partner of each stuck cell still misses (S²)."""
    needed = held - sign * wanted
    reached = needed.clamp(partners.low, partners.high)
    return (needed - reached).square()


def _repaired(
    wanted: Float[Tensor, " stuck"],
    subtracts: Bool[Tensor, " stuck"],
    held: Float[Tensor, " stuck"],
    table: ErrorTable,
    draws: TableDraws,
    partners: ConductanceRange,
) -> Float[Tensor, " stuck"]:
    """Differences that the partners of stuck cells can make of what is wanted (S).

    Args:
        wanted: Differences wanted (S).
        subtracts: Whether the stuck cell is the one that subtracts.
        held: What the stuck cells hold (S).
        table: What programming leaves.
        draws: Source of the partners' errors.
        partners: How far these can go.
    """
    sign = torch.where(subtracts, -1.0, 1.0)
    partner = (held - sign * wanted).clamp(partners.low, partners.high)
    error, _ = draws.errors(partner - table.low)
    partner += error
    return sign * (held - partner)
