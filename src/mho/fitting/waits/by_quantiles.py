"""Waits at one temperature: quantiles at three times, and how cells keep their rank."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mho.device.laws import QuantileRelaxation
from mho.device.published import Confidence, Preset, Value
from mho.fitting.engine import FittedLaw, Row, best_of, fit_law
from mho.fitting.presets import Part
from mho.fitting.waits.counts import Wait, counted
from mho.fitting.waits.curves import wait_curves
from mho.fitting.waits.lent import Around, filled, fitted_values
from mho.fitting.waits.quantiles import KNEES, MemoryLaw, QuantileLaw
from mho.progress import Progress

_TIMES = ("early", "middle", "late")
_KNOTS = 4
_GROUPS_FOR = (1, 3, 6, 8)
"""Conductances from which polynomials of each degree are tried (1)."""
_SOON = 4.0
"""First time, over the onset where the base has none (1)."""
_TOGETHER = 60
"""Cells read at all times from which their ranks are compared (1)."""
_RANK = 0.5
"""Correlation of a cell's numbers that nobody has measured (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Timed:
    """The law at one time."""

    wait: Wait
    law: QuantileLaw
    fitted: FittedLaw


def quantile_part(
    waits: Sequence[Wait],
    pace: float,
    base: Preset,
    data: tuple[str, ...],
    progress: Progress,
) -> Part:
    """The law `QuantileRelaxation` of waits at one temperature.

    Args:
        waits: The waits, short ones first.
        pace: Seconds at the reference that one second of theirs counts as (1).
        base: Preset that lends the rest.
        data: Names of the files.
        progress: Told how far it is.
    """
    around = Around(base, ", ".join(data))
    onset = _onset(around, waits[0].time * pace)
    full = max(float(np.quantile(one.written, 0.98)) for one in waits)
    chosen = _chosen(waits, onset.value / pace)
    told = _told(waits, chosen)
    timed = []
    for k, (word, wait) in enumerate(
        zip(_words(len(chosen)), chosen, strict=True)
    ):
        progress("relaxation", k / len(chosen))
        law, start, said = _preferred(wait, word, full, data)
        told += [said] if said else []
        timed.append(_Timed(wait, law, fit_law(law, start=start)))
    laws = [one.fitted for one in timed]
    memory = _memory(timed, onset.value / pace, full, data)
    laws += [memory] if memory is not None else []
    values = _values(timed, laws, pace, full, onset, around)
    found = QuantileRelaxation(
        **{n.partition(".")[2]: v.value for n, v in values.items()}
    )
    end = waits[-1].time * pace
    values |= _retention(around, end)
    progress("relaxation", 1.0)
    return Part(
        tuple(laws),
        values,
        tuple(told),
        tuple(wait_curves(waits, found, [pace] * len(waits))),
        {"relaxation": QuantileRelaxation},
    )


def _onset(around: Around, first: float) -> Value:
    """Time at which the law begins."""
    known = around.base.values.get("relaxation.onset")
    quantiles = around.base.laws.get("relaxation") is QuantileRelaxation
    if quantiles and known is not None and known.value < first:
        note = f"not determined by the data: kept from {around.base.name}"
        return replace(
            known, confidence=Confidence.CHOICE, interval=None, note=note
        )
    note = "a quarter of the first time, as in `wan2022`; nothing is known of sooner"
    return around.choice(first / _SOON, "s", note)


def _warped(time: float, onset: float) -> float:
    """The axis on which the law runs along straight lines (1)."""
    return float(np.log(np.log1p(time / onset)))


def _chosen(waits: Sequence[Wait], onset: float) -> list[Wait]:
    """First and last wait, and the one that is nearest to the middle between them."""
    if len(waits) < 3:
        return list(waits)
    ends = [_warped(waits[k].time, onset) for k in (0, -1)]
    middle = min(
        waits[1:-1],
        key=lambda one: abs(_warped(one.time, onset) - sum(ends) / 2),
    )
    return [waits[0], middle, waits[-1]]


def _words(count: int) -> tuple[str, ...]:
    return {1: _TIMES[:1], 2: (_TIMES[0], _TIMES[2]), 3: _TIMES}[count]


def _preferred(
    wait: Wait, word: str, full: float, data: tuple[str, ...]
) -> tuple[QuantileLaw, Row, str]:
    """The degree that Schwarz's criterion prefers, the likeliest numbers, and how others did."""
    counts = counted([wait])
    tried: list[tuple[float, QuantileLaw, Row]] = []
    for degree, groups in enumerate(_GROUPS_FOR):
        if counts.places < groups:
            break
        law = QuantileLaw(counts, data, word, full, degree)
        before = tried[-1][1:] if tried else None
        where, loss = best_of(law, _begin(law, before))
        score = 2 * loss + where.size * float(np.log(law.points))
        tried.append((score, law, where))
    tried.sort(key=lambda one: one[0])
    least, law, where = tried[0]
    others = ", ".join(
        f"{one.degree} +{score - least:.0f}" for score, one, _ in tried[1:]
    )
    said = f"{law.title} (Schwarz's criterion of other degrees: {others})"
    return law, where, said if others else ""


