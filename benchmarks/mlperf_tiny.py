"""The four tasks of MLPerf Tiny on chips: how long `mho deploy` takes, and what survives.

    python benchmarks/mlperf_tiny.py [NAME…] [--samples 64] [--keep FOLDER] [-- --tolerance 2uS]

Layer tables of the benchmark with random weights are saved as TFLite and deployed by the command
line, with physics of every pulse; what stands behind `--` goes to `mho deploy`. Labels are the
largest outputs of the digital network, so that accuracy is agreement with it. One JSON object is
printed, a row a task: seconds from start to end, peak memory, cells, tiles, agreement.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mho.network.formats import load_network

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "network"))
NAMES = ("resnet8", "ds_cnn", "mobilenet", "autoencoder")
CALIBRATION = 16
"""Samples that converters are calibrated with (1)."""


def write_task(name: str, folder: Path, samples: int) -> dict[str, object]:
    """Save a network and its data, and say what it is."""
    writer: Any = importlib.import_module("tflite_writer").Writer
    tables: Any = importlib.import_module("tflite_networks").TINY
    network = writer(seed=1)
    content = network.content(tables[name](network))
    path = folder / f"{name}.tflite"
    path.write_bytes(content)
    shape = network.shape(network.inputs[0])[1:]
    chance = np.random.default_rng(0)
    inputs = chance.normal(size=(samples + CALIBRATION, *shape))
    inputs = inputs.astype(np.float32)
    began = time.perf_counter()
    read = load_network(str(path), None, torch.tensor(inputs[:CALIBRATION]))
    seconds = time.perf_counter() - began
    answers = read.run(torch.tensor(inputs)).flatten(1).argmax(1).numpy()
    np.savez(
        folder / f"{name}.npz",
        inputs=inputs[CALIBRATION:],
        labels=answers[CALIBRATION:],
        calibration=inputs[:CALIBRATION],
    )
    return {
        "task": name,
        "weights": sum(layer.weight.numel() for layer in read.layers),
        "layers": len(read.layers),
        "read_s": round(seconds, 2),
    }


def deploy(name: str, folder: Path, options: list[str]) -> dict[str, object]:
    """Run `mho deploy` on a task, in a process of its own."""
    out = folder / f"{name}.json"
    command = [sys.executable, "-m", "mho", "deploy", f"{name}.tflite"]
    command += ["--data", f"{name}.npz", "--json", out.name]
    command += ["--out", f"run-{name}", *options]
    began = time.perf_counter()
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
    found: dict[str, object] = {
        "seconds": round(time.perf_counter() - began, 1),
        "processor_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_MiB": usage.ru_maxrss // 1024,
    }
    if status != 0:
        lines = (folder / f"{name}.log").read_text().splitlines()
        return found | {"failed": lines[-1] if lines else "without a word"}
    return found | {"result": json.loads(out.read_text())}


def main() -> None:
    """Print one JSON object."""
    words = sys.argv[1:]
    options: list[str] = []
    if "--" in words:
        options = words[words.index("--") + 1 :]
        words = words[: words.index("--")]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--keep", type=Path, help="folder that stays")
    given = parser.parse_args(words)
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in given.names or NAMES:
            row = write_task(name, folder.resolve(), given.samples)
            row |= deploy(name, folder.resolve(), options)
            rows.append(row)
            print(f"{name}: {row['seconds']} s", file=sys.stderr)
    print(json.dumps({"options": options, "tasks": rows}, indent=2))


if __name__ == "__main__":
    main()
