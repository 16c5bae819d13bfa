"""Program a tile of 65,536 cells to random ones of 2,048 levels, and audit it for 1,000 s.

Prints one JSON object. No peer programs with telegraph noise in the loop, so there is none to
compare with; `--cells` shows how the cost grows. The audit looks 100 times, 10 s apart, with one
sample of the reading instrument each: a cell is quiet if no look is off by more than 1 µS.

    python benchmarks/program_tile.py --cells 65536 --seed 0
"""

import argparse
import json
import resource
import time

import torch

import mho
from mho.units import S, s, uS

LOOKS, SPACING = 100, 10 * s


def main() -> None:
    """Parse, program, audit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=65_536, help="multiple of 256")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tiles, rows = -(-options.cells // 65_536), min(256, options.cells // 256)
    stream = mho.Stream(options.seed)
    bench = mho.SimulatedBench(mho.Chip("rao2023", tiles=tiles, rows=rows), stream)
    cells = torch.arange(options.cells)
    levels = torch.randint(0, 2048, cells.shape, generator=stream.child("levels").generator())
    target = 50 * uS + 2 * uS * levels
    started = time.perf_counter()
    result = mho.program(bench, target, mho.ProgramProtocol(tolerance=1 * uS), cells=cells)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    working = ~bench.stuck[cells]
    steady = audit(bench, cells, target)
    operations = sum(int(n.sum()) for n in (result.pulses, result.denoise_pulses, result.reads))
    count = options.cells
    print(
        json.dumps(
            {
                "cells": count,
                "seed": options.seed,
                "threads": options.threads,
                "seconds": round(seconds, 3),
                "ns_per_cell_operation": round(seconds / operations * 1e9, 1),
                "peak_mib": round(peak, 1),
                "stuck_cells": int((~working).sum()),
                "found_stuck": int(result.stuck.sum()),
                "converged_fraction": float(result.converged[working].double().mean()),
                "pulses_per_cell": int(result.pulses.sum()) / count,
                "denoise_pulses_per_cell": int(result.denoise_pulses.sum()) / count,
                "reads_per_cell": int(result.reads.sum()) / count,
                "cycles": result.cycles,
                "audit_quiet_fraction": float(steady[working].double().mean()),
                "chip_seconds": result.ledger.seconds,
                "chip_joules": result.ledger.joules,
            }
        )
    )


def audit(bench: mho.SimulatedBench, cells: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Cells that stay within ±1 µS of their target at every look."""
    quiet = torch.ones_like(cells, dtype=torch.bool)
    for _ in range(LOOKS):
        reading = bench.read(cells, samples=1, window=SPACING)
        quiet &= (reading.mean - target).abs() <= 1e-6 * S
    return quiet


if __name__ == "__main__":
    main()
