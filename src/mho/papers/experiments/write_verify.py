"""Write-verify as published: pulses per cell, and how cells relax afterwards."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import Preset
from mho.papers.claim import Measurement, Setting
from mho.papers.experiments.waiting import changes_of
from mho.programming import neurram_protocol, program
from mho.rng import Stream
from mho.units import s, uS

PULSES = 8.52
DAY = 86_400 * s
RELAXATION = {  # standard deviation, µS, by conductance, µS: after 1 s and after 1 day
    1: (0.72, 1.22),
    5: (1.75, 2.76),
    10: (2.26, 3.72),
    15: (2.25, 4.00),
    20: (2.02, 3.91),
    25: (1.75, 3.66),
    30: (1.53, 3.37),
    35: (1.35, 3.06),
    40: (1.10, 2.65),
}


@dataclass(frozen=True, slots=True, eq=False)
class PulsesShown:
    """Pulses that cells needed.

    Args:
        pulses: Of each cell (1). Shape (cells,).
        published: Their published mean (1).
    """

    pulses: Float[Tensor, " cells"]
    published: float


@dataclass(frozen=True, slots=True, eq=False)
class RelaxationShown:
    """Spread of the change after programming.

    Args:
        conductance: Targets (S). Shape (levels,).
        simulated: Standard deviation after 1 s and 1 day (S). Shape (2, levels).
        published: The same as published (S). Shape (2, levels).
    """

    conductance: Float[Tensor, " levels"]
    simulated: Float[Tensor, "two levels"]
    published: Float[Tensor, "two levels"]


def neurram_pulses(setting: Setting) -> Measurement:
    """Mean pulses of freshly formed cells to random targets of 1 to 40 µS.

    Cells that never converge, most of them stuck, are left out.
    """
    bench = _bench(setting.preset, setting.size(16_384, 1024), setting.stream)
    cells = bench.info.cells

    generator = setting.stream.child("targets").generator()
    target = (1 + 39 * torch.rand(cells, generator=generator)) * uS
    result = program(bench, target, neurram_protocol())

    pulses = result.pulses[result.converged].double()
    share = pulses.numel() / cells

    mean = float(pulses.mean())
    error = 1.96 * float(pulses.std()) / pulses.numel() ** 0.5
    median = float(pulses.median())
    most = float(pulses.quantile(0.99))

    return Measurement(
        value=mean,
        low=mean - error,
        high=mean + error,
        interval="95 % of the mean",
        holds=abs(mean / PULSES - 1) <= 0.2 and share >= 0.99,
        note=f"{share:.2%} of {cells:,} cells converged; median {median:.0f}, 99 %"
        f" within {most:.0f} pulses.",
        shown=PulsesShown(pulses, PULSES),
    )


def neurram_relaxation(setting: Setting) -> Measurement:
    """Largest deviation of the spread of relaxation from the published table, relative (1)."""
    cells = setting.size(16_384, 3072)
    levels = torch.tensor(list(RELAXATION), dtype=torch.float64)
    table = torch.tensor(list(RELAXATION.values()), dtype=torch.float64)
    published = table.T * uS

    # every level is a chip of its own
    spreads = []
    for level in RELAXATION:
        stream = setting.stream.child("level", level)
        target = torch.full((cells,), level * uS)
        change = changes_of(setting.preset, target, (1 * s, DAY), stream)
        spreads.append(change.std(1))
    simulated = torch.stack(spreads, 1)

    deviation = simulated / published - 1
    largest = deviation.abs().argmax()
    # at the ends of the range the two sources differ most
    ratio = simulated / published
    allowed = torch.full_like(levels, 1.4)
    allowed[[0, -1]] = 2.0

    return Measurement(
        value=float(deviation.flatten()[largest]),
        low=float(deviation.min()),
        high=float(deviation.max()),
        interval="smallest and largest of 18 entries",
        holds=bool((ratio <= allowed).all() and (ratio >= 1 / allowed).all()),
        note=f"{cells:,} cells at each of {len(RELAXATION)} conductances, after 1 s and 1 day.",
        shown=RelaxationShown(levels * uS, simulated, published),
    )


def _bench(preset: Preset, cells: int, stream: Stream) -> SimulatedBench:
    """A chip of 16 rows: programming it takes milliseconds."""
    chip = Chip(preset, rows=16, cols=cells // 16)
    return SimulatedBench(chip, stream.child("bench"))
