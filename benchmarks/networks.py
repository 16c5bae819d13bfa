"""A ResNet-18 of 11.7 million weights onto chips: convert, program, calibrate, compute.

The layout is the usual one (7×7 stem of stride 2, pooling, four stages of two blocks, 1,000
classes), weights as torch initialises them, a batch of 4 images of 64×64 pixels. Tiles have 256
word lines; inputs and outputs of every block of rows pass the chip's 8-bit converters, every
vector meets noise of its own. Cells are drawn from statistics of cells that were programmed in
closed loop with denoising. What that measurement takes, and what programming all cells in closed
loop would take, stand beside it and are never added or mixed. The peers get the same module where
they are installed (`pip install "mho[bench]"`, `pip install --no-deps aihwkit==1.1.0`): 8-bit
converters, their own output and programming noise.

All cases take turns, round by round; times are medians over the rounds, and `over_torch` is the
median of the ratios to plain torch in the same round. Prints one JSON object.

    python benchmarks/networks.py --quick
    python benchmarks/networks.py --threads 2
"""

import argparse
import contextlib
import importlib
import io
import json
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import mho
from mho.programming import ErrorTable, measure_errors
from mho.statistical import ConvertedModule, convert

BATCH = 4
PIXELS = 64
BLOCK_CELLS = 65_536


class Block(nn.Module):
    """Two convolutions and what goes past them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.past: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            narrow = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.past = nn.Sequential(narrow, nn.BatchNorm2d(outputs))

    def forward(self, images: Tensor) -> Tensor:
        """Features of images."""
        features = torch.relu(self.norm1(self.conv1(images)))
        return torch.relu(self.norm2(self.conv2(features)) + self.past(images))


def resnet18() -> nn.Module:
    """The layout, in evaluation mode."""
    torch.manual_seed(0)
    stem = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(),
    ]
    parts: list[nn.Module] = [*stem, nn.MaxPool2d(3, 2, 1)]
    before = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        parts += [Block(before, outputs, stride), Block(outputs, outputs, 1)]
        before = outputs
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)]
    return nn.Sequential(*parts, *head).eval()


def main() -> None:
    """Build everything, let it take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--quick", action="store_true", help="few rounds, small statistics"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stream = mho.Stream(options.seed)
    rounds = 3 if options.quick else options.rounds
    table, loop = closed_loop(
        stream.child("statistics"), 64 if options.quick else 256
    )
    torch_module = resnet18()
    generator = stream.child("images").generator()
    images = torch.rand(BATCH, 3, PIXELS, PIXELS, generator=generator)
    ready = own(torch_module, table, stream.child("chip"), images, rounds)
    calls: dict[str, Callable[[Tensor], Tensor]] = {
        "torch": torch_module,
        "mho": ready["module"],
    }
    peers = {}
    for make in (lightning, aihwkit):
        found = peer(make, rounds)
        if found is not None:
            calls[make.__name__] = found.pop("module")
            peers[make.__name__] = found
    weights = ready["module"].account.cells // 2
    closed = {
        **loop,
        "seconds_for_all_cells": loop["seconds_per_cell"] * 2 * weights,
    }
    result = {
        "seed": options.seed,
        "threads": options.threads,
        "weights": weights,
        "mho": {k: v for k, v in ready.items() if k != "module"},
        "peers": peers,
        "forward": race(calls, images, rounds),
        "closed_loop": closed,
    }
    print(json.dumps(result))


def closed_loop(
    stream: mho.Stream, rows: int
) -> tuple[ErrorTable, dict[str, Any]]:
    """Cells of a tile programmed in earnest: their statistics, and how long that takes."""
    bench = mho.SimulatedBench(
        mho.Chip("rao2023", rows=rows), stream.child("tile")
    )
    started = time.perf_counter()
    table = measure_errors(bench, stream.child("targets"))
    seconds = time.perf_counter() - started
    return table, {
        "cells": table.programmed,
        "seconds": round(seconds, 3),
        "seconds_per_cell": seconds / table.programmed,
        "stuck_fraction": table.stuck_fraction,
    }


