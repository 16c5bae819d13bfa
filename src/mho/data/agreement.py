"""How far outputs lie from others that they should equal: error, signal to noise, direction."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float64, Shaped
from torch import Tensor

from mho.data.metric import PERCENT, Metric, Outputs
from mho.data.samples import Data


@dataclass(frozen=True, slots=True)
class Agreement:
    """One output, found against wanted.

    Everything is relative to the wanted output; where all of that is zero, errors are absolute.

    Where an output is NaN or infinite and the wanted one is not that same infinity, the error is
    infinite. An output without entries has none.

    Args:
        error: Root mean square of the difference over that of the wanted output (1).
        worst: The largest such error of one sample (1).
        worst_sample: Its number, from 0 (1).
        sqnr: Power of the wanted output over that of the difference (dB); infinite if equal, minus
            infinity if the error is infinite.
        cosine: Cosine between both, all samples as one vector (1).
        agreeing: Share of samples whose largest entry is at the same place (1); 1 where a sample
            has one entry only.
    """

    error: float
    worst: float
    worst_sample: int
    sqnr: float
    cosine: float
    agreeing: float

    @property
    def described(self) -> dict[str, Any]:
        """Plain values, for a result: what is infinite is `None`, as JSON has no such number."""
        return {
            "relative_rms": _finite(self.error),
            "worst_sample_relative_rms": _finite(self.worst),
            "worst_sample": self.worst_sample,
            "sqnr_dB": _finite(self.sqnr),
            "cosine": self.cosine,
            "largest_entry_agrees": self.agreeing,
        }


def agreement(
    found: Shaped[Tensor, "samples ..."], wanted: Shaped[Tensor, "samples ..."]
) -> Agreement:
    """Compare an output with what it should be, in double precision.

    Args:
        found: The output. Shape (samples, ...).
        wanted: What it should be, in the same unit. Shape (samples, ...).

    Raises:
        ValueError: They have different shapes.

    >>> wanted = torch.tensor([[3.0, 4.0], [0.0, 5.0]])
    >>> found = agreement(wanted + torch.tensor([[0.0, 0.5], [0.0, 0.0]]), wanted)
    >>> round(found.error, 4), found.worst, found.worst_sample, found.agreeing
    (0.0707, 0.1, 0, 1.0)
    """
    if found.shape != wanted.shape:
        raise ValueError(
            f"Argument `found` must have the shape {tuple(wanted.shape)} of what is wanted, but"
            f" has {tuple(found.shape)}."
        )
    if found.numel() == 0:
        return Agreement(0.0, 0.0, 0, math.inf, 1.0, 1.0)
    seen = found.detach().reshape(found.shape[0], -1).double()
    goal = wanted.detach().reshape(wanted.shape[0], -1).double()
    agreeing = _agreeing(seen, goal)
    # the same infinity in both, such as that of a mask, is no difference
    endless = (seen == goal) & goal.isinf()
    seen = seen.masked_fill(endless, 0.0)
    goal = goal.masked_fill(endless, 0.0)
    difference = _power(seen - goal)
    # what is no number is as far off as can be
    difference = difference.nan_to_num(nan=math.inf, posinf=math.inf)
    power = _power(goal)
    each = _ratio(difference, power).sqrt()
    whole = _ratio(difference.sum(), power.sum())
    worst = int(each.argmax())
    return Agreement(
        error=float(whole.sqrt()),
        worst=float(each[worst]),
        worst_sample=worst,
        sqnr=-10 * math.log10(whole) if whole > 0 else math.inf,
        cosine=_cosine(seen, goal),
        agreeing=agreeing,
    )


def agreements(found: Outputs, wanted: Outputs) -> dict[str, Agreement]:
    """Compare every output with what it should be, by name.

    Raises:
        ValueError: One of them has another shape.
    """
    return {name: agreement(found[name], wanted[name]) for name in wanted}


def _power(values: Float64[Tensor, "samples entries"]) -> Tensor:
    """Sum of squares of each sample."""
    return values.square().sum(1)


def _ratio(part: Tensor, whole: Tensor) -> Tensor:
    """One over the other; where the other is zero or no number, the one itself."""
    usable = (whole > 0) & whole.isfinite()
    return part / torch.where(usable, whole, 1.0)


def _finite(value: float) -> float | None:
    """A number, or `None` in the place of an infinite one."""
    return value if math.isfinite(value) else None


def _cosine(seen: Tensor, goal: Tensor) -> float:
    norms = float(seen.norm() * goal.norm())
    if not math.isfinite(norms):
        # what is no number points nowhere
        return 0.0
    if norms == 0:
        # two zero vectors point the same way, one alone points nowhere
        return float(torch.equal(seen, goal))
    return float((seen * goal).sum()) / norms


def _agreeing(seen: Tensor, goal: Tensor) -> float:
    """Share of samples whose largest entry is at the same place (1)."""
    same = seen.argmax(1) == goal.argmax(1)
    numbers = ~(seen.isnan() | goal.isnan()).any(1)
    return float((same & numbers).double().mean())


def _worst_error(found: Mapping[str, Agreement]) -> float:
    return max(one.error for one in found.values())


def _least_sqnr(found: Mapping[str, Agreement]) -> float:
    # of equal outputs, as much as double precision can tell
    return min(min(one.sqnr, 313.0) for one in found.values())


def _least_agreeing(found: Mapping[str, Agreement]) -> float:
    return min(one.agreeing for one in found.values())


def _least_cosine(found: Mapping[str, Agreement]) -> float:
    return min(one.cosine for one in found.values())


_AGAINST: Mapping[
    str, tuple[Callable[[Mapping[str, Agreement]], float], bool, str]
] = {
    "error": (_worst_error, False, PERCENT),
    "sqnr": (_least_sqnr, True, "dB"),
    "agreement": (_least_agreeing, True, PERCENT),
    "cosine": (_least_cosine, True, "1"),
}
"""What each metric against the digital network is, whether higher is better, and its unit."""

AGAINST_DIGITAL = tuple(_AGAINST)
"""Metrics that compare with the digital network: of several outputs the worst one counts."""


def against(name: str, wanted: Outputs) -> Metric:
    """A metric that compares with the outputs of the digital network, and needs no labels.

    Args:
        name: One of `AGAINST_DIGITAL`.
        wanted: Outputs of the digital network for the same samples, by name.
    """
    of_all, higher, unit = _AGAINST[name]
    function = _Against(of_all, wanted)
    return Metric(name, function, higher_is_better=higher, unit=unit)


@dataclass(frozen=True, slots=True, eq=False)
class _Against:
    """Compares with outputs; a class, so that other processes can be given it.

    Args:
        of_all: What the agreements of all outputs come to.
        wanted: Outputs of the digital network by name.
    """

    of_all: Callable[[Mapping[str, Agreement]], float]
    wanted: Outputs

    def __call__(
        self, outputs: Tensor | Mapping[str, Tensor], data: Data
    ) -> float:
        """What the comparison comes to."""
        del data
        # a network with one output gives it without its name
        found = outputs
        if isinstance(outputs, Tensor):
            found = dict.fromkeys(self.wanted, outputs)
        assert not isinstance(found, Tensor)
        return self.of_all(agreements(found, self.wanted))
