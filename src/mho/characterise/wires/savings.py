"""What would save current from the wires, alternative by alternative, and what each costs."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from mho.characterise.wires.loss import check_load, loads, solve
from mho.checks import check_between
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

SMALLEST = 8
"""Longer side of the smallest tile that is proposed (1)."""
_PARTS = (2, 4, 10)
"""By what the width of the range is divided (1)."""
_TURNS = {2: "½", 4: "¼"}
"""Parts in which rows are read, and the share that is read at a time, in writing (1)."""


@dataclass(frozen=True, slots=True)
class ArraySetup:
    """A way to multiply vectors by one matrix of conductances.

    Args:
        wires: Resistances, one finite number each.
        size: Rows and columns of the matrix (1).
        low: Low end of the range of conductances (S).
        high: High end of the range (S).
        turns: Parts in which the rows are read one after the other (1). Every `turns`-th row is
            in the same part; selectors switch the cells of all other rows off, and the currents
            are added digitally. Rows at 0 V whose cells stay on would save nothing: the circuit
            is linear, so what each row contributes does not depend on the voltage of the others.
        split: Parts into which rows, and columns, are divided; each pair of parts has a tile (1).
    """

    wires: WireModel
    size: tuple[int, int]
    low: float
    high: float
    turns: int = 1
    split: int = 1

    @property
    def tile(self) -> tuple[int, int]:
        """Rows and columns of a tile (1)."""
        rows, cols = (-(-count // self.split) for count in self.size)
        return rows, cols

    @property
    def cycles(self) -> int:
        """Cycles that one multiplication takes (1)."""
        return min(self.turns, self.tile[0])

    @property
    def tiles(self) -> int:
        """Number of tiles (1)."""
        down, along = self._parts
        return down * along

    @property
    def drivers(self) -> int:
        """Number of drivers of word lines (1)."""
        return (
            self.size[0]
            * self._parts[1]
            * (2 if self.wires.sides == "both" else 1)
        )

    @property
    def amplifiers(self) -> int:
        """Number of ends of bit lines that are held at virtual ground (1)."""
        return (
            self.size[1]
            * self._parts[0]
            * (2 if self.wires.sense_sides == "both" else 1)
        )

    @property
    def _parts(self) -> tuple[int, int]:
        down, along = (
            -(-n // m) for n, m in zip(self.size, self.tile, strict=True)
        )
        return down, along


@dataclass(frozen=True, slots=True)
class WirePlan:
    """A layout and what its wires leave.

    Args:
        what: What it changes, in words.
        layout: The layout.
        kept: Share of the current of random conductances, mean over columns (1).
        worst: Share of the worst column, mean over random arrays (1).
        full: Share with all cells at the high end, mean over columns (1).
    """

    what: str
    layout: ArraySetup
    kept: float
    worst: float
    full: float


def wire_savings(
    base: ArraySetup, stream: Stream, progress: Progress = silent
) -> list[WirePlan]:
    """What is left of the current in this layout, and in each with one thing changed.

    Args:
        base: The layout to start from.
        stream: Randomness of the conductances; the same for all alternatives.
        progress: Told how far it is.

    Returns:
        The layout itself, then its alternatives, which are lines connected at both ends, narrower
        ranges, fewer rows at a time, smaller tiles, segments of half the resistance.

    Raises:
        ValueError: A size, range or resistance that cannot be.
    """
    _check(base)
    choices = [
        ("as it is", base),
        *_ends(base),
        *_ranges(base),
        *_turns(base),
        *_tiles(base),
    ]
    lines = replace(
        base.wires,
        word_line=_number(base.wires.word_line) / 2,
        bit_line=_number(base.wires.bit_line) / 2,
    )
    choices.append(("half the wire resistance", replace(base, wires=lines)))
    found = []
    for done, (what, layout) in enumerate(choices):
        progress("alternatives", done / len(choices))
        found.append(_measure(what, layout, stream))
    return found


def wire_plans(
    base: ArraySetup, wanted: float, stream: Stream
) -> list[tuple[str, WirePlan | None]]:
    """The fewest tiles that keep a wanted share, for some combinations of other measures.

    Args:
        base: The layout to start from.
        wanted: Share of the current of random conductances, mean over columns (1).
        stream: Randomness of the conductances.

    Returns:
        Combinations in words, and the layout with the largest tiles that keeps enough; `None` if
        not even tiles with 8 cells along the longer side do.

    Raises:
        ValueError: A size, range, resistance or share that cannot be.
    """
    _check(base)
    check_between(wanted, "wanted", 0.01, 0.9999, "1")
    ends = replace(
        base, wires=replace(base.wires, sides="both", sense_sides="both")
    )
    narrow = _narrower(ends, 4)
    choices = {
        "smaller tiles": base,
        "both ends": ends,
        "both ends, ¼ range": narrow,
        "both ends, ¼ rows": replace(ends, turns=4),
        "all of this": replace(narrow, turns=4),
    }
    return [
        (what, _largest(what, layout, wanted, stream))
        for what, layout in choices.items()
    ]


@dataclass(frozen=True, slots=True, eq=False)
class SizeCurves:
    """How the share that is kept falls with the size of the array.

    Args:
        sizes: Rows and columns, from small to large (1).
        high: High end of each range (S).
        kept: Share of the current of random conductances, mean over columns (1). Shape
            (ranges, sizes).
    """

    sizes: tuple[tuple[int, int], ...]
    high: tuple[float, ...]
    kept: Float[Tensor, "ranges sizes"]


def share_by_size(
    base: ArraySetup, stream: Stream, progress: Progress = silent
) -> SizeCurves:
    """What is left of the current in arrays of half the size, a quarter and so on.

    Args:
        base: The layout whose size is the largest; its range and narrower ones are measured.
        stream: Randomness of the conductances.
        progress: Told how far it is.

    Raises:
        ValueError: A size, range or resistance that cannot be.
    """
    _check(base)
    splits = list(_splits(base))[::-1]
    narrower = [layout for _, layout in _ranges(base)]
    ranges = [base, *narrower]
    kept = torch.zeros(len(ranges), len(splits), dtype=torch.float64)
    for row, one in enumerate(ranges):
        progress("sizes", row / len(ranges))
        for col, layout in enumerate(splits):
            smaller = replace(one, split=layout.split)
            kept[row, col] = _shares(smaller, stream)[0]
    sizes = tuple(layout.tile for layout in splits)
    highest = tuple(one.high for one in ranges)
    return SizeCurves(sizes, highest, kept)


def _check(base: ArraySetup) -> None:
    check_load(base.size, base.low, base.high)
    for f in fields(base.wires)[:5]:
        _number(getattr(base.wires, f.name))


def _number(resistance: object) -> float:
    """A resistance that holds for all lines, tiles of other sizes included (Ω)."""
    if isinstance(resistance, float) and math.isfinite(resistance):
        return resistance
    has = "one per line" if isinstance(resistance, tuple) else "an open line"
    raise ValueError(
        f"Argument `wires` must have one finite number per resistance, but has {has}; measure"
        " such an array with `wire_loss`."
    )


def _ends(base: ArraySetup) -> Iterator[tuple[str, ArraySetup]]:
    wires = base.wires
    rows = replace(wires, sides="both")
    cols = replace(wires, sense_sides="both")
    if wires.sides == "one":
        yield "rows driven at both ends", replace(base, wires=rows)
    if wires.sense_sides == "one":
        yield "columns sensed at both ends", replace(base, wires=cols)
    if (wires.sides, wires.sense_sides) == ("one", "one"):
        yield "both", replace(base, wires=replace(rows, sense_sides="both"))


def _ranges(base: ArraySetup) -> Iterator[tuple[str, ArraySetup]]:
    for part in _PARTS:
        layout = _narrower(base, part)
        if layout.high > base.low:
            yield f"range to {layout.high / uS:.4g} µS", layout


def _narrower(layout: ArraySetup, part: int) -> ArraySetup:
    return replace(layout, high=layout.low + (layout.high - layout.low) / part)


def _turns(base: ArraySetup) -> Iterator[tuple[str, ArraySetup]]:
    for turns, name in _TURNS.items():
        if turns < base.tile[0]:
            yield f"{name} of the rows at a time", replace(base, turns=turns)
    if base.tile[0] > 1:
        yield "1 row at a time", replace(base, turns=base.tile[0])


def _tiles(base: ArraySetup) -> Iterator[tuple[str, ArraySetup]]:
    for layout in list(_splits(base))[1:3]:
        yield f"tiles of {layout.tile[0]}×{layout.tile[1]}", layout


def _splits(base: ArraySetup) -> Iterator[ArraySetup]:
    """The layout, and halved again and again down to the smallest tile."""
    yield base
    layout = replace(base, split=2 * base.split)
    while max(layout.tile) >= SMALLEST:
        yield layout
        layout = replace(layout, split=2 * layout.split)


def _largest(
    what: str, base: ArraySetup, wanted: float, stream: Stream
) -> WirePlan | None:
    """The same in the largest tiles that keep enough: from small ones up, as those are quick."""
    best = None
    for layout in list(_splits(base))[::-1]:
        found = _measure(what, layout, stream)
        if found.kept < wanted:
            break
        best = found
    return best


def _measure(what: str, layout: ArraySetup, stream: Stream) -> WirePlan:
    return WirePlan(what, layout, *_shares(layout, stream))


@lru_cache(maxsize=256)
def _shares(layout: ArraySetup, stream: Stream) -> tuple[float, float, float]:
    """Mean and worst share of random conductances, and mean with all at the high end (1).

    Kept, as alternatives, combinations and sizes have layouts in common.
    """
    tile = layout.tile
    random, full = loads(tile, layout.low, layout.high, stream)
    column = _in_turns(layout, random).sum(-2) / random.sum(-2)
    full_column = _in_turns(layout, full).sum(-2) / full.sum(-2)
    return (
        float(column.mean()),
        float(column.amin(1).mean()),
        float(full_column.mean()),
    )


def _in_turns(
    layout: ArraySetup, conductance: Float[Tensor, "arrays rows cols"]
) -> Float[Tensor, "arrays rows cols"]:
    """Effective matrices (S), each row with the cells on that are read with it."""
    rows = conductance.shape[-2]
    if layout.turns == 1:
        return solve(layout.wires, conductance)
    if layout.turns >= rows:
        return _alone(layout.wires, conductance)
    effective = torch.zeros_like(conductance)
    # Rows of one turn lie as far apart as they can.
    for turn in range(layout.turns):
        some = slice(turn, None, layout.turns)
        effective[:, some] = _together(layout.wires, conductance, some)

    return effective


def _together(
    wires: WireModel,
    conductance: Float[Tensor, "arrays rows cols"],
    some: slice,
) -> Float[Tensor, "arrays some cols"]:
    """Effective matrices (S) of evenly spaced rows, the cells of all others off.

    Segments between them are in series, and so are those below them with the sense; with both
    ends sensed these differ above and below, and the whole array is solved.
    """
    rows = conductance.shape[-2]
    if wires.sense_sides == "both":
        on = torch.zeros_like(conductance)
        on[:, some] = conductance[:, some]
        return solve(wires, on)[:, some]
    below = (rows - 1 - some.start) % some.step
    bit = _number(wires.bit_line)
    lines = replace(
        wires,
        bit_line=some.step * bit,
        sense=_number(wires.sense) + below * bit,
    )
    return solve(lines, conductance[:, some].contiguous())


def _alone(
    wires: WireModel, conductance: Float[Tensor, "arrays rows cols"]
) -> Float[Tensor, "arrays rows cols"]:
    """Effective matrices (S), each row read alone: its bit lines are then in series with it."""
    rows = conductance.shape[-2]
    above = torch.arange(rows).to(conductance)[:, None]
    bit = _number(wires.bit_line)
    sense = _number(wires.sense)
    below = rows - 1 - above
    path = bit * below + sense
    if wires.sense_sides == "both":
        upwards = bit * above + sense
        path = 1 / (1 / path + 1 / upwards)
    lines = replace(wires, bit_line=0.0, sense=0.0, sense_sides="one")
    in_series = conductance / (1 + conductance * path)
    return solve(lines, in_series)
