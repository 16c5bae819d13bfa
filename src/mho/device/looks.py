"""What all cells have in common in one look, as kernels want it."""

from functools import cache
from typing import Any

import numpy as np

from mho.compiled import Column, Table, record_type
from mho.device.model import CellModel

_LOOK: dict[str, Column] = {
    "now": "f8",
    "end": "f8",
    "samples": "i8",
    "integration": "f4",
    "spacing": "f4",
}
_MOST = 1024
"""Kinds of looks that are remembered (1)."""


class Looks:
    """Records of looks at cells of a kind.

    Reads of as many rows are alike: what they have in common is made once.

    Args:
        model: The kind of cell.
    """

    def __init__(self, model: CellModel) -> None:
        self._model = model
        self._made: dict[tuple[float, float, float], Table] = {}

    def at(
        self,
        temperature: float,
        now: float,
        integration: float,
        spacing: float,
        samples: int,
    ) -> Table:
        """A look.

        Args:
            temperature: Temperature of the cells (K).
            now: Time at which the first integration starts (s).
            integration: Integration time of a sample (s).
            spacing: Time from the start of one sample to the start of the next (s).
            samples: Number of samples (1).
        """
        key = (temperature, integration, spacing)
        if key not in self._made:
            if len(self._made) >= _MOST:
                self._made.clear()
            self._made[key] = self._timeless(*key)
        look = self._made[key].copy()
        look["now"] = now
        look["end"] = now + (samples - 1) * spacing + integration
        look["samples"] = samples
        return look

    def _timeless(
        self, temperature: float, integration: float, spacing: float
    ) -> Table:
        """A look whose time is not known yet."""
        own = self._model.look_numbers(temperature, integration, spacing)
        rows = {
            name: len(value) if isinstance(value, np.ndarray) else 0
            for name, value in own.items()
        }
        look = np.zeros(1, _look_type(tuple(rows.items())))
        look["integration"] = integration
        look["spacing"] = spacing
        for name, value in own.items():
            look[name] = value
        return look


@cache
def _look_type(own: tuple[tuple[str, int], ...]) -> np.dtype[Any]:
    """The record of a look with a kind's own numbers.

    Args:
        own: Their names, and how many a row of them has; 0 for a single one.
    """
    columns = dict(_LOOK)
    for name, count in own:
        columns[name] = ("f4", count) if count else "f4"
    return record_type(columns)
