"""Writes TFLite files with the `flatbuffers` package, and computes what they stand for in numpy.

The arithmetic follows the definitions of TensorFlow's operators on images with channels last. It
shares nothing with the reader but the numbers of the schema; those were compared with an
interpreter of the format (see `golden_tflite`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt

from mho.network.formats.tflite import schema

Array = npt.NDArray[Any]
_KINDS = {dtype: kind for kind, dtype in schema.TYPES.items()}


@dataclass
class Tensor:
    """A tensor of the file.

    Args:
        name: Its name.
        shape: Sizes of its axes.
        array: Its numbers as they are stored, `None` if it is computed.
        kind: Number type, a key of `schema.TYPES`.
        scale: Real steps of whole numbers, none if they are plain.
        zero: The whole numbers that stand for zero.
        axis: Axis that several scales lie along.
        signature: Sizes with -1 for free ones.
    """

    name: str
    shape: tuple[int, ...]
    array: Array | None = None
    kind: int = 0
    scale: Sequence[float] = ()
    zero: Sequence[int] = ()
    axis: int = 0
    signature: tuple[int, ...] | None = None

    @property
    def real(self) -> Array:
        """The real numbers that it stands for."""
        assert self.array is not None
        if not len(self.scale):
            return self.array
        along = [1] * self.array.ndim
        if len(self.scale) > 1:
            along[self.axis] = -1
        scale = np.array(self.scale, np.float32).reshape(along)
        zero = np.array(self.zero, np.int64).reshape(along)
        return (scale * (self.array - zero)).astype(np.float32)


@dataclass
class Operation:
    """An operation of the file, with whole or real numbers as options."""

    operator: str
    inputs: list[int]
    outputs: list[int]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass
class Writer:
    """A network that grows operation by operation.

    Args:
        seed: Names the weights.
        quantized: Store weights as whole numbers of 8 bits, with a scale for each output.
    """

    seed: int = 0
    quantized: bool = False
    tensors: list[Tensor] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    free_batch: bool = True
    lasting: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = np.random.default_rng(self.seed)

    def input(self, *shape: int, name: str = "input", **more: Any) -> int:
        signature = (-1, *shape) if self.free_batch else None
        self.tensors.append(
            Tensor(name, (1, *shape), signature=signature, **more)
        )
        self.inputs.append(len(self.tensors) - 1)
        return self.inputs[-1]

    def constant(self, array: Array, name: str = "", **more: Any) -> int:
        label = name or f"constant_{len(self.tensors)}"
        kind = _KINDS[array.dtype]
        self.tensors.append(Tensor(label, array.shape, array, kind, **more))
        return len(self.tensors) - 1

    def whole(self, *numbers: int) -> int:
        return self.constant(np.array(numbers, np.int32))

    def op(
        self,
        operator: str,
        inputs: Sequence[int],
        shape: Sequence[int],
        *,
        name: str = "",
        results: int = 1,
        **options: Any,
    ) -> int:
        """Add an operation; the (first) result."""
        first = len(self.tensors)
        for number in range(results):
            label = name or f"{operator.lower()}_{first + number}"
            self.tensors.append(Tensor(label, tuple(shape)))
        outputs = list(range(first, first + results))
        self.operations.append(
            Operation(operator, list(inputs), outputs, options)
        )
        return first

    def shape(self, place: int) -> tuple[int, ...]:
        return self.tensors[place].shape

    def weights(self, shape: tuple[int, ...], fan_in: int, axis: int) -> int:
        """Random weights that keep the size of what passes, stored as the writer says."""
        real = self.chance.normal(0, (2 / fan_in) ** 0.5, shape)
        name = f"weights_{len(self.tensors)}"
        if not self.quantized:
            return self.constant(real.astype(np.float32), name)
        others = tuple(k for k in range(len(shape)) if k != axis)
        scale = np.abs(real).max(others) / 127
        along = [1] * len(shape)
        along[axis] = -1
        whole = np.round(real / scale.reshape(along)).astype(np.int8)
        return self.constant(
            whole, name, scale=scale, zero=[0] * len(scale), axis=axis
        )

    def bias(self, outputs: int) -> int:
        real = self.chance.normal(0, 0.1, outputs).astype(np.float32)
        name = f"bias_{len(self.tensors)}"
        if not self.quantized:
            return self.constant(real, name)
        whole = np.round(real / 1e-4).astype(np.int32)
        return self.constant(whole, name, scale=[1e-4], zero=[0])

    def conv(
        self,
        x: int,
        filters: int,
        kernel: tuple[int, int],
        stride: int = 1,
        activation: str = "RELU",
        padding: str = "SAME",
    ) -> int:
        n, h, w, c = self.shape(x)
        weight = self.weights(
            (filters, *kernel, c), kernel[0] * kernel[1] * c, 0
        )
        rows, columns = _positions((h, w), kernel, stride, padding)
        return self.op(
            "CONV_2D",
            [x, weight, self.bias(filters)],
            (n, rows, columns, filters),
            padding=["SAME", "VALID"].index(padding),
            stride_w=stride,
            stride_h=stride,
            fused_activation_function=schema.ACTIVATIONS.index(activation),
        )

    def depthwise(
        self,
        x: int,
        kernel: tuple[int, int] = (3, 3),
        stride: int = 1,
        activation: str = "RELU",
        multiplier: int = 1,
        padding: str = "SAME",
    ) -> int:
        n, h, w, c = self.shape(x)
        outputs = c * multiplier
        weight = self.weights((1, *kernel, outputs), kernel[0] * kernel[1], 3)
        rows, columns = _positions((h, w), kernel, stride, padding)
        return self.op(
            "DEPTHWISE_CONV_2D",
            [x, weight, self.bias(outputs)],
            (n, rows, columns, outputs),
            padding=["SAME", "VALID"].index(padding),
            stride_w=stride,
            stride_h=stride,
            depth_multiplier=multiplier,
            fused_activation_function=schema.ACTIVATIONS.index(activation),
        )

    def pool(
        self,
        x: int,
        window: tuple[int, int],
        stride: tuple[int, int],
        kind: str = "AVERAGE_POOL_2D",
        padding: str = "VALID",
    ) -> int:
        n, h, w, c = self.shape(x)
        rows = _positions((h, h), (window[0],) * 2, stride[0], padding)[0]
        columns = _positions((w, w), (window[1],) * 2, stride[1], padding)[0]
        return self.op(
            kind,
            [x],
            (n, rows, columns, c),
            padding=["SAME", "VALID"].index(padding),
            stride_w=stride[1],
            stride_h=stride[0],
            filter_width=window[1],
            filter_height=window[0],
        )

    def dense(self, x: int, outputs: int, activation: str = "NONE") -> int:
        inputs = int(np.prod(self.shape(x)[1:]))
        weight = self.weights((outputs, inputs), inputs, 0)
        return self.op(
            "FULLY_CONNECTED",
            [x, weight, self.bias(outputs)],
            (1, outputs),
            fused_activation_function=schema.ACTIVATIONS.index(activation),
        )

    def add(self, a: int, b: int, activation: str = "NONE") -> int:
        return self.op(
            "ADD",
            [a, b],
            self.shape(a),
            fused_activation_function=schema.ACTIVATIONS.index(activation),
        )

    def flatten(self, x: int) -> int:
        size = int(np.prod(self.shape(x)[1:]))
        return self.op("RESHAPE", [x, self.whole(-1, size)], (1, size))

    def softmax(self, x: int) -> int:
        return self.op("SOFTMAX", [x], self.shape(x), beta=1.0)

    def round_activations(self, scale: float = 0.05, zero: int = -3) -> None:
        """State everything that is computed as whole numbers of 8 bits."""
        for tensor in self.tensors:
            if tensor.array is None:
                tensor.kind = _KINDS[np.dtype(np.int8)]
                tensor.scale = [scale]
                tensor.zero = [zero]

    def content(self, *outputs: int) -> bytes:
        """The file, with these outputs."""
        self.outputs = list(outputs)
        return _written(self)


def _positions(
    size: tuple[int, int], kernel: tuple[int, int], stride: int, padding: str
) -> tuple[int, int]:
    if padding == "SAME":
        return -(-size[0] // stride), -(-size[1] // stride)
    down, across = (
        (s - k) // stride + 1 for s, k in zip(size, kernel, strict=True)
    )
    return down, across


def _written(network: Writer) -> bytes:
    builder = flatbuffers.Builder(1024)
    buffers = [_table(builder, {})]
    tensors = []
    for place, tensor in enumerate(network.tensors):
        number = 0
        if tensor.array is not None:
            data = np.frombuffer(tensor.array.tobytes(), np.uint8)
            number = len(buffers)
            # numbers of a network begin at a multiple of 16, as the interpreter wants them
            builder.StartVector(1, len(data), 16)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = (
                data.tobytes()
            )
            end = builder.EndVector()
            buffers.append(_table(builder, {schema.Buffer.DATA: ("o", end)}))
        lasting = place in network.lasting
        tensors.append(_tensor(builder, tensor, number, lasting=lasting))
    names = sorted({item.operator for item in network.operations})
    codes = [_code(builder, name) for name in names]
    operators = [_operator(builder, item, names) for item in network.operations]
    fields = schema.SubGraph
    graph = _table(
        builder,
        {
            fields.TENSORS: ("o", _tables(builder, tensors)),
            fields.INPUTS: ("o", _ints(builder, network.inputs)),
            fields.OUTPUTS: ("o", _ints(builder, network.outputs)),
            fields.OPERATORS: ("o", _tables(builder, operators)),
        },
    )
    root = {
        schema.Model.VERSION: ("I", schema.VERSION),
        schema.Model.OPERATOR_CODES: ("o", _tables(builder, codes)),
        schema.Model.SUBGRAPHS: ("o", _tables(builder, [graph])),
        schema.Model.BUFFERS: ("o", _tables(builder, buffers)),
    }
    if network.names:
        root[schema.Model.SIGNATURES] = ("o", _signature(builder, network))
    builder.Finish(_table(builder, root), schema.IDENTIFIER)
    return bytes(builder.Output())


_SLOTS = {
    "b": "PrependInt8Slot",
    "B": "PrependUint8Slot",
    "i": "PrependInt32Slot",
    "I": "PrependUint32Slot",
    "f": "PrependFloat32Slot",
    "o": "PrependUOffsetTRelativeSlot",
}


def _table(builder: Any, fields: dict[int, tuple[str, Any]]) -> int:
    """A table with these numbered fields."""
    builder.StartObject(max(fields, default=-1) + 1)
    for number, (kind, value) in fields.items():
        # No value is the default of every schema, so that each is written down.
        default = 0 if kind == "o" else 99
        getattr(builder, _SLOTS[kind])(number, value, default)
    end: int = builder.EndObject()
    return end


def _tables(builder: Any, offsets: Sequence[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    end: int = builder.EndVector()
    return end


def _ints(builder: Any, numbers: Sequence[int]) -> int:
    end: int = builder.CreateNumpyVector(np.array(numbers, np.int32))
    return end


def _tensor(builder: Any, tensor: Tensor, buffer: int, *, lasting: bool) -> int:
    fields = schema.TensorTable
    content: dict[int, tuple[str, Any]] = {
        fields.SHAPE: ("o", _ints(builder, tensor.shape)),
        fields.NAME: ("o", builder.CreateString(tensor.name)),
        fields.TYPE: ("b", tensor.kind),
        fields.BUFFER: ("I", buffer),
        fields.IS_VARIABLE: ("B", int(lasting)),
    }
    if tensor.signature is not None:
        content[fields.SHAPE_SIGNATURE] = (
            "o",
            _ints(builder, tensor.signature),
        )
    if len(tensor.scale):
        how = schema.Quantization
        scale = builder.CreateNumpyVector(np.array(tensor.scale, np.float32))
        zero = builder.CreateNumpyVector(np.array(tensor.zero, np.int64))
        content[fields.QUANTIZATION] = (
            "o",
            _table(
                builder,
                {
                    how.SCALE: ("o", scale),
                    how.ZERO_POINT: ("o", zero),
                    how.AXIS: ("i", tensor.axis),
                },
            ),
        )
    return _table(builder, content)


def _code(builder: Any, name: str) -> int:
    custom = name.removeprefix("CUSTOM ")
    fields: dict[int, tuple[str, Any]] = {}
    if custom != name:
        label = builder.CreateString(custom)
        fields[schema.OperatorCode.CUSTOM] = ("o", label)
        name = "CUSTOM"
    number = schema.OPERATORS.index(name)
    fields[schema.OperatorCode.OLD_BUILTIN] = ("b", min(number, 127))
    fields[schema.OperatorCode.BUILTIN] = ("i", number)
    return _table(builder, fields)


def _operator(builder: Any, item: Operation, names: list[str]) -> int:
    fields = schema.OperatorTable
    content: dict[int, tuple[str, Any]] = {
        fields.CODE: ("I", names.index(item.operator)),
        fields.INPUTS: ("o", _ints(builder, item.inputs)),
        fields.OUTPUTS: ("o", _ints(builder, item.outputs)),
    }
    known = schema.OPTIONS.get(item.operator)
    if known is not None:
        options = {
            known.fields[name]: _option(builder, name, value)
            for name, value in item.options.items()
        }
        content[fields.OPTIONS_TYPE] = ("B", known.member)
        content[fields.OPTIONS] = ("o", _table(builder, options))
    return _table(builder, content)


def _option(builder: Any, name: str, value: Any) -> tuple[str, Any]:
    if isinstance(value, float):
        return ("f", value)
    if isinstance(value, str):
        return ("o", builder.CreateString(value))
    if isinstance(value, Sequence):
        return ("o", _ints(builder, value))
    small = ("mode", "padding", "fused_activation_function", "weights_format")
    return (
        ("b", value)
        if name in (*small, "keep_num_dims", "keep_dims")
        else (
            "i",
            value,
        )
    )


def _signature(builder: Any, network: Writer) -> int:
    fields = schema.Signature

    def named(places: list[int]) -> int:
        entries = []
        for place in places:
            label = builder.CreateString(network.names[place])
            entries.append(
                _table(
                    builder,
                    {fields.NAME: ("o", label), fields.TENSOR: ("I", place)},
                )
            )
        return _tables(builder, entries)

    inputs = named(network.inputs)
    outputs = named(network.outputs)
    key = builder.CreateString("serving_default")
    table = {
        fields.INPUTS: ("o", inputs),
        fields.OUTPUTS: ("o", outputs),
        2: ("o", key),
    }
    return _tables(builder, [_table(builder, table)])
