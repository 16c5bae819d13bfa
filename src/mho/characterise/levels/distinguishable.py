"""How many levels of a cell can be told apart, and what limits them."""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.characterise.levels.write_levels import bench_of_copies, level_targets
from mho.checks import check_between, check_not_negative, check_positive
from mho.chip import Chip
from mho.programming import ProgramProtocol, audit, program, spaced_looks
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.units import nS, show

TELEGRAPH = "telegraph noise"
FLICKER = "1/f remainder"
RELAXATION = "relaxation"
READ_OUT = "read-out noise"
_BOOTSTRAPS = 40
_FINEST = 1 * nS
"""Spacing of levels beyond which none is looked for (S)."""


@dataclass(frozen=True, slots=True)
class Observation:
    """How somebody will look at the levels.

    Args:
        error_rate: Accepted share of looks that are nearer to another level than to their own (1).
        window: Time over which a level shall hold (s).
        bandwidth: Bandwidth of a look (Hz); a look integrates half its inverse.
        looks: Looks over the window (1).
        points: Conductances at which the spread is measured, from low to high (1).
        copies: Times a level is written at each (1).
    """

    error_rate: float = 1e-3
    window: float = 1000.0
    bandwidth: float = 25.0
    looks: int = 25
    points: int = 16
    copies: int = 2048

    def __post_init__(self) -> None:
        check_between(self.error_rate, "error_rate", 1e-5, 0.5, "1")
        check_not_negative(self.window, "window", "s")
        check_positive(self.bandwidth, "bandwidth", "Hz")
        check_between(self.looks, "looks", 1, 100_000, "1")
        check_between(self.points, "points", 2, 4096, "1")
        check_between(self.copies, "copies", 8, 65_536 // self.points, "1")
        seen = self.copies * self.looks * self.error_rate
        if seen < 5:
            raise ValueError(
                f"Argument `error_rate` must leave errors to count, but {self.copies} copies ×"
                f" {self.looks} looks × {self.error_rate:g} are only {seen:.2g}; raise it, or take"
                " more looks."
            )

    def samples(self, sample_time: float) -> int:
        """Samples in a look, for the bench's integration time (s)."""
        fastest = 1 / (2 * sample_time)
        check_between(
            self.bandwidth, "bandwidth", 0.0, fastest * (1 + 1e-9), "Hz"
        )
        return max(round(1 / (2 * self.bandwidth * sample_time)), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Distinguishable:
    r"""Levels that can be told apart at an error rate.

    With :math:`h(G)` the half-width around a target that all looks but the error rate stay
    within, levels may lie :math:`2h` apart, so there are

    .. math:: N = 1 + \int \frac{dG}{2 h(G)} .

    Args:
        conductance: Targets at which the spread was measured (S). Shape (points,).
        half_width: h there (S). Shape (points,).
        low: Lower end of the 95 % interval of N, by resampling copies (1).
        high: Upper end of the same (1).
        without: N if one source of noise did not exist, by its name (1).
        placed: N if every level were written exactly where it shall be, noise alone being left:
            deviations count from each copy's median look (1).
    """

    conductance: Float[Tensor, " points"]
    half_width: Float[Tensor, " points"]
    low: float
    high: float
    without: dict[str, float]
    placed: float

    references: ClassVar = ("rao2023",)

    @property
    def levels(self) -> float:
        """N, spaced as the noise allows (1)."""
        return _count(self.conductance, self.half_width)

    @property
    def evenly_spaced(self) -> float:
        """Levels all as far apart as the noisiest need (1)."""
        span = float(self.conductance[-1] - self.conductance[0])
        return 1 + span / (2 * float(self.half_width.max()))

    @property
    def bits(self) -> float:
        """Bits of a cell, log₂ N (1)."""
        return math.log2(self.levels)

    @property
    def limit(self) -> str:
        """The source of noise whose absence would gain the most levels."""
        return max(self.without, key=lambda name: self.without[name])


def distinguishable(
    chip: Chip,
    cell: int,
    protocol: ProgramProtocol,
    *,
    observation: Observation,
    stream: Stream,
    progress: Progress = silent,
) -> Distinguishable:
    """Measure how far a cell's levels spread, with every source of noise and without each.

    Args:
        chip: The chip the cell is on.
        cell: Number of the cell.
        protocol: How its levels are written.
        observation: How they are looked at.
        stream: Randomness: the same stream makes the same chip.
        progress: Told what is being measured and how much of it is done (1).

    Raises:
        ValueError: The cell is stuck, or the bandwidth is beyond the read-out.
    """
    progress("spread of levels", 0.0)
    target, away = _looks(chip, cell, protocol, observation, stream)
    width = _half_width(away, observation.error_rate)
    low, high = _interval(
        target, away, observation.error_rate, stream.child("resampling")
    )
    still = away - away.median(0, keepdim=True).values
    placed = _count(target, _half_width(still, observation.error_rate))
    without = {}
    sources = _sources(chip)
    for number, (name, changes) in enumerate(sources.items()):
        progress("spread of levels", (number + 1) / (len(sources) + 1))
        calm = replace(chip, preset=chip.published.replace(**changes))
        found = _looks(calm, cell, protocol, observation, stream)[1]
        without[name] = _count(
            target, _half_width(found, observation.error_rate)
        )
    progress("spread of levels", 1.0)
    return Distinguishable(target, width, low, high, without, placed)


@dataclass(frozen=True, slots=True)
class LargestCount:
    """The most evenly spaced levels that enough cells of an array hold.

    Args:
        levels: Their number (1).
        held: Share of working cells that never left half a spacing around theirs (1).
        fraction: Share that was asked for (1).
        cells: Working cells looked at (1).
    """

    levels: int
    held: float
    fraction: float
    cells: int


def largest_count(
    chip: Chip,
    protocol: ProgramProtocol,
    *,
    stream: Stream,
    fraction: float = 0.99,
    observation: Observation | None = None,
    progress: Progress = silent,
) -> LargestCount:
    """Search the largest number of evenly spaced levels that a fraction of all cells hold.

    For a number of levels, every cell is written to a random one with half the spacing as
    tolerance; it holds it if no look over the window leaves half the spacing. The search halves
    the interval of the number's logarithm until that is known to 1 %.

    Args:
        chip: The chip; all its cells take part.
        protocol: How levels are written, but for the tolerance.
        stream: Randomness.
        fraction: Share of working cells that must hold theirs (1).
        observation: How they are looked at; its window, bandwidth and looks count.
        progress: Told how much of the search is done (1).

    Raises:
        ValueError: Not even two levels are held by so many.
    """
    check_between(fraction, "fraction", 0.01, 1.0, "1")
    seen = observation or Observation()
    low = math.log(2)
    high = math.log(chip.published.array.level_high / _FINEST)
    steps = 11
    best = LargestCount(0, 0.0, fraction, 0)
    for step in range(steps):
        progress("largest number of levels", step / steps)
        middle = (low + high) / 2
        found = _held(chip, protocol, round(math.exp(middle)), seen, stream)
        count, held, working = found
        if held >= fraction:
            best = LargestCount(count, held, fraction, working)
            low = middle
        else:
            high = middle
    progress("largest number of levels", 1.0)
    if best.levels == 0:
        raise ValueError(
            f"Argument `fraction` must be reachable, but fewer than {show(fraction, '1')} of the"
            " cells hold even a few levels; lower it."
        )
    return best


def _held(
    chip: Chip,
    protocol: ProgramProtocol,
    count: int,
    seen: Observation,
    stream: Stream,
) -> tuple[int, float, int]:
    """Levels, share of working cells that hold theirs, number of working cells (1)."""
    bench = SimulatedBench(chip, stream)
    info = bench.info
    cells = torch.arange(chip.cells)
    levels = level_targets(
        info.conductance_low, chip.published.array.level_high, count
    )
    tolerance = float(levels[1] - levels[0]) / 2
    if tolerance < info.resolution:
        return count, 0.0, chip.cells
    generator = stream.child("levels").generator()
    draw = torch.rand(chip.cells, generator=generator)
    target = levels[(draw * count).long().clamp_(max=count - 1)]
    program(bench, target, replace(protocol, tolerance=tolerance), cells=cells)
    working = ~bench.stuck
    found = audit(
        bench,
        target[working],
        cells[working],
        looks=seen.looks,
        span=seen.window,
        samples=seen.samples(info.sample_time),
    )
    return (
        count,
        float(found.quiet(tolerance).double().mean()),
        int(working.sum()),
    )


def _sources(chip: Chip) -> dict[str, dict[str, float]]:
    """Changes of the preset that take one source of noise away."""
    return {
        TELEGRAPH: {"telegraph__births": 0.0, "telegraph__spawning": 0.0},
        FLICKER: {"flicker__per_decade": 0.0},
        RELAXATION: {"relaxation__scale": 0.0, "retention__scale": 0.0},
        READ_OUT: {f"array__read_noise_{chip.driver}": 0.0},
    }


def _looks(
    chip: Chip,
    cell: int,
    protocol: ProgramProtocol,
    seen: Observation,
    stream: Stream,
) -> tuple[Float[Tensor, " points"], Float[Tensor, "looks points copies"]]:
    """Targets (S), and all looks at all copies minus their targets (S)."""
    bench = bench_of_copies(
        chip, torch.tensor([cell]), seen.points * seen.copies, stream
    )
    if bool(bench.stuck.any()):
        raise ValueError(
            f"Argument `cell` must be one that switches, but cell {cell} of this chip is stuck;"
            " take another."
        )
    info = bench.info
    samples = seen.samples(info.sample_time)
    target = level_targets(
        info.conductance_low, chip.published.array.level_high, seen.points
    )
    wanted = target.repeat_interleave(seen.copies)
    cells = torch.arange(info.cells)
    program(bench, wanted, protocol, cells=cells)
    looks = spaced_looks(
        bench, cells, seen.looks, span=seen.window, samples=samples
    )
    found = [look - wanted for look in looks]
    errors = torch.stack(found)
    return target, errors.view(seen.looks, seen.points, seen.copies)


def _half_width(
    away: Float[Tensor, "looks points copies"], rate: float
) -> Tensor:
    """Distance from the target that all looks but `rate` stay within (S). Shape (points,)."""
    every = away.abs().transpose(0, 1).flatten(1)
    rank = max(math.ceil((1 - rate) * every.shape[1]), 1)
    return every.kthvalue(rank, dim=1).values


def _count(
    target: Float[Tensor, " points"], half_width: Float[Tensor, " points"]
) -> float:
    """Levels that fit between the ends, each twice its half-width wide (1)."""
    density = 1 / (2 * half_width.clamp(min=1e-12)).double()
    return 1 + float(torch.trapezoid(density, target.double()))


def _interval(
    target: Float[Tensor, " points"],
    away: Float[Tensor, "looks points copies"],
    rate: float,
    stream: Stream,
) -> tuple[float, float]:
    """95 % interval of the number of levels: copies are resampled, with all their looks (1)."""
    generator = stream.generator()
    count = away.shape[2]
    found = []
    for _ in range(_BOOTSTRAPS):
        chosen = torch.randint(0, count, (count,), generator=generator)
        found.append(_count(target, _half_width(away[:, :, chosen], rate)))
    values = torch.tensor(found)
    best = _count(target, _half_width(away, rate))
    spread = 1.96 * float(values.std())
    return best - spread, best + spread
