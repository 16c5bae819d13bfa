"""A network of millions of weights with drawn cells, from a module to its outputs.

A convolutional stem, six transformer layers and an LSTM: 6.0 million weights, all of their
matrices on tiles. It is read, a table is measured on a tile of 65,536 cells that are programmed
in closed loop with denoising, converter ranges are set, cells are drawn, and a batch of samples is
computed. Prints one JSON object; `peak_MiB` is the largest memory of the process, torch included.

    python benchmarks/drawn_networks.py
    python benchmarks/drawn_networks.py --weights 20000000 --samples 16
"""

import argparse
import json
import resource
import time

import torch
from torch import Tensor, nn

import mho
from mho.deployment import ready_to_draw

TOKENS = 16
PATCH = 8


class Reader(nn.Module):
    """Patches of an image as tokens through transformer layers, an LSTM and a head.

    Args:
        width: Numbers of a token (1).
        layers: Transformer layers (1).
    """

    def __init__(self, width: int, layers: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, PATCH, PATCH)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, 8, 4 * width, dropout=0.0, batch_first=True
            )
            for _ in range(layers)
        )
        self.memory = nn.LSTM(width, width, batch_first=True)
        self.head = nn.Linear(width, 100)

    def forward(self, images: Tensor) -> Tensor:
        """Scores of images."""
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        for block in self.blocks:
            tokens = block(tokens)
        states, _ = self.memory(tokens)
        scores: Tensor = self.head(states[:, -1])
        return scores


def network_of(weights: int) -> nn.Module:
    """A network of about so many weights, in evaluation mode."""
    torch.manual_seed(0)
    layers = 6
    # twelve squares of the width in a transformer layer, eight in the LSTM
    width = round((weights / (12 * layers + 8)) ** 0.5 / 8) * 8
    return Reader(width, layers).eval()


def main() -> None:
    """Measure each stage, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=int, default=6_000_000)
    parser.add_argument("--samples", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stream = mho.Stream(options.seed)
    side = PATCH * round(TOKENS**0.5)
    images = torch.rand(
        options.samples, 3, side, side, generator=stream.generator()
    )
    seconds: dict[str, float] = {}
    clock = time.perf_counter()

    def lap(stage: str) -> None:
        nonlocal clock
        seconds[stage] = round(time.perf_counter() - clock, 3)
        clock = time.perf_counter()

    module = network_of(options.weights)
    network = mho.read_network(module, images[:4])
    lap("read")
    chip = mho.Chip("rao2023")
    bench = mho.SimulatedBench(chip, stream.child("statistics"))
    table = mho.measure_errors(bench, stream.child("targets"))
    lap("table")
    ready = ready_to_draw(network, chip, images[:8])
    lap("calibrate")
    ready.program(table, stream.child("chip"))
    lap("draw")
    outputs = ready(images)
    lap("evaluate")
    wanted = network.run(images)
    error = (outputs - wanted).norm() / wanted.norm()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    result = {
        "seed": options.seed,
        "threads": options.threads,
        "weights": ready.cells // 2,
        "cells": ready.cells,
        "stuck_cells": ready.stuck_cells,
        "programmed_for_the_table": table.programmed,
        "samples": options.samples,
        "seconds": seconds,
        "seconds_all": round(sum(seconds.values()), 3),
        "peak_MiB": round(peak),
        "output_error": float(error),
        "pulses_expected": ready.programming_cost.pulses,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
