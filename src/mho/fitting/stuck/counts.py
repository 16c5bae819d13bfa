"""Which cells never switch, as far as maps and endurance data tell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.fitting.engine import Row
from mho.measured import ArrayMap, Endurance

_MOVES = 0.2
"""Change of a cell, over that of most cells, below which it does not switch (1)."""
_FRESH = 10
"""Cycles in which a cell must have switched not to be stuck from the beginning (1)."""
_DRIVEN = 0.3
"""Typical change between maps, over their larger median, from which cells were driven (1)."""
_TIGHT = 0.1
"""Deviation of a map, over its median, up to which all its cells were sent to one place (1)."""
_ELSEWHERE = 8.0
"""Deviations from there beyond which a cell did not go (1)."""
_TO_DEVIATION = 1.4826


@dataclass(frozen=True, slots=True)
class StuckCounts:
    """Cells that were looked at, and those among them that never switch.

    Args:
        cells: Cells that were looked at (1).
        stuck: Those that never switch (1).
        high: Those of them that are nearer to the high state (1).
        told: What else is to be said, a sentence each.
    """

    cells: int
    stuck: int
    high: int
    told: tuple[str, ...] = ()

    def __add__(self, other: "StuckCounts") -> "StuckCounts":
        """Counts of different cells."""
        return StuckCounts(
            self.cells + other.cells,
            self.stuck + other.stuck,
            self.high + other.high,
            (*self.told, *other.told),
        )


NOTHING = StuckCounts(0, 0, 0)


def in_maps(maps: Sequence[ArrayMap]) -> StuckCounts:
    """Stuck cells of one array, by maps of it in different states, or by a single one.

    Several maps must have moved most cells; then a cell that moved less than a fifth as far is
    stuck. In a single map all cells must have been sent to one place; then those that are far from
    it are stuck. What tells neither counts no cells.

    Args:
        maps: Maps of the same shape, at least one.
    """
    names = ", ".join(f"`{one.source}`" for one in maps)
    held = np.stack([one.conductance.ravel() for one in maps])
    known = np.isfinite(held).all(0)
    held = held[:, known]
    missing = int(np.sum(~known))
    lost = (
        (f"{names}: {missing:,} cells without a number are not counted",)
        if missing
        else ()
    )
    if held.shape[1] == 0:
        return StuckCounts(0, 0, 0, lost)
    if len(maps) == 1:
        return _alone(held[0], names, lost)
    moved = np.ptp(held, axis=0)
    usual = float(np.median(moved))
    if usual < _DRIVEN * float(np.median(held, axis=1).max()):
        said = (
            f"stuck cells: the maps {names} hardly differ, so that they do not tell which cells"
            " switch; give one after SET and one after RESET"
        )
        return StuckCounts(0, 0, 0, (*lost, said))
    stuck = moved < _MOVES * usual
    middle = float(np.median(held.max(0)) + np.median(held.min(0))) / 2
    high = held.mean(0)[stuck] > middle
    return StuckCounts(stuck.size, int(stuck.sum()), int(high.sum()), lost)


def _alone(held: Row, names: str, lost: tuple[str, ...]) -> StuckCounts:
    """Stuck cells in a single map (S)."""
    place = float(np.median(held))
    wide = _TO_DEVIATION * float(np.median(np.abs(held - place)))
    if not 0 < wide <= _TIGHT * abs(place):
        said = (
            f"stuck cells: in {names} cells are in many states, and a stuck one among them looks"
            " like any other; give a map after SET and one after RESET"
        )
        return StuckCounts(0, 0, 0, (*lost, said))
    off = held - place
    stuck = np.abs(off) > _ELSEWHERE * wide
    said = (
        f"stuck cells: {names} is a single map of cells that were sent to {place * 1e6:.4g} µS;"
        " those that are stuck there are not seen"
    )
    high = int(np.sum(off[stuck] > 0))
    return StuckCounts(held.size, int(stuck.sum()), high, (*lost, said))


def in_endurance(measured: Endurance) -> StuckCounts:
    """Cells whose window never opened in their first ten cycles, and what became of others.

    Args:
        measured: Low and high conductance by cycle.
    """
    cells = np.unique(measured.cell)
    window = np.abs(measured.high - measured.low)
    both = np.isfinite(window)
    fresh, worn = [], 0
    middles = []
    for cell in cells:
        own = np.flatnonzero((measured.cell == cell) & both)
        fresh.append(_median(window[own[:_FRESH]]))
        last = own[-_FRESH:] if own.size > 2 * _FRESH else own[-1:]
        middles.append(
            (
                _median((measured.high + measured.low)[own[:_FRESH]]) / 2,
                _median(window[last]),
            )
        )
    opened = np.array(fresh)
    known = np.isfinite(opened)
    if not known.any():
        return NOTHING
    usual = float(np.median(opened[known]))
    table = np.array(middles)
    stuck = known & (opened < _MOVES * usual)
    worn = int(np.sum(known & ~stuck & (table[:, 1] < _MOVES * usual)))
    middle = _median((measured.high + measured.low)[both]) / 2
    high = int(np.sum(table[stuck, 0] > middle))
    told = _of_cycles(measured, int(np.sum(known & ~stuck)), worn)
    return StuckCounts(int(known.sum()), int(stuck.sum()), high, told)


def _of_cycles(measured: Endurance, working: int, worn: int) -> tuple[str, ...]:
    """What cycles did, in a sentence."""
    cycle = measured.cycle
    first = cycle <= np.quantile(cycle, 0.1)
    last = cycle >= np.quantile(cycle, 0.9)
    states = [
        _median(values[part]) * 1e6
        for part in (first, last)
        for values in (measured.low, measured.high)
    ]
    return (
        f"endurance: `{measured.source}` goes to {cycle.max():.4g} cycles; low and high are"
        f" {states[0]:.4g} and {states[1]:.4g} µS in the first tenth, {states[2]:.4g} and"
        f" {states[3]:.4g} µS in the last (medians); of {working} cells that switched, {worn} do"
        " not at the end, which no law of cells has: it is printed here and not in the preset",
    )


def _median(values: Row) -> float:
    """Median of what is finite; NaN of nothing."""
    some = values[np.isfinite(values)]
    return float(np.median(some)) if some.size else float("nan")
