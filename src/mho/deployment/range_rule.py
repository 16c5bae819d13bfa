"""How ranges of converters follow from a few batches of typical samples."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.checks import check_between, check_choice, configuration
from mho.chip.magnitudes import Magnitudes

RULES = ("largest", "percentile", "least-error")
"""The largest sample; what so many percent of the samples do not exceed; or the range of least
mean square error, rounding and clipping together."""

_SHARES = 65_536
"""Steps in which errors are weighed: whole numbers add up alike in any order (1)."""


@configuration
@dataclass(frozen=True, slots=True)
class RangeRule:
    """How the full scale of a converter follows from what it will see.

    Args:
        kind: One of `RULES`.
        percent: Share of the samples within the range, for `"percentile"` (%).
        per_column: Whether every column has a full scale of its own; else the columns of a block
            share one.
        dac_bits: Bits of magnitude of the rows' converters, for `"least-error"` (1).
        adc_bits: Bits of magnitude of the columns' converters, for `"least-error"` (1).

    Raises:
        ValueError: A field is out of range.
    """

    kind: str = "largest"
    percent: float = 99.9
    per_column: bool = False
    dac_bits: int = 8
    adc_bits: int = 8

    references = ("max1960",)

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", RULES)
        check_between(self.percent, "percent", 50.0, 100.0, "%")
        check_between(self.dac_bits, "dac_bits", 1, 24, "1")
        check_between(self.adc_bits, "adc_bits", 1, 24, "1")

    @classmethod
    def of(
        cls, info: BenchInfo, kind: str = "largest", *, per_column: bool = False
    ) -> "RangeRule":
        """A rule for the converters of a bench.

        Args:
            info: The bench.
            kind: One of `RULES`.
            per_column: Whether every column has a full scale of its own.
        """
        return cls(kind, per_column=per_column, dac_bits=info.dac_bits, adc_bits=info.adc_bits)

    def gather(self, columns: int = 1) -> "Seen":
        """A fresh account of what converters of some columns see."""
        return Seen(self, columns)


class Seen:
    """What converters have seen so far.

    Args:
        rule: How their full scale follows from it.
        columns: Columns (1).
    """

    def __init__(self, rule: RangeRule, columns: int) -> None:
        self._rule = rule
        self._magnitudes = None if rule.kind == "largest" else Magnitudes(columns)
        self._largest = torch.zeros(columns, dtype=torch.float64)

    def add(
        self,
        samples: Float[Tensor, "samples cols"],
        power: Float[Tensor, " samples"] | None = None,
    ) -> None:
        """Look at another batch, in any order.

        Args:
            samples: What the converters see.
            power: How much a square error of each sample counts, from 0 to 1 (1); all count alike
                if `None`. For `"least-error"` only.
        """
        self._largest = torch.maximum(self._largest, samples.abs().amax(0).double())
        if self._magnitudes is None:
            return
        times = None
        if power is not None:
            times = (power.double() * _SHARES).round().long()
        self._magnitudes.add(samples, times)

    def full_scale(self, bits: int) -> Float64[Tensor, " cols"]:
        """Full scale of each column, in the unit of the samples; 0 where all of them are 0.

        Args:
            bits: Bits of magnitude of the converters (1).
        """
        if self._magnitudes is None:
            return self._largest
        if self._rule.kind == "percentile":
            return self._magnitudes.percentile(self._rule.percent)
        return self._magnitudes.least_error(bits)