def _begin(law: QuantileLaw, before: tuple[QuantileLaw, Row] | None) -> Row:
    """Where a search begins: by moments, or at the polynomials of one degree less if likelier.

    So a law is never less likely than one that it contains.
    """
    start = np.array([one.start for one in law.parameters])
    if before is None:
        return start
    names = (one.name for one in before[0].parameters)
    known = dict(zip(names, before[1], strict=True))
    lent = np.array([known.get(one.name, 0.0) for one in law.parameters])
    return min(start, lent, key=law.loss)


def _memory(
    timed: Sequence[_Timed], onset: float, full: float, data: tuple[str, ...]
) -> FittedLaw | None:
    """Correlation of a cell's numbers, from cells that were read at all times."""
    if len(timed) < 2:
        return None
    keys = timed[0].wait.key
    for one in timed[1:]:
        keys = np.intersect1d(keys, one.wait.key)
    if keys.size < _TOGETHER:
        return None
    ranks = []
    for one in timed:
        place = np.searchsorted(one.wait.key, keys)
        ranks.append(one.law.rank(one.fitted.best, one.wait, full)[place])
    warped = np.array([_warped(one.wait.time, onset) for one in timed])
    second = np.array(ranks) @ np.array(ranks).T / keys.size
    size = np.sqrt(np.diag(second))
    law = MemoryLaw(
        second / size[:, None] / size, keys.size, _along(warped), data
    )
    return fit_law(law)


def _along(warped: Row) -> Row:
    """Weight of each of a cell's numbers at each time (1). Shape (times, knots)."""
    place = (warped - warped[0]) / (warped[-1] - warped[0]) * (_KNOTS - 1)
    found: Row = np.maximum(1 - np.abs(place[:, None] - np.arange(_KNOTS)), 0.0)
    return found


def _values(
    timed: Sequence[_Timed],
    laws: Sequence[FittedLaw],
    pace: float,
    full: float,
    onset: Value,
    around: Around,
) -> dict[str, Value]:
    """All numbers of the law."""
    values = fitted_values(laws)
    times = [one.wait.time * pace for one in timed]
    values |= {
        "relaxation.scale": around.follows(1.0, "1", "as fitted"),
        "relaxation.full": around.follows(
            full, "S", "98 % of cells were written below"
        ),
        "relaxation.knee": around.choice(
            full / KNEES, "S", "a fortieth of `full`, as `wan2022`"
        ),
        "relaxation.onset": onset,
        "relaxation.renewal_step": around.renewal(),
    }
    values.setdefault(
        "relaxation.memory",
        around.choice(
            _RANK, "1", "not determined by the data: too few cells at all times"
        ),
    )
    for word, time in zip(_TIMES, _three(times, onset.value), strict=True):
        values[f"relaxation.{word}"] = around.follows(
            time, "s", "a wait of the data"
        )
    if len(timed) == 1:
        _copied(values, ("middle", "late"), around)
    elif len(timed) == 2:
        _between(values, around)
    note = "the data do not ask for a polynomial of this degree"
    return filled(QuantileRelaxation, values, around, note)


def _three(times: Sequence[float], onset: float) -> tuple[float, float, float]:
    """Early, middle and late (s)."""
    if len(times) == 3:
        return times[0], times[1], times[2]
    if len(times) == 1:
        return times[0], 1.5 * times[0], 2 * times[0]
    half = (_warped(times[0], onset) + _warped(times[1], onset)) / 2
    return times[0], onset * float(np.expm1(np.exp(half))), times[1]


def _copied(
    values: dict[str, Value], words: Sequence[str], around: Around
) -> None:
    """The same distribution at later times, of which nothing is known."""
    note = "as early: the data have one wait, and say nothing of later"
    for full in [name for name in values if ".early_" in name]:
        for word in words:
            one = values[full]
            values[full.replace("early", word)] = around.choice(
                one.value, one.unit, note
            )


def _between(values: dict[str, Value], around: Around) -> None:
    """Half way between two times, where the law is a straight line."""
    note = "half way between early and late: the data have two waits"
    for word, other in (("early", "late"), ("late", "early")):
        for full in [name for name in values if f".{word}_" in name]:
            one = values[full]
            there = values.get(full.replace(word, other))
            value = (
                one.value + (there.value if there is not None else 0.0)
            ) / 2
            values[full.replace(word, "middle")] = around.follows(
                value, one.unit, note
            )


def _retention(around: Around, end: float) -> dict[str, Value]:
    """Until the last wait the fitted law has all that cells lose in common."""
    known = around.base.values.get("retention.onset")
    if known is None or known.value >= end:
        return {}
    note = "up to the last wait the law of relaxation has all that cells lose in common"
    return {"retention.onset": around.follows(end, "s", note)}


def _told(waits: Sequence[Wait], chosen: Sequence[Wait]) -> list[str]:
    if len(waits) == len(chosen):
        return []
    left = [
        f"{one.time:.4g} s"
        for one in waits
        if all(one is not c for c in chosen)
    ]
    return [
        "the law of relaxation has three times; waits of"
        f" {', '.join(left[:6])}{' and others' if len(left) > 6 else ''} were not fitted, and"
        " check it in the figures"
    ]
