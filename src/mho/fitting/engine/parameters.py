"""Numbers that a law asks data for, and what the data say."""

from dataclasses import dataclass, field
from math import log
from typing import Any

from mho.checks import check_between


@dataclass(frozen=True, slots=True)
class FreeParameter:
    """A number that a law leaves open.

    Args:
        name: Its name in a preset, `"switching.slope"`, or in the law alone, `"read noise"`.
        unit: Its unit; `"1"` if it has none.
        start: Where the search begins, SI.
        low: Least that it can be.
        high: Most that it can be.
        log: Whether ratios count, not differences: sizes, times.
        useful: Widest interval that counts as determined: the ratio of its ends if `log`, else
            their difference.
    """

    name: str
    unit: str
    start: float
    low: float
    high: float
    log: bool = False
    useful: float = 10.0

    def __post_init__(self) -> None:
        check_between(
            self.start,
            f"start of {self.name}",
            self.low,
            self.high,
            self.unit,
        )
        if self.log and self.low <= 0:
            raise ValueError(
                f"Argument `low` of `{self.name}` must be positive where ratios count, but is"
                f" {self.low:g}."
            )

    def is_narrow(self, low: float, high: float) -> bool:
        """Whether an interval is narrow enough to tell something."""
        if self.log:
            return log(high) - log(low) <= log(self.useful)
        return high - low <= self.useful


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """What data say about one number.

    Args:
        name: Its name, as in `FreeParameter`.
        unit: Its unit.
        value: Where the likelihood is largest, SI; what it was kept at if not determined.
        low: Lower end of the 95 % interval; the bound of the law if the data set none.
        high: Upper end.
        determined: Whether the data determine it. If not, a preset keeps the base's number.
        data: Names of the files that it rests on.
        note: Why it is as it is, if that needs a word.
    """

    name: str
    unit: str
    value: float
    low: float
    high: float
    determined: bool
    data: tuple[str, ...] = field(default=())
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """All of it, SI, ready for JSON."""
        return {
            "name": self.name,
            "unit": self.unit,
            "value": self.value,
            "interval": [self.low, self.high],
            "determined": self.determined,
            "data": list(self.data),
            "note": self.note,
        }
