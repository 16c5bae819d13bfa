"""Conductance at constant voltage over time, at adjacent levels, before and after denoising."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
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
    low = torch.linspace(500, 3500, triples) * uS
    target = (low[:, None] + STEP * torch.arange(3)).flatten()
    bench = bench_of_copies(
        Chip(setting.preset), torch.arange(triples), 3, setting.stream
    )
    cells = torch.arange(target.numel())
    working = ~bench.stuck.view(-1, 3).any(1)
    program(bench, target, ProgramProtocol(TOLERANCE, denoise=None), cells=cells)
    samples = setting.size(1000, 400)
    before = _traces(bench, samples)
    program(bench, target, ProgramProtocol(TOLERANCE), cells=cells)
    after = _traces(bench, samples)
    apart, blurred = (
        _separable(x.view(samples, -1, 3))[working] for x in (after, before)
    )
    count = int(working.sum())
    low_end, high_end = share_interval(int(apart.sum()), count)
    without = float(blurred.double().mean())
    return Measurement(
        float(apart.double().mean()),
        low_end,
        high_end,
        "95 % of the share",
        holds=float(apart.double().mean()) >= 0.95 and without <= 0.5,
        note=f"Of {count} triples of cells, {without:.1%} can be told apart before denoising.",
        shown=_typical(before, after, target, apart, blurred, working),
    )


def _traces(bench: Bench, samples: int) -> Float[Tensor, "samples cells"]:
    """Readings of all cells, 10 ms apart (S)."""
    cells = torch.arange(bench.info.cells)
    found = []
    for _ in range(samples):
        started = bench.clock
        found.append(bench.read(cells, samples=1, window=0.0).mean)
        bench.wait(max(SPACING - (bench.clock - started), 0.0))
    return torch.stack(found)


def _separable(
    traces: Float[Tensor, "samples triples three"],
) -> Bool[Tensor, " triples"]:
    """Triples whose traces do not overlap, outliers left out."""
    ordered = traces.sort(0).values
    skip = int(OUTLIERS * traces.shape[0])
    low = ordered[skip]
    high = ordered[-1 - skip]
    return (high[:, :-1] < low[:, 1:]).all(1)


def _typical(
    before: Float[Tensor, "samples cells"],
    after: Float[Tensor, "samples cells"],
    target: Float[Tensor, " cells"],
    apart: Bool[Tensor, " working"],
    blurred: Bool[Tensor, " working"],
    working: Bool[Tensor, " triples"],
) -> TracesShown | None:
    """The triple nearest to the middle that denoising made separable."""
    good = working.nonzero()[:, 0][apart & ~blurred]
    if good.numel() == 0:
        return None
    middle = working.numel() // 2
    chosen = int(good[(good - middle).abs().argmin()])
    own = slice(3 * chosen, 3 * chosen + 3)
    time = SPACING * torch.arange(before.shape[0], dtype=torch.float32)
    return TracesShown(time, target[own], before[:, own], after[:, own])
