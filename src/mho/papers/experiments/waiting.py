"""What cells do while they wait, against the figures of cells that somebody has measured."""

from collections.abc import Iterator
from dataclasses import dataclass

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
FACTOR = 1.5
"""How far a kurtosis may be off, as a factor (1)."""
OF_SPREAD = 0.1
"""How far a quantile may be off, of the standard deviation (1)."""
MEMORY = 0.2
"""How far a correlation may be off (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class WaitingShown:
    """Change of waiting cells against conductance.

    Args:
        conductance: Middle of each range (µS). Shape (ranges,).
        simulated: Standard deviation and mean (µS). Shape (two, times, ranges).
        measured: The same as measured (µS). Shape (two, times, ranges).
    """

    conductance: Float[Tensor, " ranges"]
    simulated: Float[Tensor, "two times ranges"]
    measured: Float[Tensor, "two times ranges"]


def waiting_spread(setting: Setting) -> Measurement:
    """Largest relative deviation of a standard deviation (1)."""
    found = []
    allowed = []
    for one, change in _simulated(setting):
        found.append(float(change.std()) / one.spread - 1)
        allowed.append(SPREAD + 2 * _relative_error(one, change))
    return _judged(
        found, allowed, setting, "smallest and largest of 40 spreads"
    )


def waiting_mean(setting: Setting) -> Measurement:
    """Largest deviation of a mean (µS)."""
    found = []
    allowed = []
    for one, change in _simulated(setting):
        found.append(float(change.mean()) - one.mean)
        error = one.spread * (1 / one.cells + 1 / change.numel()) ** 0.5
        allowed.append(MEAN_uS + 2 * error)
    return _judged(found, allowed, setting, "smallest and largest of 40 means")


def waiting_tails(setting: Setting) -> Measurement:
    """Largest deviation of a quantile of all cells, of their standard deviation (1)."""
    counts: dict[float, list[Tensor]] = {time: [] for time in TIMES}
    for one, change in _simulated(setting):
        # as many of each range as were measured
        share = one.cells / max(m.cells for m in BY_LEVEL)
        counts[one.time].append(change[: int(share * change.numel())])
    probability = torch.tensor(QUANTILES, dtype=torch.float64)
    found = []
    factors = []
    for time, parts in counts.items():
        change = torch.cat(parts)
        spread, kurtosis, quantiles = OF_ALL[time]
        off = change.quantile(probability) - torch.tensor(quantiles)
        found += (off / spread).tolist()
        factors.append(_kurtosis(change) / kurtosis)
    holds = all(1 / FACTOR <= factor <= FACTOR for factor in factors)
    # two standard errors of the 1 % quantile of some thousand cells are a quarter of the spread
    tail = 0.25 if setting.quick else OF_SPREAD
    allowed = [tail if k % 5 in (0, 4) else OF_SPREAD for k in range(25)]
    judged = _judged(
        found, allowed, setting, "smallest and largest of 25 quantiles"
    )
    return Measurement(
        value=judged.value,
        low=judged.low,
        high=judged.high,
        interval=judged.interval,
        holds=judged.holds and holds,
        note="Kurtosis relative to the measured one: "
        + ", ".join(f"{factor:.2f}" for factor in factors)
        + ".",
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
    return Measurement(
        value=judged.value,
        low=judged.low,
        high=judged.high,
        interval=judged.interval,
        holds=judged.holds,
        note=f"From 1 to 4 s it is {correlation(1.0, 4.0):.2f}, where 0.72 was measured: noise that"
        " does not last is in the measured readings, and hardly in these.",
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
        note=f"{_cells(setting):,} cells in each of 8 ranges; allowed {allowed[worst]:.2f} there.",
        shown=None,
    )


def waiting_shown(setting: Setting) -> WaitingShown:
    """Spread and mean of every range at every time."""
    ranges = [one for one in BY_LEVEL if one.time == TIMES[0]]
    shape = (2, len(TIMES), len(ranges))
    simulated = torch.empty(shape)
    measured = torch.empty(shape)
    for place, (one, change) in enumerate(_simulated(setting)):
        row = TIMES.index(one.time)
        col = place // len(TIMES)
        simulated[:, row, col] = torch.stack((change.std(), change.mean()))
        measured[:, row, col] = torch.tensor((one.spread, one.mean))
    middle = torch.tensor([(one.lowest + one.highest) / 2 for one in ranges])
    return WaitingShown(middle, simulated, measured)


def _cells(setting: Setting) -> int:
    return setting.size(8192, 2048)


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
) -> Float[Tensor, "times cells"]:
    """Change of each cell's conductance since it was accepted, at some times after (S).

    Cells that were cycled once are programmed with NeuRRAM's protocol, sixteen rows of them: that
    takes milliseconds. Times count from its end. Cells that did not converge are left out.

    Args:
        preset: The cells.
        target: Their targets (S). Shape (cells,).
        times: Times after programming (s), rising.
        stream: Randomness.
    """
    chip = Chip(preset, rows=16, cols=target.numel() // 16)
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
