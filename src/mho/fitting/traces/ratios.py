"""A size that differs from trace to trace: its median and its spread, with errors of their own."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mho.fitting.engine import Complex, FreeParameter, Row, complex_step

_LEAST_ERROR = 0.002
"""Standard error of a logarithm that any trace has at least (1)."""
_LENT_SPREAD = 0.5
"""Spread of the logarithm between cells where a single trace tells of none (1)."""
_TAILS = 3
"""Degrees of freedom of the law of traces that differ (1)."""
_FACTOR = 30.0
"""How far from the median of the traces the median of cells is looked for, as a factor (1)."""


class RatioLaw:
    """Logarithms of a size, each known with an error; traces differ by Student's law.

    With several traces, the loss has the term of restricted likelihood (key: patterson1971): the
    spread around a median that was fitted to few is too small by itself. A single trace is lent a
    spread: what it says of its own cell is far surer than what it says of the median of cells.

    Args:
        title: What it is called.
        name: The size, by group and field.
        unit: Its unit.
        sizes: What each trace says, SI. Shape (traces,).
        errors: Standard errors of their logarithms (1). Shape (traces,).
        data: Files that it is held against.
    """

    def __init__(
        self,
        title: str,
        name: str,
        unit: str,
        sizes: Sequence[float],
        errors: Sequence[float],
        data: tuple[str, ...],
    ) -> None:
        self.title = title
        self.name = name
        self.unit = unit
        self._logarithm = np.log(np.array(sizes))
        self._variance = np.array(errors) ** 2 + _LEAST_ERROR**2
        self._data = data

    @property
    def data(self) -> tuple[str, ...]:
        """Files that it is held against."""
        return self._data

    @property
    def points(self) -> int:
        """Traces (1)."""
        return int(self._logarithm.size)

    @cached_property
    def parameters(self) -> tuple[FreeParameter, ...]:
        """The median and, if there are several traces, the spread of the logarithm."""
        middle = float(np.exp(np.median(self._logarithm)))
        median = FreeParameter(
            self.name,
            self.unit,
            middle,
            middle / _FACTOR,
            middle * _FACTOR,
            log=True,
            useful=30.0,
        )
        if self.points == 1:
            return (median,)
        return (
            median,
            FreeParameter(
                f"spread of {self.title} between traces",
                "1",
                0.3,
                0.0,
                5.0,
                useful=2.0,
            ),
        )

    def loss(self, p: Row) -> float:
        """Negative logarithm of the likelihood (1)."""
        return float(self._value(p.astype(np.complex128)).real)

    def gradient(self, p: Row) -> Row:
        """Its derivative by each number."""
        return complex_step(self._value, p)

    def _value(self, p: Complex) -> complex:
        spread = p[1] if p.size > 1 else complex(_LENT_SPREAD)
        wide = self._variance + spread**2
        off = self._logarithm - np.log(p[0])
        # Student's law: what was not recognised in a few traces makes these larger, not all
        beyond = np.log(1.0 + off**2 / (_TAILS * wide))
        loss = (np.log(wide) / 2 + (_TAILS + 1) / 2 * beyond).sum()
        if p.size > 1:
            loss += np.log((1 / wide).sum()) / 2
        return complex(loss)
