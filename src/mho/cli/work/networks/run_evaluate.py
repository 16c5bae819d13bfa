"""`mho run` and `mho evaluate`: products and accuracy of a chip from a file."""

import io
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mho.checks import check_not_negative
from mho.cli.shared import (
    output_file,
    print_rows,
    progress_bars,
    quantity,
    rehearse,
    test_data,
    write_json,
)
from mho.data import load_inputs
from mho.deployment import share_right
from mho.deployment.storage import load_chip, save_chip
from mho.files import write_whole
from mho.ledger import Ledger
from mho.units import show


def run_chip(
    path: str, *, data: str, wait: str, keep: bool, out: str | None
) -> None:
    """Compute outputs; see `mho run --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    chip = load_chip(path)
    inputs = load_inputs(data)
    rehearse(chip.image.network, inputs)
    target = output_file(out or f"{Path(path).stem}-outputs.npz", path, data)
    with progress_bars() as progress:
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


def run_evaluate(
    path: str, *, data: str | None, wait: str, keep: bool, json: str | None
) -> None:
    """Evaluate; see `mho evaluate --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    chip = load_chip(path)
    test = test_data(chip.image, data)
    rehearse(chip.image.network, test.inputs)
    with progress_bars() as progress:
        progress("evaluating", 0.0)
        deployed = chip.deployed()
        deployed.bench.wait(seconds)
        started = deployed.bench.ledger
        accuracy = deployed.accuracy(test.inputs, test.labels)
        cost = deployed.bench.ledger - started
        answers = chip.image.network.run(test.inputs).argmax(1)
        progress("evaluating", 1.0)
    software = share_right(answers, test.labels)
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
        rows = [
            ("accuracy in software", f"{software:.2%}"),
            ("  on the chip", f"{accuracy:.2%}"),
        ]
        rows += _cost_rows(cost, test.labels.numel())
        print_rows(
            rows, "chip kept as it is now" if keep else "chip file unchanged"
        )


def _duration(text: str) -> float:
    seconds = quantity(text, "wait", "s")
    check_not_negative(seconds, "wait", "s")
    return seconds


def _cost_rows(cost: Ledger, samples: int) -> list[tuple[str, str]]:
    spent = f"{show(cost.seconds, 's')}, {show(cost.joules, 'J')}, {cost.pulses:,} pulses"
    work = f"{cost.multiplies:,} cell multiplications, {cost.conversions:,} conversions"
    return [(f"inference, {samples:,} samples", spent), ("", work)]
