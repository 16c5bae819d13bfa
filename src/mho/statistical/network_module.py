"""A network that was taken apart as a module of torch again, with layers on tiles inside.

Every operation becomes a node of a `torch.fx` graph: layers on tiles and everything that mho
computes in its own way are modules, all others operators of torch. So it is moved, saved, compiled
and exported like any other module.
"""

import keyword
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, fx, nn

from mho.network import (
    KINDS,
    Graph,
    Network,
    Node,
    Ref,
    entries_of,
    replace_refs,
    run_course,
)
from mho.network.operations import (
    PYTHON_OPERATORS,
    AnalogOperation,
    Dense,
    LinearLayer,
    evaluate_node,
    plain_operator,
)
from mho.samples import Inputs, changed
from mho.statistical.tiled_layer import TiledLayer

_WEIGHTS = ("weight", "bias", "params")
"""Arguments of operations on tiles that their cells stand for."""
_SIZE = "aten.sym_size.int"
_LINEAR = "aten.linear.default"


def module_of(
    network: Network, tiled: Mapping[tuple[int, ...], TiledLayer]
) -> fx.GraphModule:
    """The network as a module: a tensor for each input in their order, outputs by name.

    Args:
        network: The network.
        tiled: Layers on tiles, by the numbers of the layers that they stand for.
    """
    return _Builder(network, tiled).module()


