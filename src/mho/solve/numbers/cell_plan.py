"""How many cells a number takes, what each counts, and how precise it will be.

The second pair of a number holds what was measured that the first one misses, so it needs to reach
as far as errors go and no farther: it counts as much less as the errors are smaller than the
range. What is left in the end is the error of the last pair, as much smaller again with each pair
before it. Errors beyond a pair's reach are left as they are, and so is what reading back got
wrong.
"""

import math
from dataclasses import dataclass

from mho.checks import check_between
from mho.solve.numbers.cell_errors import CellErrors

MOST_CELLS = 16
"""Pairs that make up one number at most (1)."""
USUAL_CELLS = 3
"""Pairs of a number where neither they nor a precision are given (1)."""
DIGIT = 1 / 16
"""Half the step of a digit in bit slicing where nobody chooses one: four bits, one a sign (1)."""


@dataclass(frozen=True, slots=True)
class CellPlan:
    """What the pairs of a number count, and what is predicted of it.

    Args:
        scales: What each pair counts, the first one 1 (1).
        predicted: Root mean square error of numbers after the first pair, after two, …, in parts
            of the largest number (1).
        limit: Part of the last of these that no further pair takes away (1): errors beyond the
            reach of the next pair, and of what was read back.
        within_reach: The last of the predicted errors without errors beyond the reach of the next
            pair, which are known and can be made up for digitally (1).
        corrects: Whether each pair holds what was measured that the earlier ones miss; otherwise
            it holds a digit of its own, as in bit slicing.
        next_reach: Error after the last pair that a further one could still cancel (1).
    """

    scales: tuple[float, ...]
    predicted: tuple[float, ...]
    limit: float
    within_reach: float
    corrects: bool
    next_reach: float

    @property
    def cells(self) -> int:
        """Pairs of a number (1)."""
        return len(self.scales)

    @property
    def precision(self) -> float:
        """Root mean square error of numbers, in parts of the largest one (1)."""
        return self.predicted[-1]


def plan_cells(
    errors: CellErrors,
    cells: int | None = None,
    *,
    precision: float | None = None,
    ratio: float | None = None,
    corrects: bool = True,
    digitally: bool = False,
    numbers: int = 1_000_000,
) -> CellPlan:
    """Choose what the pairs of a number count, and predict its precision.

    Args:
        errors: What writing leaves.
        cells: Pairs of a number (1); as many as the precision takes if `None`, 3 without one.
        precision: Root mean square error wanted, in parts of the largest number (1).
        ratio: What a pair counts in parts of the one before it (1); as far as errors reach if
            `None`: the window if one is enforced, else 4.5 standard deviations. Of digits it is
            half a step, 1/16 if `None`.
        corrects: Whether pairs hold what the earlier ones miss, or digits of their own.
        digitally: Whether errors beyond reach will be made up for digitally: then they do not
            count against the precision.
        numbers: Numbers that there will be (1): of more of them more have errors in the tail.

    Raises:
        ValueError: A number is out of range, or no number of cells is so precise.

    >>> from mho.solve import BoundedErrors
    >>> plan_cells(BoundedErrors(window=1 / 128), 3).scales
    (1.0, 0.0078125, 6.103515625e-05)
    """
    if ratio is None:
        ratio = errors.reach if corrects else DIGIT
    check_between(ratio, "ratio", 1e-9, 1.0, "1")
    forecast = _Forecast(errors, ratio, numbers, corrects=corrects)
    if cells is not None:
        check_between(cells, "cells", 1, MOST_CELLS, "1")
        return forecast.plan(cells)
    if precision is None:
        return forecast.plan(USUAL_CELLS)
    check_between(precision, "precision", 1e-300, 1.0, "1")
    for number in range(1, MOST_CELLS + 1):
        plan = forecast.plan(number)
        reached = plan.within_reach if digitally else plan.precision
        if reached <= precision:
            return plan
    raise ValueError(
        f"Argument `precision` must be at least {reached:.2g} with such cells, but is"
        f" {precision:.2g}; what is left is what reading back gets wrong and errors beyond the"
        " reach of the next cell: read back more often, or verify in a closer window."
    )


class _Forecast:
    """Predicts the precision of numbers.

    Args:
        errors: What writing leaves.
        ratio: What a pair counts in parts of the one before it (1).
        numbers: Numbers that there will be (1).
        corrects: Whether pairs hold what the earlier ones miss.
    """

    def __init__(
        self, errors: CellErrors, ratio: float, numbers: int, *, corrects: bool
    ) -> None:
        self._errors = errors
        self._ratio = ratio
        self._numbers = numbers
        self._corrects = corrects

    def plan(self, cells: int) -> CellPlan:
        """The plan of so many pairs."""
        error = self._corrected if self._corrects else self._digits
        made = [error(count) for count in range(1, cells + 1)]
        scales = tuple(self._ratio**number for number in range(cells))
        return CellPlan(
            scales=scales,
            predicted=tuple(whole for whole, _ in made),
            limit=made[-1][1],
            within_reach=self._within_reach(cells),
            corrects=self._corrects,
            next_reach=scales[-1] * self._ratio,
        )

    def _digits(self, cells: int) -> tuple[float, float]:
        """Root mean square error of digits, and what of it is left for ever (1)."""
        errors = [
            self._ratio**number * self._errors.rms for number in range(cells)
        ]
        # every digit has its error, and the last one half a step besides
        rounding = self._ratio**cells / math.sqrt(3)
        return math.hypot(*errors, rounding), self._errors.rms

    def _within_reach(self, cells: int) -> float:
        """Root mean square error of numbers none of which has an error beyond reach (1)."""
        if not self._corrects:
            return self._digits(cells)[0]
        read = [
            self._ratio**number * self._errors.read_back
            for number in range(cells - 1)
        ]
        # errors of the last pair beyond the reach of a further one are made up for as well
        beyond = self._errors.excess(self._ratio, self._numbers)
        rms = self._errors.rms
        within = math.sqrt(max(rms**2 - beyond**2, 0.0))
        return math.hypot(self._ratio ** (cells - 1) * within, *read)

    def _corrected(self, cells: int) -> tuple[float, float]:
        """The same of pairs that hold what the earlier ones miss."""
        left = []
        for number in range(cells - 1):
            scale = self._ratio**number
            # all later pairs together, in parts of this one
            later = range(1, cells - number)
            reach = sum(self._ratio**further for further in later)
            beyond = self._errors.excess(reach, self._numbers)
            left += [scale * beyond, scale * self._errors.read_back]
        limit = math.hypot(*left)
        last = self._ratio ** (cells - 1) * self._errors.rms
        return math.hypot(last, limit), limit
