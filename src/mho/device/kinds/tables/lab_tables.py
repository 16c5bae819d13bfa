"""Steps from whatever file of a lab says how far pulses move a cell, as a table for cells.

Pulses with the conductance before and after, the tables of XBTorch (two axes and a distribution),
and the pairs of responses of aihwkit: `mho.measured` reads them. What such files do not say has to
be given: the amplitudes, and where a normalised scale begins and ends.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mho.checks import check_choice, check_not_negative, check_positive
from mho.device.kinds.tables.step_table import (
    LEVELS,
    NODES,
    Row,
    Steps,
    StepTable,
    probabilities,
    step_table,
)

if TYPE_CHECKING:
    from mho.measured import NormalisedResponses, PulseResponses
    from mho.measured import StepTable as MeasuredTable

_TABLE = "steps"
_KINDS = ("pulses", "responses", _TABLE)
"""Kinds of measurements that say how far pulses move a cell."""
_NORMALISED = "1"
_WAYS = ((1, "SET", "raise"), (-1, "RESET", "lower"))


@dataclass(frozen=True, slots=True)
class LabSteps:
    """What files of steps do not say themselves.

    Args:
        amplitudes: Of each file, or of SET and RESET pulses of a single one (V); the sign does
            not count. `None` where the files say it; another one than theirs is refused.
        width: Duration of all pulses (s); 0 if nobody knows.
        unit: Unit of conductances where a file has none, `"1"` for a normalised scale; `None` for
            siemens. Another one than the file's is refused.
        low: Conductance at which a normalised scale begins (S).
        high: Conductance at which it ends (S).
        kind: What the files hold, `"pulses"`, `"responses"` or `"steps"`; told by their columns if
            `None`.
    """

    amplitudes: tuple[float, ...] | None = None
    width: float = 0.0
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    kind: str | None = None

    def __post_init__(self) -> None:
        for amplitude in self.amplitudes or ():
            check_positive(abs(amplitude), "amplitude", "V")
        check_not_negative(self.width, "width", "s")
        if self.kind is not None:
            check_choice(self.kind, "kind", _KINDS)

    def scale(self, path: Path) -> tuple[float, float]:
        """Where a normalised scale begins and how long it is (S).

        Raises:
            ValueError: Nobody says it.
        """
        if self.low is None or self.high is None or not self.low < self.high:
            raise ValueError(
                f"File `{path}` must come with the conductances between which its scale lies, but"
                " there are none; give `low` and `high`."
            )
        return self.low, self.high - self.low


def lab_table(
    paths: Sequence[Path], given: LabSteps
) -> tuple[StepTable, float, float]:
    """Steps of files, and the lowest and highest conductance in them (S).

    Args:
        paths: One file for pulses of both polarities, or one for each amplitude.
        given: What they do not say.

    Raises:
        ValueError: A file is of another kind, does not say something that is not given either, or
            has too few pulses.
        OSError: One cannot be read.
    """
    amplitudes = given.amplitudes
    if amplitudes is not None and len(amplitudes) != max(len(paths), 2):
        raise ValueError(
            f"Argument `amplitude` must be one for each file, two for a single one, but is"
            f" {len(amplitudes)} for {len(paths)}."
        )
    found = [_read(path, given) for path in paths]
    kinds = {one.kind for one in found}
    if kinds == {_TABLE}:
        return _of_tables(paths, found, given)
    if _TABLE in kinds:
        raise ValueError(
            f"File `{paths[0]}` must be of the kind of the others, but some are tables of steps,"
            " others are pulses."
        )
    rows = [
        _rows(path, one, given, place if len(paths) > 1 else None)
        for place, (path, one) in enumerate(zip(paths, found, strict=True))
    ]
    steps = _joined(rows)
    _check_ways(paths[0], steps.amplitude)
    table = step_table(steps, paths[0])
    ends = np.concatenate((steps.before, steps.after))
    return table, float(ends.min()), float(ends.max())


def _read(path: Path, given: LabSteps) -> Any:
    """A file of steps.

    Raises:
        ValueError: It is of another kind.
    """
    # here alone: formats of labs take a moment to import
    from mho.measured import read_measured

    found = read_measured(path, kind=given.kind, unit=given.unit)
    if found.kind not in _KINDS:
        what = {"levels": "levels and no steps"}.get(found.kind, found.kind)
        raise ValueError(
            f"File `{path}` must say how far pulses move a cell, but holds {what}."
        )
    return found


def _of_tables(
    paths: Sequence[Path], found: "Sequence[MeasuredTable]", given: LabSteps
) -> tuple[StepTable, float, float]:
    """The table of cells from one table for each amplitude."""
    low = math.inf
    high = -math.inf
    entries = []
    for place, (path, one) in enumerate(zip(paths, found, strict=True)):
        start, span = (0.0, 1.0)
        if given.unit == _NORMALISED:
            start, span = given.scale(path)
        file = place if len(paths) > 1 else None
        own = _amplitude(path, one.amplitude, one.direction, given, file)
        here = start + span * one.conductance
        entries.append((own, *_nodes(here, one.probability, span * one.step)))
        low = min(low, float(here.min()))
        high = max(high, float(here.max()))
    entries.sort(key=lambda entry: entry[0])
    volts = np.array([entry[0] for entry in entries])
    _check_ways(paths[0], volts)
    if np.any(np.diff(volts) <= 0):
        raise ValueError(
            f"File `{paths[0]}` must be of another amplitude than the other files, but two are of"
            " the same."
        )
    table = StepTable(
        tuple(volts.tolist()),
        tuple(entry[1] for entry in entries),
        tuple(entry[2] for entry in entries),
        given.width,
        0.0,
        False,
    )
    return table, low, high


def _nodes(
    conductance: Row, probability: Row, steps: npt.NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Nodes and quantiles as cells have them; of many conductances, as many as there are nodes.

    Quantiles lie between measured ones in proportion to deviations of a normal law, so that one
    keeps its width; beyond the outermost that were measured they are these.
    """
    places = np.arange(conductance.size, dtype=float)
    if conductance.size > NODES:
        places = np.linspace(0, conductance.size - 1, NODES)
    wanted = _deviations(probabilities())
    have = _deviations(probability)
    rows = np.stack([np.interp(wanted, have, row) for row in steps])
    every = np.arange(conductance.size)
    nodes = np.interp(places, every, conductance)
    columns = [np.interp(places, every, rows[:, k]) for k in range(LEVELS)]
    quantiles = np.stack(columns, 1)
    more = NODES - nodes.size
    some = [tuple(row) for row in quantiles.tolist()]
    return (
        tuple(nodes.tolist() + nodes[-1:].tolist() * more),
        tuple(some + some[-1:] * more),
    )


