"""Waits as counts: how many cells of like conductance moved how far, wait by wait."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mho.fitting.engine import Row
from mho.measured import Waits

_PROBABILITIES = np.array(
    (0.01, 0.03, 0.07, 0.15, 0.25, 0.36, 0.64, 0.75, 0.85, 0.93, 0.97, 0.99)
)
"""Where changes of a group are cut (1): away from the median, where laws have a kink."""
_IN_GROUP = 40
"""Cells of a group, about (1)."""
_GROUPS = 16
"""Groups of a wait at most (1)."""
FEWEST = 20
"""Cells from which a wait says something of their distribution (1)."""
_TOGETHER = 0.5
"""E-folds of time within which readings are of one wait (1)."""
_ALIKE = 1.0
"""Temperatures that are one (K)."""
_IN_TAIL = 2.0
"""Cells beyond the outermost quantiles, about (1)."""
_FAR = np.array((1.5, 2.5, 4.5))
"""Further cuts, by the distance of the outermost quantile from the median (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Wait:
    """Cells after one wait.

    Args:
        time: How long it was, in the mean of logarithms (s).
        temperature: Temperature (K); NaN where unknown.
        key: Number of each cell and level that was written (1). Shape (cells,).
        written: Conductance when written (S). Shape (cells,).
        change: How far it moved (S). Shape (cells,).
    """

    time: float
    temperature: float
    key: npt.NDArray[np.int64]
    written: Row
    change: Row


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Groups of cells of like conductance, of all waits.

    Args:
        conductance: Mean conductance of a group when written (S). Shape (groups,).
        time: How long it waited (s). Shape (groups,).
        temperature: Temperature (K). Shape (groups,).
        edges: Changes between bins (S), infinite beyond the last one. Shape (groups, edges).
        counts: Cells in each bin (1). Shape (groups, edges + 1).
    """

    conductance: Row
    time: Row
    temperature: Row
    edges: Row
    counts: Row

    @property
    def cells(self) -> int:
        """Readings (1)."""
        return int(self.counts.sum())

    @property
    def places(self) -> int:
        """Conductances that are apart: a fiftieth of the largest (1)."""
        apart = np.round(self.conductance * _PLACES / self.conductance.max())
        return int(np.unique(apart).size)

    def loss(self, below: Row) -> float:
        """Negative logarithm of the likelihood of the counts (1).

        Args:
            below: Probability of less change than each edge (1). Shape (groups, edges).
        """
        return -float(np.sum(self.counts * np.log(self._shares(below))))

    def slope(self, below: Row) -> Row:
        """Its derivative by each of these probabilities. Shape (groups, edges)."""
        each = self.counts / self._shares(below)
        found: Row = np.where(
            np.isfinite(self.edges), np.diff(each, axis=1), 0.0
        )
        return found

    def information(self, below: Row, jacobian: Row) -> Row:
        """Second derivatives of the loss that are expected. Shape (numbers, numbers).

        Args:
            below: Probability of less change than each edge (1). Shape (groups, edges).
            jacobian: Its derivative by each number. Shape (numbers, groups, edges).
        """
        known = np.where(np.isfinite(self.edges), jacobian, 0.0)
        moved = np.diff(np.pad(known, ((0, 0), (0, 0), (1, 1))), axis=2)
        cells = self.counts.sum(axis=1)[:, None]
        weight = cells / self._shares(below)
        found: Row = np.einsum(
            "iab,ab,jab->ij", moved, weight, moved, optimize=True
        )
        return found

    def _shares(self, below: Row) -> Row:
        """Probability of each bin (1)."""
        none = np.zeros((len(self.counts), 1))
        # nothing lies beyond infinity
        below = np.where(np.isfinite(self.edges), below, 1.0)
        share = np.diff(np.hstack((none, below, none + 1.0)), axis=1)
        found: Row = np.maximum(share, 0.0) + _LEAST
        return found


_PLACES = 50
_LEAST = 1e-9
"""Probability that nothing falls below (1)."""


def waits_of(measured: Sequence[Waits]) -> list[Wait]:
    """All waits, by temperature and time; readings when written left out.

    Args:
        measured: What was measured, a value for each file.

    Raises:
        ValueError: Times are missing, or no wait has enough cells.
    """
    names = ", ".join(f"`{one.source}`" for one in measured)
    keys, first = [], 0
    for one in measured:
        named = np.stack((one.cell, one.level), axis=1)
        number = np.unique(named, axis=0, return_inverse=True)[1].reshape(-1)
        keys.append(first + number)
        first += int(number.max()) + 1
    key = np.concatenate(keys).astype(np.int64)
    time, read, written, heat = (
        np.concatenate([getattr(one, name) for one in measured])
        for name in ("time", "conductance", "written", "temperature")
    )
    if not np.isfinite(time).any():
        raise ValueError(
            f"Data of waits must say how long they were, but {names} do not; name the column with"
            " `--columns time=…`."
        )
    known = np.isfinite(time) & np.isfinite(read) & np.isfinite(written)
    known &= (
        (time > 0)
        & (written > 0)
        & ~_when_written(key, heat, time, read, written)
    )
    found = list(_split(key, time, heat, read - written, written, known))
    if not found:
        raise ValueError(
            f"Data of waits must have {FEWEST} cells at least that were read after the same wait,"
            f" but {names} have none such."
        )
    return found


def _when_written(
    key: npt.NDArray[np.int64], heat: Row, time: Row, read: Row, written: Row
) -> npt.NDArray[np.bool_]:
    """Which readings are those from which all changes count."""
    warmth = np.nan_to_num(heat)
    order = np.lexsort((time, warmth, key))
    begins = np.ones(order.size, dtype=bool)
    same = (np.diff(key[order]) == 0) & (np.diff(warmth[order]) == 0)
    begins[1:] = ~same
    goes_on = np.zeros(order.size, dtype=bool)
    goes_on[:-1] = same
    found = np.zeros(order.size, dtype=bool)
    found[order] = begins & goes_on
    kept: npt.NDArray[np.bool_] = found & (read == written)
    return kept


def _split(
    key: npt.NDArray[np.int64],
    time: Row,
    heat: Row,
    change: Row,
    written: Row,
    known: npt.NDArray[np.bool_],
) -> Iterator[Wait]:
    """Waits of enough cells, cold ones first, short ones first."""
    warmth = np.round(np.nan_to_num(heat, nan=-1.0) / _ALIKE)
    for one in np.unique(warmth[known]):
        own = np.flatnonzero(known & (warmth == one))
        order = own[np.argsort(time[own], kind="stable")]
        logs = np.log(time[order])
        start = 0
        while start < order.size:
            stop = int(np.searchsorted(logs, logs[start] + _TOGETHER, "right"))
            part = order[start:stop]
            # a cell that was read several times counts once
            _, once = np.unique(key[part], return_index=True)
            part = part[once]
            if part.size >= FEWEST:
                yield Wait(
                    float(np.exp(np.mean(np.log(time[part])))),
                    float(np.mean(heat[part])),
                    key[part],
                    written[part],
                    change[part],
                )
            start = stop


def counted(waits: Sequence[Wait]) -> Counts:
    """Counts of some waits.

    Args:
        waits: The waits, at least one.
    """
    rows = []
    for wait in waits:
        groups = int(np.clip(wait.written.size // _IN_GROUP, 1, _GROUPS))
        order = np.argsort(wait.written, kind="stable")
        for part in np.array_split(order, groups):
            edges = _edges(wait.change[part], -float(wait.written[part].min()))
            placed = np.searchsorted(edges, wait.change[part], "left")
            counts = np.bincount(placed, minlength=edges.size + 1)
            rows.append(
                (
                    float(wait.written[part].mean()),
                    wait.time,
                    wait.temperature,
                    edges,
                    counts,
                )
            )
    most = max(row[3].size for row in rows)
    edges = np.full((len(rows), most), np.inf)
    table = np.zeros((len(rows), most + 1))
    for k, row in enumerate(rows):
        edges[k, : row[3].size] = row[3]
        table[k, : row[4].size] = row[4]
    return Counts(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.array([row[2] for row in rows]),
        edges,
        table,
    )


def _edges(change: Row, least: float) -> Row:
    """Where changes are cut: between different ones, as readings may come in steps.

    Args:
        change: Changes of a group (S).
        least: Change below which nothing is left to lose (S).
    """
    fewest = np.minimum(_PROBABILITIES, 1 - _PROBABILITIES) * change.size
    wanted = np.quantile(change, _PROBABILITIES[fewest >= _IN_TAIL / 2])
    values = np.unique(change)
    if values.size < 2:
        return values.astype(np.float64) + 1e-12
    after = np.searchsorted(values, wanted, "right")
    after = np.unique(np.clip(after, 1, values.size - 1))
    edges: Row = (values[after - 1] + values[after]) / 2
    middle = float(np.median(change))
    # few cells are far out, but how far tells the tails
    far = np.concatenate(
        (
            middle - _FAR[::-1] * max(middle - edges[0], 0.0),
            middle + _FAR * max(edges[-1] - middle, 0.0),
        )
    )
    edges = np.unique(np.concatenate((edges, far)))
    return edges[edges > least]