def own(
    module: nn.Module,
    table: ErrorTable,
    stream: mho.Stream,
    images: Tensor,
    rounds: int,
) -> dict[str, Any]:
    """Conversion, statistical programming and calibration, several times."""
    times: dict[str, list[float]] = {
        name: [] for name in ("convert", "program", "calibrate")
    }

    def timed(name: str, job: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        found = job()
        times[name].append(time.perf_counter() - started)
        return found

    for _ in range(rounds):
        converted: ConvertedModule = timed("convert", lambda: convert(module))
        cost = timed("program", lambda: converted.program(table, stream))  # noqa: B023
        timed("calibrate", lambda: converted.calibrate(images))  # noqa: B023
    with torch.no_grad():
        wanted = module(images)
    return {
        "module": converted,
        **{f"{name}_ms": milliseconds(each) for name, each in times.items()},
        "analog_modules": len(converted.account.of("analog")),
        "cells": converted.account.cells,
        "pulses_in_closed_loop": cost.pulses,
        "output_error": float(
            (converted(images) - wanted).norm() / wanted.norm()
        ),
    }


def race(
    calls: dict[str, Callable[[Tensor], Tensor]], images: Tensor, rounds: int
) -> dict[str, Any]:
    """Milliseconds of every forward pass, and their ratios to torch's, in turns."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    with torch.inference_mode():
        for call in calls.values():
            call(images)
        for _ in range(rounds):
            for name, call in calls.items():
                started = time.perf_counter()
                call(images)
                times[name].append(time.perf_counter() - started)
    return {
        name: {
            "ms": milliseconds(own_times),
            "over_torch": round(
                statistics.median(
                    a / b
                    for a, b in zip(own_times, times["torch"], strict=True)
                ),
                2,
            ),
        }
        for name, own_times in times.items()
    }


def milliseconds(times: list[float]) -> float:
    """Median (ms)."""
    return round(statistics.median(times) * 1e3, 2)


def lightning() -> tuple[Callable[[nn.Module], nn.Module], None]:
    """aihwkit-lightning; only in training does it add its noise, and it programs nothing."""
    config = importlib.import_module("aihwkit_lightning.simulator.configs")
    layers = importlib.import_module("aihwkit_lightning.nn.conversion")
    made = config.TorchInferenceRPUConfig()
    made.forward.inp_res = made.forward.out_res = 2**8 - 2
    made.forward.out_bound = 12.0
    made.forward.out_noise = 0.04
    made.mapping.max_input_size = 256
    made.pre_post.input_range.enable = True

    def converted(module: nn.Module) -> nn.Module:
        analog: nn.Module = layers.convert_to_analog(module, made)
        for part in analog.modules():
            part.training = "Analog" in type(part).__name__
        return analog

    return converted, None


def aihwkit() -> tuple[
    Callable[[nn.Module], nn.Module], Callable[[nn.Module], None]
]:
    """The torch tile of aihwkit, programmed by its own statistics."""
    config = importlib.import_module("aihwkit.simulator.configs")
    layers = importlib.import_module("aihwkit.nn.conversion")
    made = config.TorchInferenceRPUConfig()
    made.forward.inp_res = made.forward.out_res = 1 / (2**8 - 2)
    made.forward.out_bound = 12.0
    made.forward.out_noise = 0.04
    made.mapping.max_input_size = made.mapping.max_output_size = 256

    def program(analog: nn.Module) -> None:
        for tile in analog.analog_tiles():  # type: ignore[operator]
            tile.program_weights()

    return lambda module: layers.convert_to_analog(module, made).eval(), program


def peer(make: Callable[[], Any], rounds: int) -> dict[str, Any] | None:
    """A peer's conversion and programming, if it is installed."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            converted, program = make()
        except ModuleNotFoundError:
            return None
        converting = []
        programming = []
        for _ in range(min(rounds, 5)):
            module = resnet18()
            started = time.perf_counter()
            analog = converted(module)
            converting.append(time.perf_counter() - started)
            if program is not None:
                started = time.perf_counter()
                program(analog)
                programming.append(time.perf_counter() - started)
    found = {"module": analog, "convert_ms": milliseconds(converting)}
    return found | (
        {"program_ms": milliseconds(programming)} if programming else {}
    )


if __name__ == "__main__":
    main()
