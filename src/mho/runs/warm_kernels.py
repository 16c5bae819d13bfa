"""Compile what commands need before the first of them, or load what is compiled.

A handful of cells is pulsed, read and computed with, which compiles the kernels of the usual kind
of cell and keeps them on disk. Nothing else depends on it: what is missing is compiled when it is
needed. `programming` and `computing` name halves of it that two processes can do side by side.
"""

import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.programming import program
from mho.rng import Stream
from mho.units import uS


def warm_up(*halves: str) -> None:
    """Do once, on few cells, what commands do on many.

    Args:
        halves: `"programming"`, `"computing"` or both; all of it if there are none.
    """
    bench = SimulatedBench(Chip("rao2023", rows=4, cols=4), Stream(0))
    cells = torch.arange(8)
    if not halves or "programming" in halves:
        target = torch.linspace(200 * uS, 3000 * uS, 8)
        program(bench, target, cells=cells)
    if not halves or "computing" in halves:
        tile = torch.arange(16).view(4, 4)
        bench.multiply(torch.full((1, 4), 0.1), tile, full_scale=1e-3)
        bench.prepare([(tile, None)], full_scale=1e-3)
