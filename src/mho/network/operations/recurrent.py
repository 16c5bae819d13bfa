"""LSTM, GRU and plain recurrent layers: matrices on tiles, gates and loop digital."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from mho.network.graph import Graph, Node, Ref
from mho.network.operations.linear_layer import LinearLayer
from mho.network.operations.on_tiles import (
    AnalogOperation,
    LayerTable,
    Product,
    multiply,
    stored_tensor,
    stored_weight,
    weight_name,
)

RECURRENT_OPERATORS = frozenset(
    f"aten.{name}.input" for name in ("lstm", "gru", "rnn_tanh", "rnn_relu")
)
"""Recurrent layers over whole sequences."""

_GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}
_SCALED = {"lstm": 3, "gru": 2, "rnn_tanh": 0, "rnn_relu": 0}
"""Digital multiply-adds for each hidden value and step (1)."""

State = tuple[Float[Tensor, "batch _"], ...]
"""Hidden state, and for an LSTM its cell state."""


@dataclass(frozen=True, slots=True)
class Recurrent(AnalogOperation):
    """A stack of recurrent layers over a sequence.

    Two layers of the chip for each layer and direction: one multiplies the inputs of all steps,
    the other the hidden state, step after step. An LSTM with a projection has a third.

    Args:
        cell: `"lstm"`, `"gru"`, `"rnn_tanh"` or `"rnn_relu"`.
        stacked: Layers on top of each other (1).
        directions: 2 if every layer also reads the sequence backwards, else 1.
    """

    cell: str
    stacked: int
    directions: int

    def together(self) -> tuple[tuple[int, ...], ...]:
        """Each of its matrices for itself."""
        return tuple((number,) for number in self.layers)

    def kind(self, layers: Sequence[LinearLayer]) -> str:  # noqa: ARG002 - as all operations
        """The kind of cell."""
        return self.cell

    def run(
        self,
        arguments: Mapping[str, object],
        layers: Sequence[LinearLayer],
        product: Product | None,
    ) -> tuple[Tensor, ...]:
        """Outputs of the last layer at every step, and the last states of all layers (1)."""
        sequence, turned = _sequence(arguments)
        finals: list[State] = []
        for level in range(self.stacked):
            outputs = []
            for direction in range(self.directions):
                place = level * self.directions + direction
                sweep = _Sweep(
                    self.cell, self._matrices(place), layers, product
                )
                start = self._start(arguments, place, sequence, layers)
                output, final = sweep.run(
                    sequence.flip(0) if direction else sequence, start
                )
                outputs.append(output.flip(0) if direction else output)
                finals.append(final)
            sequence = torch.cat(outputs, -1)
        result = sequence.transpose(0, 1) if turned else sequence
        return result, *(
            torch.stack(states) for states in zip(*finals, strict=True)
        )

    def multiply_adds(
        self, arguments: Mapping[str, object], layers: Sequence[LinearLayer]
    ) -> tuple[int, int]:
        """Every matrix once for each sample and step; gates are digital."""
        steps = prod(_sequence(arguments)[0].shape[:2])
        analog = sum(layers[number].weight.numel() for number in self.layers)
        hidden = sum(
            layers[self._matrices(place)[1]].weight.shape[0]
            // _GATES[self.cell]
            for place in range(self.stacked * self.directions)
        )
        return steps * analog, steps * hidden * _SCALED[self.cell]

    def steps_first(self, number: int, arguments: Mapping[str, object]) -> int:
        """All of them for the matrices of inputs, which come first; a state has one."""
        count = len(self.layers) // (self.stacked * self.directions)
        of_inputs = self.layers[::count]
        return _sequence(arguments)[0].shape[0] if number in of_inputs else 1

    def _matrices(self, place: int) -> tuple[int, ...]:
        """Layers of one direction: of the inputs, of the hidden state and of the projection."""
        count = len(self.layers) // (self.stacked * self.directions)
        return self.layers[place * count : (place + 1) * count]

    def _start(
        self,
        arguments: Mapping[str, object],
        place: int,
        sequence: Tensor,
        layers: Sequence[LinearLayer],
    ) -> State:
        """First state of one direction: what the network passes, or zeros (1)."""
        given = arguments["hx"]
        if isinstance(given, Tensor):
            return (given[place],)
        if given is not None:
            assert isinstance(given, tuple)
            return tuple(states[place] for states in given)
        gates, hidden = layers[self._matrices(place)[1]].weight.shape
        sizes = (hidden, gates // 4) if self.cell == "lstm" else (hidden,)
        return tuple(
            sequence.new_zeros(sequence.shape[1], size) for size in sizes
        )


@dataclass(frozen=True, slots=True)
class _Sweep:
    """One layer in one direction."""

    cell: str
    matrices: tuple[int, ...]
    layers: Sequence[LinearLayer]
    product: Product | None

    def run(
        self, sequence: Float[Tensor, "steps batch in_"], state: State
    ) -> tuple[Tensor, State]:
        driven = self.multiply(0, sequence)
        outputs = []
        for step in driven:
            state = self.step(step, self.multiply(1, state[0]), state)
            outputs.append(state[0])
        return torch.stack(outputs), state

    def multiply(self, which: int, activation: Tensor) -> Tensor:
        return multiply(
            self.matrices[which], self.layers, activation, self.product
        )

    def step(self, driven: Tensor, recurrent: Tensor, state: State) -> State:
        """The gates, in the order of torch's weights."""
        if self.cell == "lstm":
            gates = driven + recurrent
            write, keep, fresh, show = gates.chunk(4, -1)
            kept = keep.sigmoid() * state[1]
            cell = kept + write.sigmoid() * fresh.tanh()
            hidden = show.sigmoid() * cell.tanh()
            projected = len(self.matrices) > 2
            return (self.multiply(2, hidden) if projected else hidden, cell)
        if self.cell == "gru":
            # What inputs and the last state say of resetting, of keeping and of what is new.
            reset, keep, fresh = driven.chunk(3, -1)
            reset_old, keep_old, fresh_old = recurrent.chunk(3, -1)
            let_through = (reset + reset_old).sigmoid()
            new = (fresh + let_through * fresh_old).tanh()
            kept = (keep + keep_old).sigmoid()
            return (new + kept * (state[0] - new),)
        total = driven + recurrent
        return (total.tanh() if self.cell == "rnn_tanh" else total.relu(),)


