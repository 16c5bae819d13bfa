"""Networks from TFLite files, as the same graphs that other files become.

Every operation of the file turns into operations of torch. Whole numbers that stand for real
weights are taken back exactly; activations that the file keeps as whole numbers are computed in
float32. A file is data: nothing in it is run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import Tensor

from mho.checks import RefusedError, one_line
from mho.files import TooLargeError, check_memory
from mho.network.formats.building import Builder, Constant
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.constants import FOLDED, folded
from mho.network.formats.tflite.elementwise import HANDLERS as ELEMENTWISE
from mho.network.formats.tflite.elementwise import unrounded
from mho.network.formats.tflite.file import (
    Model,
    OperatorRecord,
    TensorRecord,
    open_model,
)
from mho.network.formats.tflite.layers import HANDLERS as LAYERS
from mho.network.formats.tflite.layers import Handler
from mho.network.formats.tflite.logic import HANDLERS as LOGIC
from mho.network.formats.tflite.pooling import HANDLERS as POOLING
from mho.network.formats.tflite.resizing import HANDLERS as RESIZING
from mho.network.formats.tflite.shapes import HANDLERS as SHAPES
from mho.network.formats.tflite.stored_numbers import read_numbers
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)
from mho.network.formats.tflite.variables import (
    VARIABLE_OPERATORS,
    variables_of,
)
from mho.network.graph import (
    FLOAT,
    INTEGER,
    Graph,
    GraphInput,
    GraphOutput,
    Ref,
)
from mho.network.tracing import first_line
from mho.samples import Inputs

_HANDLERS: dict[str, Handler] = {
    **LAYERS,
    **ELEMENTWISE,
    **POOLING,
    **RESIZING,
    **SHAPES,
    **LOGIC,
}
_KNOWN = FOLDED | VARIABLE_OPERATORS | frozenset(_HANDLERS)
_TOLD = 5
"""Operators that a refusal lists at most (1)."""
_WHOLE_TYPES = (2, 3, 4, 7, 9)
"""Members of `TensorType` that hold whole numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class TfliteNetwork:
    """A file that has been read.

    Args:
        graph: The network.
        bounds: The smallest and the largest real number (1) that the file can hold in each of its
            inputs that are whole numbers there, by name.
        states: For a file that keeps variables, the output that each of their inputs takes in the
            next step.
    """

    graph: Graph
    bounds: Mapping[str, tuple[float, float]]
    states: Mapping[str, str]


def read_tflite(path: str | Path) -> TfliteNetwork:
    """Read a network saved for TensorFlow Lite.

    Args:
        path: The file, of schema version 3; the first of its subgraphs is read.

    Raises:
        ValueError: The file is damaged, or holds what mho cannot run, in one sentence.
    """
    try:
        model = open_model(Path(path))
        graph, states = _network(model)
        return TfliteNetwork(graph, _bounds(model), states)
    except RefusedError as error:
        raise ValueError(_sentence(path, str(error))) from error
    except TooLargeError:
        raise
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        raise ValueError(
            _sentence(path, f"is damaged ({type(error).__name__})")
        ) from error


def check_real_numbers(
    path: Path, source: TfliteNetwork, example: Inputs
) -> None:
    """Refuse the file's own whole numbers where the real ones that they stand for are taken.

    Args:
        path: The file, for the sentence.
        source: What was read from it.
        example: Typical inputs (1). Shape (batch, ...); by name for several.

    Raises:
        ValueError: An input holds whole numbers alone, some of which stand for none.
    """
    named = (
        {source.graph.input: example}
        if isinstance(example, Tensor)
        else example
    )
    for name, (low, high) in source.bounds.items():
        given = named.get(name)
        if given is None or given.numel() == 0:
            continue
        real = given.double()
        within = low <= float(real.min()) and float(real.max()) <= high
        if not within and bool((real == real.round()).all()):
            raise ValueError(
                f"Argument `data` must hold the real numbers that the whole ones of `{path}` stand"
                f" for, from {low:.4g} to {high:.4g}, but holds whole numbers from"
                f" {float(real.min()):.4g} to {float(real.max()):.4g} in `{one_line(name)}`; take"
                " off their zero point and multiply by their scale."
            )


