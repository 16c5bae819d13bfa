"""Compile what commands need before the first of them, or load what is compiled.

A handful of cells is pulsed, read and computed with, which compiles the kernels of the usual kind
of cell and keeps them on disk. Nothing else depends on it: what is missing is compiled when it is
needed.
"""

import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.programming import program
from mho.rng import Stream
from mho.units import uS


def warm_up() -> None:
    """Do once, on few cells, what commands do on many."""
    bench = SimulatedBench(Chip("rao2023", rows=4, cols=4), Stream(0))
    cells = torch.arange(8)
    target = torch.linspace(200 * uS, 3000 * uS, 8)
    program(bench, target, cells=cells)
    tile = torch.arange(16).view(4, 4)
    bench.multiply(torch.full((1, 4), 0.1), tile, full_scale=1e-3)
    bench.prepare([(tile, None)], full_scale=1e-3)