def _sequence(
    arguments: Mapping[str, object],
) -> tuple[Float[Tensor, "steps batch in_"], bool]:
    """The input with steps first, and whether the network has samples first."""
    sequence = arguments["input"]
    turned = bool(arguments["batch_first"])
    assert isinstance(sequence, Tensor)
    return (sequence.transpose(0, 1) if turned else sequence), turned


def recurrent_operation(
    node: Node, graph: Graph, table: LayerTable
) -> Recurrent:
    """The layers behind a recurrent operation.

    Raises:
        NotOnTilesError: Weights depend on the input.
        ValueError: It still drops activations, as in training.
    """
    if node.arguments.get("train") and node.arguments.get("dropout"):
        raise ValueError(
            f"Argument `source` must be in evaluation mode, but node `{node.name}` still drops"
            " activations between its layers; call `eval()` before exporting."
        )
    stacked = node.arguments["num_layers"]
    directions = 2 if node.arguments["bidirectional"] else 1
    params = node.arguments["params"]
    assert isinstance(stacked, int)
    assert isinstance(params, tuple)
    count = len(params) // (stacked * directions)
    biases = bool(node.arguments["has_biases"])
    found: list[tuple[object, LinearLayer]] = []
    for first in range(0, len(params), count):
        own = params[first : first + count]
        pairs = (
            [(own[0], own[2]), (own[1], own[3])]
            if biases
            else [(own[0], None), (own[1], None)]
        )
        # A projection has no bias and comes last.
        pairs += [(ref, None) for ref in own[4 if biases else 2 :]]
        found += [
            ((weight, bias), _layer(weight, bias, graph))
            for weight, bias in pairs
        ]
    numbers = tuple(table.add(key, layer) for key, layer in found)
    return Recurrent(numbers, node.operator.split(".")[1], stacked, directions)


def _layer(weight: object, bias: object, graph: Graph) -> LinearLayer:
    values = stored_weight(weight, graph)
    return LinearLayer(
        weight_name(weight, graph), values, stored_tensor(bias, "bias", graph)
    )


def with_states(
    node: Node, arguments: Mapping[str, object]
) -> dict[str, object]:
    """The arguments of torch's own operator, which wants the zeros that `None` stands for.

    Args:
        node: A recurrent operation that runs digitally.
        arguments: Its arguments, with values in the place of references.
    """
    if arguments["hx"] is not None:
        return dict(arguments)
    sequence, _ = _sequence(arguments)
    cell, params, places = _stack(node, arguments)
    gates, hidden = params[1].shape
    sizes = (hidden, gates // _GATES[cell]) if cell == "lstm" else (hidden,)
    states = tuple(
        sequence.new_zeros(places, sequence.shape[1], size) for size in sizes
    )
    return {**arguments, "hx": states if cell == "lstm" else states[0]}


def multiply_adds(node: Node, arguments: Mapping[str, object]) -> int:
    """Multiply-adds of a recurrent operation that runs digitally, per sample (1).

    Args:
        node: The operation.
        arguments: Its arguments, with values in the place of references.
    """
    cell, params, places = _stack(node, arguments)
    steps = prod(_sequence(arguments)[0].shape[:2])
    matrices = sum(param.numel() for param in params if param.ndim > 1)
    hidden = sum(
        param.shape[0] // _GATES[cell]
        for param in params[:: len(params) // places]
    )
    return steps * (matrices + hidden * _SCALED[cell])


def _stack(
    node: Node, arguments: Mapping[str, object]
) -> tuple[str, tuple[Tensor, ...], int]:
    """Kind of cell, weights and biases, and how many layers times directions there are."""
    params = arguments["params"]
    stacked = arguments["num_layers"]
    assert isinstance(params, tuple)
    assert isinstance(stacked, int)
    return (
        node.operator.split(".")[1],
        params,
        stacked * (2 if arguments["bidirectional"] else 1),
    )


def without_zero_states(graph: Graph) -> Graph:
    """The same graph, in which recurrent layers that start from zeros know it by themselves.

    The recorded zeros have the batch size of the recording.
    """
    zeros = {
        node.name
        for node in graph.nodes
        if node.operator == "aten.zeros.default"
    }
    nodes = []
    for node in graph.nodes:
        start = (
            node.arguments.get("hx")
            if node.operator in RECURRENT_OPERATORS
            else None
        )
        refs = start if isinstance(start, tuple) else (start,)
        if all(isinstance(ref, Ref) and ref.name in zeros for ref in refs):
            nodes.append(
                replace(node, arguments={**node.arguments, "hx": None})
            )
        else:
            nodes.append(node)
    return replace(graph, nodes=tuple(nodes))
