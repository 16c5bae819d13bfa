"""What cells do while they wait, against the figures of cells that somebody has measured."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import Preset
from mho.papers.claim import Measurement, Setting
from mho.papers.experiments.waiting_figures import (
    BY_LEVEL,
    OF_ALL,
    QUANTILES,
    RANKS,
    TIMES,
    Measured,
)
from mho.programming import neurram_protocol, program
from mho.rng import Stream
from mho.units import uS

SPREAD = 0.12
"""How far a standard deviation may be off, relative (1)."""
MEAN_uS = 0.3
"""How far a mean may be off (µS)."""
JUMP_uS = 0.3
"""How much more where the measured means jump from one range to the next (µS)."""
_AT_THE_JUMP = (15, 1e5)
FACTOR = 1.5
"""How far a kurtosis may be off, as a factor (1)."""
OF_SPREAD = 0.1
"""How far a quantile may be off, of the standard deviation (1)."""
MEMORY = 0.2
"""How far a correlation may be off (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitingShown:
    """A statistic of the change of waiting cells, against conductance.

    Args:
        name: What it is, with its unit.
        conductance: Middle of each range (µS). Shape (ranges,).
        simulated: In every range at every time (µS). Shape (times, ranges).
        measured: The same as measured (µS). Shape (times, ranges).
    """

    name: str
    conductance: Float[Tensor, " ranges"]
    simulated: Float[Tensor, "times ranges"]
    measured: Float[Tensor, "times ranges"]


def waiting_spread(setting: Setting) -> Measurement:
    """Largest relative deviation of a standard deviation (1)."""
    found = []
    allowed = []
    simulated = []
    for one, change in _simulated(setting):
        simulated.append(float(change.std()))
        found.append(simulated[-1] / one.spread - 1)
        allowed.append(SPREAD + 2 * _relative_error(one, change))
    judged = _judged(
        found, allowed, setting, "smallest and largest of 40 spreads"
    )
    measured = [one.spread for one in BY_LEVEL]
    return replace(
        judged, shown=_shown("Standard deviation (µS)", simulated, measured)
    )


def waiting_mean(setting: Setting) -> Measurement:
    """Largest deviation of a mean (µS)."""
    found = []
    allowed = []
    simulated = []
    for one, change in _simulated(setting):
        simulated.append(float(change.mean()))
        found.append(simulated[-1] - one.mean)
        error = one.spread * (1 / one.cells + 1 / change.numel()) ** 0.5
        jump = JUMP_uS if (one.lowest, one.time) == _AT_THE_JUMP else 0.0
        allowed.append(MEAN_uS + 2 * error + jump)
    judged = _judged(
        found, allowed, setting, "smallest and largest of 40 means"
    )
    measured = [one.mean for one in BY_LEVEL]
    return replace(judged, shown=_shown("Mean (µS)", simulated, measured))


def waiting_tails(setting: Setting) -> Measurement:
    """Largest deviation of a quantile of all cells, of their standard deviation (1)."""
    counts: dict[float, list[Tensor]] = {time: [] for time in TIMES}
    most = max(one.cells for one in BY_LEVEL)
    for one, change in _simulated(setting):
        # as many of each range as were measured
        counts[one.time].append(change[: change.numel() * one.cells // most])
    probability = torch.tensor(QUANTILES, dtype=torch.float64)
    found: list[float] = []
    allowed: list[float] = []
    factors = []
    for time, parts in counts.items():
        wanted = OF_ALL[time]
        change = torch.cat(parts)
        off = change.quantile(probability) - torch.tensor(wanted.quantiles)
        found += (off / wanted.spread).tolist()
        # those simulated are more than those measured
        allowed += [
            OF_SPREAD + 2 * 2**0.5 * error / wanted.spread
            for error in wanted.errors
        ]
        factors.append(_kurtosis(change) / wanted.kurtosis)
    # after 10 ms a few cells make the kurtosis
    bounds = (2.0, *[FACTOR] * (len(factors) - 1))
    alike = all(
        1 / bound <= factor <= bound
        for factor, bound in zip(factors, bounds, strict=True)
    )
    judged = _judged(
        found, allowed, setting, "smallest and largest of 25 quantiles"
    )
    said = ", ".join(f"{factor:.2f}" for factor in factors)
    return replace(
        judged,
        holds=judged.holds and alike,
        note=f"{judged.note} Kurtosis at each time, of the measured one: {said}.",
    )


def waiting_memory(setting: Setting) -> Measurement:
    """Largest deviation of a correlation between the ranks of cells at two times (1)."""
    scores: dict[float, list[Tensor]] = {time: [] for time in TIMES}
    for one, change in _simulated(setting):
        rank = change.argsort().argsort().double()
        level = (rank + 0.5) / change.numel()
        scores[one.time].append(torch.special.ndtri(level))
    whole = {time: torch.cat(parts) for time, parts in scores.items()}

    def correlation(a: float, b: float) -> float:
        return float(torch.corrcoef(torch.stack((whole[a], whole[b])))[0, 1])

    found = [correlation(*pair) - wanted for pair, wanted in RANKS.items()]
    judged = _judged(
        found,
        [MEMORY] * len(found),
        setting,
        "smallest and largest of 6 correlations",
    )
    return replace(
        judged,
        note=f"From 1 to 4 s it is {correlation(1.0, 4.0):.2f}, where 0.72 was measured: noise"
        " that does not last is in the measured readings, and hardly in these.",
    )


def _judged(
    found: list[float], allowed: list[float], setting: Setting, interval: str
) -> Measurement:
    """The deviation that is largest against what is allowed, and whether all are within."""
    worst = max(range(len(found)), key=lambda k: abs(found[k]) / allowed[k])
    return Measurement(
        value=found[worst],
        low=min(found),
        high=max(found),
        interval=interval,
        holds=abs(found[worst]) <= allowed[worst],
        note=f"{_cells(setting):,} cells in each of 8 ranges; {allowed[worst]:.2f} is allowed.",
        shown=None,
    )


def _shown(
    name: str, simulated: list[float], measured: list[float]
) -> WaitingShown:
    """What a figure draws of forty numbers, range by range."""
    middle = [(one.lowest + one.highest) / 2 for one in BY_LEVEL]
    rows = [
        torch.tensor(values, dtype=torch.float64).view(-1, len(TIMES)).T
        for values in (middle, simulated, measured)
    ]
    return WaitingShown(name, rows[0][0], rows[1], rows[2])


def _cells(setting: Setting) -> int:
    return setting.size(16_384, 8192)


def _simulated(setting: Setting) -> Iterator[tuple[Measured, Tensor]]:
    """Changes of simulated cells (µS) beside the figures of measured ones, range by range."""
    for first in range(0, len(BY_LEVEL), len(TIMES)):
        rows = BY_LEVEL[first : first + len(TIMES)]
        stream = setting.stream.child("range", first)
        generator = stream.child("targets").generator()
        part = torch.rand(_cells(setting), generator=generator)
        width = rows[0].highest - rows[0].lowest
        target = (rows[0].lowest + width * part) * uS
        changes = changes_of(setting.preset, target, TIMES, stream)
        yield from zip(rows, changes / uS, strict=True)


def changes_of(
    preset: Preset,
    target: Float[Tensor, " cells"],
    times: tuple[float, ...],
    stream: Stream,
) -> Float[Tensor, "times converged"]:
    """Change of each cell's conductance since it was accepted, at some times after (S).

    Cells that were cycled once are programmed with NeuRRAM's protocol, one row of them: that takes
    half a millisecond. Times count from its end. Cells that did not converge are left out.

    Args:
        preset: The cells.
        target: Their targets (S). Shape (cells,).
        times: Times after programming (s), rising.
        stream: Randomness.
    """
    chip = Chip(preset, rows=1, cols=target.numel())
    bench = SimulatedBench(chip, stream.child("bench"))
    bench.age(1.0)
    result = program(bench, target, neurram_protocol())
    chosen = result.converged.nonzero()[:, 0]
    written = (target + result.error)[chosen].double()
    programmed_at = bench.clock
    changes = []
    for time in times:
        bench.wait(max(programmed_at + time - bench.clock, 0.0))
        later = bench.read(chosen, samples=5, window=0.0).mean
        changes.append(later.double() - written)
    return torch.stack(changes)


def _kurtosis(change: Tensor) -> float:
    centred = change - change.mean()
    return float(centred.pow(4).mean() / centred.square().mean().square())


def _relative_error(one: Measured, change: Tensor) -> float:
    """Standard error of the ratio of two standard deviations (1)."""
    cells = 1 / one.cells + 1 / change.numel()
    return float(((one.kurtosis - 1) * cells / 4) ** 0.5)
