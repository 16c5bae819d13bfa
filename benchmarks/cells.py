"""What one pulse and one sample of a cell cost, by what happens to the cell.

Prints one JSON object. Times are of one thread, the least of several rounds, on a chip whose cells
were programmed before; `floor_ns` is the time of the additions, products and hashes alone that an
operation cannot do without, counted from the laws and taken at the speed of this machine for long
rows of them. With `--source`, another checkout of ours takes turns, round by round.

    python benchmarks/cells.py
    python benchmarks/cells.py --source ../mho-before
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

import mho
from mho.units import ns, uS, us

try:
    from mho.compiled import Kernels, normal, purpose, uniform

    ROW = purpose("row")
except ImportError:  # an earlier checkout, measured in a process of its own
    pass

HERE = Path(__file__).resolve().parents[1]
CELLS = 65_536
NORMALS = {"read": 6, "read_32": 6, "switching_pulse": 2, "denoising_pulse": 0}
"""Normal numbers that an operation draws at least (1)."""
HASHES = {"read": 0, "read_32": 0, "switching_pulse": 1, "denoising_pulse": 1}
"""Further uniform numbers that it draws at least (1)."""


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--source", type=Path, help="another checkout")
    parser.add_argument("--once", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once is not None:
        print(json.dumps(measured()))
        return
    sources = {"here": HERE}
    if options.source is not None:
        sources["source"] = options.source.resolve()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    for _ in range(options.rounds):
        for name, source in sources.items():
            rounds[name].append(one_round(source))
    told: dict[str, Any] = {name: middle(of) for name, of in rounds.items()}
    if "source" in told:
        told["times_faster"] = {
            name: round(told["source"][name] / ours, 2)
            for name, ours in told["here"].items()
        }
    told["floor_ns"] = floors()
    print(json.dumps({"cells": CELLS, "rounds": options.rounds, **told}))


def middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Medians of all figures (ns)."""
    names = rounds[0]
    return {
        name: round(median(one[name] for one in rounds), 1) for name in names
    }


def one_round(source: Path) -> dict[str, float]:
    """This script's figures with another checkout's package."""
    told = subprocess.run(
        [sys.executable, str(Path(__file__)), "--once", str(source)],
        env=os.environ | {"PYTHONPATH": str(source / "src")},
        capture_output=True,
        check=True,
        text=True,
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


def measured() -> dict[str, float]:
    """Time of each operation, per cell and pulse or sample (ns)."""
    torch.set_num_threads(1)
    stream = mho.Stream(0)
    bench = mho.SimulatedBench(mho.Chip("rao2023"), stream)
    cells = torch.arange(CELLS)
    generator = stream.child("levels").generator()
    target = 50 * uS + 4e-3 * torch.rand(CELLS, generator=generator)
    protocol = mho.ProgramProtocol(max_cycles=12)
    mho.program(bench, target, protocol, cells=cells)

    up = torch.where(torch.arange(12) % 2 == 0, 0.6, -0.6)
    train = mho.Pulse(up[:, None].expand(12, CELLS).contiguous(), 10 * us, 2.5)
    strong = torch.full((CELLS,), 0.9)
    pulses = [
        mho.Pulse(strong, 100 * ns, 2.5),
        mho.Pulse(-strong, 100 * ns, 2.5),
    ]

    def switch() -> None:
        for pulse in pulses:
            bench.pulse(pulse, cells)

    return {
        "read": least(lambda: bench.read(cells, samples=1, window=0.0), 1),
        "read_32": least(lambda: bench.read(cells, samples=32, window=1.0), 32),
        "denoising_pulse": least(lambda: bench.pulse(train, cells), 12),
        "switching_pulse": least(switch, 2),
    }


def least(work: Callable[[], object], each: int) -> float:
    """Shortest of several times, for each cell and operation (ns)."""
    work()
    times = []
    for _ in range(5):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) / CELLS / each * 1e9


def floors() -> dict[str, float]:
    """Time of the numbers that each operation draws, in long rows (ns)."""
    kernels = Kernels({"normal": normals, "uniform": uniforms}, {})
    keys = np.arange(2048, dtype=np.uint64)
    out = np.empty(2048, np.float32)
    each = {}
    for name in ("normal", "uniform"):
        kernels[name](keys, out)
        times = []
        for _ in range(200):
            started = time.perf_counter()
            kernels[name](keys, out)
            times.append(time.perf_counter() - started)
        each[name] = min(times) / keys.size * 1e9
    return {
        name: round(
            NORMALS[name] * each["normal"] + HASHES[name] * each["uniform"], 1
        )
        for name in NORMALS
    }


def normals(keys: Any, out: Any) -> None:
    """A row of normal numbers."""
    for i in range(keys.shape[0]):
        out[i] = normal(keys[i], ROW)


def uniforms(keys: Any, out: Any) -> None:
    """A row of uniform numbers."""
    for i in range(keys.shape[0]):
        out[i] = uniform(keys[i], ROW)


if __name__ == "__main__":
    main()