def _bounds(model: Model) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for place in model.inputs:
        tensor = model.tensors[place]
        how = tensor.quantization
        if how is None or tensor.kind not in _WHOLE_TYPES:
            continue
        kind = np.iinfo(schema.TYPES[tensor.kind])
        ends = [
            float(how.scale[0]) * (end - int(how.zero[0]))
            for end in (kind.min, kind.max)
        ]
        found[model.names[place]] = (min(ends), max(ends))
    return found


def _sentence(path: str | Path, reason: str) -> str:
    # Names come from the file, and may hold line breaks or commands to a terminal.
    reason = "".join(
        letter if letter.isprintable() else "?" for letter in reason
    )
    return f"Argument `network` must name a TFLite file that mho can run, but `{path}` {reason}."


def _network(model: Model) -> tuple[Graph, dict[str, str]]:
    """The graph of a file, and which inputs are states that outputs hand on."""
    _check_known(model)
    inputs = _inputs(model)
    variables = variables_of(model)
    builder = Builder((*inputs, *variables.inputs))
    first = model.tensors[model.inputs[0]]
    translator = Translator(builder, batch=first.shape[0])
    values: dict[int, Value] = {}
    for place, entry in zip(model.inputs, inputs, strict=True):
        values[place] = _entered(translator, model.tensors[place], entry)
    numbers = _Numbers(model)
    for item in model.operators:
        if item.operator in VARIABLE_OPERATORS:
            variables.follow(item, values)
            continue
        node = _node(model, item, values, numbers)
        results = _results(translator, node)
        if len(results) != len(item.outputs):
            raise node.refused(
                f"has {len(item.outputs)} results, where it makes {len(results)}"
            )
        for place, value in zip(item.outputs, results, strict=True):
            if place in values or model.tensors[place].content is not None:
                raise node.refused("computes what is there already")
            numbers.take(value)
            values[place] = value
    outputs = _outputs(translator, model, values)
    outputs += variables.outputs(translator)
    return builder.finished(outputs), variables.states


def _check_known(model: Model) -> None:
    """Name everything that mho cannot run, before anything is read."""
    unknown = [item for item in model.operators if item.operator not in _KNOWN]
    if unknown:
        kinds = sorted({f"`{item.operator}`" for item in unknown})
        first = unknown[0]
        others = [kind for kind in kinds if kind != f"`{first.operator}`"]
        more = f" (nor {', '.join(others[:_TOLD])})" if others else ""
        raise RefusedError(
            f"has a node `{_name(model, first)}` (`{first.operator}`) that mho cannot run{more};"
            " it knows layers, activations, arithmetic, pooling and reshapes"
        )
    lasting = [tensor for tensor in model.tensors if tensor.lasting]
    if lasting:
        raise RefusedError(
            f"keeps `{lasting[0].name}` from one sample to the next, which mho does not"
        )


def _name(model: Model, item: OperatorRecord) -> str:
    if not item.outputs or item.outputs[0] < 0:
        return item.operator.lower()
    return model.tensors[item.outputs[0]].name


def _inputs(model: Model) -> tuple[GraphInput, ...]:
    found = tuple(
        _input(model.tensors[place], model.names[place])
        for place in model.inputs
        if place >= 0
    )
    names = {entry.name for entry in found}
    sizes = {model.tensors[place].shape[0] for place in model.inputs}
    if not found or len(names) < len(model.inputs) or len(sizes) > 1:
        raise RefusedError(
            f"takes {len(model.inputs)} inputs of {len(names)} names and {len(sizes)} numbers of"
            " samples, where each needs its own name and all the same samples"
        )
    return found


def _input(tensor: TensorRecord, name: str) -> GraphInput:
    """An input; the file's own number of samples is no condition."""
    sizes = tuple(
        None if free else size
        for size, free in zip(tensor.shape, tensor.free, strict=True)
    )
    # A single axis of many numbers is one sample, such as a stretch of sound.
    alone = len(sizes) == 1 and tensor.shape[0] > 1
    if (
        not sizes
        or alone
        or min(tensor.shape) < 1
        or tensor.content is not None
    ):
        raise RefusedError(
            f"takes an input `{name}` of shape {tensor.shape}, without samples"
        )
    if tensor.real:
        return GraphInput(name, sizes[1:], None, FLOAT)
    if tensor.kind in _WHOLE_TYPES:
        return GraphInput(name, sizes[1:], None, INTEGER)
    raise RefusedError(
        f"takes an input `{name}` of number type {tensor.kind}, where a network must take real or"
        " whole numbers"
    )


