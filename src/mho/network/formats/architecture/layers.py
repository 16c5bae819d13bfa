"""What each kind of layer of a list computes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from torch import Tensor

from mho.network.formats.architecture.description import LayerEntry
from mho.network.formats.building import Builder, Constant
from mho.network.graph import Ref

ACTIVATIONS = (
    "relu",
    "relu6",
    "tanh",
    "sigmoid",
    "gelu",
    "silu",
    "elu",
    "none",
)
_FREE = ("inputs", "activation")
"""Options that every layer has."""


@dataclass(slots=True, eq=False)
class Construction:
    """A network that grows by a layer at a time.

    Args:
        builder: The graph.
        state: Stored numbers by their names.
        used: Names of those that a layer has used.
    """

    builder: Builder
    state: Mapping[str, Tensor]
    used: set[str] = field(default_factory=set)

    def numbers(self, entry: LayerEntry, part: str) -> Constant | None:
        """Stored numbers of a layer, `None` if it has none of that name."""
        name = f"{self.prefix(entry)}.{part}"
        if name not in self.state:
            return None
        self.used.add(name)
        return Constant(name, self.state[name].detach().float().numpy())

    def needed(self, entry: LayerEntry, part: str) -> Constant:
        """Stored numbers that a layer cannot do without."""
        found = self.numbers(entry, part)
        if found is None:
            missing = f"{self.prefix(entry)}.{part}"
            raise entry.refused(f"lacks its tensor `{missing}`")
        return found

    def prefix(self, entry: LayerEntry) -> str:
        """Under what name the numbers of a layer are stored."""
        stated = entry.options.get("weights", entry.name)
        if not isinstance(stated, str):
            raise entry.refused("says `weights` is no text", "weights")
        return stated


Handler = Callable[[Construction, LayerEntry, Sequence[Ref]], Ref]
"""Adds a layer: (network, layer, its inputs) -> its result."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of layer.

    Args:
        build: Adds it to a network.
        options: What it takes besides `inputs` and `activation`.
        inputs: How many inputs it has at least and at most (1).
    """

    build: Handler
    options: tuple[str, ...] = ()
    inputs: tuple[int, int] = (1, 1)

    @property
    def known(self) -> tuple[str, ...]:
        """All options that it takes."""
        return (*_FREE, *self.options)


def activated(network: Construction, entry: LayerEntry, value: Ref) -> Ref:
    """A layer's result after the activation that it ends with."""
    name = entry.word("activation", ACTIVATIONS, "none")
    if name == "none":
        return value
    return network.builder.emit(f"aten.{name}.default", self=value)


