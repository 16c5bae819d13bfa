"""Conductance at constant voltage over time, at adjacent levels, before and after denoising."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import Bench
from mho.characterise.levels import bench_of_copies
from mho.chip import Chip
from mho.papers.claim import Measurement, Setting, share_interval
from mho.programming import ProgramProtocol, program
from mho.units import ms, uS

TOLERANCE = 1 * uS
STEP = 2 * uS
SPACING = 10 * ms
OUTLIERS = 0.005
"""Share of a trace's samples left out at either end before traces are told apart (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class TracesShown:
    """Three adjacent levels over time.

    Args:
        time: Times (s). Shape (samples,).
        target: The levels (S). Shape (3,).
        before: Traces before denoising (S). Shape (samples, 3).
        after: Traces after (S). Shape (samples, 3).
    """

    time: Float[Tensor, " samples"]
    target: Float[Tensor, " three"]
    before: Float[Tensor, "samples three"]
    after: Float[Tensor, "samples three"]


def adjacent_levels(setting: Setting) -> Measurement:
    """Share of triples of adjacent levels that traces tell apart after denoising (1).

    They last 10 s, 4 s in the quick size.
    """
    triples = setting.size(256, 64)
    samples = setting.size(1000, 400)
    low = torch.linspace(500, 3500, triples) * uS
    target = (low[:, None] + STEP * torch.arange(3)).flatten()
    # the three levels of a triple are levels of one cell, which three copies hold
    originals = torch.arange(triples)
    bench = bench_of_copies(Chip(setting.preset), originals, 3, setting.stream)
    cells = torch.arange(target.numel())
    working = ~bench.stuck.view(-1, 3).any(1)

    without_denoising = ProgramProtocol(TOLERANCE, denoise=None)
    program(bench, target, without_denoising, cells=cells)
    before = _traces(bench, samples)
    program(bench, target, ProgramProtocol(TOLERANCE), cells=cells)
    after = _traces(bench, samples)

    apart_before = _separable(before.view(samples, -1, 3))[working]
    apart_after = _separable(after.view(samples, -1, 3))[working]

    count = int(working.sum())
    share_before = float(apart_before.double().mean())
    share_after = float(apart_after.double().mean())
    low_end, high_end = share_interval(int(apart_after.sum()), count)
    # a figure shows one of those that denoising made separable
    by_denoising = working.nonzero()[:, 0][apart_after & ~apart_before]
    return Measurement(
        value=share_after,
        low=low_end,
        high=high_end,
        interval="95 % of the share",
        holds=share_after >= 0.95 and share_before <= 0.5,
        note=f"Of {count} triples of cells, {share_before:.1%} can be told apart before"
        " denoising.",
        shown=_typical(before, after, target, by_denoising),
    )


def _traces(bench: Bench, samples: int) -> Float[Tensor, "samples cells"]:
    """Readings of all cells, 10 ms apart (S)."""
    cells = torch.arange(bench.info.cells)

    readings = []
    for _ in range(samples):
        started = bench.clock
        reading = bench.read(cells, samples=1, window=0.0)
        readings.append(reading.mean)
        taken = bench.clock - started
        left = max(SPACING - taken, 0.0)
        bench.wait(left)
    return torch.stack(readings)


def _separable(
    traces: Float[Tensor, "samples triples three"],
) -> Bool[Tensor, " triples"]:
    """Triples whose traces do not overlap, outliers left out."""
    ordered = traces.sort(0).values
    outliers = int(OUTLIERS * traces.shape[0])
    lowest = ordered[outliers]
    highest = ordered[-1 - outliers]
    below_the_next = highest[:, :-1] < lowest[:, 1:]
    return below_the_next.all(1)


def _typical(
    before: Float[Tensor, "samples cells"],
    after: Float[Tensor, "samples cells"],
    target: Float[Tensor, " cells"],
    by_denoising: Int64[Tensor, " some"],
) -> TracesShown | None:
    """The triple nearest to the middle of those that denoising made separable."""
    if by_denoising.numel() == 0:
        return None

    triples = target.numel() // 3
    from_middle = (by_denoising - triples // 2).abs()
    chosen = int(by_denoising[from_middle.argmin()])

    cells = slice(3 * chosen, 3 * chosen + 3)
    number = torch.arange(before.shape[0], dtype=torch.float32)
    return TracesShown(
        time=SPACING * number,
        target=target[cells],
        before=before[:, cells],
        after=after[:, cells],
    )
