"""What `mho compile`, `program`, `run` and `evaluate` do."""

import io
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.bench.multiplying import READ_NOISES
from mho.checks import check_between, check_choice, check_not_negative
from mho.chip.chip import Chip
from mho.chip.wires import WireModel
from mho.cli.common import (
    array_size,
    check_writable,
    print_rows,
    progress_bars,
    quantity,
    resistance,
    write_json,
)
from mho.cli.operations import print_operations
from mho.deployment.account import account
from mho.deployment.chip_file import (
    Effort,
    ProgrammedChip,
    Specimen,
    load_chip,
    program_image,
    save_chip,
)
from mho.deployment.digits import digits_data
from mho.deployment.image import Image, compile_image, load_image, save_image
from mho.deployment.job import Job, prepare, with_threads
from mho.deployment.layout import Layout
from mho.deployment.mapping import tiles_needed
from mho.deployment.named_mappings import mapping_kind
from mho.deployment.network import Network
from mho.deployment.operation_rows import operation_rows
from mho.deployment.origin import provenance_of
from mho.deployment.sources import Data, load_data, load_inputs, load_network
from mho.device.published import PRESETS
from mho.files import write_whole
from mho.ledger import Ledger
from mho.units import show

_DIGITS = "digits"


@dataclass(frozen=True, slots=True)
class Compiling:
    """What `mho compile` is asked for; see its help."""

    network: str
    data: str | None
    weights: str | None
    chip: str
    size: str | None
    wires: str | None
    compensate: bool
    seed: int
    packed: bool
    layout: Layout
    digital: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Programming:
    """What `mho program` is asked for; see its help."""

    image: str
    chip: str | None
    seed: int
    tolerance: str
    denoise: bool
    wires: str | None
    read_noise: str


