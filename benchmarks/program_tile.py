"""Program a tile of 65,536 cells to random ones of 2,048 levels, and audit it for 1,000 s.

Prints one JSON object. No peer programs with telegraph noise in the loop, so there is none to
compare with; `--cells` shows how the cost grows, and `--source` lets another checkout of ours take
turns, round by round in processes of their own, and gives the ratio of the medians. The audit
looks 100 times, 10 s apart, each time at the mean of 20 samples as a sweep from 0 to 0.2 V has
them: a cell is quiet if no look is off by more than half the distance of the levels.

    python benchmarks/program_tile.py --cells 65536 --seed 0
    python benchmarks/program_tile.py --rounds 5 --source ../mho-before
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

import mho
from mho.units import uS

LOW = 50 * uS
RANGE = 4094 * uS
HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Parse, program and audit or let rounds do it, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cells", type=int, default=65_536, help="multiple of 256"
    )
    parser.add_argument("--levels", type=int, default=2048)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--source", type=Path, help="another checkout")
    options = parser.parse_args()
    alone = options.source is None and options.rounds == 1
    print(json.dumps(measured(options) if alone else compared(options)))


def compared(options: argparse.Namespace) -> dict[str, Any]:
    """The middle one of several rounds, here and in another checkout, and their ratio."""
    sources = {"here": HERE}
    if options.source is not None:
        sources["source"] = options.source.resolve()
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in sources}
    for number in range(options.rounds + 1):
        for name, source in sources.items():
            found = one_round(options, source)
            # before the first that counts, kernels are compiled and files read
            if number:
                rounds[name].append(found)
    middle = {}
    for name, of_one in rounds.items():
        of_one.sort(key=lambda found: float(found["seconds"]))
        middle[name] = of_one[len(of_one) // 2]
    if "source" in middle:
        seconds = {
            name: median(float(found["seconds"]) for found in of_one)
            for name, of_one in rounds.items()
        }
        faster = seconds["source"] / seconds["here"]
        return {**middle, "times_faster": round(faster, 2)}
    return middle["here"]


def one_round(options: argparse.Namespace, source: Path) -> dict[str, Any]:
    """What a checkout's own script says."""
    command = [sys.executable, "benchmarks/program_tile.py"]
    for name in ("cells", "levels", "seed", "threads"):
        command += [f"--{name}", str(getattr(options, name))]
    told = subprocess.run(
        command,
        cwd=source,
        env=os.environ | {"PYTHONPATH": str(source / "src")},
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def peak_mib() -> float:
    """Most memory that this process has held so far (MiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Program and audit once, in this process."""
    torch.set_num_threads(options.threads)
    tiles = -(-options.cells // 65_536)
    rows = min(256, options.cells // 256)
    stream = mho.Stream(options.seed)
    chip = mho.Chip("rao2023", tiles=tiles, rows=rows)
    # kernels are loaded, or compiled, before the clock starts
    prepared(chip)
    before = peak_mib()
    bench = mho.SimulatedBench(chip, stream)
    cells = torch.arange(options.cells)
    tolerance = RANGE / (options.levels - 1) / 2
    generator = stream.child("levels").generator()
    levels = torch.randint(0, options.levels, cells.shape, generator=generator)
    target = LOW + 2 * tolerance * levels
    protocol = mho.ProgramProtocol(tolerance=tolerance)
    started = time.perf_counter()
    result = mho.program(bench, target, protocol, cells=cells)
    seconds = time.perf_counter() - started
    peak = peak_mib()
    working = ~bench.stuck[cells]
    found = mho.audit(bench, target[working], cells[working])
    quiet = found.quiet(tolerance)
    counts = (result.pulses, result.denoise_pulses, result.reads)
    operations = sum(int(n.sum()) for n in counts)
    count = options.cells
    return {
        "cells": count,
        "levels": options.levels,
        "seed": options.seed,
        "threads": options.threads,
        "seconds": round(seconds, 3),
        "ns_per_cell_operation": round(seconds / operations * 1e9, 1),
        "peak_mib": round(peak, 1),
        "mib_before": round(before, 1),
        "stuck_cells": int((~working).sum()),
        "found_stuck": int(result.stuck.sum()),
        "converged_fraction": float(result.converged[working].double().mean()),
        "pulses_per_cell": int(result.pulses.sum()) / count,
        "denoise_pulses_per_cell": int(result.denoise_pulses.sum()) / count,
        "reads_per_cell": int(result.reads.sum()) / count,
        "cycles": result.cycles,
        "audit_quiet_fraction": float(quiet.double().mean()),
        "audit_window_uS": {
            f"{f:.1%}": found.window(f) / uS for f in (0.99, 0.995, 0.999)
        },
        "chip_seconds": result.ledger.seconds,
        "chip_joules": result.ledger.joules,
    }


def prepared(chip: mho.Chip) -> None:
    """Program a few cells of the same kind."""
    few = mho.Chip(chip.preset, rows=2, cols=2)
    bench = mho.SimulatedBench(few, mho.Stream(0))
    mho.program(bench, torch.full((4,), 500 * uS))


if __name__ == "__main__":
    main()
