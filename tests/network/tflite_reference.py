"""What the network of a `Writer` computes, by the definitions of its operators, in float64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite_writer import Operation, Writer

from mho.network.formats.tflite import schema

Array = npt.NDArray[Any]


def evaluate(network: Writer, *inputs: Array) -> list[Array]:
    """Outputs for batches of inputs."""
    values = {
        place: tensor.real.astype(np.float64)
        if tensor.kind in (0, 1) or len(tensor.scale)
        else tensor.real
        for place, tensor in enumerate(network.tensors)
        if tensor.array is not None
    }
    for place, array in zip(network.inputs, inputs, strict=True):
        values[place] = array.astype(np.float64)
    for item in network.operations:
        given = [values.get(place) for place in item.inputs]
        result = OPERATORS[item.operator](item, *given)
        number = item.options.get("fused_activation_function", 0)
        if number:
            result = ACTIVATIONS[schema.ACTIVATIONS[number]](result)
        several = result if isinstance(result, list) else [result]
        values |= dict(zip(item.outputs, several, strict=True))
    return [values[place] for place in network.outputs]


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "NONE": lambda x: x,
    "RELU": lambda x: np.maximum(x, 0),
    "RELU6": lambda x: np.clip(x, 0, 6),
    "RELU_N1_TO_1": lambda x: np.clip(x, -1, 1),
    "TANH": np.tanh,
}


def windows(
    x: Array, item: Operation, kernel: tuple[int, int], fill: float
) -> Array:
    """Every window of an image: (sample, row, column, down, across, channel)."""
    options = item.options
    strides = (options["stride_h"], options["stride_w"])
    dilation = (
        options.get("dilation_h_factor", 1),
        options.get("dilation_w_factor", 1),
    )
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    pads = [(0, 0)] * 4
    counts = []
    for axis, (size, span, stride) in enumerate(
        zip(x.shape[1:3], spans, strides, strict=True)
    ):
        same = options["padding"] == 0
        count = -(-size // stride) if same else (size - span) // stride + 1
        total = max((count - 1) * stride + span - size, 0) if same else 0
        pads[axis + 1] = (total // 2, total - total // 2)
        counts.append(count)
    x = np.pad(x, pads, constant_values=fill)
    rows, columns = (
        stride * np.arange(count)[:, None] + d * np.arange(k)
        for stride, count, d, k in zip(
            strides, counts, dilation, kernel, strict=True
        )
    )
    found = x[:, rows][:, :, :, columns]
    return found.transpose(0, 1, 3, 2, 4, 5)


def _conv(item: Operation, x: Array, w: Array, b: Array) -> Array:
    groups = x.shape[-1] // w.shape[-1]
    parts = [
        np.einsum("nyxijc,oijc->nyxo", windows(part, item, w.shape[1:3], 0), k)
        for part, k in zip(
            np.split(x, groups, -1), np.split(w, groups), strict=True
        )
    ]
    return np.concatenate(parts, -1) + b


def _depthwise(item: Operation, x: Array, w: Array, b: Array) -> Array:
    each = w.shape[3] // x.shape[-1]
    w = w[0].reshape(*w.shape[1:3], x.shape[-1], each)
    found = windows(x, item, (w.shape[0], w.shape[1]), 0)
    y = np.einsum("nyxijc,ijcm->nyxcm", found, w)
    return y.reshape(*y.shape[:3], -1) + b


def _dense(item: Operation, x: Array, w: Array, b: Array | None) -> Array:
    keeps = item.options.get("keep_num_dims")
    x = x if keeps else x.reshape(-1, w.shape[1])
    return x @ w.T + (0 if b is None else b)


def _window(item: Operation) -> tuple[int, int]:
    return item.options["filter_height"], item.options["filter_width"]


def _average(item: Operation, x: Array) -> Array:
    found = windows(x, item, _window(item), np.nan)
    return np.nanmean(found, (3, 4))


def _largest(item: Operation, x: Array) -> Array:
    found = windows(x, item, _window(item), -np.inf)
    return np.asarray(found.max((3, 4)))


def _softmax(item: Operation, x: Array) -> Array:
    e = np.exp(item.options.get("beta", 1.0) * (x - x.max(-1, keepdims=True)))
    return np.asarray(e / e.sum(-1, keepdims=True))


def _reshape(_: Operation, x: Array, shape: Array) -> Array:
    sizes = [int(size) for size in shape]
    if min(sizes, default=0) < 0:
        return x.reshape(len(x), *sizes[1:])
    # the file states a single sample's sizes
    return x.reshape(sizes if np.prod(sizes) == x.size else [-1, *sizes[1:]])


def _mean(item: Operation, x: Array, axes: Array) -> Array:
    keeps = bool(item.options.get("keep_dims", 0))
    return np.asarray(x.mean(tuple(int(a) for a in axes), keepdims=keeps))


def _pad(_: Operation, x: Array, pads: Array, fill: Any = 0.0) -> Array:
    return np.pad(x, pads, constant_values=float(fill))


def _strided(
    item: Operation, x: Array, first: Array, last: Array, steps: Array
) -> Array:
    """Sizes themselves, or values of which all samples are taken."""
    if x.ndim == 1:
        return np.asarray(x[first[0]])
    shrinks = item.options["shrink_axis_mask"]
    cuts: list[Any] = [slice(None)]
    for axis in range(1, len(first)):
        if shrinks >> axis & 1:
            cuts.append(int(first[axis]))
        else:
            cuts.append(slice(first[axis], last[axis], steps[axis]))
    return np.asarray(x[tuple(cuts)])


def _line(count: int, size: int, *, aligned: bool) -> tuple[Array, Array]:
    """Left neighbour and share of the right one, for every place of a longer axis."""
    if aligned:
        place = np.arange(size) * (count - 1) / (size - 1)
    else:
        place = (np.arange(size) + 0.5) * count / size - 0.5
    place = np.clip(place, 0, count - 1)
    left = np.minimum(np.floor(place).astype(int), count - 2)
    return left, place - left


def _bilinear(item: Operation, x: Array, size: Array) -> Array:
    aligned = bool(item.options.get("align_corners", 0))
    for axis in (1, 2):
        left, share = _line(x.shape[axis], int(size[axis - 1]), aligned=aligned)
        share = share.reshape([-1 if k == axis else 1 for k in range(4)])
        x = x.take(left, axis) * (1 - share) + x.take(left + 1, axis) * share
    return x


def _depth_to_space(item: Operation, x: Array) -> Array:
    n, h, w, c = x.shape
    b = item.options["block_size"]
    y = np.zeros((n, h * b, w * b, c // b**2))
    for down in range(b):
        for across in range(b):
            part = down * b + across
            deep = c // b**2
            channels = slice(part * deep, (part + 1) * deep)
            y[:, down::b, across::b] = x[..., channels]
    return y


OPERATORS: dict[str, Callable[..., Array]] = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _dense,
    "AVERAGE_POOL_2D": _average,
    "MAX_POOL_2D": _largest,
    "SOFTMAX": _softmax,
    "RESHAPE": _reshape,
    "MEAN": _mean,
    "PAD": _pad,
    "PADV2": _pad,
    "ADD": lambda _, a, b: a + b,
    "SUB": lambda _, a, b: a - b,
    "MUL": lambda _, a, b: a * b,
    "RELU": lambda _, x: np.maximum(x, 0),
    "RELU6": lambda _, x: np.clip(x, 0, 6),
    "LOGISTIC": lambda _, x: 1 / (1 + np.exp(-x)),
    "TANH": lambda _, x: np.tanh(x),
    "LEAKY_RELU": lambda item, x: np.where(
        x > 0, x, np.float32(item.options["alpha"]) * x
    ),
    "PRELU": lambda _, x, a: np.where(x > 0, x, a * x),
    "SQUEEZE": lambda item, x: x.squeeze(tuple(item.options["squeeze_dims"])),
    "TRANSPOSE": lambda _, x, order: x.transpose(order),
    "CONCATENATION": lambda item, *xs: np.concatenate(xs, item.options["axis"]),
    "SHAPE": lambda _, x: np.array(x.shape),
    "STRIDED_SLICE": _strided,
    "SLICE": lambda _, x, first, sizes: x[
        :,
        *(
            slice(a, None if n == -1 else a + n)
            for a, n in zip(first[1:], sizes[1:], strict=True)
        ),
    ],
    "SPLIT": lambda item, axis, x: np.split(x, len(item.outputs), int(axis)),
    "RESIZE_BILINEAR": _bilinear,
    "RESIZE_NEAREST_NEIGHBOR": lambda _, x, size: x.repeat(
        size[0] // x.shape[1], 1
    ).repeat(size[1] // x.shape[2], 2),
    "DEPTH_TO_SPACE": _depth_to_space,
    "PACK": lambda item, *xs: np.stack(xs, item.options["axis"]),
    "UNPACK": lambda item, x: [
        x.take(k, item.options["axis"]) for k in range(len(item.outputs))
    ],
    "SPLIT_V": lambda _, x, sizes, axis: np.split(
        x, np.cumsum(sizes)[:-1], int(axis)
    ),
    "MIRROR_PAD": lambda item, x, pads: np.pad(
        x, pads, mode=("reflect", "symmetric")[item.options["mode"]]
    ),
    "REDUCE_MIN": lambda _, x, axes: x.min(tuple(int(a) for a in axes)),
    "GREATER": lambda _, a, b: a > b,
    "SELECT_V2": lambda _, truth, a, b: np.where(truth, a, b),
    "FLOOR": lambda _, x: np.floor(x),
    "QUANTIZE": lambda _, x: x,
    "DEQUANTIZE": lambda _, x: x,
    "CAST": lambda _, x: x.real,
    "GATHER": lambda item, table, places: table.take(
        places.astype(int), item.options["axis"]
    ),
    "EXPAND_DIMS": lambda _, x, axis: np.expand_dims(x, int(axis)),
    "FLOOR_DIV": lambda _, a, b: a // b,
    "MAXIMUM": lambda _, a, b: np.maximum(a, b),
    "RANGE": lambda _, start, stop, step: np.arange(start, stop, step),
    "RFFT2D": lambda _, x, lengths: np.fft.rfft2(x, tuple(lengths)),
    "POW": lambda _, a, b: a**b,
    "REVERSE_V2": lambda _, x, axes: np.flip(x, tuple(axes)),
}
"""Operators by name: (operation, inputs) -> result, before the activation built in."""
