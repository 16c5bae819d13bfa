"""Kernels and windows that move over an image, in numpy, for the reference evaluator of onnx 1.23.

Its own loops go from pixel to pixel and take a minute for a picture; here they go from place to
place of the kernel. Its transposed convolution lets groups overwrite each other, besides.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mho.network.formats.building import Array
from mho.network.formats.onnx.file import onnx_module


def transposed_convolution() -> type:
    """`ConvTranspose`: every pixel adds its kernel to the result."""
    base: Any = onnx_module("onnx.reference.op_run").OpRun

    class ConvTranspose(base):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, w: Array, b: Array | None = None, **how: Any
        ) -> tuple[Array]:
            groups = how.pop("group", None) or 1
            biases = [None] * groups if b is None else np.split(b, groups)
            triples = zip(
                np.split(x, groups, 1), np.split(w, groups), biases, strict=True
            )
            parts = [_spread(*own, how) for own in triples]
            return (np.concatenate(parts, 1),)

    return ConvTranspose


def _spread(
    x: Array, w: Array, bias: Array | None, how: dict[str, Any]
) -> Array:
    """One group of a transposed convolution. Shapes (batch, in, ...), (in, out, ...)."""
    axes = x.ndim - 2
    stride = how.get("strides") or [1] * axes
    dilation = how.get("dilations") or [1] * axes
    extra = how.get("output_padding") or [0] * axes
    kernel = w.shape[2:]
    reach = [
        (n - 1) * s + d * (k - 1) + 1 + e
        for n, s, d, k, e in zip(
            x.shape[2:], stride, dilation, kernel, extra, strict=True
        )
    ]
    result = np.zeros((x.shape[0], w.shape[1], *reach), x.dtype)
    for tap in np.ndindex(*kernel):
        weights = w[(slice(None), slice(None), *tap)]
        part = np.moveaxis(np.tensordot(x, weights, (1, 0)), -1, 1)
        result[_places(tap, x.shape[2:], stride, dilation)] += part
    kept = zip(_cut_off(how, x.shape[2:], stride, reach), reach, strict=True)
    for axis, ((before, after), size) in enumerate(kept, 2):
        # What is cut off less than nothing is zeros besides.
        around = [(0, 0)] * result.ndim
        around[axis] = (max(-before, 0), max(-after, 0))
        cut = slice(max(before, 0), size - max(after, 0))
        result = np.pad(result[(slice(None),) * axis + (cut,)], around)
    if bias is None:
        return result
    return np.asarray(result + bias.reshape(-1, *[1] * axes))


def _cut_off(
    how: dict[str, Any],
    sizes: Sequence[int],
    stride: Sequence[int],
    reach: Sequence[int],
) -> list[tuple[int, int]]:
    """Pixels that the result loses in front of and behind each axis."""
    axes = len(sizes)
    automatic = how.get("auto_pad") or "NOTSET"
    wanted = how.get("output_shape")
    pads = how.get("pads") or [0] * 2 * axes
    if wanted is None and automatic in ("NOTSET", "VALID"):
        return list(zip(pads[:axes], pads[axes:], strict=True))
    if wanted is None:
        wanted = [n * s for n, s in zip(sizes, stride, strict=True)]
    total = [r - w for r, w in zip(reach, wanted[-axes:], strict=True)]
    halves = [(n // 2, n - n // 2) for n in total]
    upper = automatic == "SAME_UPPER"
    return halves if upper else [(b, a) for a, b in halves]


def _places(
    tap: Sequence[int],
    positions: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
) -> tuple[slice, ...]:
    """Pixels that a place of a kernel meets, at all its positions."""
    met = (
        slice(t * d, t * d + (n - 1) * s + 1, s)
        for t, n, s, d in zip(tap, positions, stride, dilation, strict=True)
    )
    return (slice(None), slice(None), *met)


def largest_in_windows() -> type:
    """`MaxPool`: the largest of what is met by every place of the window."""
    operators = onnx_module("onnx.reference.ops")
    own: Any = operators.op_max_pool.MaxPool

    class MaxPool(own):  # type: ignore[misc]
        op_domain = ""

        def _run(self, x: Array, **how: Any) -> tuple[Array, ...]:
            places = len([name for name in self.onnx_node.output if name]) > 1
            if places or x.dtype.kind != "f":
                found: tuple[Array, ...] = super()._run(x, **how)
                return found
            return (_largest(x, how),)

    return MaxPool


def _largest(x: Array, how: dict[str, Any]) -> Array:
    axes = x.ndim - 2
    kernel = how["kernel_shape"]
    stride = how.get("strides") or [1] * axes
    dilation = how.get("dilations") or [1] * axes
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    pads = _pads(how, x.shape[2:], spans, stride)
    ceil = bool(how.get("ceil_mode"))
    positions = [
        _positions(
            n,
            pads[axis],
            pads[axes + axis],
            spans[axis],
            stride[axis],
            ceil=ceil,
        )
        for axis, n in enumerate(x.shape[2:])
    ]
    needed = [
        (p - 1) * s + span
        for p, s, span in zip(positions, stride, spans, strict=True)
    ]
    around = [
        (before, max(size - n - before, 0))
        for before, size, n in zip(pads, needed, x.shape[2:], strict=False)
    ]
    wide = np.pad(x, [(0, 0), (0, 0), *around], constant_values=-np.inf)
    result = np.full((*x.shape[:2], *positions), -np.inf, x.dtype)
    for tap in np.ndindex(*kernel):
        met = wide[_places(tap, positions, stride, dilation)]
        np.maximum(result, met, out=result)
    return result


def _pads(
    how: dict[str, Any],
    sizes: Sequence[int],
    spans: Sequence[int],
    stride: Sequence[int],
) -> list[int]:
    """Padding in front of and behind each axis, as stated or so that windows cover the image."""
    axes = len(sizes)
    automatic = how.get("auto_pad") or "NOTSET"
    if automatic == "NOTSET":
        return list(how.get("pads") or [0] * 2 * axes)
    if automatic == "VALID":
        return [0] * 2 * axes
    total = [
        max((-(-n // s) - 1) * s + span - n, 0)
        for n, span, s in zip(sizes, spans, stride, strict=True)
    ]
    short = [n // 2 for n in total]
    long = [n - n // 2 for n in total]
    return short + long if automatic == "SAME_UPPER" else long + short


def _positions(
    size: int, before: int, after: int, span: int, stride: int, *, ceil: bool
) -> int:
    """Places of a window on an axis (1)."""
    room = size + before + after - span
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    # A window that would start behind the image and its padding is left out.
    return count - 1 if (count - 1) * stride >= size + before else count
