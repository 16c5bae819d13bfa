"""A row of the table: a network read, compared, put on a chip and asked there."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from real.commands import Command, mho, module
from real.reference import largest_error, reference_outputs, relative_error
from real.stage_task import PRESET, StageTask
from real.task import DRAWN, NONE, Arrays, RealNetwork, Samples
from real.wheels import network_file, version_of

AGREES = 1e-4
"""Largest difference to onnxruntime, relative rms, of a network that is read (1)."""
_CALIBRATION = 16
"""Samples that the ranges of converters are set with (1)."""

Row = dict[str, Any]


class StageError(Exception):
    """A command of `mho` has refused; the text is its sentence."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of the table is wanted.

    Args:
        seed: Names samples and chips.
        samples: Most samples of each network (1); `None` for as many as it has.
        chips: Whether networks go to chips.
    """

    seed: int = 0
    samples: int | None = None
    chips: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A network with its samples and what onnxruntime answers to them.

    Args:
        network: The network.
        file: Its file.
        samples: What it is asked with.
        reference: What onnxruntime answers.
        task: The same for other processes.
    """

    network: RealNetwork
    file: Path
    samples: Samples
    reference: Arrays
    task: StageTask


def row(network: RealNetwork, cache: Path, folder: Path, bounds: Bounds) -> Row:
    """Everything that is asked of a network.

    Args:
        network: The network.
        cache: Folder with wheels.
        folder: Empty folder for files on the way.
        bounds: How much is wanted.

    Raises:
        RuntimeError: The network's file cannot be had.
    """
    file = network_file(network.package, network.member, cache)
    number = min(network.number, bounds.samples or network.number)
    samples = network.make(number, bounds.seed)
    reference = reference_outputs(network, file, samples.inputs)
    task = _task(network, file, folder, bounds.seed)
    _save(task.path("test.npz"), samples.inputs)
    asked = _Asked(network, file, samples, reference, task)
    found: Row = {
        "name": network.name,
        "package": f"{network.package} {version_of(network.package)}",
        "file": file.name,
        "samples": number,
        "read": False,
        "task": {"onnxruntime": network.judge(reference, samples, file)},
    }
    try:
        _digital(asked, found)
        if bounds.chips and network.cells != NONE:
            _on_chip(asked, found)
        found["verdict"] = _verdict(found)
    except StageError as error:
        found["verdict"] = str(error)
    return found


def _task(
    network: RealNetwork, file: Path, folder: Path, seed: int
) -> StageTask:
    """What other processes are told."""
    constants = network.constants.items()
    return StageTask(
        str(file),
        tuple(f"{name}={value.flat[0]:g}" for name, value in constants),
        tuple(f"{name}={output}" for name, output in network.states.items()),
        network.digital,
        seed,
        network.together,
        str(folder),
    )


def _digital(asked: _Asked, found: Row) -> None:
    """Read the file and compute what it says, without a chip."""
    _stage("digital", asked, found)
    computed = _loaded(asked.task.path("digital.npz"))
    found["read"] = True
    exact = _loaded(asked.task.path("float64.npz"))
    found["agreement"] = relative_error(computed, asked.reference)
    found["largest_difference"] = largest_error(computed, asked.reference)
    found["rounding"] = {
        "ours": _rounding(computed, exact),
        "onnxruntime": _rounding(asked.reference, exact),
    }
    found["task"]["digital"] = _judged(asked, computed)


def _rounding(outputs: Arrays, exact: Arrays) -> dict[str, float]:
    """How far outputs are from those of the same network in double precision (1)."""
    of_outputs = {name: exact[name] for name in outputs if name in exact}
    return {
        "rms": relative_error(outputs, of_outputs),
        "largest": largest_error(outputs, of_outputs),
    }


def _on_chip(asked: _Asked, found: Row) -> None:
    """Put the network on a chip, and ask it there."""
    made = asked.network.make(_CALIBRATION, asked.task.seed + 1)
    _save(asked.task.path("calibration.npz"), made.inputs)
    found["cell_kind"] = asked.network.cells
    if asked.network.cells == DRAWN:
        memory = [_stage("drawn", asked, found)]
    else:
        memory = [
            _stage("compile", asked, found),
            _program(asked, found),
            _stage("evaluate", asked, found),
        ]
    found["peak_mib"] = max(memory)
    outputs = _loaded(asked.task.path("chip.npz"))
    if not all(np.isfinite(outputs[name]).all() for name in asked.reference):
        raise StageError("Outputs on the chip are not all finite numbers.")
    found["error_on_chip"] = round(relative_error(outputs, asked.reference), 5)
    found["task"]["chip"] = _judged(asked, outputs)


def _stage(name: str, asked: _Asked, found: Row) -> float:
    """Run a stage and keep what it says; returns its largest memory (MiB)."""
    words = [name, str(asked.task.save())]
    done = _done(module("real.stages", words))
    told = json.loads(done.said)
    if "operations" in told:
        told["analog_share"] = analog_share(told.pop("operations"))
    found |= told
    found[f"{name}_mib"] = done.mib
    return done.mib


def _program(asked: _Asked, found: Row) -> float:
    """Program pulse by pulse; returns the largest memory (MiB)."""
    image = str(asked.task.path("network.mho"))
    chip = str(asked.task.path("chip.mho"))
    seed = str(asked.task.seed)
    words = ["program", image, "--chip", PRESET, "--seed", seed, "-o", chip]
    done = _done(mho(words))
    found["program_seconds"] = done.seconds
    found["program_cpu_seconds"] = done.cpu_seconds
    found["program_mib"] = done.mib
    return done.mib


def analog_share(operations: Sequence[Row]) -> float:
    """Share of the multiply-adds that run on tiles (1).

    Args:
        operations: Operations as `mho` lists them.
    """
    every = sum(one["multiply_adds"] for one in operations)
    analog = sum(
        one["multiply_adds"] for one in operations if one["runs"] == "analog"
    )
    return round(analog / every, 4) if every else 0.0


def _judged(asked: _Asked, outputs: Arrays) -> dict[str, float]:
    """The task's own answer, from outputs in the shapes of the reference."""
    shaped = {
        name: np.asarray(outputs[name]).reshape(wanted.shape)
        for name, wanted in asked.reference.items()
    }
    return asked.network.judge(shaped, asked.samples, asked.file)


def _save(path: Path, inputs: Arrays) -> None:
    np.savez(path, **inputs)  # type: ignore[arg-type]


def _loaded(path: Path) -> Arrays:
    with np.load(path) as stored:
        return dict(stored)


def _done(command: Command) -> Command:
    """A command that has gone well.

    Raises:
        StageError: It has not.
    """
    if command.code:
        raise StageError(command.sentence)
    return command


def _verdict(found: Row) -> str:
    if found["agreement"] > AGREES:
        return f"differs from onnxruntime by {found['agreement']:.1e}"
    return "on chips" if "error_on_chip" in found else "agrees"