def _deviations(probability: Row) -> Row:
    """Where a normal law has probabilities, in its deviations (1)."""
    from statistics import NormalDist

    law = NormalDist()
    inside = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.array([law.inv_cdf(float(p)) for p in inside])


def _rows(
    path: Path,
    found: "PulseResponses | NormalisedResponses",
    given: LabSteps,
    place: int | None,
) -> Steps:
    """Pulses of a file, one a row.

    Raises:
        ValueError: Nobody says an amplitude, or file and user say different ones.
    """
    from mho.measured import NormalisedResponses

    if isinstance(found, NormalisedResponses):
        return _of_responses(path, found, given)
    known = np.isfinite(found.before) & np.isfinite(found.after)
    before, after = found.before[known], found.after[known]
    if given.unit == _NORMALISED:
        start, span = given.scale(path)
        before, after = start + span * before, start + span * after
    way = found.direction[known]
    amplitude = found.amplitude[known]
    unknown = ~np.isfinite(amplitude)
    for sign, _, _ in _WAYS:
        mine = unknown & (way == sign)
        if mine.any():
            amplitude[mine] = _amplitude(path, math.nan, sign, given, place)
        for volts in np.unique(amplitude[~unknown & (way == sign)]):
            _amplitude(path, float(volts), sign, given, place)
    width = found.width[known]
    if given.width:
        width = np.full_like(before, given.width)
    cell = found.cell[known].astype(np.int64)
    return Steps(before, after, amplitude, width, cell)


def _of_responses(
    path: Path, found: "NormalisedResponses", given: LabSteps
) -> Steps:
    """Pulses of curves, each a series of identical ones from one end of a scale to the other."""
    if given.unit not in (None, _NORMALISED):
        raise ValueError(
            f"File `{path}` must be of a normalised scale, as pairs of responses are, but is said"
            f" to be in {given.unit}; leave `unit` out."
        )
    start, span = given.scale(path)
    values = np.concatenate((found.up.ravel(), found.down.ravel()))
    least, most = float(np.nanmin(values)), float(np.nanmax(values))
    if not least < most:
        raise ValueError(f"File `{path}` must hold a response that moves.")
    parts = []
    for sign, curves in ((1, found.up), (-1, found.down)):
        scaled = start + span * (curves - least) / (most - least)
        before, after = scaled[:-1].ravel(), scaled[1:].ravel()
        known = np.isfinite(before) & np.isfinite(after)
        volts = _amplitude(path, math.nan, sign, given, None)
        count = int(known.sum())
        parts.append(
            Steps(
                before[known],
                after[known],
                np.full(count, volts),
                np.full(count, given.width or math.nan),
                np.zeros(count, dtype=np.int64),
            )
        )
    return _joined(parts)


def _amplitude(
    path: Path, known: float, sign: int, given: LabSteps, place: int | None
) -> float:
    """Signed amplitude of pulses (V): what the file says, else what is given.

    Args:
        path: The file, for sentences.
        known: What it says (V); NaN or 0 if it does not.
        sign: +1 for SET, −1 for RESET (1).
        given: What the user says.
        place: Which of several files it is; `None` for a single one.

    Raises:
        ValueError: Nobody says it, or the file says another one than is given.
    """
    told = math.isfinite(known) and known != 0
    if given.amplitudes is not None:
        way = 0 if sign > 0 else 1
        own = abs(given.amplitudes[way if place is None else place])
        if told and not math.isclose(abs(known), own, rel_tol=1e-6):
            raise ValueError(
                f"File `{path}` must have the amplitude that is given, {own:g} V, but says"
                f" {abs(known):g} V; leave `amplitude` out."
            )
        return sign * own
    if not told:
        raise ValueError(
            f"File `{path}` must come with the amplitude of its pulses, but does not say it; give"
            " `amplitude`, one for each file."
        )
    return sign * abs(known)


def _joined(parts: Sequence[Steps]) -> Steps:
    """Rows of several files."""
    return Steps(
        np.concatenate([part.before for part in parts]),
        np.concatenate([part.after for part in parts]),
        np.concatenate([part.amplitude for part in parts]),
        np.concatenate([part.width for part in parts]),
        np.concatenate([part.cell for part in parts]),
    )


def _check_ways(path: Path, amplitude: Row) -> None:
    """Refuse pulses of one polarity alone."""
    for sign, what, cannot in _WAYS:
        if not (np.sign(amplitude) == sign).any():
            raise ValueError(
                f"File `{path}`, with the others, must have pulses of both polarities, but has no"
                f" {what} pulses; a loop could not {cannot} a cell."
            )
