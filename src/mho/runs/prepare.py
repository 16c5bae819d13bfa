"""Compile what commands need before the first of them: `python -m mho.runs.prepare`.

A handful of cells is pulsed, read and computed with, which compiles the kernels of the usual kind
of cell and keeps them on disk. Nothing else depends on it: what is missing is compiled when it is
needed. `pulses` and `reads` name halves of it that two processes can do side by side.
"""

import sys

import torch

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.programming import program
from mho.rng import Stream
from mho.units import uS


def prepare(*halves: str) -> None:
    """Do once, on few cells, what commands do on many.

    Args:
        halves: `"pulses"`, `"reads"` or both; all of it if there are none.
    """
    bench = SimulatedBench(Chip("rao2023", rows=4, cols=4), Stream(0))
    cells = torch.arange(8)
    if not halves or "pulses" in halves:
        bench.pulse(Pulse(torch.full((2, 8), 0.5), 1e-6, 2.5), cells)
    if not halves or "reads" in halves:
        bench.read(cells, samples=2, window=0.0)
        tile = torch.arange(16).view(4, 4)
        bench.multiply(torch.full((1, 4), 0.1), tile, full_scale=1e-3)
        bench.prepare([(tile, None)], full_scale=1e-3)
    if not halves:
        target = torch.linspace(200 * uS, 3000 * uS, 8)
        program(bench, target, cells=cells)


if __name__ == "__main__":
    prepare(*sys.argv[1:])
