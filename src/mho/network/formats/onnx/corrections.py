"""Operators that the reference evaluator of onnx 1.23 lacks, or computes against its own standard.

What the standard says is written down here once more, in numpy.
"""

from typing import Any

import numpy as np

from mho.network.formats.building import Array
from mho.network.formats.onnx.file import onnx_module
from mho.network.formats.onnx.windows import (
    largest_in_windows,
    transposed_convolution,
)

_TOTAL_SOFTMAX = 13
"""First version whose softmax goes along one axis, not along all from an axis on."""

_NEW_RESIZE = 11
"""First version in which a picture is resized in more ways than one."""


def corrected_operators() -> list[type]:
    """What to give to the evaluator in the place of its own.

    It lets groups of a transposed convolution overwrite each other, and takes a minute for a
    picture to find maxima (see `mho.network.formats.onnx.windows`). It takes the global maximum as
    if there were always two axes of pixels, normalizes by the statistics of a batch where a file
    before version 14 states a momentum, looks up along the last axis only if it is counted from
    the first, and takes a softmax before version 13 along one axis. It adds numbers with their
    signs where their sizes are asked for (`LpNormalization`), and looks at as many channels as
    there are samples (`LRN`). It takes the error function of one number after the other, and gives
    single precision whatever it was given. It does not have all versions of `DequantizeLinear`,
    `GlobalLpPool`, `Resize`, `Scatter` and `Upsample`.
    """
    return [
        transposed_convolution(),
        largest_in_windows(),
        _global_maximum(),
        _error_function(),
        _batch_norm(),
        _gather_elements(),
        _softmax("Softmax", lambda rows: rows),
        _softmax("LogSoftmax", np.log),
        _upsampling(),
        _resizing(),
        _length_norm(),
        _local_norm(),
        _dequantize(),
        _global_length(),
        _scatter(),
    ]


