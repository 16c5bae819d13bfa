"""Currents that lines and drivers bear, and a report of where they are exceeded."""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_positive
from mho.units import show

METAL_CURRENT_PER_WIDTH = 2.8e3
"""Lasting current per width of a thin metal line (A/m) against electromigration.

2.8 mA/µm, average, at 90 °C: first metal, 0.35 µm thick, of a 130-nm process (sky130), that is
8 mA/µm².
"""


def metal_limit(
    width: float, per_width: float = METAL_CURRENT_PER_WIDTH
) -> float:
    """Current that a metal line bears for years (A).

    Args:
        width: Width of the line (m).
        per_width: Current per width (A/m).

    >>> metal_limit(1e-6)
    0.0028
    """
    check_positive(width, "width", "m")
    check_positive(per_width, "per_width", "A/m")
    return width * per_width


def line_currents(
    voltage: Float[Tensor, "batch rows"],
    conductance: Float[Tensor, "rows cols"],
    cubic: Float[Tensor, "rows cols"] | None = None,
) -> tuple[Float[Tensor, "batch rows"], Float[Tensor, "batch cols"]]:
    """Largest current anywhere on each word line and each bit line (A), lines without resistance.

    On a word line all cell currents have the sign of its voltage, so the current is largest at
    the driver. On a bit line the same holds, at the sense end, for inputs of one sign. For inputs
    of both signs no part of the line carries more than the larger of the two sums of one sign,
    which is returned; it carries that much if the rows of that sign lie beyond all others. With
    resistance, and inputs of one sign, no line carries more than the sum it would have with
    every row at the largest input.

    Args:
        voltage: Row voltages (V). Shape (batch, rows).
        conductance: Conductance of each cell (S). Shape (rows, cols).
        cubic: Cubic coefficient c of each cell in I = GV(1 + cV²) (1/V²), none if `None`.

    Returns:
        Magnitudes at word lines, shape (batch, rows), and at bit lines, shape (batch, cols).
    """
    bent = None if cubic is None else conductance * cubic
    up = voltage.clamp(min=0)
    down = voltage.clamp(max=0).neg_()
    bit = torch.maximum(
        _summed(up, conductance, bent), _summed(down, conductance, bent)
    )
    size = voltage.abs()
    word = size * conductance.sum(1)
    return (word if bent is None else word + size**3 * bent.sum(1)), bit


def _summed(
    voltage: Tensor, conductance: Tensor, bent: Tensor | None
) -> Tensor:
    """Sums of the columns."""
    linear = voltage @ conductance
    return linear if bent is None else linear + voltage**3 @ bent


@dataclass(frozen=True, slots=True)
class Excess:
    """Lines of one kind and their limit.

    Args:
        line: `"word line"`, `"bit line"` or `"driver"`.
        limit: Current that it bears (A).
        count: Times that a line exceeded it, once for each input vector (1).
        worst: Number of the line with the largest current (1).
        current: Current of that line (A).
    """

    line: str
    limit: float
    count: int
    worst: int
    current: float

    def __str__(self) -> str:
        return (
            f"{self.line} {self.worst} with up to {show(self.current, 'A')} of"
            f" {show(self.limit, 'A')}"
        )


@dataclass(frozen=True, slots=True)
class LimitReport:
    """Where currents exceeded their limits; reports of the same tile add.

    Args:
        vectors: Input vectors looked at (1).
        exceeded: Those of them in which a line exceeded its limit (1).
        excesses: One for each kind of line that has a limit.
    """

    vectors: int = 0
    exceeded: int = 0
    excesses: tuple[Excess, ...] = ()

    @property
    def fraction(self) -> float:
        """Share of the input vectors in which a line exceeded its limit (1)."""
        return self.exceeded / self.vectors if self.vectors else 0.0

    def __bool__(self) -> bool:
        """Whether any line exceeded its limit."""
        return self.exceeded > 0

    def __add__(self, other: "LimitReport") -> "LimitReport":
        """Both sets of input vectors together; kinds with another limit stay apart."""
        merged = {(e.line, e.limit): e for e in self.excesses}
        for e in other.excesses:
            own = merged.get((e.line, e.limit), e)
            count = e.count if own is e else own.count + e.count
            top = e if e.current > own.current or math.isnan(e.current) else own
            merged[e.line, e.limit] = Excess(
                e.line, e.limit, count, top.worst, top.current
            )
        return LimitReport(
            self.vectors + other.vectors,
            self.exceeded + other.exceeded,
            tuple(merged.values()),
        )

    def __str__(self) -> str:
        over = [e for e in self.excesses if e.count]
        vectors = (
            f"{self.vectors} input vector{'' if self.vectors == 1 else 's'}"
        )
        if not over:
            return f"No line exceeds its current limit in {vectors}."
        worst = "; ".join(str(e) for e in over)
        return f"Lines exceed their current limits in {self.exceeded} of {vectors}: {worst}."


@dataclass(frozen=True, slots=True)
class LineLimits(Configuration):
    """Currents that the lines of a tile and their drivers bear.

    Limits of lines stand for electromigration, which counts lasting current (black1969): every
    input vector is taken as if it lasted. Drivers give no more than their compliance, however
    short a vector is.

    Args:
        word_line: Largest current of a word line (A).
        bit_line: Largest current of a bit line (A).
        driver: Largest current that the driver of a word line gives (A).

    Raises:
        ValueError: A limit is not above 0 A.
    """

    word_line: float = math.inf
    bit_line: float = math.inf
    driver: float = math.inf

    references = ("black1969", "sky130")

    def __post_init__(self) -> None:
        for name in ("word_line", "bit_line", "driver"):
            if getattr(self, name) != math.inf:
                check_positive(getattr(self, name), name, "A")

    @property
    def any(self) -> bool:
        """Whether there is any limit."""
        return min(self.word_line, self.bit_line, self.driver) < math.inf

    def exceeded(
        self,
        word: Float[Tensor, "batch rows"],
        bit: Float[Tensor, "batch cols"],
    ) -> LimitReport:
        """Compare currents with the limits; what is not a number counts as too much.

        Args:
            word: Largest current of each word line, which is that of its driver (A).
            bit: Largest current of each bit line (A).
        """
        kinds = (
            ("word line", self.word_line, word),
            ("bit line", self.bit_line, bit),
            ("driver", self.driver, word),
        )
        over_any = torch.zeros(
            word.shape[0], dtype=torch.bool, device=word.device
        )
        found = []
        for line, limit, current in kinds:
            if limit == math.inf or not current.numel():
                continue
            size = current.abs()
            # Not a number counts as over.
            over = ~(size <= limit)
            over_any |= over.any(1)
            times = int(over.sum())
            place = int(size.argmax())
            largest = float(size.flatten()[place])
            number = place % size.shape[1]
            found.append(Excess(line, limit, times, number, largest))
        products = word.shape[0]
        return LimitReport(products, int(over_any.sum()), tuple(found))