def outputs_of_steps(
    graph: Graph, steps: fx.GraphModule, inputs: Inputs
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """What the module of a network makes of inputs, by name.

    Args:
        graph: The network's graph.
        steps: The module, from `module_of`.
        inputs: Samples (1). Shape (batch, ...).

    Raises:
        ValueError: An input is missing or unknown, or has another shape.
    """
    if graph.states or graph.single or graph.separate:
        return run_course(
            graph,
            inputs,
            lambda _, entries: steps(
                *(entries[one.name] for one in graph.inputs)
            ),
            whole=True,
        )
    if not torch.compiler.is_compiling():
        # without numbers: what is wrong with names or shapes is said before anything is computed
        entries_of(graph, changed(inputs, lambda tensor: tensor.to("meta")))
    if isinstance(inputs, Tensor):
        found: dict[str, Tensor] = steps(inputs)
    else:
        found = steps(*(inputs[entry.name] for entry in graph.inputs))
    return found


class _Entry(nn.Module):
    """An input in the numbers that the module computes with.

    Args:
        kind: Kind of numbers, as `GraphInput` has it.
    """

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind
        self.register_buffer("like", torch.zeros(()), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """A copy, as a recording may overwrite its input."""
        dtype = KINDS[self._kind]
        if dtype.is_floating_point:
            dtype = self.get_buffer("like").dtype
        return samples.to(dtype, copy=True)


class _DigitalStep(nn.Module):
    """An operation that mho computes in a way of its own.

    Args:
        node: The operation.
    """

    def __init__(self, node: Node) -> None:
        super().__init__()
        self._node = node

    def forward(self, like: Tensor, *values: object) -> object:
        """The result, with real numbers and a place like those of the network's input."""
        # not by name: operators of torch call one of theirs `self`
        arguments = dict(zip(self._node.arguments, values, strict=True))
        result = evaluate_node(self._node, arguments, like.device)
        if not isinstance(result, Tensor) or not like.is_floating_point():
            return result
        if result.is_floating_point():
            return result.to(like.dtype)
        return result


class _TiledOperation(nn.Module):
    """An operation of several layers on tiles, such as a recurrent one.

    Args:
        operation: The operation.
        layers: All layers of the network.
        tiled: Layers on tiles for its own, in their order.
        fixed: Arguments that are the same every time.
    """

    def __init__(
        self,
        operation: AnalogOperation,
        layers: Sequence[LinearLayer],
        tiled: Sequence[TiledLayer],
        fixed: Mapping[str, object],
    ) -> None:
        super().__init__()
        self.tiles = nn.ModuleList(tiled)
        self._operation = operation
        self._fixed = dict(fixed)
        self._places = {
            number: place for place, number in enumerate(operation.layers)
        }
        # biases are added with the products, where they follow the module
        without_bias = [replace(layer, bias=None) for layer in layers]
        self._layers = tuple(without_bias)

    def forward(self, **arguments: object) -> object:
        """The result."""
        everything = {**self._fixed, **arguments}

        def product(index: int, _: LinearLayer, vectors: Tensor) -> Tensor:
            steps = self._operation.steps_first(index, everything)
            tiles = self.tiles[self._places[index]]
            # noise is that of a sample, so those go first, each with all of its steps
            samples = vectors.shape[0] // steps
            by_sample = _exchanged(vectors, steps, samples)
            return _exchanged(tiles(by_sample), samples, steps)

        return self._operation.run(everything, self._layers, product)


def _exchanged(vectors: Tensor, outer: int, inner: int) -> Tensor:
    """Vectors of an inner count within an outer one, the other way round."""
    if outer == 1 or inner == 1:
        return vectors
    parts = vectors.reshape(outer, inner, *vectors.shape[1:])
    turned: Tensor = parts.transpose(0, 1).flatten(0, 1)
    return turned


class _Builder:
    """Builds a module, one operation after the other.

    Args:
        network: The network.
        tiled: Layers on tiles, by the numbers of the layers that they stand for.
    """

    def __init__(
        self, network: Network, tiled: Mapping[tuple[int, ...], TiledLayer]
    ) -> None:
        self._network = network
        self._tiled = tiled
        self._root = nn.Module()
        self._shapes = {node.name: node.shape for node in network.graph.nodes}
        self._graph = fx.Graph()
        self._values: dict[str, fx.Node] = {}
        self._names: dict[int, str] = {}

    def module(self) -> fx.GraphModule:
        """All of it."""
        graph = self._network.graph
        for number, entry in enumerate(graph.inputs):
            placeholder = self._graph.placeholder(f"input_{number}")
            place = self._owned(_Entry(entry.kind), "entry")
            value = self._graph.call_module(place, (placeholder,))
            self._values[entry.name] = value
        self._like = self._values[graph.input]
        for node in graph.nodes:
            self._values[node.name] = self._emitted(node)
        found = {one.name: self._value(one.value) for one in graph.outputs}
        self._graph.output(found)
        self._graph.lint()
        return fx.GraphModule(self._root, self._graph)

    def _emitted(self, node: Node) -> fx.Node:
        call = self._network.calls.get(node.name)
        if call is not None:
            return self._on_tiles(node, call)
        arguments: dict[str, Any] = {
            key: replace_refs(value, self._value)
            for key, value in node.arguments.items()
        }
        if node.operator in PYTHON_OPERATORS:
            function = PYTHON_OPERATORS[node.operator]
            values = tuple(arguments.values())
            return self._graph.call_function(function, values)
        if node.operator == _SIZE:
            return self._graph.call_method("size", tuple(arguments.values()))
        plain = plain_operator(node)
        if plain is not None:
            return self._graph.call_function(plain, kwargs=arguments)
        step = self._owned(_DigitalStep(node), node.name)
        values = (self._like, *arguments.values())
        return self._graph.call_module(step, values)

    def _on_tiles(self, node: Node, call: AnalogOperation) -> fx.Node:
        arguments: dict[str, Any] = {
            key: replace_refs(value, self._value)
            for key, value in node.arguments.items()
            if key not in _WEIGHTS
        }
        if isinstance(call, Dense):
            layer = self._tiled[call.layers]
            place = self._owned(layer, layer.name)
            axis = self._axis_of_samples(node)
            value = arguments["input"]
            if axis:
                value = self._graph.call_method("movedim", (value, axis, 0))
            found = self._graph.call_module(place, (value,))
            if axis:
                found = self._graph.call_method("movedim", (found, 0, axis))
            return found
        moving = {
            key: value
            for key, value in arguments.items()
            if _refs(node.arguments[key])
        }
        fixed = {
            key: value for key, value in arguments.items() if key not in moving
        }
        tiled = [self._tiled[number,] for number in call.layers]
        layers = self._network.layers
        operation = _TiledOperation(call, layers, tiled, fixed)
        place = self._owned(operation, node.name)
        return self._graph.call_module(place, kwargs=moving)

    def _axis_of_samples(self, node: Node) -> int:
        """On which axis the input of a fully connected layer has its samples (1).

        The first one if the recording does not tell: layers on tiles want them there.
        """
        given = node.arguments["input"]
        shape = self._shapes.get(given.name) if isinstance(given, Ref) else None
        if node.operator != _LINEAR or not shape or shape.count(None) != 1:
            return 0
        # the last axis is that of the vectors
        return shape.index(None) % (len(shape) - 1)

    def _value(self, name: str) -> fx.Node:
        """A value by its name; a stored tensor becomes a buffer when it is first asked for."""
        if name not in self._values:
            graph = self._network.graph
            tensor = graph.tensors[name]
            place = self._free(graph.labels.get(name, name))
            # a state that is loaded is written into buffers: the network keeps its own
            self._root.register_buffer(place, tensor.clone())
            self._values[name] = self._graph.get_attr(place)
        return self._values[name]

    def _owned(self, module: nn.Module, name: str) -> str:
        """Name of a module within the whole; one that is there already keeps its own."""
        if id(module) not in self._names:
            place = self._free(name)
            self._root.add_module(place, module)
            self._names[id(module)] = place
        return self._names[id(module)]

    def _free(self, name: str) -> str:
        """A name for a part, as Python allows it and no other part has it."""
        plain = re.sub(r"\W", "_", name, flags=re.ASCII) or "part"
        unfit = plain[0].isdigit() or keyword.iskeyword(plain)
        first = f"_{plain}" if unfit else plain
        taken = first
        number = 2
        while hasattr(self._root, taken):
            taken = f"{first}_{number}"
            number += 1
        return taken


def _refs(value: object) -> list[str]:
    """Names of the values that an argument is made of."""
    found: list[str] = []
    replace_refs(value, found.append)
    return found
