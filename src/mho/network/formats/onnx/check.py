"""Compare a network read from ONNX with what the file's own standard says it computes.

The `onnx` package brings an evaluator that is the definition of every operator in numpy. It shares
no code with the reader.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mho.network.entries import entries_of
from mho.network.formats.onnx.file import onnx_module
from mho.network.formats.onnx.reader import OnnxNetwork
from mho.network.network import Network
from mho.network.operations import arguments_of, evaluate_node
from mho.network.tracing import first_line
from mho.samples import Inputs, chosen, number_of

Array = npt.NDArray[Any]

_AGREEMENT = 1e-5
"""Largest accepted difference to the reference, of the largest output (1)."""
_SAMPLES = 4


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
    count = source.graph.batch or min(_SAMPLES, there)
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
                f" `{self.path}` fails there with {first_line(error)}"
            ) from error

    def _run(
        self, samples: Mapping[str, Tensor], *, everything: bool
    ) -> Mapping[str, Array]:
        if self.evaluator is None:
            reference = onnx_module("onnx.reference")
            self.evaluator = reference.ReferenceEvaluator(
                self.source.model, new_ops=corrected_operators()
            )
        kinds = {
            item.name: numpy_type(item.type.tensor_type.elem_type)
            for item in self.source.model.graph.input
        }
        feed = {
            name: tensor.numpy().astype(kinds[name])
            for name, tensor in samples.items()
        }
        if everything:
            found = self.evaluator.run(None, feed, intermediate=True)
            return {
                key: value
                for key, value in found.items()
                if isinstance(value, np.ndarray)
            }
        found = self.evaluator.run(self.outputs, feed)
        return dict(zip(self.outputs, found, strict=True))


def corrected_operators() -> list[type]:
    """Two operators that the evaluator of onnx 1.23 computes against its own standard.

    It lets groups of a transposed convolution overwrite each other, and takes the global maximum
    as if there were always two axes of pixels.
    """
    operators = onnx_module("onnx.reference.ops")
    transposed: Any = operators.op_conv_transpose.ConvTranspose
    maximum: Any = operators.op_global_max_pool.GlobalMaxPool

    class ConvTranspose(transposed):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, w: Array, b: Array | None = None, **how: Any
        ) -> tuple[Array]:
            groups = how.pop("group", None) or 1
            biases = [None] * groups if b is None else np.split(b, groups)
            triples = zip(
                np.split(x, groups, 1), np.split(w, groups), biases, strict=True
            )
            parts = [
                super(ConvTranspose, self)._run(*own, group=1, **how)
                for own in triples
            ]
            return (np.concatenate([part[0] for part in parts], 1),)

    class GlobalMaxPool(maximum):  # type: ignore[misc]
        op_domain = ""

        def _run(self, x: Array) -> tuple[Array]:
            return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)

    return [ConvTranspose, GlobalMaxPool]


def numpy_type(kind: int) -> npt.DTypeLike:
    """Numbers of the type that the standard gives a number."""
    helper = onnx_module("onnx.helper")
    found: npt.DTypeLike = helper.tensor_dtype_to_np_dtype(kind)
    return found


def _agree(found: Array, wanted: Array) -> bool:
    if found.shape != wanted.shape:
        return False
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
    values: dict[str, object] = {**graph.tensors, **samples}
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
