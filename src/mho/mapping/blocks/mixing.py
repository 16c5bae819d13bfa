"""Anderson's method: the next try of a search out of what its last rounds have left.

Round after round a search for conductances leaves the same share of its error, up to a half where
wires take much, and nearly all of that lies in a few directions: lines that sag as a whole. A
combination of the last tries whose residuals cancel is far nearer than the last one alone.
"""

from collections import deque

import torch
from jaxtyping import Float
from torch import Tensor

from mho.mapping.blocks.freedom import Freedom

_DEPTH = 4
"""Rounds that are remembered (1)."""

_LEAST_NUMBERS = 1 << 14
"""Numbers of a search from which on it pays (1): solving the wires of fewer is a matter of
milliseconds."""

_GROWTH = 2.0
"""Growth of the residual from one round to the next at which all is forgotten (1)."""


def is_large(numbers: Float[Tensor, "*numbers"]) -> bool:
    """Whether a search has so many numbers that it is worth more than plain rounds."""
    return numbers.numel() >= _LEAST_NUMBERS


class Mixing:
    """Makes the next numbers of a search for a fixed point (Anderson 1965).

    Args:
        freedom: What may move, and how far.
    """

    references = ("anderson1965",)

    def __init__(self, freedom: Freedom) -> None:
        self._freedom = freedom
        self._rounds: deque[tuple[Tensor, Tensor]] = deque(maxlen=_DEPTH + 1)

    def __call__(
        self,
        numbers: Float[Tensor, "*numbers"],
        proposal: Float[Tensor, "*numbers"],
    ) -> Float[Tensor, "*numbers"]:
        """What to try next (S).

        Args:
            numbers: What was tried (S).
            proposal: What a plain step makes of it (S), within the limits.
        """
        if not is_large(numbers):
            return proposal
        residual = proposal - numbers
        length = residual.norm()
        if not torch.isfinite(length):
            # what is no number teaches nothing, and no least squares take it
            self._rounds.clear()
            return proposal
        if self._rounds and length > _GROWTH * self._rounds[-1][1].norm():
            self._rounds.clear()
        self._rounds.append((numbers, residual))
        if len(self._rounds) == 1:
            return proposal
        wished = proposal - self._unneeded(residual)
        # what has come to its end stays there: it lacks what no other try gives it either
        ends = (self._freedom.low, self._freedom.high)
        ended = (proposal <= ends[0]) | (proposal >= ends[1])
        wished = torch.where(ended, proposal, wished)
        return self._freedom.limited(numbers, wished)

    def anew(
        self, proposal: Float[Tensor, "*numbers"]
    ) -> Float[Tensor, "*numbers"]:
        """A plain step, as what is wanted has changed: all rounds before are forgotten (S).

        Args:
            proposal: What a plain step makes of the numbers (S).
        """
        self._rounds.clear()
        return proposal

    def _unneeded(
        self, residual: Float[Tensor, "*numbers"]
    ) -> Float[Tensor, "*numbers"]:
        """What a plain step does too much, told from the last rounds (S)."""
        tried = torch.stack([numbers for numbers, _ in self._rounds])
        left = torch.stack([residual for _, residual in self._rounds])
        changes = left.diff(dim=0)
        moves = tried.diff(dim=0)
        # in units of each change, as the last ones are orders smaller than the first
        size = changes.flatten(1).norm(dim=1)
        whole = torch.where(size > 0, size, 1.0)
        unit = changes.flatten(1) / whole[:, None]
        weights = torch.linalg.lstsq(
            unit.T, residual.flatten()[:, None], driver="gelsd"
        ).solution[:, 0]
        weights = weights / whole
        unneeded: Tensor = torch.tensordot(weights, changes + moves, 1)
        return unneeded
