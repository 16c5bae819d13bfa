"""A simulated chip behind the interface of a bench.

Pulses, reads, sweeps and products of tiles of cells, in pieces that fit the memory; passive arrays
with their half-selected cells; what names one chip among all.
"""

from mho.bench.simulated.bench import SimulatedBench
from mho.bench.simulated.bench_numbers import check_bench_numbers
from mho.bench.simulated.description import describe_chip
from mho.bench.simulated.products import (
    READ_NOISES,
    driven_together,
    tile_matrices,
)
from mho.bench.simulated.specimen import ChipSpec

__all__ = [
    "READ_NOISES",
    "ChipSpec",
    "SimulatedBench",
    "check_bench_numbers",
    "describe_chip",
    "driven_together",
    "tile_matrices",
]