def run_compile(wanted: Compiling, out: str | None) -> None:
    """Compile; see `mho compile --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    check_choice(wanted.chip, "chip", PRESETS)
    check_between(wanted.seed, "seed", 0, 2**62, "1")
    rows, cols = array_size(wanted.size) if wanted.size else (None, None)
    chip = Chip(wanted.chip, wires=_wires(wanted.wires), **_given(rows=rows, cols=cols))
    short = Path(wanted.network.rpartition(":")[0] or wanted.network).stem
    path = output(out or f"{short}.mho", wanted.network)
    with with_threads(1), progress_bars() as progress:
        network, calibration = _network(wanted, progress)
        progress("compiling", 0.0)
        shapes = [(layer.weight.shape[0], layer.weight.shape[1]) for layer in network.layers]
        kind = mapping_kind(wanted.layout.mapping)
        tiles = tiles_needed(
            shapes, chip.rows, chip.cols, mapping=kind, packed=wanted.packed,
        )  # fmt: skip
        chip = replace(chip, tiles=tiles)
        one = Specimen(wanted.chip, 0, chip.tiles, chip.rows, chip.cols, chip.lines)
        info = one.bench().info
        image = compile_image(
            network, info, calibration, compensated=wanted.compensate, packed=wanted.packed,
            provenance=provenance_of(
                wanted.network, wanted.chip, weights=wanted.weights, data=wanted.data
            ),
            **wanted.layout.options(info),
        )  # fmt: skip
        digest = save_image(path, image)
        progress("compiling", 1.0)
    rows_ = [
        ("layers", str(len(network.layers))),
        ("cells", f"{image.placement.cells.numel():,} on {image.info.tiles} tiles"),
        ("checksum", digest),
    ]
    work = account(network, torch.zeros(calibration.shape[1:], device="meta"))
    print_operations(operation_rows(work.plain()))
    print_rows(rows_, f"image: {path}")


def _given(**values: int | None) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _wires(text: str | None) -> WireModel | None:
    if text is None:
        return None
    segment = resistance(text, "wires")
    return WireModel(word_line=segment, bit_line=segment)


def output(path: str, *inputs: str | None) -> Path:
    """A file that can be written and is none of those read."""
    for name in inputs:
        if name is not None and Path(name).resolve() == Path(path).resolve():
            raise ValueError(f"Argument `out` must name another file, but is `{name}` itself.")
    if Path(path).is_dir():
        raise ValueError(f"Argument `out` must name a file, but `{path}` is a folder.")
    check_writable(Path(path).parent)
    return Path(path)


def _network(
    wanted: Compiling, progress: Callable[[str, float], None]
) -> tuple[Network, Shaped[Tensor, "batch ..."]]:
    """The network, and samples to calibrate with."""
    if wanted.network == _DIGITS:
        job = Job(
            _DIGITS, seed=wanted.seed, data=wanted.data, weights=wanted.weights,
            digital=wanted.digital,
        )  # fmt: skip
        sources = prepare(job, progress)
        return sources.network, sources.data.calibration
    if wanted.data is None:
        raise ValueError(
            "Argument `data` must name a .npz file of samples to calibrate with, but is missing."
        )
    calibration = load_inputs(wanted.data, calibration=True)
    progress("reading the network", 0.0)
    network = load_network(wanted.network, wanted.weights, calibration, wanted.digital)
    return network, calibration


def run_program(wanted: Programming, *, resume: bool, out: str | None, json: str | None) -> None:
    """Program; see `mho program --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    check_choice(wanted.read_noise, "read_noise", READ_NOISES)
    check_between(wanted.seed, "seed", 0, 2**62, "1")
    effort = Effort(quantity(wanted.tolerance, "tolerance", "S"), wanted.denoise)
    image = load_image(wanted.image)
    specimen = _specimen(wanted, image)
    effort.protocol.check(specimen.bench().info)
    name = f"{Path(wanted.image).stem}-seed{wanted.seed}.mho"
    path = output(out or name, wanted.image)
    unfinished = path.with_name(f"{path.name}.unfinished")
    with with_threads(1), progress_bars() as progress:
        chip = program_image(
            image, specimen, effort, unfinished=unfinished, resume=resume, progress=progress
        )
        digest = save_chip(path, chip)
    unfinished.unlink(missing_ok=True)
    found = {"checksum": digest, **programmed(chip)}
    if not write_json(found, json):
        print_rows(programmed_rows(chip), f"chip: {path}")


def _specimen(wanted: Programming, image: Image) -> Specimen:
    """The chip that is meant: of the image's kind, unless another preset is named."""
    own = image.info
    preset = wanted.chip or image.provenance.preset
    if wanted.chip is None and not preset:
        raise ValueError(
            "Argument `chip` must name a preset, but is missing, and the image names none."
        )
    check_choice(preset, "chip", PRESETS)
    wires = _wires(wanted.wires) or own.wires
    rows, cols = own.rows, own.cols
    if preset != image.provenance.preset:
        other = Chip(preset)
        rows, cols = other.rows, other.cols
    return Specimen(
        preset, wanted.seed, own.tiles, rows, cols, wires, read_noise=wanted.read_noise
    )


def programmed(chip: ProgrammedChip) -> dict[str, Any]:
    """How programming went, as plain values."""
    result = chip.result
    return {
        "image": chip.image.sha256,
        "preset": chip.specimen.preset,
        "seed": chip.specimen.seed,
        "cells": result.cells.numel(),
        "stuck_cells": int(result.stuck.sum()),
        "converged_fraction": result.converged_fraction,
        "tolerance_uS": chip.effort.tolerance * 1e6,
        "denoise": chip.effort.denoise,
        "programming": asdict(result.ledger),
        **chip.records,
    }


def programmed_rows(chip: ProgrammedChip) -> list[tuple[str, str]]:
    """How programming went, for a table."""
    result = chip.result
    count = result.cells.numel()
    working = ~result.stuck
    error = result.error[working].abs().double()
    middle = float(error.median()) if error.numel() else 0.0
    return [
        ("cells converged",
         f"{result.converged_fraction:.3%} of {int(working.sum()):,} ({count - int(working.sum())}"
         " stuck)"),
        ("error, median", show(middle, "S")),
        ("per cell", f"{float(result.pulses.sum()) / count:.1f} pulses,"
         f" {float(result.denoise_pulses.sum()) / count:.1f} denoising pulses,"
         f" {float(result.reads.sum()) / count:.0f} reads"),
        ("programming on the chip",
         f"{show(result.ledger.seconds, 's')}, {show(result.ledger.joules, 'J')}"),
    ]  # fmt: skip


def run_chip(path: str, *, data: str, wait: str, keep: bool, out: str | None) -> None:
    """Compute outputs; see `mho run --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    chip = load_chip(path)
    inputs = load_inputs(data)
    rehearse(chip.image.network, inputs)
    target = output(out or f"{Path(path).stem}-outputs.npz", path, data)
    with with_threads(1), progress_bars() as progress:
        progress("computing", 0.0)
        deployed = chip.deployed()
        deployed.bench.wait(seconds)
        started = deployed.bench.ledger
        outputs = deployed(inputs)
        progress("computing", 1.0)
    buffer = io.BytesIO()
    np.savez(buffer, outputs=outputs.numpy())
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, buffer.getvalue())
    if keep:
        save_chip(path, chip.after(deployed.bench))
    cost = deployed.bench.ledger - started
    print_rows(_cost_rows(cost, inputs.shape[0]), f"outputs: {target}")


