"""Where each number of a fitted preset comes from, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.device.published import Confidence, Correlations, Preset, Value
from mho.fitting.engine import FittedLaw, FittedParameter

REACH = "reach of the data"
"""Beginning of the note of a number that follows from where the data end, without an interval."""
BESIDE = "set beside the data"
"""Origin of a number that is neither determined by the data nor the base's: its note says why."""


@dataclass(frozen=True, slots=True)
class PresetRow:
    """A number of a preset, for a table.

    Args:
        name: Its name, by group and field.
        value: It, SI.
        unit: Its unit.
        interval: Its 95 % interval, SI; `None` if it has none.
        origin: `"data"`, `"reach of the data"`, `"set beside the data"`, or the name of the base.
        source: Files, or the key of the source.
        note: Its note.
    """

    name: str
    value: float
    unit: str
    interval: tuple[float, float] | None
    origin: str
    source: str
    note: str


def is_fitted(value: Value) -> bool:
    """Whether a number of a fitted preset rests on data."""
    return value.confidence is Confidence.FITTED


def preset_rows(preset: Preset, base: Preset) -> list[PresetRow]:
    """Every number, those that rest on data first."""
    rows = [
        PresetRow(
            name,
            one.value,
            one.unit,
            one.interval,
            _origin(name, one, base),
            one.source,
            one.note,
        )
        for name, one in preset.values.items()
    ]
    return sorted(rows, key=lambda row: row.origin != "data")


def _origin(name: str, value: Value, base: Preset) -> str:
    """What a number rests on."""
    if is_fitted(value):
        return "data"
    if value.note.startswith(REACH):
        return "reach of the data"
    lent = base.values.get(name)
    same = lent is not None and lent.value == value.value
    if same or f"kept from {base.name}" in value.note:
        return base.name
    return BESIDE


def fitted_value(found: FittedParameter) -> Value:
    """A number with its interval and the files that it rests on."""
    return Value(
        found.value,
        found.unit,
        ", ".join(found.data),
        Confidence.FITTED,
        found.note,
        (min(found.low, found.value), max(found.high, found.value)),
    )


def correlations_of(
    laws: Sequence[FittedLaw], names: Sequence[str]
) -> Correlations | None:
    """Correlations between numbers that were fitted together; `None` if there are none.

    Args:
        laws: Fitted laws.
        names: Numbers that the preset takes from them.
    """
    place = {name: k for k, name in enumerate(names)}
    matrix = np.eye(len(names))
    for law in laws:
        for i, one in enumerate(law.parameters):
            for j, other in enumerate(law.parameters):
                if one.name not in place or other.name not in place:
                    continue
                known = law.correlation[i, j]
                if i != j and np.isfinite(known):
                    matrix[place[one.name], place[other.name]] = known
    if not names or np.all(matrix == np.eye(len(names))):
        return None
    matrix = _positive((matrix + matrix.T) / 2)
    return Correlations(
        tuple(names), tuple(tuple(float(x) for x in row) for row in matrix)
    )


def _positive(matrix: np.ndarray) -> np.ndarray:
    """The matrix with eigenvalues above zero and ones on its diagonal."""
    values, vectors = np.linalg.eigh(matrix)
    whole = (vectors * np.clip(values, 1e-9, None)) @ vectors.T
    size = np.sqrt(np.diag(whole))
    found: np.ndarray = np.round(whole / size[:, None] / size, 6)
    np.fill_diagonal(found, 1.0)
    return found
