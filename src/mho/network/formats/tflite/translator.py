"""From the order of axes in TFLite, channels last, to that of torch, channels second.

Convolutions and poolings of torch want images as (sample, channel, row, column). An image is
turned where the first of them reads it, stays turned through everything that works on each number
alone, and is turned back where its order matters, such as in front of a reshape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mho.checks import RefusedError
from mho.network.formats.building import Builder, Constant
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.file import TensorRecord
from mho.network.formats.tflite.flat_buffer import Table
from mho.network.graph import Ref

TO_IMAGE = (0, 3, 1, 2)
TO_FILE = (0, 2, 3, 1)


@dataclass(frozen=True, slots=True)
class Activation:
    """Numbers that depend on the input.

    Args:
        ref: Their name in the graph.
        turned: Whether they lie as (sample, channel, row, column), where the file has channels
            last.
    """

    ref: Ref
    turned: bool = False


Value = Constant | Activation


@dataclass(frozen=True, slots=True, eq=False)
class TfliteNode:
    """One operation of the file.

    Args:
        name: Name of its first result.
        operator: Such as `"CONV_2D"`.
        inputs: Values, `None` where an optional one is left out.
        results: What the file says of its results.
        options: Its options, `None` if it has none.
    """

    name: str
    operator: str
    inputs: tuple[Value | None, ...]
    results: tuple[TensorRecord, ...]
    options: Table | None

    def input(self, index: int) -> Value | None:
        """An input, `None` where it is left out."""
        return self.inputs[index] if index < len(self.inputs) else None

    def needed(self, index: int) -> Value:
        """An input that cannot be left out."""
        value = self.input(index)
        if value is None:
            raise self.refused(f"lacks its input number {index + 1}")
        return value

    def activation(self, index: int = 0) -> Activation:
        """An input that depends on the network's."""
        value = self.needed(index)
        if isinstance(value, Constant):
            raise self.refused("works on nothing but constants")
        return value

    def constant(self, index: int) -> Constant | None:
        """An input that has to be known in advance, `None` where it is left out."""
        value = self.input(index)
        if isinstance(value, Activation):
            raise self.refused(
                f"computes its input number {index + 1}, which must be constant"
            )
        return value

    def whole(self, index: int) -> tuple[int, ...]:
        """Whole numbers of an input that has to be known in advance."""
        found = self.constant(index)
        if found is None or found.array.dtype.kind not in "iu":
            raise self.refused(
                f"lacks whole numbers as its input number {index + 1}"
            )
        return tuple(int(number) for number in found.array.flat)

    def option(self, name: str, kind: str = "i", default: int = 0) -> int:
        """A whole number among its options."""
        if self.options is None:
            return default
        place = schema.OPTIONS[self.operator].fields[name]
        return self.options.whole(place, kind, default)

    def real_option(self, name: str, default: float) -> float:
        """A real number among its options."""
        if self.options is None:
            return default
        place = schema.OPTIONS[self.operator].fields[name]
        return self.options.real(place, default)

    def listed_option(self, name: str) -> tuple[int, ...] | None:
        """Whole numbers among its options, `None` if they are left out."""
        if self.options is None:
            return None
        place = schema.OPTIONS[self.operator].fields[name]
        found = self.options.numbers(place, np.int32)
        return None if found is None else tuple(int(size) for size in found)

    def refused(self, reason: str) -> RefusedError:
        """What to raise if mho cannot run the operation as it is."""
        return RefusedError(
            f"has a node `{self.name}` (`{self.operator}`) that {reason}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Translator:
    """Adds operations to a graph, and knows how each value lies.

    Args:
        builder: The graph that grows.
        batch: Number of samples that the file was saved for (1); any number will do.
        other_way: Values that were turned, by the name of what they were turned from.
    """

    builder: Builder
    batch: int = 1
    other_way: dict[str, Ref] = field(default_factory=dict)

    def emit(self, operator: str, /, **arguments: object) -> Ref:
        """Add an operation; see `Builder.emit`."""
        return self.builder.emit(operator, **arguments)

    def shape(self, value: Value) -> tuple[int | None, ...]:
        """Sizes in the file's order of axes, `None` where they are free."""
        if isinstance(value, Constant):
            return tuple(value.array.shape)
        sizes = self.builder.fixed_shape(value.ref)
        return tuple(sizes[k] for k in TO_FILE) if value.turned else sizes

    def rows(self, value: Activation) -> int:
        """Entries of a value's first axis for each sample (1), more than one after a reshape."""
        first, second = self.builder.both(value.ref)
        return int(second.shape[0] - first.shape[0])

    def in_file_order(self, value: Value) -> Ref:
        """A value with its axes in the order of the file."""
        if isinstance(value, Constant):
            return self.builder.store(value)
        return self._turned(value, TO_FILE) if value.turned else value.ref

    def as_image(self, node: TfliteNode, value: Value) -> Ref:
        """A value as (sample, channel, row, column).

        Raises:
            RefusedError: It has no four axes.
        """
        if len(self.shape(value)) != 4:
            raise node.refused(
                f"reads a value of shape {self.shape(value)}, which is no image"
            )
        if isinstance(value, Constant):
            turned = value.array.transpose(TO_IMAGE)
            return self.builder.store(value, "channels first", turned)
        return value.ref if value.turned else self._turned(value, TO_IMAGE)

    def _turned(self, value: Activation, order: Sequence[int]) -> Ref:
        name = value.ref.name
        if name not in self.other_way:
            turned = self.emit(
                "aten.permute.default", self=value.ref, dims=tuple(order)
            )
            self.other_way[name] = turned
            self.other_way[turned.name] = value.ref
        return self.other_way[name]

    def padded(
        self,
        value: Ref,
        before: Sequence[int],
        after: Sequence[int],
        fill: float = 0.0,
    ) -> Ref:
        """A value with its last axes made longer in front and behind (places)."""
        # torch counts axes from the last.
        pads: list[int] = []
        for axis in reversed(range(len(before))):
            pads += [before[axis], after[axis]]
        return self.emit(
            "aten.constant_pad_nd.default", self=value, pad=pads, value=fill
        )

    def axis(self, node: TfliteNode, value: Value, axis: int) -> int:
        """An axis of the file, from the end if negative, counted from the front.

        Raises:
            RefusedError: There is no such axis.
        """
        rank = len(self.shape(value))
        if not -rank <= axis < rank:
            raise node.refused(f"names axis {axis} of {rank}")
        return axis % rank

    def fused(self, node: TfliteNode, ref: Ref) -> Ref:
        """The activation that an operation has built in."""
        number = node.option("fused_activation_function", "b")
        is_known = 0 <= number < len(schema.ACTIVATIONS)
        if not is_known:
            raise node.refused(f"ends with the unknown activation {number}")
        kind = schema.ACTIVATIONS[number]
        # The interpreter of the format leaves it out there; nobody can say what was meant.
        if kind == "TANH":
            raise node.refused("ends with the activation `TANH`")
        return self.activated(node, ref, kind)

    def activated(self, node: TfliteNode, ref: Ref, kind: str) -> Ref:
        """A value after one of the schema's activations."""
        if kind == "NONE":
            return ref
        if kind in _PLAIN:
            return self.emit(f"aten.{_PLAIN[kind]}.default", self=ref)
        if kind not in _CLAMPED:
            raise node.refused(f"ends with the activation `{kind}`")
        low, high = _CLAMPED[kind]
        return self.emit("aten.clamp.default", self=ref, min=low, max=high)


_PLAIN: Mapping[str, str] = {"RELU": "relu", "TANH": "tanh"}
_CLAMPED: Mapping[str, tuple[float, float]] = {
    "RELU_N1_TO_1": (-1.0, 1.0),
    "RELU6": (0.0, 6.0),
    "RELU_0_TO_1": (0.0, 1.0),
}
"""Activations that cut off, with their bounds."""
