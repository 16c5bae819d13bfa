"""Tables of converter errors: integral non-linearity, its differences, and what they do."""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

_PART = 1 << 15
"""Signals looked up together (1)."""


def check_table(inl: Sequence[float], codes: int) -> None:
    """Refuse a table that does not fit the codes.

    Args:
        inl: Integral non-linearity (LSB); empty for none.
        codes: Number of codes (1).

    Raises:
        ValueError: It has one value, more values than codes, or a value that is not finite.
    """
    if len(inl) == 1 or len(inl) > codes:
        raise ValueError(
            f"Argument `inl` must have 2 to {codes} values, one per code or fewer to interpolate"
            f" between, but has {len(inl)}; leave it empty for a linear converter."
        )
    for place, value in enumerate(inl):
        if not math.isfinite(value):
            raise ValueError(
                f"Argument `inl[{place}]` must be finite, but is {value}; give every value in LSB."
            )


def inl_from_dnl(dnl: Sequence[float]) -> tuple[float, ...]:
    """Integral non-linearity from the differential one: a running sum that starts at 0 (LSB).

    Args:
        dnl: Differential non-linearity (LSB), one value less than there are codes.

    >>> inl_from_dnl((0.5, -0.25, -0.25))
    (0.0, 0.5, 0.25, 0.0)
    """
    inl = [0.0]
    for step in dnl:
        inl.append(inl[-1] + step)
    return tuple(inl)


@lru_cache(maxsize=64)
def full_table(inl: tuple[float, ...], codes: int) -> Float[Tensor, " codes"]:
    """The table at every code, interpolated linearly where it has fewer values (LSB).

    It is shared by all calls: never write into it.
    """
    table = torch.tensor(inl, dtype=torch.float64)
    if table.numel() == codes:
        return table
    place = torch.linspace(0, table.numel() - 1, codes, dtype=torch.float64)
    left = place.long().clamp_(max=table.numel() - 2)
    return torch.lerp(table[left], table[left + 1], place - left)


@lru_cache(maxsize=64)
def transitions(inl: tuple[float, ...], codes: int) -> Float[Tensor, " edges"]:
    """Where the code of an analog-to-digital converter becomes k or more (LSB above code 0).

    Transition k lies at k − 1/2 + INL(k). A code shows only below the transitions of all higher
    codes, so an edge that lies above a later one moves down to it, and the code between them is
    gone. Shape (codes + 1,): transition 0 is at −∞; the one beyond the last code is NaN, which
    not even an infinite signal passes. It is shared by all calls: never write into it.
    """
    edges = torch.arange(codes, dtype=torch.float64).sub_(0.5) + full_table(
        inl, codes
    )
    edges[1:] = edges[1:].flip(0).cummin(0).values.flip(0)
    edges[0] = -math.inf
    return torch.cat((edges, torch.tensor([math.nan], dtype=torch.float64)))


@lru_cache(maxsize=64)
def _reach(inl: tuple[float, ...], codes: int) -> int:
    """Codes between the rounded value and the one that is shown, at most (1)."""
    nominal = torch.arange(1, codes, dtype=torch.float64).sub_(0.5)
    return max(
        1,
        math.ceil(float((transitions(inl, codes)[1:-1] - nominal).abs().max())),
    )


def shown(
    position: Float[Tensor, "*shape"], inl: tuple[float, ...], codes: int
) -> Float[Tensor, "*shape"]:
    """Code that a converter with this table gives (1).

    Exact, by looking at the transitions next to the rounded value: for tables of a few LSB this
    is many times faster than a binary search.

    Args:
        position: Signal above the value of code 0 (LSB).
        inl: Integral non-linearity (LSB).
        codes: Number of codes (1).
    """
    edges = transitions(inl, codes).to(position)
    reach = _reach(inl, codes)
    result = torch.empty_like(position, memory_format=torch.contiguous_format)
    # small parts stay in the cache, which is more than twice as fast
    signals = position.flatten()
    codes_of = result.view(-1)
    for start in range(0, signals.numel(), _PART):
        signal = signals[start : start + _PART]
        code = codes_of[start : start + _PART]
        nearest = torch.round(signal).clamp_(0, codes - 1)
        place = nearest.nan_to_num(nan=0.0).sub_(reach).clamp_(min=0).int()
        for _ in range(2 * reach):
            place += (signal >= edges.index_select(0, place + 1)).int()
        # a signal that is not a number stays one: nothing else notices it later
        torch.add(place, nearest, alpha=0, out=code)
    return result


def looked_up(
    code: Int[Tensor, "*shape"],
    inl: tuple[float, ...],
    codes: int,
    like: Tensor,
) -> Float[Tensor, "*shape"]:
    """The table at each code (LSB), in the precision of `like`.

    Args:
        code: Codes counted from the lowest (1).
        inl: Integral non-linearity (LSB).
        codes: Number of codes (1).
        like: Tensor whose type and device the result takes.
    """
    return (
        full_table(inl, codes)
        .to(like)
        .index_select(0, code.flatten())
        .view(code.shape)
    )
