"""Program two million cells, pulse by pulse, and say how long a ResNet-18's cells would take.

Prints one JSON object. A ResNet-18 has 11.7 million weights, each a pair of cells: 23.4 million.
Cells are programmed tile by tile, as a chip of that size would be; each tile is a chip of its own
seed. Random levels of 2,048, to half their distance, with denoising. No peer programs with
telegraph noise in the loop; with `--source` another checkout takes turns with this one, tile by
tile, in processes of their own that have compiled and warmed up before. `processor_seconds` are
those of all threads, which others on the machine lengthen less than `seconds`.

    python benchmarks/many_cells.py
    python benchmarks/many_cells.py --cells 262144 --source ../mho-before
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch

import mho
from mho.units import uS

TILE = 65_536
RESNET_18 = 23_400_000
"""Cells of a ResNet-18, two for each of its weights (1)."""
LEVELS = 2048
LOW = 50 * uS
RANGE = 4094 * uS
HERE = Path(__file__).resolve().parents[1]

Found = dict[str, Any]


def main() -> None:
    """Program, or let two checkouts take turns; print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=32 * TILE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--source", type=Path, help="another checkout")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.child:
        serve()
        return
    sources = {"here": HERE}
    if options.source is not None:
        sources["source"] = options.source.resolve()
    print(json.dumps(compared(options, sources)))


def compared(options: argparse.Namespace, sources: dict[str, Path]) -> Found:
    """Tile by tile, each checkout in turn."""
    tiles = -(-options.cells // TILE)
    found: Found = {"cells": tiles * TILE, "threads": options.threads}
    children = {
        name: begun(options, source) for name, source in sources.items()
    }
    told: dict[str, list[Found]] = {name: [] for name in sources}
    for number in range(tiles):
        for name, child in children.items():
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{number}\n")
            child.stdin.flush()
            told[name].append(json.loads(child.stdout.readline()))
    for name, child in children.items():
        child.communicate()
        found[name] = summed(told[name])
    if "source" in found:
        found["times_faster"] = {
            kind: round(found["source"][kind] / found["here"][kind], 2)
            for kind in ("seconds", "processor_seconds")
        }
    return found


def begun(options: argparse.Namespace, source: Path) -> "subprocess.Popen[str]":
    """A process of a checkout that waits for numbers of tiles."""
    command = [sys.executable, __file__, "--child"]
    command += ["--threads", str(options.threads)]
    return subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(source / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def summed(tiles: list[Found]) -> Found:
    """All tiles together, and what a ResNet-18 would take."""
    seconds = sum(tile["seconds"] for tile in tiles)
    working = sum(tile["working"] for tile in tiles)
    converged = sum(tile["converged"] for tile in tiles)
    per_cell = seconds / (len(tiles) * TILE)
    processor = sum(tile["processor_seconds"] for tile in tiles)
    return {
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "microseconds_per_cell": round(per_cell * 1e6, 2),
        "resnet_18_seconds": round(per_cell * RESNET_18, 1),
        "converged_fraction": converged / working,
    }


def serve() -> None:
    """Program a tile for every number that comes in, and tell of each in a line."""
    program(seed=10**6, rows=2)
    for line in sys.stdin:
        print(json.dumps(program(seed=int(line), rows=256)), flush=True)


def program(seed: int, rows: int) -> Found:
    """Make one tile and program it."""
    stream = mho.Stream(seed)
    tolerance = RANGE / (LEVELS - 1) / 2
    generator = stream.child("levels").generator()
    levels = torch.randint(0, LEVELS, (256 * rows,), generator=generator)
    target = LOW + 2 * tolerance * levels
    started = time.perf_counter()
    processor = time.process_time()
    bench = mho.SimulatedBench(mho.Chip("rao2023", rows=rows), stream)
    result = mho.program(
        bench, target, mho.ProgramProtocol(tolerance=tolerance)
    )
    seconds = time.perf_counter() - started
    processor = time.process_time() - processor
    working = ~bench.stuck[: target.numel()]
    return {
        "seconds": seconds,
        "processor_seconds": processor,
        "working": int(working.sum()),
        "converged": int(result.converged[working].sum()),
    }


if __name__ == "__main__":
    main()
