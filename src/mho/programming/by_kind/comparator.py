"""Cells of two levels are read by a comparator: above the middle is high, below is low."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench import Bench, BenchInfo, ForwardingBench, Reading
from mho.units import show

_ROUNDING = 1e-3
"""Part of the range by which a target may miss a level (1)."""


class ComparedBench(ForwardingBench):
    """A bench that reads one of two conductances, the nearer one, without noise.

    Args:
        bench: The bench, whose cells have two levels.
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        info = bench.info
        self._low = info.array_low
        self._high = info.array_high

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read; the mean of the samples decides."""
        seen = super().read(cells, samples=samples, window=window)
        is_high = seen.mean > (self._low + self._high) / 2
        level = torch.where(is_high, self._high, self._low)
        nothing = torch.zeros_like(seen.spread)
        return Reading(
            level.to(seen.mean.dtype), nothing, nothing, seen.window, samples
        )


def check_two_levels(target: Float[Tensor, " cells"], info: BenchInfo) -> None:
    """Refuse targets that are none of a bench's two levels.

    Raises:
        ValueError: In the house sentence.
    """
    low = info.array_low
    high = info.array_high
    near = torch.minimum((target - low).abs(), (target - high).abs())
    if bool((near > _ROUNDING * (high - low)).any()):
        place = int(near.argmax())
        raise ValueError(
            f"Argument `target` must be {show(low, 'S')} or {show(high, 'S')}, for cells of"
            f" `{info.name}` have two levels, but is {show(float(target[place]), 'S')} for one;"
            " ask for 2 levels (`--levels 2`)."
        )
