"""From counts of stuck cells to numbers of a preset, with binomial intervals."""

from collections.abc import Sequence

import numpy as np

from mho.device.published import Preset
from mho.fitting.engine import FittedLaw, FittedParameter
from mho.fitting.presets import Part, fitted_value
from mho.fitting.stuck.counts import NOTHING, StuckCounts, in_endurance, in_maps
from mho.measured import ArrayMap, Endurance
from mho.progress import Progress, silent

FRACTION, HIGH = "cell.stuck_fraction", "cell.stuck_high"
_USEFUL = {FRACTION: 0.05, HIGH: 0.5}
"""Widest interval that counts as determined (1)."""
_BIRTHS = ("endurance.onset", "endurance.growth")


def stuck_part(
    measured: Sequence[ArrayMap | Endurance],
    base: Preset,
    progress: Progress = silent,
) -> Part:
    """The share of stuck cells, and how many of them are stuck high.

    Args:
        measured: Maps, those of one shape being of one array, and endurance data.
        base: Preset that keeps what they do not tell.
        progress: Told how far it is.
    """
    progress("stuck cells", 0.0)
    counts = NOTHING
    shapes: dict[tuple[int, ...], list[ArrayMap]] = {}
    cycled = False
    for one in measured:
        if isinstance(one, Endurance):
            counts = counts + in_endurance(one)
            cycled = True
        else:
            shapes.setdefault(one.conductance.shape, []).append(one)
    for maps in shapes.values():
        counts = counts + in_maps(maps)
    data = tuple(one.source for one in measured)
    told = list(counts.told)
    if cycled and _BIRTHS[0] in base.values:
        told.append(
            f"endurance: how many channels cycles leave behind is not seen in low and high"
            f" conductance: {', '.join(_BIRTHS)} are not determined, and kept from {base.name}"
        )
    progress("stuck cells", 1.0)
    if counts.cells == 0:
        return Part((), {}, tuple(told))
    numbers = _numbers(counts, data)
    told.append(
        f"stuck cells: {counts.stuck:,} of {counts.cells:,} never switch, {counts.high:,} of them"
        " near the high state; if cells were chosen because they work, so is this share"
    )
    values = {one.name: fitted_value(one) for one in numbers if one.determined}
    return Part((_law(counts, numbers, data),), values, tuple(told))


def binomial_interval(count: int, total: int) -> tuple[float, float]:
    """95 % interval of a share, by Clopper and Pearson (key: clopper1934use).

    >>> low, high = binomial_interval(0, 100)
    >>> f"{low:.3f} {high:.3f}"
    '0.000 0.036'
    """
    from scipy.stats import beta

    low = beta.ppf(0.025, count, total - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, total - count) if count < total else 1.0
    return float(low), float(high)


def _numbers(
    counts: StuckCounts, data: tuple[str, ...]
) -> tuple[FittedParameter, ...]:
    found = []
    for name, count, total in (
        (FRACTION, counts.stuck, counts.cells),
        (HIGH, counts.high, counts.stuck),
    ):
        low, high = binomial_interval(count, total) if total else (0.0, 1.0)
        determined = high - low <= _USEFUL[name]
        note = "" if determined else f"{count} of {total} tell too little"
        value = count / total if total else 0.0
        found.append(
            FittedParameter(name, "1", value, low, high, determined, data, note)
        )
    return tuple(found)


def _law(
    counts: StuckCounts,
    numbers: tuple[FittedParameter, ...],
    data: tuple[str, ...],
) -> FittedLaw:
    """The binomial law of both shares."""
    loss = 0.0
    for one, total in zip(numbers, (counts.cells, counts.stuck), strict=True):
        share = np.clip((one.value, 1 - one.value), 1e-300, 1.0)
        loss -= total * float(share @ np.log(share))
    best = np.array([one.value for one in numbers])
    return FittedLaw(
        "stuck cells", numbers, best, loss, counts.cells, np.eye(2), data
    )
