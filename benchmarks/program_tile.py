"""Program a tile of 65,536 cells to random ones of 2,048 levels, and audit it for 1,000 s.

Prints one JSON object. No peer programs with telegraph noise in the loop, so there is none to
compare with; `--cells` shows how the cost grows. The audit looks 100 times, 10 s apart, each time
at the mean of 20 samples as a sweep from 0 to 0.2 V has them: a cell is quiet if no look is off by
more than half the distance of the levels.

    python benchmarks/program_tile.py --cells 65536 --seed 0
"""

import argparse
import json
import resource
import time

import torch

import mho
from mho.units import uS

LOW = 50 * uS
RANGE = 4094 * uS


def main() -> None:
    """Parse, program, audit, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cells", type=int, default=65_536, help="multiple of 256"
    )
    parser.add_argument("--levels", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    tiles = -(-options.cells // 65_536)
    rows = min(256, options.cells // 256)
    stream = mho.Stream(options.seed)
    bench = mho.SimulatedBench(
        mho.Chip("rao2023", tiles=tiles, rows=rows), stream
    )
    cells = torch.arange(options.cells)
    tolerance = RANGE / (options.levels - 1) / 2
    generator = stream.child("levels").generator()
    levels = torch.randint(0, options.levels, cells.shape, generator=generator)
    target = LOW + 2 * tolerance * levels
    started = time.perf_counter()
    result = mho.program(
        bench, target, mho.ProgramProtocol(tolerance=tolerance), cells=cells
    )
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    working = ~bench.stuck[cells]
    found = mho.audit(bench, target[working], cells[working])
    quiet = found.quiet(tolerance)
    operations = sum(
        int(n.sum())
        for n in (result.pulses, result.denoise_pulses, result.reads)
    )
    count = options.cells
    print(
        json.dumps(
            {
                "cells": count,
                "levels": options.levels,
                "seed": options.seed,
                "threads": options.threads,
                "seconds": round(seconds, 3),
                "ns_per_cell_operation": round(seconds / operations * 1e9, 1),
                "peak_mib": round(peak, 1),
                "stuck_cells": int((~working).sum()),
                "found_stuck": int(result.stuck.sum()),
                "converged_fraction": float(
                    result.converged[working].double().mean()
                ),
                "pulses_per_cell": int(result.pulses.sum()) / count,
                "denoise_pulses_per_cell": int(result.denoise_pulses.sum())
                / count,
                "reads_per_cell": int(result.reads.sum()) / count,
                "cycles": result.cycles,
                "audit_quiet_fraction": float(quiet.double().mean()),
                "audit_window_uS": {
                    f"{f:.1%}": found.window(f) / uS
                    for f in (0.99, 0.995, 0.999)
                },
                "chip_seconds": result.ledger.seconds,
                "chip_joules": result.ledger.joules,
            }
        )
    )


if __name__ == "__main__":
    main()
