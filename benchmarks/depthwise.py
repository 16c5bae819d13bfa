"""Networks of hundreds of small blocks: compile, and evaluate on a chip.

Prints one JSON object, a row for each network: `depthwise`, 256 channels with a kernel of 3×3 each
(5,120 weights); `mobile`, the layer table of a text line's angle classifier, MobileNetV3 small of
0.35 of the width (864 groups of channels, kernels of 3×3 and 5×5). Weights are random. A row says
what compiling takes in a process of its own (s, and its peak memory, MiB, all of Python and torch
included), what the image takes of a chip, and what a sample takes on a chip as it comes from the
factory: time does not depend on what cells hold. On a busy machine the seconds of the processor
are those to compare. `--source` lets another checkout of ours do the same; one from before tiles
were shared by themselves takes 31 MB for each of the `--channels`.

    python benchmarks/depthwise.py
    python benchmarks/depthwise.py depthwise --channels 64 --source ../mho-before
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve()
NETWORKS = ("depthwise", "mobile")

# kernel, channels inside, channels after, squeeze, hard swish, stride down
_MOBILE = (
    (3, 8, 8, True, False, 2),
    (3, 24, 8, False, False, 2),
    (3, 32, 8, False, False, 1),
    (5, 32, 16, True, True, 2),
    (5, 88, 16, True, True, 1),
    (5, 88, 16, True, True, 1),
    (5, 40, 16, True, True, 1),
    (5, 48, 16, True, True, 1),
    (5, 104, 32, True, True, 2),
    (5, 200, 32, True, True, 1),
    (5, 200, 32, True, True, 1),
)


def main() -> None:
    """Parse, measure here and elsewhere, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", default=list(NETWORKS))
    parser.add_argument("--channels", type=int, default=256)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--source", type=Path, help="another checkout")
    parser.add_argument("--step", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(STEPS[options.step](options)))
        return
    sources = {"here": HERE.parents[1]}
    if options.source is not None:
        sources["source"] = options.source.resolve()
    rows = [
        {"network": name, "checkout": place} | row(options, name, source)
        for name in options.networks
        for place, source in sources.items()
    ]
    print(json.dumps({"channels": options.channels, "rows": rows}))


def row(options: argparse.Namespace, name: str, source: Path) -> dict[str, Any]:
    """What a checkout says of a network, step by step in processes of their own."""
    found: dict[str, Any] = {}
    for step in STEPS:
        command = [sys.executable, str(HERE), name, "--step", step]
        command += ["--channels", str(options.channels)]
        command += ["--samples", str(options.samples)]
        told = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": str(source / "src")},
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
        found |= json.loads(told.stdout)
    return found


