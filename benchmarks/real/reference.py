"""What onnxruntime answers, sample by sample; and how far two answers are apart."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from real.task import Arrays, RealNetwork


def reference_outputs(
    network: RealNetwork, file: Path, inputs: Arrays
) -> dict[str, NDArray[Any]]:
    """Outputs of every sample by name (1). Shape (samples, ...).

    Args:
        network: What the file is.
        file: The file.
        inputs: Inputs by name (1). Shape (samples, ...).
    """
    session = _session(file)
    names = network.outputs or tuple(
        output.name
        for output in session.get_outputs()
        if output.name not in network.states.values()
    )
    rows = [
        _outputs_of(session, network, sample, names)
        for sample in _samples(inputs)
    ]
    return {
        name: np.stack([row[index] for row in rows])
        for index, name in enumerate(names)
    }


def _session(file: Path) -> Any:
    # only whoever compares needs it
    onnxruntime = importlib.import_module("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(file), options, providers=["CPUExecutionProvider"]
    )


def _samples(inputs: Arrays) -> Iterator[dict[str, NDArray[Any]]]:
    number = len(next(iter(inputs.values())))
    for index in range(number):
        yield {name: values[index] for name, values in inputs.items()}


def _outputs_of(
    session: Any,
    network: RealNetwork,
    sample: Arrays,
    names: tuple[str, ...],
) -> list[NDArray[Any]]:
    """Outputs of one sample; of a sequence, those of its steps one behind the other."""
    if not network.states:
        fed = {name: _as_batch(network, x) for name, x in sample.items()}
        found = session.run(list(names), {**fed, **network.constants})
        return [_without_batch(network, output) for output in found]
    shapes = {entry.name: entry.shape for entry in session.get_inputs()}
    states = {
        name: np.zeros([_size(size) for size in shapes[name]], np.float32)
        for name in network.states
    }
    steps = []
    for index in range(len(next(iter(sample.values())))):
        fed = {name: x[index : index + 1] for name, x in sample.items()}
        returned = [*names, *network.states.values()]
        found = session.run(returned, {**fed, **states, **network.constants})
        states = dict(zip(network.states, found[len(names) :], strict=True))
        steps.append(found[: len(names)])
    return [np.concatenate(values) for values in zip(*steps, strict=True)]


def _size(size: object) -> int:
    """A size that the file leaves open is that of one sample."""
    return size if isinstance(size, int) else 1


def _as_batch(network: RealNetwork, sample: NDArray[Any]) -> NDArray[Any]:
    return sample if network.single else sample[None]


def _without_batch(network: RealNetwork, output: NDArray[Any]) -> NDArray[Any]:
    return output if network.single else output[0]


def largest_error(outputs: Arrays, reference: Arrays) -> float:
    """Largest difference of an output to its reference, of the reference's largest value (1).

    One entry of millions says it all: where a network is steep, it is as much the rounding of the
    one as of the other.
    """
    worst = 0.0
    for name, wanted in reference.items():
        found = outputs[name].reshape(wanted.shape).astype(np.float64)
        scale = np.abs(wanted).max()
        worst = max(worst, float(np.abs(found - wanted).max() / scale))
    return worst


def relative_error(outputs: Arrays, reference: Arrays) -> float:
    """Root of the mean square difference to the reference, of the root of its mean square (1).

    Of several outputs, the worst.
    """
    worst = 0.0
    for name, wanted in reference.items():
        found = outputs[name].reshape(wanted.shape).astype(np.float64)
        error = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
        worst = max(worst, float(error))
    return worst
