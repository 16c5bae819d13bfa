"""What it costs a run to be watched: processor time of telling over that of programming.

Prints one JSON object. A chip with a network of 65,536 cells is programmed twice, unwatched and
watched; the time in the watch is counted inside the run, so that other processes do not disturb
the figure.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import mho
from mho.bench.simulated import ChipSpec
from mho.deployment import program_image
from mho.deployment.storage import compile_image
from mho.files import LIVE, LiveFile
from mho.programming import ProgrammingOptions, ProgramRun
from mho.report.live import Channels
from mho.runs.watched import ChipWatch

_INPUTS = 256
_OUTPUTS = 128
"""Weights of a tile of 256×256 cells, two cells each (1)."""


def main() -> None:
    """Measure and print."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(_INPUTS, _OUTPUTS)).eval()
    samples = torch.rand(16, _INPUTS)
    network = mho.read_network(module, samples)
    spec = ChipSpec("rao2023", 0, 1, 256, 256)
    image = compile_image(
        network, spec.bench().info, samples, compensated=False
    )
    found: dict[str, Any] = {"cells": image.placement.cells.numel()}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        program_image(image, spec, ProgrammingOptions())  # compiles
        for name in ("unwatched", "watched"):
            channels = Channels(place)
            if name == "watched":
                channels.open()
            found[name] = _programmed(image, spec, place, channels)
    print(json.dumps(found))


def _programmed(
    image: Any, spec: ChipSpec, folder: Path, channels: Channels
) -> dict[str, float]:
    watch = ChipWatch(LiveFile(folder, "benchmark"), "chip", image)
    spent = {"told": 0.0}
    seen: set[int] = set()

    def told(run: ProgramRun) -> None:
        begun = time.process_time()
        watch(run)
        spent["told"] += time.process_time() - begun
        if (folder / LIVE).is_dir():
            channels.touch()
            path = folder / LIVE / "chip-chip.json"
            if path.exists():
                seen.add(path.stat().st_mtime_ns)

    wall = time.monotonic()
    begun = time.process_time()
    program_image(image, spec, ProgrammingOptions(), watch=told)
    total = time.process_time() - begun
    wall = time.monotonic() - wall
    return {
        "processor_seconds": total,
        "share_of_telling": spent["told"] / total,
        "updates_per_second": len(seen) / wall,
    }


if __name__ == "__main__":
    main()