def _global_maximum() -> type:
    class GlobalMaxPool(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(self, x: Array) -> tuple[Array]:
            return (x.max(axis=tuple(range(2, x.ndim)), keepdims=True),)

    return GlobalMaxPool


def _error_function() -> type:
    from scipy.special import erf

    class Erf(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(self, x: Array) -> tuple[Array]:
            return (erf(x.astype(np.float64)).astype(x.dtype),)

    return Erf


def _batch_norm() -> type:
    class BatchNormalization(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            x: Array,
            scale: Array,
            shift: Array,
            mean: Array,
            variance: Array,
            epsilon: Any = None,
            momentum: Any = None,  # noqa: ARG002 - the evaluator asks for the names
            training_mode: Any = None,  # noqa: ARG002
            spatial: Any = None,  # noqa: ARG002
        ) -> tuple[Array]:
            shape = (-1, *[1] * (x.ndim - 2))
            least = 1e-5 if epsilon is None else epsilon
            factor = scale / np.sqrt(variance + least)
            away = x - mean.reshape(shape)
            result = away * factor.reshape(shape) + shift.reshape(shape)
            return (result.astype(x.dtype),)

    return BatchNormalization


def _gather_elements() -> type:
    class GatherElements(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, places: Array, axis: Any = None
        ) -> tuple[Array]:
            along = 0 if axis is None else axis
            inside = np.where(places < 0, places + x.shape[along], places)
            return (np.take_along_axis(x, inside, along),)

    return GatherElements


def _upsampling() -> type:
    class Upsample(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            x: Array,
            scale: Any = None,
            mode: Any = None,
            scales: Any = None,
        ) -> tuple[Array]:
            return (_resized(x, scales if scale is None else scale, mode),)

    return Upsample


def _resizing() -> type:
    own: Any = onnx_module("onnx.reference.ops").op_resize.Resize

    class Resize(own):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, roi: Any = None, *others: Any, **how: Any
        ) -> tuple[Array]:
            if self.run_params["opsets"].get("", _NEW_RESIZE) < _NEW_RESIZE:
                # The second input was that of the factors.
                return (_resized(x, roi, how.get("mode")),)
            found: tuple[Array] = super()._run(x, roi, *others, **how)
            return found

    return Resize


def _resized(x: Array, scales: Any, mode: str | None) -> Array:
    """Larger or smaller by a factor for each axis, pixels counted from their left edge."""
    for axis, scale in enumerate(scales):
        size = x.shape[axis]
        places = np.arange(int(size * scale)) / scale
        first = np.clip(np.floor(places).astype(int), 0, size - 1)
        near = np.take(x, first, axis)
        if mode == "linear" and scale != 1:
            next_one = np.take(x, np.clip(first + 1, 0, size - 1), axis)
            shape = [1] * x.ndim
            shape[axis] = -1
            share = (places - first).astype(x.dtype).reshape(shape)
            near = near * (1 - share) + next_one * share
        x = near
    return x


def _length_norm() -> type:
    class LpNormalization(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, axis: Any = None, p: Any = None
        ) -> tuple[Array]:
            along = -1 if axis is None else axis
            power = 2 if p is None else p
            total = (np.abs(x) ** power).sum(axis=along, keepdims=True)
            length = total ** (1 / power)
            result = np.where(length == 0, 0, x / length)
            return (result.astype(x.dtype),)

    return LpNormalization


def _local_norm() -> type:
    class LRN(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            x: Array,
            alpha: Any = None,
            beta: Any = None,
            bias: Any = None,
            size: Any = None,
        ) -> tuple[Array]:
            factor = (1e-4 if alpha is None else alpha) / size
            total = np.zeros_like(x)
            for channel in range(x.shape[1]):
                first = max(0, channel - (size - 1) // 2)
                last = channel + size // 2 + 1
                total[:, channel] = (x[:, first:last] ** 2).sum(1)
            shifted = (1.0 if bias is None else bias) + factor * total
            divisor = shifted ** (0.75 if beta is None else beta)
            return ((x / divisor).astype(x.dtype),)

    return LRN


def _dequantize() -> type:
    class DequantizeLinear(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self,
            x: Array,
            scale: Array,
            zero: Array | None = None,
            axis: Any = None,
            block_size: Any = None,
            output_dtype: Any = None,  # noqa: ARG002 - the evaluator asks for the names
        ) -> tuple[Array]:
            along = 1 if axis is None else axis

            def spread(array: Array) -> Array:
                if array.ndim == x.ndim and block_size:
                    wide = np.repeat(array, block_size, along)
                    return np.take(wide, range(x.shape[along]), along)
                shape = [1] * x.ndim
                if array.size > 1:
                    shape[along] = -1
                return array.reshape(shape)

            whole = x.astype(scale.dtype)
            if zero is not None:
                whole = whole - spread(zero).astype(scale.dtype)
            return (whole * spread(scale),)

    return DequantizeLinear


def _global_length() -> type:
    class GlobalLpPool(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(self, x: Array, p: Any = None) -> tuple[Array]:
            power = 2 if p is None else p
            axes = tuple(range(2, x.ndim))
            powers = np.abs(x) ** power
            total = powers.sum(axis=axes, keepdims=True)
            length = total ** (1 / power)
            return (length.astype(x.dtype),)

    return GlobalLpPool


def _scatter() -> type:
    class Scatter(_base()):  # type: ignore[misc]
        op_domain = ""

        def _run(
            self, x: Array, places: Array, fresh: Array, axis: Any = None
        ) -> tuple[Array]:
            along = 0 if axis is None else axis
            inside = np.where(places < 0, places + x.shape[along], places)
            result = x.copy()
            np.put_along_axis(result, inside, fresh, along)
            return (result,)

    return Scatter


def _softmax(name: str, last: Any) -> type:
    def run(self: Any, x: Array, axis: Any = None, **_: Any) -> tuple[Array]:
        opset = self.run_params["opsets"].get("", _TOTAL_SOFTMAX)
        total = opset < _TOTAL_SOFTMAX
        along = (1 if total else -1) if axis is None else axis
        rows = x
        if total:
            first = along % x.ndim
            rows = x.reshape(int(np.prod(x.shape[:first])), -1)
            along = 1
        powers = np.exp(rows - rows.max(axis=along, keepdims=True))
        shares = powers / powers.sum(axis=along, keepdims=True)
        return (last(shares).reshape(x.shape).astype(x.dtype),)

    return type(name, (_base(),), {"op_domain": "", "_run": run})


def _base() -> Any:
    return onnx_module("onnx.reference.op_run").OpRun