def compiled(options: argparse.Namespace) -> dict[str, Any]:
    """Compile as `mho compile` does."""
    import mho
    from mho.deployment import DeployOptions, fitting_chip
    from mho.deployment.storage import compile_image
    from mho.network.account import account

    module, inputs = network(options)
    start = time.perf_counter()
    cpu_start = time.process_time()
    read = mho.read_network(module, inputs)
    reading = time.perf_counter() - start
    shapes = read.shapes
    chip = fitting_chip(shapes, "rao2023")
    info = chip.info
    image = compile_image(read, info, inputs, **DeployOptions().options(info))
    seconds = time.perf_counter() - start
    cpu = time.process_time() - cpu_start
    account(read, torch.zeros(inputs.shape[1:], device="meta"))
    cells = image.placement.cells
    tiles = len(set((cells // (info.rows * info.cols)).tolist()))
    return {
        "weights": sum(out * in_ for out, in_ in shapes),
        "blocks": len(image.placement.blocks),
        "tiles": tiles,
        "fill": round(cells.numel() / (tiles * info.rows * info.cols), 4),
        "compile_seconds": round(seconds, 2),
        "compile_cpu_seconds": round(cpu, 2),
        "of_that_reading": round(reading, 2),
        "peak_mib": round(peak_mib()),
    }


def evaluated(options: argparse.Namespace) -> dict[str, Any]:
    """Evaluate on a simulated chip, its cells as they come from the factory."""
    from mho import read_network
    from mho.deployment import DeployedNetwork, DeployOptions, fitting_chip
    from mho.deployment.storage import compile_image

    module, inputs = network(options)
    read = read_network(module, inputs)
    chip = fitting_chip(read.shapes, "rao2023")
    info = chip.info
    image = compile_image(read, info, inputs, **DeployOptions().options(info))
    deployed = DeployedNetwork(
        image.network,
        chip.bench(),
        image.placement,
        image.ranges,
        not_programmed(image.placement.target),
    )
    many = inputs.repeat(options.samples, 1, 1, 1)[: options.samples]
    deployed(many[:1])
    start = time.perf_counter()
    cpu_start = time.process_time()
    deployed(many)
    cpu = (time.process_time() - cpu_start) / options.samples
    seconds = (time.perf_counter() - start) / options.samples
    start = time.perf_counter()
    deployed(many[:1])
    alone = time.perf_counter() - start
    return {
        "samples": options.samples,
        "evaluate_seconds_a_sample": round(seconds, 4),
        "evaluate_cpu_seconds_a_sample": round(cpu, 4),
        "evaluate_seconds_one_sample_alone": round(alone, 4),
        "evaluate_peak_mib": round(peak_mib()),
    }


def not_programmed(target: Tensor) -> Any:
    """A programming that nobody has done: evaluation does not ask for it."""
    from mho.ledger import Ledger
    from mho.programming import ProgramResult

    count = target.numel()
    none = torch.zeros(count, dtype=torch.int64)
    return ProgramResult(
        cells=torch.arange(count),
        target=target,
        outcome=none,
        error=torch.zeros(count),
        noise=torch.zeros(count),
        pulses=none,
        denoise_pulses=none,
        reads=none,
        tolerance=1e-6,
        cycles=0,
        ledger=Ledger(),
    )


STEPS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "compile": compiled,
    "evaluate": evaluated,
}


def network(options: argparse.Namespace) -> tuple[nn.Module, Tensor]:
    """A network with random weights, and two samples for it."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    if options.networks == ["mobile"]:
        return Mobile().eval(), torch.rand(2, 3, 48, 192)
    channels = options.channels
    module = nn.Sequential(
        nn.Conv2d(1, channels, 1),
        nn.ReLU(),
        nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, 10),
    )
    return module.eval(), torch.rand(2, 1, 8, 8)


class Mobile(nn.Module):
    """The layer table of the angle classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        steps: list[nn.Module] = []
        channels = 8
        for kernel, inside, after, squeeze, swish, down in _MOBILE:
            step = Bottleneck(
                channels, kernel, inside, after, squeeze, swish, down
            )
            steps.append(step)
            channels = after
        self.steps = nn.Sequential(*steps)
        self.last = nn.Conv2d(channels, 200, 1)
        self.head = nn.Linear(200, 2)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of the two angles (1)."""
        found = nn.functional.hardswish(self.stem(image))
        found = nn.functional.hardswish(self.last(self.steps(found)))
        found = nn.functional.max_pool2d(found, 2)
        scores: Tensor = self.head(found.mean((2, 3)))
        return scores


class Bottleneck(nn.Module):
    """Wider, each channel filtered alone, weighed by what its mean says, narrower again."""

    def __init__(
        self,
        channels: int,
        kernel: int,
        inside: int,
        after: int,
        squeeze: bool,
        swish: bool,
        down: int,
    ) -> None:
        super().__init__()
        self.wider = nn.Conv2d(channels, inside, 1)
        self.alone = nn.Conv2d(
            inside,
            inside,
            kernel,
            stride=(down, 1),
            padding=kernel // 2,
            groups=inside,
        )
        self.squeeze = None
        if squeeze:
            few = max(2, inside // 4)
            self.squeeze = nn.Sequential(
                nn.AdaptiveAvgPool2d(1),
                nn.Conv2d(inside, few, 1),
                nn.ReLU(),
                nn.Conv2d(few, inside, 1),
                nn.Hardsigmoid(),
            )
        self.narrower = nn.Conv2d(inside, after, 1)
        self.active = nn.Hardswish() if swish else nn.ReLU()
        self.around = channels == after and down == 1

    def forward(self, image: Tensor) -> Tensor:
        """The next image (1)."""
        found: Tensor = self.active(self.wider(image))
        found = self.active(self.alone(found))
        if self.squeeze is not None:
            found = found * self.squeeze(found)
        found = self.narrower(found)
        return found + image if self.around else found


def peak_mib() -> float:
    """Most memory that this process has held so far (MiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
