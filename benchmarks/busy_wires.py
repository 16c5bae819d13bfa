"""The effective matrix of a tile with several threads, on a machine that others use as well.

Prints one JSON object: the median time of a call (ms) with nothing else running, and while as
many processes as there are cores count up for ever, and how often the first goes into the
second. `idle` is as idle as the machine is: `load` says how many wanted a core before.

    python benchmarks/busy_wires.py
    python benchmarks/busy_wires.py --source ../mho-before
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

SIZES = ((9, 32), (64, 64), (144, 64), (256, 256))
"""Rows and columns of tiles: parts of the digits' network, and a whole tile."""

HERE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Time with and without company, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--busy", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--source", type=Path, help="another checkout")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_times(options.threads, options.seconds)))
        return
    found: dict[str, Any] = {
        "threads": options.threads,
        "busy_processes": options.busy,
        "load": round(os.getloadavg()[0], 2),
    }
    sources = {"here": HERE}
    if options.source:
        sources["source"] = options.source.resolve()
    for name, source in sources.items():
        idle = _in_child(options, source)
        spinning = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(options.busy)
        ]
        try:
            busy = _in_child(options, source)
        finally:
            for process in spinning:
                process.kill()
                process.wait()
        found[name] = {
            size: {
                "idle_ms": idle[size],
                "busy_ms": busy[size],
                "busy_over_idle": round(busy[size] / idle[size], 2),
            }
            for size in idle
        }
    print(json.dumps(found))


def _in_child(options: argparse.Namespace, source: Path) -> dict[str, float]:
    """Times of a process of its own, with the package of a checkout."""
    command = [sys.executable, __file__, "--child"]
    command += ["--threads", str(options.threads)]
    command += ["--seconds", str(options.seconds)]
    env = {
        name: value
        for name, value in os.environ.items()
        if name != "OMP_NUM_THREADS"
    }
    done = subprocess.run(
        command,
        env=env | {"PYTHONPATH": str(source / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _times(threads: int, seconds: float) -> dict[str, float]:
    """Median time of a call for each size (ms)."""
    import torch

    import mho

    torch.set_num_threads(threads)
    model = getattr(mho, "WireModel", None)
    if model is None:  # where it was in an earlier layout
        model = importlib.import_module("mho.chip.wires").WireModel
    wires = model(word_line=1.0, bit_line=1.0, driver=1.0, sense=1.0)
    found = {}
    for rows, cols in SIZES:
        generator = mho.Stream(0).child(rows).generator()
        cells = torch.rand(rows, cols, generator=generator)
        cells = 50e-6 + 100e-6 * cells
        wires.effective_matrix(cells)
        times: list[float] = []
        end = time.perf_counter() + seconds
        while len(times) < 5 or time.perf_counter() < end:
            started = time.perf_counter()
            wires.effective_matrix(cells)
            times.append(time.perf_counter() - started)
        found[f"{rows}x{cols}"] = round(median(times) * 1e3, 2)
    return found


if __name__ == "__main__":
    main()
