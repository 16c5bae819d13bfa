"""Operators of onnxruntime's own domain, for the reference evaluator, which has none of them.

What onnxruntime computes is written down here in numpy, in whole numbers as it does.
"""

from typing import Any

import numpy as np

from mho.network.formats.building import Array
from mho.network.formats.onnx.file import onnx_module

_INPUTS = (
    *("bias", "lengths", "state", "cell", "peepholes"),
    *("w_step", "w_zero", "r_step", "r_zero"),
)
"""Inputs of an LSTM of whole numbers behind its sequence and its two matrices."""


def microsoft_operators() -> list[type]:
    """What to give to the evaluator."""
    return [_rounding_lstm()]


def _rounding_lstm() -> type:
    base: Any = onnx_module("onnx.reference.op_run").OpRun

    class DynamicQuantizeLSTM(base):  # type: ignore[misc]
        op_domain = "com.microsoft"

        def _run(
            self, x: Array, w: Array, r: Array, *others: Any, **how: Any
        ) -> tuple[Array, ...]:
            given = dict(zip(_INPUTS, others, strict=False))
            backwards = how.get("direction") == "reverse"
            of_each = [
                _one_direction(
                    x, (w[k], r[k]), k, given, turned=backwards or k == 1
                )
                for k in range(len(w))
            ]
            outputs, states, cells = (
                np.stack(parts, axis)
                for parts, axis in zip(
                    zip(*of_each, strict=True), (1, 0, 0), strict=True
                )
            )

            return (outputs, states, cells)[: len(self.onnx_node.output)]

    return DynamicQuantizeLSTM


def _one_direction(
    x: Array,
    matrices: tuple[Array, Array],
    number: int,
    given: dict[str, Any],
    *,
    turned: bool,
) -> tuple[Array, Array, Array]:
    """Outputs, last state and last cell of one direction."""
    inner, outer = matrices
    hidden = outer.shape[0]
    steps, batch, width = x.shape

    def own(name: str, default: Array) -> Array:
        value = given.get(name)
        return default if value is None else np.asarray(value[number])

    zeros = np.zeros((batch, hidden), np.float32)
    state = own("state", zeros)
    cell = own("cell", zeros)
    of_inner, of_outer = (
        (own(f"{name}_step", np.ones(1)), own(f"{name}_zero", np.zeros(1)))
        for name in "wr"
    )
    driven = _product(x.reshape(-1, width), inner, *of_inner)
    driven = driven + own("bias", np.zeros(8 * hidden)).reshape(2, -1).sum(0)
    driven = driven.reshape(steps, batch, -1).astype(np.float32)
    outputs = np.zeros((steps, batch, hidden), np.float32)
    order = range(steps)
    for step in reversed(order) if turned else order:
        total = driven[step] + _product(state, outer, *of_outer)
        write, show, keep, fresh = np.split(total, 4, axis=1)
        cell = _open(keep) * cell + _open(write) * np.tanh(fresh)
        state = outputs[step] = _open(show) * np.tanh(cell)
    return outputs, state, cell


def _open(gate: Array) -> Array:
    opened: Array = 1 / (1 + np.exp(-gate))
    return opened


def _product(values: Array, whole: Array, step: Array, zero: Array) -> Array:
    """Numbers rounded to 255 steps of their range, times whole numbers in steps."""
    low = min(np.float32(0), values.min())
    high = max(np.float32(0), values.max())
    own = np.float32((high - low) / 255) or np.float32(1)
    middle = np.clip(np.round(-low / own), 0, 255)
    rounded = np.clip(np.round(values / own) + middle, 0, 255) - middle
    of_weights = whole.astype(np.int64) - zero.astype(np.int64)
    sums = rounded.astype(np.int64) @ of_weights
    product: Array = (sums * (own * step)).astype(np.float32)
    return product