def _linear(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    weight = network.needed(entry, "weight")
    if weight.array.ndim != 2:
        raise entry.refused(f"has a weight of shape {weight.array.shape}")
    return network.builder.emit(
        "aten.linear.default",
        input=inputs[0],
        weight=weight,
        bias=network.numbers(entry, "bias"),
    )


def _convolution(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    weight = network.needed(entry, "weight")
    axes = weight.array.ndim - 2
    if axes not in (1, 2):
        raise entry.refused(f"has a kernel of shape {weight.array.shape}")
    groups = entry.whole("groups", 1, low=1)
    if entry.kind == "depthwise":
        channels = network.builder.fixed_shape(inputs[0])[1]
        if channels is None:
            raise entry.refused("works on a free number of channels")
        groups = channels
    same = entry.options.get("padding") == "same"
    stride = entry.sizes("stride", 1, axes, 1)
    if same and max(stride) > 1:
        raise entry.refused("pads by `same` beside a stride", "padding")
    overload = "padding" if same else "default"
    bias = network.numbers(entry, "bias")
    padding = "same" if same else entry.sizes("padding", 0, axes, 0)
    return network.builder.emit(
        f"aten.conv{axes}d.{overload}",
        input=inputs[0],
        weight=weight,
        bias=bias,
        stride=stride,
        padding=padding,
        dilation=entry.sizes("dilation", 1, axes, 1),
        groups=groups,
    )


def _norm(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    return network.builder.emit(
        "aten.batch_norm.default",
        input=inputs[0],
        weight=network.numbers(entry, "weight"),
        bias=network.numbers(entry, "bias"),
        running_mean=network.needed(entry, "running_mean"),
        running_var=network.needed(entry, "running_var"),
        training=False,
        momentum=0.1,
        eps=entry.real("eps", 1e-5),
        cudnn_enabled=False,
    )


def _layer_norm(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    weight = network.needed(entry, "weight")
    return network.builder.emit(
        "aten.layer_norm.default",
        input=inputs[0],
        normalized_shape=tuple(weight.array.shape),
        weight=weight,
        bias=network.numbers(entry, "bias"),
        eps=entry.real("eps", 1e-5),
        cudnn_enable=False,
    )


def _pool(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    how = entry.word("how", ("max", "average"), "max")
    axes = len(network.builder.fixed_shape(inputs[0])) - 2
    if axes not in (1, 2):
        raise entry.refused("pools what is neither a signal nor an image")
    if "kernel" not in entry.options or entry.options["kernel"] == "all":
        operator = "amax.default" if how == "max" else "mean.dim"
        return network.builder.emit(
            f"aten.{operator}",
            self=inputs[0],
            dim=tuple(range(2, axes + 2)),
            keepdim=True,
        )
    kernel = entry.sizes("kernel", 2, axes, 1)
    stride = (
        entry.sizes("stride", 1, axes, 1)
        if "stride" in entry.options
        else kernel
    )
    name = "max_pool" if how == "max" else "avg_pool"
    return network.builder.emit(
        f"aten.{name}{axes}d.default",
        self=inputs[0],
        kernel_size=kernel,
        stride=stride,
        padding=entry.sizes("padding", 0, axes, 0),
    )


def _activation(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    name = entry.word("function", (*ACTIVATIONS, "softmax"), "relu")
    if name == "softmax":
        return network.builder.emit("aten.softmax.int", self=inputs[0], dim=-1)
    if name == "none":
        return inputs[0]
    return network.builder.emit(f"aten.{name}.default", self=inputs[0])


def _flatten(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    del entry
    return network.builder.emit(
        "aten.flatten.using_ints", self=inputs[0], start_dim=1
    )


def _folded(operator: str) -> Handler:
    """One value of all inputs, two at a time."""

    def build(
        network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
    ) -> Ref:
        del entry
        total = inputs[0]
        for value in inputs[1:]:
            total = network.builder.emit(operator, self=total, other=value)
        return total

    return build


def _concat(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    return network.builder.emit(
        "aten.cat.default",
        tensors=tuple(inputs),
        dim=entry.whole("axis", 1, low=1),
    )


def _reshape(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    value = entry.options.get("shape")
    count = len(value) if isinstance(value, list) else 1
    sizes = entry.sizes("shape", 0, count, 1)
    return network.builder.emit(
        "aten.reshape.default", self=inputs[0], shape=(-1, *sizes)
    )


def _permute(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    rank = len(network.builder.fixed_shape(inputs[0]))
    order = entry.sizes("order", 0, rank - 1, 1)
    every_axis = list(range(1, rank))
    if sorted(order) != every_axis:
        raise entry.refused(
            f"says `order` is {order}, where each of 1 to {rank - 1} belongs",
            "order",
        )
    with_samples = (0, *order)
    return network.builder.emit(
        "aten.permute.default", self=inputs[0], dims=with_samples
    )


def _mean(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    axis = entry.whole("axis", 1, low=1)
    return network.builder.emit(
        "aten.mean.dim", self=inputs[0], dim=(axis,), keepdim=False
    )


def _scale(
    network: Construction, entry: LayerEntry, inputs: Sequence[Ref]
) -> Ref:
    factor = np.array(entry.real("factor", 1.0), dtype=np.float32)
    constant = Constant(f"{entry.name} factor", factor)
    return network.builder.emit(
        "aten.mul.Tensor", self=inputs[0], other=constant
    )


_MOVES = ("weights", "stride", "padding", "dilation")
KINDS: Mapping[str, Kind] = {
    "linear": Kind(_linear, ("weights",)),
    "conv": Kind(_convolution, (*_MOVES, "groups")),
    "depthwise": Kind(_convolution, _MOVES),
    "norm": Kind(_norm, ("weights", "eps")),
    "layer_norm": Kind(_layer_norm, ("weights", "eps")),
    "pool": Kind(_pool, ("how", "kernel", "stride", "padding")),
    "activation": Kind(_activation, ("function",)),
    "flatten": Kind(_flatten),
    "add": Kind(_folded("aten.add.Tensor"), inputs=(2, 64)),
    "multiply": Kind(_folded("aten.mul.Tensor"), inputs=(2, 64)),
    "concat": Kind(_concat, ("axis",), inputs=(2, 64)),
    "reshape": Kind(_reshape, ("shape",)),
    "permute": Kind(_permute, ("order",)),
    "mean": Kind(_mean, ("axis",)),
    "scale": Kind(_scale, ("factor",)),
}
"""Layers by the word for them."""
