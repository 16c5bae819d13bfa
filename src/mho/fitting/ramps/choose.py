"""Which law of ramps the data ask for, and its numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mho.device.kinds import RampSteps
from mho.fitting.engine import FittedLaw, Row, best_of, fit_law
from mho.fitting.ramps.cells_told import one_cell
from mho.fitting.ramps.data import Ramps, ramps_of
from mho.fitting.ramps.laws import CELLS, NodeLaw, RampLaw, SoftBoundLaw
from mho.fitting.ramps.parts import Parts
from mho.fitting.ramps.restricted import pull_of
from mho.measured import PulseResponses
from mho.progress import Progress, silent

_LEAST = 30
"""Pulses from which there is something to fit (1)."""
_FLAT = 0.02
"""Step at an end, relative to the largest, below which ramps have come to rest there (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class RampFit:
    """What ramps of pulses say.

    Args:
        law: The law that was chosen.
        fitted: Its numbers.
        ramps: What it was held against.
        rivals: Schwarz's criterion of each law that was tried, by its title (1).
        told: What else is to be said, a sentence each.
    """

    law: RampLaw
    fitted: FittedLaw
    ramps: Ramps
    rivals: dict[str, float]
    told: tuple[str, ...]


def fit_ramps(
    measured: Sequence[PulseResponses], progress: Progress = silent
) -> RampFit:
    """Fit every law of identical pulses, keep the one that Schwarz's criterion prefers.

    Args:
        measured: What was measured; amplitudes do not count.
        progress: Told how far it is.

    Raises:
        ValueError: There are too few pulses, or pulses in one direction alone.
    """
    ramps = ramps_of(measured)
    _check(ramps, measured)
    cells = ramps.cells >= CELLS
    parts = Parts(ramps, slow=False, cells=cells)
    found: dict[str, float] = {}
    best: tuple[float, RampLaw, Row] | None = None
    laws: list[RampLaw] = [NodeLaw(parts, RampSteps.nodes)]
    ends = Parts(ramps, slow=False, cells=cells, ends=_rests(ramps))
    laws.append(SoftBoundLaw(ends))
    for k, law in enumerate(laws):
        progress("choosing a law", k / 3)
        best = _better(best, law, None, found)
    assert best is not None
    progress("choosing a law", 2 / 3)
    best = _with_slow(best, found)
    _, law, start = best
    fitted = fit_restricted(law, start, progress)
    same = one_cell(ramps) if ramps.cells < CELLS else ""
    return RampFit(law, fitted, ramps, found, tuple(filter(None, [same])))


def fit_restricted(
    law: RampLaw, best: Row, progress: Progress = silent
) -> FittedLaw:
    """Numbers of a law of ramps and their intervals, by restricted likelihood.

    Args:
        law: The law.
        best: Where its likelihood is largest, in the unit of the readings.
        progress: Told how far it is.
    """
    return fit_law(law.restricted(pull_of(law, best)), progress, best)


def _with_slow(
    best: tuple[float, RampLaw, Row], found: dict[str, float]
) -> tuple[float, RampLaw, Row]:
    """The law with a fluctuation that stays for some pulses, if that is better."""
    _, law, where = best
    before = law.parts
    parts = Parts(before.ramps, True, before.cells, before.ends)
    slow: RampLaw = (
        NodeLaw(parts, RampSteps.nodes)
        if isinstance(law, NodeLaw)
        else SoftBoundLaw(parts)
    )
    known = dict(zip((one.name for one in law.parameters), where, strict=True))
    start = np.array(
        [known.get(one.name, one.start) for one in slow.parameters]
    )
    return _better(best, slow, start, found)


def _better(
    best: tuple[float, RampLaw, Row] | None,
    law: RampLaw,
    start: Row | None,
    found: dict[str, float],
) -> tuple[float, RampLaw, Row]:
    """The better of the best so far and another law."""
    where, loss = likeliest(law, start)
    bic = 2 * loss + len(law.parameters) * float(np.log(law.points))
    title = f"{law.title}{', slow noise of reads' if law.parts.slow else ''}"
    found[title] = bic
    if best is None or bic < best[0]:
        return bic, law, where
    return best


def likeliest(law: RampLaw, start: Row | None = None) -> tuple[Row, float]:
    """The most likely numbers and their loss; from several starts if there may be several hills.

    Args:
        law: A law of ramps.
        start: Where to begin, in the unit of the readings; where the law says if `None`.
    """
    tried = [start] if start is not None else law.starts()
    found = [best_of(law, one) for one in tried]
    return min(found, key=lambda one: one[1])


def _rests(ramps: Ramps) -> bool:
    """Whether ramps come to rest at both ends: the range is the cell's, not the protocol's."""
    for sign in (1, -1):
        before, change = ramps.steps(sign)
        order = np.argsort(before * sign)
        last = order[-max(before.size // 20, 5) :]
        typical = float(np.median(np.abs(change)))
        if abs(float(np.mean(change[last]))) > _FLAT * max(typical, 1e-30):
            return False
    return True


def _check(ramps: Ramps, measured: Sequence[PulseResponses]) -> None:
    """Refuse what no law of ramps can be fitted to."""
    names = ", ".join(f"`{one.source}`" for one in measured)
    for sign, word in ((1, "SET"), (-1, "RESET")):
        count = int(np.sum(ramps.code == sign))
        if count < _LEAST:
            raise ValueError(
                f"Data of ramps must have at least {_LEAST} {word} pulses, but {names} have"
                f" {count}; give the file with the others too."
            )
    low, high = float(ramps.reading.min()), float(ramps.reading.max())
    if not high > low:
        raise ValueError(
            f"Data of ramps must move, but in {names} every reading is the same."
        )