def run_evaluate(path: str, *, data: str | None, wait: str, keep: bool, json: str | None) -> None:
    """Evaluate; see `mho evaluate --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    chip = load_chip(path)
    test = test_data(chip.image, data)
    rehearse(chip.image.network, test.inputs)
    with with_threads(1), progress_bars() as progress:
        progress("evaluating", 0.0)
        deployed = chip.deployed()
        deployed.bench.wait(seconds)
        started = deployed.bench.ledger
        accuracy = deployed.accuracy(test.inputs, test.labels)
        cost = deployed.bench.ledger - started
        answers = chip.image.network.run(test.inputs).argmax(1)
        progress("evaluating", 1.0)
    software = int((answers == test.labels).sum()) / test.labels.numel()
    if keep:
        save_chip(path, chip.after(deployed.bench, accuracy=accuracy))
    found = {
        "accuracy": accuracy,
        "software_accuracy": software,
        "samples": test.labels.numel(),
        "clock_seconds": deployed.bench.clock,
        "cost": {**asdict(cost), "joules": cost.joules},
    }
    if not write_json(found, json):
        rows = [("accuracy in software", f"{software:.2%}"), ("  on the chip", f"{accuracy:.2%}")]
        rows += _cost_rows(cost, test.labels.numel())
        print_rows(rows, "chip kept as it is now" if keep else "chip file unchanged")


def _duration(text: str) -> float:
    seconds = quantity(text, "wait", "s")
    check_not_negative(seconds, "wait", "s")
    return seconds


def test_data(image: Image, data: str | None) -> Data:
    """Test data from a file, or those that belong to the image.

    Raises:
        ValueError: There are none.
    """
    if data is not None:
        return load_data(data)
    if image.provenance.data == _DIGITS:
        return digits_data()
    raise ValueError(
        "Argument `data` must name a .npz file of test data, but is missing, and the image names"
        " no built-in test set."
    )


def rehearse(network: Network, inputs: Shaped[Tensor, "samples ..."]) -> None:
    """Refuse inputs that the network cannot take, before a chip works on them."""
    try:
        network.run(torch.zeros(inputs[:1].shape, device="meta"))
    except ValueError:
        raise
    except Exception as error:
        raise ValueError(
            "Argument `data` must fit the network, but its inputs have shape"
            f" {tuple(inputs.shape)}."
        ) from error


def _cost_rows(cost: Ledger, samples: int) -> list[tuple[str, str]]:
    spent = f"{show(cost.seconds, 's')}, {show(cost.joules, 'J')}, {cost.pulses:,} pulses"
    work = f"{cost.multiplies:,} cell multiplications, {cost.conversions:,} conversions"
    return [(f"inference, {samples:,} samples", spent), ("", work)]