def _entered(
    translator: Translator, tensor: TensorRecord, entry: GraphInput
) -> Activation:
    """The value of an input; of one that is whole numbers in the file, real ones are taken."""
    value = Activation(Ref(entry.name))
    if tensor.quantization is None:
        return value
    translator.builder.current = f"{tensor.name} unrounded"
    return unrounded(translator, value)


class _Numbers:
    """Constants of a file, read once each, and only those that an operation uses."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.total = 0
        self.known: dict[int, Constant] = {}

    def constant(self, place: int) -> Constant | None:
        """The numbers of a tensor; `None` if it is computed."""
        tensor = self.model.tensors[place]
        if tensor.content is None:
            return _without_numbers(tensor)
        if place not in self.known:
            array = read_numbers(tensor)
            self.known[place] = Constant(tensor.name, array)
            self.take(self.known[place])
        return self.known[place]

    def take(self, value: Value) -> None:
        """Count what a constant needs, before there are too many of them."""
        if isinstance(value, Constant):
            self.total += value.array.nbytes
            check_memory(self.total, "network", f"its tensor `{value.name}`")


def _without_numbers(tensor: TensorRecord) -> Constant | None:
    """A constant of no numbers, such as the shape of a single number; `None` for all others."""
    if 0 not in tensor.shape or tensor.kind not in _WHOLE_TYPES:
        return None
    if min(tensor.shape) < 0:
        return None
    return Constant(tensor.name, np.zeros(tensor.shape, np.int32))


def _node(
    model: Model,
    item: OperatorRecord,
    values: Mapping[int, Value],
    numbers: _Numbers,
) -> TfliteNode:
    """An operation with its inputs, all of which must be there."""
    name = _name(model, item)
    if not item.outputs or min(item.outputs) < 0:
        raise RefusedError(
            f"has a node `{name}` (`{item.operator}`) without a result"
        )
    inputs: list[Value | None] = []
    for place in item.inputs:
        value = values.get(place)
        if value is None and place >= 0:
            value = numbers.constant(place)
            if value is None:
                missing = model.tensors[place].name
                raise RefusedError(
                    f"has a node `{name}` (`{item.operator}`) that uses `{missing}` before it is"
                    " computed"
                )
        inputs.append(value)
    results = tuple(model.tensors[place] for place in item.outputs)
    return TfliteNode(name, item.operator, tuple(inputs), results, item.options)


def _results(translator: Translator, node: TfliteNode) -> Sequence[Value]:
    translator.builder.current = node.name
    constants = folded(translator, node)
    if constants is not None:
        return constants
    if node.operator not in _HANDLERS:
        raise node.refused(
            "works on the input, where mho computes it only for constants"
        )
    try:
        results = _HANDLERS[node.operator](translator, node)
    except (RefusedError, TooLargeError):
        raise
    # torch refuses shapes that do not fit with errors of many kinds.
    except Exception as error:
        raise node.refused(
            f"cannot be computed: {first_line(error)}"
        ) from error
    return results if isinstance(results, tuple) else (results,)


def _outputs(
    translator: Translator, model: Model, values: Mapping[int, Value]
) -> list[GraphOutput]:
    """What the file returns, in its own order of axes."""
    found: list[GraphOutput] = []
    for place in model.outputs:
        name = model.names[place]
        value = values.get(place)
        if value is None or isinstance(value, Constant):
            raise RefusedError(
                f"returns `{name}`, which it does not compute from its inputs"
            )
        translator.builder.current = (
            f"{model.tensors[place].name} as in the file"
        )
        ref = translator.in_file_order(value)
        found.append(GraphOutput(name, ref.name))
    names = {output.name for output in found}
    if not found or len(names) < len(found):
        raise RefusedError(
            f"returns {len(found)} tensors of {len(names)} names, where each needs its own"
        )
    return found
