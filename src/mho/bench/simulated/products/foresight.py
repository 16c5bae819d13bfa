"""Products that are known to come: cells looked at in their order, wires solved together.

A tile of a small network is a matter of overheads: the wires of ten states of it, solved in one
call, take a third of the time of ten calls, and give the same bits. What happens to the cells
happens in the order of time, as if the products came one by one.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.chip import ArrayMatrices

_CELLS = 1 << 18
"""Conductances of foreseen products that are held at once (1)."""

Seen = tuple[Float[Tensor, "sides rows cols"], Float[Tensor, "sides rows cols"]]
"""Conductances (S) and their variances (S²)."""

Solved = tuple[ArrayMatrices, Float[Tensor, "times sides rows cols"]]
"""Matrices of one time or several, and the effective conductances of the cells (S)."""


@dataclass(frozen=True, slots=True, eq=False)
class Coming:
    """One product of a look.

    Args:
        cells: Cells that take part.
        seconds: How long it takes (s).
    """

    cells: Int64[Tensor, "sides rows cols"]
    seconds: float


class Foresight:
    """The same products at each of several times.

    Args:
        calls: Products of one look, one after another.
        moments: Times at which looks begin, rising (s).
        see: What the cells of a product conduct at a time (s); they move on.
        solve: What the wires make of conductances of several times.
    """

    def __init__(
        self,
        calls: Sequence[Coming],
        moments: Sequence[float],
        see: Callable[[Int64[Tensor, "sides rows cols"], float], Seen],
        solve: Callable[
            [Int64[Tensor, "sides rows cols"], Tensor, Tensor], Solved
        ],
    ) -> None:
        self._calls = calls
        self._moments = deque(moments)
        self._see = see
        self._solve = solve
        cells = sum(call.cells.numel() for call in calls)
        self._at_once = max(1, _CELLS // max(1, cells))
        self._ready: deque[tuple[Tensor, float, Solved]] = deque()

    def __bool__(self) -> bool:
        """Whether any product is still to come."""
        return bool(self._ready or self._moments)

    def product(
        self, cells: Int64[Tensor, "sides rows cols"], now: float
    ) -> Solved:
        """The product that comes now.

        Args:
            cells: Cells that take part.
            now: Time (s).

        Raises:
            RuntimeError: Another one was foreseen; cells have moved on for that one.
        """
        if not self._ready:
            self._look_ahead(now)
        wanted, time, solved = self._ready.popleft()
        if time != now or not torch.equal(wanted, cells):
            raise RuntimeError(
                f"A product was foreseen for {time} s, but another one comes at {now} s."
            )
        return solved

    def _look_ahead(self, now: float) -> None:
        """Make the products of some looks ready, the first of which begins now (s)."""
        some = min(self._at_once, len(self._moments))
        moments = [self._moments.popleft() for _ in range(some)]
        times: list[list[float]] = [[] for _ in self._calls]
        seen: list[list[Seen]] = [[] for _ in self._calls]
        for number, moment in enumerate(moments):
            if number:
                # sums as the bench's own clock makes them
                now += max(0.0, moment - now)
            for place, call in enumerate(self._calls):
                times[place].append(now)
                seen[place].append(self._see(call.cells, now))
                now += call.seconds
        solved = [
            self._solve(call.cells, *map(torch.stack, zip(*each, strict=True)))
            for call, each in zip(self._calls, seen, strict=True)
        ]
        for number in range(some):
            for call, each, (matrices, left) in zip(
                self._calls, times, solved, strict=True
            ):
                one = slice(number, number + 1)
                product = one_of(matrices, number), left[one]
                self._ready.append((call.cells, each[number], product))


def one_of(matrices: ArrayMatrices, number: int) -> ArrayMatrices:
    """The matrices of one of several times or groups, still as several.

    Args:
        matrices: All of them.
        number: Which one.
    """
    times = slice(number, number + 1)
    noise = matrices.variance
    bent = matrices.bent
    return ArrayMatrices(
        matrices.signal[times],
        None if noise is None else noise[times],
        None if bent is None else bent[times],
    )
