"""ONNX recurrent layers over whole sequences, as the recurrent layers of torch.

What torch has no word for, such as a GRU that resets before it multiplies, is written out step by
step (`mho.network.formats.onnx.operators.unrolled`).
"""

from dataclasses import dataclass, replace

import numpy as np

from mho.network.formats.building import Builder, Constant, Size, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators.unrolled import (
    Activation,
    Pair,
    Steps,
    unrolled,
    unrolled_activations,
)
from mho.network.graph import Ref

_GATES = {"LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2), "RNN": (0,)}
"""Where torch's gates lie in ONNX weights: i, f, g, o in i, o, f, c; and r, z, n in z, r, h."""
_ROUNDING = "com.microsoft::DynamicQuantizeLSTM"
"""An LSTM of whole numbers, as onnxruntime's quantiser writes it."""
_ACTIVATIONS = {
    "LSTM": ["Sigmoid", "Tanh", "Tanh"],
    "GRU": ["Sigmoid", "Tanh"],
    "RNN": ["Tanh"],
}


@dataclass(frozen=True, slots=True, eq=False)
class _Layer:
    """A recurrent layer of the file.

    Args:
        node: The operation.
        inner: Weights of the inputs. Shape (directions, gates × hidden, in).
        outer: Weights of the state. Shape (directions, gates × hidden, hidden).
        bias: Of both, one after the other. Shape (directions, 2 × gates × hidden).
        activations: Of all gates of all directions, by the words of the standard.
        states: Kinds of state: 2 for an LSTM, else 1.
        rounds: Whether inputs and states are rounded to steps of their own ranges.
    """

    node: OnnxNode
    inner: Constant
    outer: Constant
    bias: Constant | None
    activations: tuple[str, ...]
    states: int
    rounds: bool = False

    @property
    def directions(self) -> int:
        return int(self.outer.array.shape[0])

    @property
    def hidden(self) -> int:
        return int(self.outer.array.shape[2])

    @property
    def backwards(self) -> bool:
        """Whether it reads its sequence only from the end."""
        return bool(
            self.node.attributes.get("direction", "forward") == "reverse"
        )

    @property
    def batch_first(self) -> bool:
        return bool(self.node.whole_attribute("layout", 0))

    @property
    def operator(self) -> str | None:
        """Torch's own layer that does the same, if there is one."""
        node = self.node
        usual = _ACTIVATIONS[node.operator]
        named = self.activations or usual * self.directions
        strange = (
            "clip" in node.attributes
            or node.whole_attribute("input_forget", 0)
            or node.input(7) is not None
        )
        early = node.operator == "GRU" and not node.whole_attribute(
            "linear_before_reset", 0
        )
        if strange or early:
            return None
        if node.operator == "RNN":
            kinds = set(named)
            if len(kinds) > 1 or not kinds <= {"Tanh", "Relu"}:
                return None
            return f"rnn_{kinds.pop().lower()}"
        return (
            node.operator.lower()
            if list(named) == usual * self.directions
            else None
        )


def _layer(node: OnnxNode) -> _Layer:
    rounds = node.operator == _ROUNDING
    if rounds:
        node = _with_real_weights(node)
    inner = node.constant(1)
    outer = node.constant(2)
    gates = len(_GATES[node.operator])
    if (
        inner is None
        or outer is None
        or inner.array.ndim != 3
        or outer.array.ndim != 3
        or outer.array.shape[1] != gates * outer.array.shape[2]
        or inner.array.shape[:2] != outer.array.shape[:2]
    ):
        raise node.refused("lacks weights")
    layer = _Layer(
        node,
        inner,
        outer,
        node.constant(3),
        tuple(node.attributes.get("activations", ())),
        2 if node.operator == "LSTM" else 1,
        rounds,
    )
    if rounds and layer.operator is None:
        raise node.refused(
            "rounds its state, and has peepholes, bounds, coupled gates or activations of its own"
        )
    return layer


def _with_real_weights(node: OnnxNode) -> OnnxNode:
    """The LSTM of real weights that one of whole numbers stands for, but for its rounding.

    Its weights lie as (directions, in, gates × hidden), their steps and zero points behind the
    inputs of an LSTM, one for each direction or for each of its gates' rows.
    """
    found = list(node.inputs[:8])
    for place, given in ((1, 8), (2, 10)):
        whole = node.constant(place)
        step = node.constant(given)
        if whole is None or step is None or whole.array.ndim != 3:
            raise node.refused("lacks weights or their steps")
        array = whole.array.astype(np.float64)
        directions, _, width = array.shape
        for part, work in (
            (node.constant(given + 1), np.subtract),
            (step, np.multiply),
        ):
            if part is None:
                continue
            if part.array.size not in (directions, directions * width):
                raise node.refused(
                    f"has steps of shape {part.array.shape} for weights of shape {array.shape}"
                )
            array = work(array, part.array.reshape(directions, 1, -1))
        real = array.transpose(0, 2, 1).astype(np.float32)
        found[place] = Constant(whole.name, real)
    return replace(node, operator="LSTM", inputs=tuple(found))


def _recurrent(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """An LSTM, GRU or plain layer over whole sequences, in one direction or both."""
    layer = _layer(node)
    value = builder.ref(node.needed(0))
    if layer.batch_first:
        value = _turned(builder, value, (1, 0, 2))
    _check_lengths(builder, node, value)
    states = _states(builder, layer, value)
    if layer.backwards:
        value = builder.emit("aten.flip.default", self=value, dims=(0,))
    if layer.operator is None or layer.rounds:
        parts = _by_steps(builder, layer, value, states)
    else:
        parts = _by_torch(builder, layer, value, states)
    return _outputs(builder, layer, parts)


def _turned(builder: Builder, value: Ref, order: tuple[int, ...]) -> Ref:
    return builder.emit("aten.permute.default", self=value, dims=order)


def _check_lengths(builder: Builder, node: OnnxNode, sequence: Ref) -> None:
    """All sequences of a batch must be as long as the input."""
    lengths = node.input(4)
    if lengths is None:
        return
    steps = builder.fixed_shape(sequence)[0]
    whole = (
        lengths.whole()
        if isinstance(lengths, Constant) and not lengths.sized
        else ()
    )
    if not whole or any(length != steps for length in whole):
        raise node.refused("has sequences of several lengths")


def _states(builder: Builder, layer: _Layer, sequence: Ref) -> list[Ref]:
    """First states, from the file or zeros. Shape (directions, batch, hidden)."""
    node = layer.node
    batch = builder.shape(sequence)[1]
    found: list[Ref] = []
    for k in range(5, 5 + layer.states):
        if builder.is_zero(node.input(k)):
            found.append(_zeros(builder, layer, batch))
            continue
        state = builder.ref(node.needed(k))
        if layer.batch_first:
            state = _turned(builder, state, (1, 0, 2))
        found.append(state)
    return found


def _zeros(builder: Builder, layer: _Layer, batch: int | Size) -> Ref:
    size = (layer.directions, batch, layer.hidden)
    return builder.emit("aten.zeros.default", size=size)


def _by_torch(
    builder: Builder, layer: _Layer, sequence: Ref, states: list[Ref]
) -> list[Ref]:
    """Outputs and last states of torch's own layer."""
    result = builder.emit(
        f"aten.{layer.operator}.input",
        input=sequence,
        hx=tuple(states) if layer.states > 1 else states[0],
        params=_parameters(builder, layer),
        has_biases=layer.bias is not None,
        num_layers=1,
        dropout=0.0,
        train=False,
        bidirectional=layer.directions == 2,
        batch_first=False,
    )
    parts = [
        builder.emit("_operator.getitem", a=result, b=k)
        for k in range(layer.states + 1)
    ]
    split = builder.emit(
        "aten.unflatten.int",
        self=parts[0],
        dim=2,
        sizes=(layer.directions, layer.hidden),
    )
    outputs = _turned(builder, split, (0, 2, 1, 3))
    return [outputs, *parts[1:]]


def _by_steps(
    builder: Builder, layer: _Layer, sequence: Ref, states: list[Ref]
) -> list[Ref]:
    """Outputs and last states, every step written out."""
    node = layer.node
    usual = _ACTIVATIONS[node.operator]
    every = unrolled_activations(
        node, layer.activations, usual, layer.directions
    )
    outputs: list[Ref] = []
    finals: list[list[Ref]] = []
    for direction in range(layer.directions):
        own = [
            builder.emit("aten.select.int", self=state, dim=0, index=direction)
            for state in states
        ]
        steps = _steps(builder, layer, direction, every[direction])
        output, final = unrolled(builder, steps, sequence, own)
        outputs.append(output)
        finals.append(final)
    stacked = builder.emit("aten.stack.default", tensors=outputs, dim=1)
    of_each_state = zip(*finals, strict=True)
    last = [
        builder.emit("aten.stack.default", tensors=list(both), dim=0)
        for both in of_each_state
    ]
    return [stacked, *last]


def _steps(
    builder: Builder,
    layer: _Layer,
    direction: int,
    activations: tuple[Activation, ...],
) -> Steps:
    """One direction of a layer, with its weights in the order of the file."""
    order = range(len(_GATES[layer.node.operator]))
    inner, outer, *biases = _of_direction(builder, layer, direction, order)
    bias = biases[0] if biases else None
    outer_bias = biases[1] if biases else None
    parts: tuple[Pair, ...] = ((outer, outer_bias),)
    if layer.node.operator == "GRU":
        split = 2 * layer.hidden
        parts = (
            _rows(builder, layer, direction, "gates", slice(0, split)),
            _rows(builder, layer, direction, "new", slice(split, None)),
        )
    return Steps(
        layer.node,
        (inner, bias),
        parts,
        activations,
        layer.hidden,
        direction,
        layer.rounds,
    )


def _rows(
    builder: Builder, layer: _Layer, direction: int, name: str, rows: slice
) -> Pair:
    """Weights and bias of some gates, for the state."""
    change = f"weight_hh_l0_{name}{'_reverse' if direction else ''}"
    weight = builder.store(
        layer.outer,
        change,
        layer.outer.array[direction][rows],
        layer.node.label(layer.outer, change),
    )
    if layer.bias is None:
        return weight, None
    own = np.split(layer.bias.array[direction], 2)[1][rows]
    change = change.replace("weight", "bias")
    label = layer.node.label(layer.bias, change)
    return weight, builder.store(layer.bias, change, own, label)


def _outputs(
    builder: Builder, layer: _Layer, parts: list[Ref]
) -> tuple[Value, ...]:
    """Outputs (steps, directions, batch, hidden) and last states, as the file wants them."""
    outputs, *states = parts
    if layer.backwards:
        outputs = builder.emit("aten.flip.default", self=outputs, dims=(0,))
    if not layer.batch_first:
        return outputs, *states
    turned = _turned(builder, outputs, (2, 0, 1, 3))
    return turned, *(_turned(builder, state, (1, 0, 2)) for state in states)


def _parameters(builder: Builder, layer: _Layer) -> tuple[Ref, ...]:
    """Weights and biases of each direction, in torch's order of gates."""
    order = _GATES[layer.node.operator]
    return tuple(
        ref
        for direction in range(layer.directions)
        for ref in _of_direction(builder, layer, direction, order)
    )


def _of_direction(
    builder: Builder,
    layer: _Layer,
    direction: int,
    order: tuple[int, ...] | range,
) -> tuple[Ref, ...]:
    """Weights and, where there are some, biases of one direction."""
    node = layer.node
    bias = layer.bias
    inner = layer.inner.array[direction]
    outer = layer.outer.array[direction]
    parts = [("weight_ih", layer.inner, inner)]
    parts += [("weight_hh", layer.outer, outer)]
    if bias is not None:
        halves = np.split(bias.array[direction], 2)
        parts += [("bias_ih", bias, halves[0]), ("bias_hh", bias, halves[1])]
    found: list[Ref] = []
    for name, source, array in parts:
        gates = np.split(array, len(order))
        turned = np.concatenate([gates[gate] for gate in order])
        # The names that torch gives them.
        change = f"{name}_l0{'_reverse' if direction else ''}"
        label = node.label(source, change)
        found.append(builder.store(source, change, turned, label))
    return tuple(found)


HANDLERS: dict[str, Handler] = {
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    _ROUNDING: _recurrent,
}
"""Operators of this family."""
