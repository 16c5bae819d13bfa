"""Stages of a network's way, each in a process of its own: `python -m real.stages NAME TASK.json`.

Samples to calibrate with are in `calibration.npz`, those to compute in `test.npz`; outputs go into
`digital.npz` and `chip.npz`. Between `compile` and `evaluate` belongs `mho program`. In `drawn`
cells have what closed-loop programming leaves on a tile of the same chip; measuring that is its
programming. Every stage prints one JSON object.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

import mho
from mho.deployment import fitting_chip, ready_to_draw
from mho.deployment.storage import compile_image, load_chip, save_image
from mho.network import Network
from mho.network.account import account
from mho.network.formats import Signature, load_network
from mho.samples import Inputs, batches, chosen, joined, one_of
from real.stage_task import PRESET, StageTask

_FIRST = 4
"""Samples that a network is read with (1)."""

Outputs = Callable[[Inputs], dict[str, Tensor]]


class Clock:
    """Seconds of stages, by the clock and of the processors (s)."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens within."""
        started = time.monotonic()
        busy = time.process_time()
        yield
        taken = time.monotonic() - started
        worked = time.process_time() - busy
        self.seconds[f"{name}_seconds"] = round(taken, 2)
        self.seconds[f"{name}_cpu_seconds"] = round(worked, 2)


def digital(task: StageTask, clock: Clock) -> dict[str, Any]:
    """Read the network, and compute what it says without a chip."""
    samples = _samples(task, "test.npz")
    with clock.stage("read"):
        network = _network(task, chosen(samples, slice(_FIRST)))
    with clock.stage("digital"):
        _compute(task, network.outputs, samples, "digital.npz")
    with clock.stage("float64"):
        exact = network.in_float64()
        _compute(task, exact.outputs, samples, "float64.npz")
    return {}


def compile_(task: StageTask, clock: Clock) -> dict[str, Any]:
    """An image that can be programmed into chips."""
    calibration = _samples(task, "calibration.npz")
    with clock.stage("compile"):
        network = _network(task, calibration)
        chip = fitting_chip(network.shapes, PRESET)
        image = compile_image(network, chip.info, calibration)
        save_image(task.path("network.mho"), image)
    return {
        "cells": image.placement.cells.numel(),
        "tiles": image.info.tiles,
        "operations": _operations(network, calibration),
    }


def evaluate(task: StageTask, clock: Clock) -> dict[str, Any]:
    """Outputs of a programmed chip."""
    samples = _samples(task, "test.npz")
    deployed = load_chip(task.path("chip.mho")).deployed()
    programmed_at = deployed.bench.clock
    with clock.stage("evaluate"):
        _compute(task, deployed.outputs, samples, "chip.npz")
    on_chip = deployed.bench.clock - programmed_at
    return {"evaluate_chip_seconds": round(on_chip, 6)}


def drawn(task: StageTask, clock: Clock) -> dict[str, Any]:
    """Outputs of a chip whose cells are drawn."""
    stream = mho.Stream(task.seed)
    calibration = _samples(task, "calibration.npz")
    with clock.stage("compile"):
        network = _network(task, calibration)
        chip = mho.Chip(PRESET)
        deployed = ready_to_draw(network, chip, calibration)
    with clock.stage("program"):
        bench = mho.SimulatedBench(chip, stream.child("tile"))
        table = mho.measure_errors(bench, stream.child("targets"))
        deployed.program(table, stream.child("chip"))
    samples = _samples(task, "test.npz")
    with clock.stage("evaluate"):
        _compute(task, deployed.outputs, samples, "chip.npz")
    return {
        "cells": deployed.cells,
        "operations": _operations(network, calibration),
    }


def _network(task: StageTask, samples: Inputs) -> Network:
    meant = Signature(inputs=task.inputs, states=task.states)
    return load_network(
        task.network, None, samples, task.digital, signature=meant
    )


def _compute(
    task: StageTask, outputs: Outputs, samples: Inputs, name: str
) -> None:
    """Outputs of all samples into a file, by name."""
    some_at_once = batches(samples, task.together)
    with torch.inference_mode():
        parts = [outputs(batch) for batch in some_at_once]
    arrays = {name: value.numpy() for name, value in joined(parts).items()}
    np.savez(task.path(name), **arrays)  # type: ignore[arg-type]


def _operations(network: Network, inputs: Inputs) -> list[dict[str, Any]]:
    """What became of every operation."""
    found: list[dict[str, Any]] = account(network, one_of(inputs, 0)).plain()
    return found


def _samples(task: StageTask, name: str) -> Inputs:
    """Samples of a file, by name."""
    with np.load(task.path(name)) as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored.files}


STAGES = {
    "digital": digital,
    "compile": compile_,
    "evaluate": evaluate,
    "drawn": drawn,
}


def main() -> None:
    """Do one stage and say what it took."""
    name, path = sys.argv[1:]
    clock = Clock()
    told = STAGES[name](StageTask.load(Path(path)), clock)
    print(json.dumps(clock.seconds | told))


if __name__ == "__main__":
    main()
