"""Compare a network read from ONNX with what the file's own standard says it computes.

The `onnx` package brings an evaluator that is the definition of every operator in numpy. It shares
no code with the reader.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mho.network.entries import entries_of
from mho.network.formats.onnx.corrections import corrected_operators
from mho.network.formats.onnx.file import onnx_module
from mho.network.formats.onnx.microsoft import microsoft_operators
from mho.network.formats.onnx.reader import OnnxNetwork
from mho.network.formats.onnx.ties import settled_outputs
from mho.network.network import Network
from mho.network.operations import arguments_of, evaluate_node
from mho.network.tracing import first_line
from mho.samples import Inputs, chosen, each_tensor, number_of

Array = npt.NDArray[Any]

_AGREEMENT = 1e-4
"""Largest accepted difference to the reference, of the largest output (1)."""
_NUDGE = 1e-6
"""Relative change of inputs that shows what rounding may do (1)."""
_NUDGES = 5
"""Changes that are tried where roundings are hidden (1): one alone may turn none of them."""
_HIDING = "DynamicQuantizeLSTM"
"""An operation that rounds within, where its numbers cannot be compared one by one."""
_OFTEN = 10
"""How many times that change an output may differ by (1)."""
_SAMPLES = 4
_NUMBERS = 2**16
"""Numbers in those samples (1): the evaluator takes seconds for a large image."""


def check_against_reference(
    path: Path,
    source: OnnxNetwork,
    network: Network,
    example: Inputs,
) -> None:
    """Compare on the first samples of an example, before anything is programmed.

    Args:
        path: The file, for the sentence.
        source: What was read from it.
        network: What became of that.
        example: Typical inputs (1). Shape (batch, ...), at least one sample.

    Raises:
        ValueError: Outputs differ, in one sentence with the first node that differs.
    """
    there = number_of(example)
    if _rounds_by_range(source):
        # the evaluator takes the range of all samples, of the same one it is that of each
        there = 1
    count = source.graph.batch or _how_many(example, there)
    if source.graph.single:
        count = 1
    # A file that insists on its batch size gets the same samples again.
    samples = entries_of(
        source.graph, chosen(example, torch.arange(count) % there)
    )
    reference = _Reference(path, source)
    wanted = reference.run(samples)
    found = {
        name: output.numpy()
        for name, output in network.outputs(samples).items()
    }
    wrong = [name for name in found if not _agree(found[name], wanted[name])]
    if wrong:
        hidden = any(
            item.op_type == _HIDING for item in source.model.graph.node
        )
        unsure = _unsureness(network, samples, found, _NUDGES if hidden else 1)
        wrong = [
            name
            for name in wrong
            if not _within(found[name], wanted[name], unsure[name])
        ]
    if wrong and _agrees_between_steps(
        network, samples, source, reference, wanted
    ):
        wrong = []
    if not wrong:
        return
    guilty = _first_difference(source, samples, reference)
    name = wrong[0]
    scale = ""
    if found[name].shape == wanted[name].shape:
        difference = found[name].astype(float) - wanted[name].astype(float)
        scale = f" by up to {np.abs(difference).max():.2g}"
    raise ValueError(
        "Argument `network` must compute what the ONNX reference evaluator computes, but the"
        f" outputs of `{path}` differ{scale}{guilty}; please report it."
    )


def _agrees_between_steps(
    network: Network,
    samples: Mapping[str, Tensor],
    source: OnnxNetwork,
    reference: "_Reference",
    wanted: Mapping[str, Array],
) -> bool:
    """Whether nothing differs but how numbers between two steps are rounded, and what follows."""
    values = reference.run(samples, everything=True)
    settled = settled_outputs(network, samples, source.names, values)
    return settled is not None and all(
        _agree(output, wanted[name]) for name, output in settled.items()
    )


def _rounds_by_range(source: OnnxNetwork) -> bool:
    """Whether the file rounds numbers by the range that they have in a batch."""
    operators = {item.op_type for item in source.model.graph.node}
    return not operators.isdisjoint(("DynamicQuantizeLinear", _HIDING))


def _unsureness(
    network: Network,
    samples: Mapping[str, Tensor],
    found: Mapping[str, Array],
    times: int,
) -> dict[str, float]:
    """By how much rounding may change each output, where a network makes much of very little.

    A logarithm of what is left of a sum of large numbers is one such case: the last digits of
    float32 decide. A change of the inputs by a millionth, a few times their rounding, tells; where
    numbers are rounded to steps within, the largest of several such changes.
    """
    unsure = dict.fromkeys(found, 0.0)
    for size in range(1, times + 1):
        changed = {
            name: tensor * (1 + size * _NUDGE * _signs(tensor))
            if tensor.is_floating_point()
            else tensor
            for name, tensor in samples.items()
        }
        for name, output in network.outputs(changed).items():
            off = output.numpy().astype(float) - found[name].astype(float)
            largest = float(np.nan_to_num(np.abs(off)).max(initial=0.0))
            unsure[name] = max(unsure[name], largest)
    return unsure


def _signs(tensor: Tensor) -> Tensor:
    """Ones and minus ones in no order that a network could have, the same every time."""
    places = torch.arange(tensor.numel(), dtype=torch.float64)
    return torch.sin(places * places + 1).sign().float().view(tensor.shape)


def _within(found: Array, wanted: Array, unsure: float) -> bool:
    """Whether outputs differ by no more than rounding may do."""
    return found.shape == wanted.shape and bool(
        np.isclose(
            found.astype(float),
            wanted.astype(float),
            rtol=0,
            atol=_OFTEN * unsure,
            equal_nan=True,
        ).all()
    )


def _how_many(example: Inputs, there: int) -> int:
    """Samples to compare (1): a few, fewer if they are large, at least one."""
    total = sum(tensor.numel() for tensor in each_tensor(example))
    of_each = max(total // there, 1)
    return max(1, min(_SAMPLES, there, _NUMBERS // of_each))


class _Reference:
    """The file, run by the `onnx` package."""

    def __init__(self, path: Path, source: OnnxNetwork) -> None:
        self.path = path
        self.source = source
        self.outputs = [output.name for output in source.graph.outputs]
        self.evaluator: Any = None

    def run(
        self, samples: Mapping[str, Tensor], *, everything: bool = False
    ) -> Mapping[str, Array]:
        """Outputs, or every value of the file, by name."""
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                # Exponentials that overflow on their way to 0 or 1.
                warnings.simplefilter("ignore")
                return self._run(samples, everything=everything)
        except Exception as error:
            raise ValueError(
                "Argument `network` must run in the ONNX reference evaluator, but"
                f" `{self.path}` fails there with {first_line(error)}."
            ) from error

    def _run(
        self, samples: Mapping[str, Tensor], *, everything: bool
    ) -> Mapping[str, Array]:
        if self.evaluator is None:
            reference = onnx_module("onnx.reference")
            self.evaluator = reference.ReferenceEvaluator(
                self.source.model,
                new_ops=corrected_operators() + microsoft_operators(),
            )
        feed = self._feed(samples)
        if everything:
            found = self.evaluator.run(None, feed, intermediate=True)
            return {
                key: value
                for key, value in found.items()
                if isinstance(value, np.ndarray)
            }
        found = self.evaluator.run(self.outputs, feed)
        return {
            name: self._samples_first(name, np.asarray(output))
            for name, output in zip(self.outputs, found, strict=True)
        }

    def _as_in_file(self, name: str, samples: Array) -> Array:
        if self.source.alone is not None:
            return np.expand_dims(samples[0], self.source.alone)
        if self.source.graph.single:
            return cast(Array, samples[0])
        return np.moveaxis(samples, 0, self.source.axes.get(name, 0))

    def _samples_first(self, name: str, output: Array) -> Array:
        alone = self.source.alone
        if alone is not None and output.ndim > alone:
            there = output.shape[alone] == 1
            output = output.squeeze(alone) if there else output
        if self.source.graph.single:
            return output[None]
        return np.moveaxis(output, self.source.axes.get(name, 0), 0)

    def _feed(self, samples: Mapping[str, Tensor]) -> dict[str, Array]:
        """Inputs as the file has them: samples on its own axis, in its own type of numbers."""
        turned = {
            name: self._as_in_file(name, tensor.numpy())
            for name, tensor in samples.items()
        }
        given = {**self.source.constants, **turned}
        fed: dict[str, Array] = {}
        for item in self.source.model.graph.input:
            value = given.get(item.name)
            if value is not None:
                kind = numpy_type(item.type.tensor_type.elem_type)
                fed[item.name] = value.astype(kind)
        return fed


def numpy_type(kind: int) -> npt.DTypeLike:
    """Numbers of the type that the standard gives a number."""
    helper = onnx_module("onnx.helper")
    found: npt.DTypeLike = helper.tensor_dtype_to_np_dtype(kind)
    return found


def _agree(found: Array, wanted: Array) -> bool:
    if found.shape != wanted.shape:
        return False
    if wanted.size == 0:
        return True
    # Half precision rounds in the file, not here.
    tolerance = 1e-2 if wanted.dtype == np.float16 else _AGREEMENT
    # What is not finite must be the same, but says nothing about how large outputs are.
    wanted = wanted if wanted.dtype.kind == "f" else wanted.astype(float)
    finite = np.nan_to_num(wanted, nan=0, posinf=0, neginf=0)
    largest = float(np.abs(finite).max())
    margin = tolerance * max(1.0, largest)
    close = np.isclose(found, wanted, rtol=0, atol=margin, equal_nan=True)
    return bool(close.all())


def _first_difference(
    source: OnnxNetwork,
    samples: Mapping[str, Tensor],
    reference: _Reference,
) -> str:
    """Part of a sentence that names the first operation with another result, if there is one."""
    wanted = reference.run(samples, everything=True)
    graph = source.graph
    values: dict[str, object] = {**graph.tensors}
    for name, tensor in samples.items():
        values[name] = tensor[0] if graph.single else tensor
    with torch.no_grad():
        for node in graph.nodes:
            arguments = arguments_of(node, values)
            values[node.name] = evaluate_node(node, arguments)
    for item in source.model.graph.node:
        for name in item.output:
            ours = source.names.get(name, "")
            found = values.get(ours)
            theirs = wanted.get(name)
            # Sizes and constants have no value of their own on one of the sides.
            if not isinstance(found, Tensor):
                continue
            if not isinstance(theirs, np.ndarray):
                continue
            if not _agree(found.numpy(), theirs):
                return f", first in node `{name}` (`{item.op_type}`)"
    return ""
