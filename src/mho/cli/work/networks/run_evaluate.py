"""`mho run` and `mho evaluate`: outputs of a network or a chip, and how good a chip is."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from mho.checks import check_not_negative
from mho.cli.shared import (
    course_rows,
    output_file,
    print_layer_errors,
    print_rows,
    progress_bars,
    quantity,
    rehearse,
    test_data,
    write_json,
)
from mho.data import Outputs, fixed_choice
from mho.deployment import Looks
from mho.deployment.storage import load_chip, save_chip
from mho.files import write_whole
from mho.ledger import Ledger
from mho.network.formats import Signature
from mho.runs import (
    Job,
    Questions,
    Task,
    digital_outputs,
    evaluate_once,
    output_rows,
    unasked,
    verdict,
)
from mho.samples import number_of
from mho.units import show

_PACKED = ".mho"
"""Ends the name of what `mho program` makes."""


def run_any(
    path: str,
    *,
    data: str | None,
    weights: str | None,
    samples: int | None,
    signature: Signature,
    wait: str,
    keep: bool,
    out: str | None,
) -> None:
    """Compute outputs of a chip, or of a network in software; see `mho run --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    if path.endswith(_PACKED):
        _check_absent(weights is not None, "weights")
        signature.check_arrays_alone("a chip")
        run_chip(
            path,
            data=data,
            samples=samples,
            arrays=signature.arrays,
            wait=wait,
            keep=keep,
            out=out,
        )
        return
    _check_absent(keep, "keep")
    _check_absent(_duration(wait) > 0, "wait")
    run_network(
        path,
        data=data,
        weights=weights,
        samples=samples,
        signature=signature,
        out=out,
    )


def run_network(
    network: str,
    *,
    data: str | None,
    weights: str | None,
    samples: int | None,
    signature: Signature,
    out: str | None,
) -> None:
    """Compute the outputs of a network in software, all of them by name.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    short = Path(network.rpartition(":")[0] or network).stem
    target = output_file(out or f"{short}-outputs.npz", network, data)
    with progress_bars() as progress:
        job = Job(
            network,
            data=data,
            weights=weights,
            questions=Questions(samples=samples),
            signature=signature,
        )
        task = unasked(job, progress)
        test = task.data
        if samples is not None:
            test = fixed_choice(test, samples)
        inputs = test.inputs
        outputs = digital_outputs(
            task.network, inputs, progress=lambda x: progress("computing", x)
        )
    _save_outputs(target, outputs)
    rows = [
        (f"output {name}", f"{tuple(tensor.shape)}, {_largest(tensor)}")
        for name, tensor in outputs.items()
    ]
    counted = ("samples", f"{number_of(inputs):,}")
    course = course_rows(task.network)
    print_rows([counted, *course, *rows], f"outputs: {target}")


def run_chip(
    path: str,
    *,
    data: str | None,
    samples: int | None,
    arrays: Mapping[str, str],
    wait: str,
    keep: bool,
    out: str | None,
) -> None:
    """Compute the outputs of a programmed chip.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    chip = load_chip(path)
    test = test_data(chip.image, data, arrays)
    if samples is not None:
        test = fixed_choice(test, samples)
    inputs = test.inputs
    rehearse(chip.image.network, inputs)
    target = output_file(out or f"{Path(path).stem}-outputs.npz", path, data)
    with progress_bars() as progress:
        deployed = chip.deployed()
        bench = deployed.bench
        bench.wait(seconds)
        started = bench.ledger
        looks = Looks(
            deployed,
            inputs,
            [bench.clock],
            on_batch=lambda: progress("computing", looks.done),
        )
        (outputs,) = looks
    if len(outputs) == 1:
        # the only output has had this name from the first version on
        outputs = {"outputs": next(iter(outputs.values())), **outputs}
    _save_outputs(target, outputs)
    if keep:
        save_chip(path, chip.after(bench))
    cost = bench.ledger - started
    print_rows(_cost_rows(cost, number_of(inputs)), f"outputs: {target}")


def _save_outputs(target: Path, outputs: Outputs) -> None:
    """All outputs by name, in one `.npz` file."""
    buffer = io.BytesIO()
    # by name, as one may be called as an argument of `savez` is
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, tensor in outputs.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, tensor.detach().numpy())
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, buffer.getvalue())


def _largest(tensor: Tensor) -> str:
    """The range of an output."""
    if tensor.numel() == 0:
        return "no entries"
    values = tensor.double()
    return f"{float(values.min()):.4g} to {float(values.max()):.4g}"


def _check_absent(given: bool, name: str) -> None:
    if given:
        raise ValueError(
            f"Argument `{name}` must be left out here, but is given: a chip has its weights, its"
            " inputs and outputs, and a network in software neither clock nor noise."
        )


def run_evaluate(
    path: str,
    *,
    data: str | None,
    arrays: Mapping[str, str],
    questions: tuple[str | None, int | None, bool],
    wait: str,
    keep: bool,
    json: str | None,
) -> None:
    """Evaluate; see `mho evaluate --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    seconds = _duration(wait)
    asked = Questions(*questions)
    chip = load_chip(path)
    test = test_data(chip.image, data, arrays)
    rehearse(chip.image.network, test.inputs)
    with progress_bars() as progress:
        progress("evaluating", 0.0)
        task = Task(chip, test).asked(asked)
        deployed = chip.deployed()
        deployed.bench.wait(seconds)
        found, cost = evaluate_once(
            deployed, task, asked, lambda done: progress("evaluating", done)
        )
    if keep:
        records = task.metric.record(found[task.metric.key])
        save_chip(path, chip.after(deployed.bench, **records))
    if write_json(found, json):
        return
    print_layer_errors(found)
    metric = task.metric
    software = metric.show(found[f"software_{metric.key}"])
    rows = [
        (f"{metric.name} in software", software),
        ("  on the chip", metric.show(found[metric.key])),
    ]
    for name, seen in found.get("outputs", {}).items():
        rows += output_rows(name, seen)
    rows += _cost_rows(cost, found["samples"])
    kept = "chip kept as it is now" if keep else "chip file unchanged"
    print_rows(rows, *verdict(found), kept)


def _duration(text: str) -> float:
    seconds = quantity(text, "wait", "s")
    check_not_negative(seconds, "wait", "s")
    return seconds


def _cost_rows(cost: Ledger, samples: int) -> list[tuple[str, str]]:
    spent = f"{show(cost.seconds, 's')}, {show(cost.joules, 'J')}, {cost.pulses:,} pulses"
    work = f"{cost.multiplies:,} cell multiplications, {cost.conversions:,} conversions"
    return [(f"inference, {samples:,} samples", spent), ("", work)]
