"""Recurrent layers that torch does not have, written out step by step.

A GRU that resets before it multiplies (the default of Keras and of the standard), peepholes,
clipped cells, coupled gates and other activations, and states that are rounded before they are
multiplied. Matrices are used again in every step, so each is one layer on the chip.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mho.network.formats.building import Builder
from mho.network.formats.onnx.node import OnnxNode
from mho.network.formats.onnx.operators.quantized import by_own_range
from mho.network.graph import Ref

_STEPS = 1024
"""Steps that are written out at most (1)."""

Activation = Callable[[Builder, Ref], Ref]
Pair = tuple[Ref, Ref | None]
"""Weights, and a bias if there is one."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """One direction of a layer.

    Args:
        node: The operation.
        inner: Weights and bias of the inputs, gates in ONNX order.
        outer: Those of the state; a GRU has its last gate apart, as it sees another state.
        activations: One for each gate or, for an LSTM, for gates, cell and hidden state.
        hidden: Size of the state (1).
        direction: 1 for the one that reads from the end, else 0.
        rounds: Whether what is multiplied is rounded to steps of its own range: that of a
            sample's whole sequence, and that of its state in a step.
    """

    node: OnnxNode
    inner: Pair
    outer: tuple[Pair, ...]
    activations: tuple[Activation, ...]
    hidden: int
    direction: int
    rounds: bool = False

    def of_input(self, builder: Builder, sequence: Ref) -> Ref:
        """What the inputs of all steps say to all gates."""
        if self.rounds:
            sequence = by_own_range(builder, sequence, [0, 2])
        return _product(builder, sequence, self.inner)

    def of_state(self, builder: Builder, state: Ref, part: int = 0) -> Ref:
        """What a state says to the gates of a part of the weights."""
        if self.rounds:
            state = by_own_range(builder, state, [1])
        return _product(builder, state, self.outer[part])

    def split(self, builder: Builder, value: Ref) -> list[Ref]:
        """One part for each gate, from the last axis."""
        width = builder.fixed_shape(value)[-1] or 0
        return [
            builder.emit(
                "aten.slice.Tensor",
                self=value,
                dim=1,
                start=first,
                end=first + self.hidden,
                step=1,
            )
            for first in range(0, width, self.hidden)
        ]

    def clipped(self, builder: Builder, value: Ref) -> Ref:
        """A gate before its activation, kept within bounds if the file says so."""
        bound = self.node.attributes.get("clip")
        if bound is None:
            return value
        return builder.emit(
            "aten.clamp.default", self=value, min=-bound, max=bound
        )


def _product(builder: Builder, value: Ref, pair: Pair) -> Ref:
    weight, bias = pair
    return builder.emit(
        "aten.linear.default", input=value, weight=weight, bias=bias
    )


def unrolled(
    builder: Builder, steps: Steps, sequence: Ref, states: list[Ref]
) -> tuple[Ref, list[Ref]]:
    """Outputs (steps, batch, hidden) and last states of one direction."""
    count = builder.fixed_shape(sequence)[0]
    if count is None or not 0 < count <= _STEPS:
        raise steps.node.refused(
            f"is written out step by step, for at most {_STEPS} steps, and has {count}"
        )
    step = _STEP[steps.node.operator]
    driven = steps.of_input(builder, sequence)
    order = range(count)[::-1] if steps.direction else range(count)
    outputs: list[Ref] = []
    for place in order:
        own = builder.emit("aten.select.int", self=driven, dim=0, index=place)
        states = step(builder, steps, own, states)
        outputs.append(states[0])
    if steps.direction:
        outputs.reverse()
    stacked = builder.emit("aten.stack.default", tensors=outputs, dim=0)
    return stacked, states


def _add(builder: Builder, a: Ref, b: Ref) -> Ref:
    return builder.emit("aten.add.Tensor", self=a, other=b)


def _times(builder: Builder, a: Ref, b: Ref) -> Ref:
    return builder.emit("aten.mul.Tensor", self=a, other=b)


def _plain_step(
    builder: Builder, steps: Steps, driven: Ref, states: list[Ref]
) -> list[Ref]:
    total = _add(builder, driven, steps.of_state(builder, states[0]))
    (activation,) = steps.activations
    return [activation(builder, steps.clipped(builder, total))]


def _gru_step(
    builder: Builder, steps: Steps, driven: Ref, states: list[Ref]
) -> list[Ref]:
    """Keep and reset first; then what is new, of the state as far as it was not reset."""
    state = states[0]
    gate, fresh = steps.activations
    own = steps.split(builder, driven)
    old = steps.split(builder, steps.of_state(builder, state))
    keep, reset = (
        gate(builder, steps.clipped(builder, _add(builder, a, b)))
        for a, b in zip(own[:2], old, strict=True)
    )
    if steps.node.whole_attribute("linear_before_reset", 0):
        shown = steps.of_state(builder, state, 1)
        remembered = _times(builder, reset, shown)
    else:
        remembered = steps.of_state(builder, _times(builder, reset, state), 1)
    total = _add(builder, own[2], remembered)
    new = fresh(builder, steps.clipped(builder, total))
    away = builder.emit("aten.sub.Tensor", self=state, other=new)
    return [_add(builder, new, _times(builder, keep, away))]


def _lstm_step(
    builder: Builder, steps: Steps, driven: Ref, states: list[Ref]
) -> list[Ref]:
    state, cell = states
    gate, fresh, shown = steps.activations
    total = _add(builder, driven, steps.of_state(builder, state))
    write, show, keep, new = steps.split(builder, total)
    write = _opened(builder, steps, gate, write, (cell, 0))
    if steps.node.whole_attribute("input_forget", 0):
        keep = builder.emit("aten.rsub.Scalar", self=write, other=1.0)
    else:
        keep = _opened(builder, steps, gate, keep, (cell, 2))
    content = fresh(builder, steps.clipped(builder, new))
    cell = _add(
        builder,
        _times(builder, keep, cell),
        _times(builder, write, content),
    )
    show = _opened(builder, steps, gate, show, (cell, 1))
    return [_times(builder, show, shown(builder, cell)), cell]


def _opened(
    builder: Builder,
    steps: Steps,
    gate: Activation,
    value: Ref,
    peephole: tuple[Ref, int],
) -> Ref:
    """How far a gate is open; where the file has peepholes, it sees the cell too."""
    given = steps.node.constant(7)
    cell, place = peephole
    if given is not None:
        first = place * steps.hidden
        own = given.array[steps.direction][first : first + steps.hidden]
        name = f"peephole {place} of direction {steps.direction}"
        seen = builder.store(given, name, np.ascontiguousarray(own))
        value = _add(builder, value, _times(builder, cell, seen))
    return gate(builder, steps.clipped(builder, value))


_STEP = {"RNN": _plain_step, "GRU": _gru_step, "LSTM": _lstm_step}


def _named(name: str) -> Activation:
    return lambda builder, value: builder.emit(
        f"aten.{name}.default", self=value
    )


def _affine(alpha: float, beta: float) -> Activation:
    def apply(builder: Builder, value: Ref) -> Ref:
        scaled = builder.emit("aten.mul.Scalar", self=value, other=alpha)
        return builder.emit("aten.add.Scalar", self=scaled, other=beta)

    return apply


def _hard_sigmoid(alpha: float, beta: float) -> Activation:
    line = _affine(alpha, beta)

    def apply(builder: Builder, value: Ref) -> Ref:
        return builder.emit(
            "aten.clamp.default", self=line(builder, value), min=0.0, max=1.0
        )

    return apply


def _leaky(alpha: float, _: float) -> Activation:
    return lambda builder, value: builder.emit(
        "aten.leaky_relu.default", self=value, negative_slope=alpha
    )


def _elu(alpha: float, _: float) -> Activation:
    return lambda builder, value: builder.emit(
        "aten.elu.default", self=value, alpha=alpha
    )


_SIMPLE = ("Sigmoid", "Tanh", "Relu", "Softplus")
_SHAPED: dict[str, tuple[Callable[[float, float], Activation], float, float]]
_SHAPED = {
    "HardSigmoid": (_hard_sigmoid, 0.2, 0.5),
    "Affine": (_affine, 1.0, 0.0),
    "LeakyRelu": (_leaky, 0.01, 0.0),
    "Elu": (_elu, 1.0, 0.0),
}


def unrolled_activations(
    node: OnnxNode,
    stated: Sequence[str],
    usual: Sequence[str],
    directions: int,
) -> list[tuple[Activation, ...]]:
    """Activations of each direction, by the words of the standard.

    Args:
        node: The operation, which may shape them by numbers.
        stated: Those that the file names, of all directions; empty for the usual ones.
        usual: Those of a direction if the file names none.
        directions: How many there are (1).
    """
    names = list(stated) or list(usual) * directions
    if len(names) != len(usual) * directions:
        raise node.refused(f"uses the activations {names} in its gates")
    alphas = list(node.attributes.get("activation_alpha", ()))
    betas = list(node.attributes.get("activation_beta", ()))
    found: list[Activation] = []
    for name in names:
        if name in _SIMPLE:
            found.append(_named(name.lower()))
        elif name in _SHAPED:
            make, alpha, beta = _SHAPED[name]
            # Numbers are stated only for those activations that have some.
            alpha = float(alphas.pop(0)) if alphas else alpha
            has_beta = name in ("HardSigmoid", "Affine")
            beta = float(betas.pop(0)) if betas and has_beta else beta
            found.append(make(alpha, beta))
        else:
            raise node.refused(f"uses the activation `{name}` in its gates")
    count = len(usual)
    return [
        tuple(found[k * count : (k + 1) * count]) for k in range(directions)
    ]
