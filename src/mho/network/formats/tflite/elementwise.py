"""TFLite activations, arithmetic, softmax, and what stands where numbers change their type."""

from collections.abc import Sequence

import numpy as np
import torch

from mho.network.formats.building import Constant
from mho.network.formats.tflite import schema
from mho.network.formats.tflite.layers import Handler
from mho.network.formats.tflite.translator import (
    TO_IMAGE,
    Activation,
    TfliteNode,
    Translator,
    Value,
)
from mho.network.graph import Ref
from mho.network.operations import UNROUNDED


def _unary(operator: str, **arguments: object) -> Handler:
    def handle(translator: Translator, node: TfliteNode) -> Value:
        value = node.activation()
        ref = translator.emit(
            f"aten.{operator}.default", self=value.ref, **arguments
        )
        return Activation(ref, value.turned)

    return handle


def _activation(kind: str) -> Handler:
    def handle(translator: Translator, node: TfliteNode) -> Value:
        value = node.activation()
        ref = translator.activated(node, value.ref, kind)
        return Activation(ref, value.turned)

    return handle


def _gelu(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    kind = "tanh" if node.option("approximate", "B") else "none"
    ref = translator.emit("aten.gelu.default", self=value.ref, approximate=kind)
    return Activation(ref, value.turned)


def _leaky_relu(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    slope = node.real_option("alpha", 0.0)
    ref = translator.emit(
        "aten.leaky_relu.default", self=value.ref, negative_slope=slope
    )
    return Activation(ref, value.turned)


def alike(
    translator: Translator, node: TfliteNode, values: Sequence[Value]
) -> tuple[list[Ref], bool]:
    """Values in one order of axes, and whether that is the turned one.

    A constant has fewer axes where it is the same for all samples, rows or columns.
    """
    changing = [value for value in values if isinstance(value, Activation)]
    turned = any(value.turned for value in changing) and all(
        len(translator.shape(value)) == 4 for value in changing
    )
    if not turned or any(len(translator.shape(value)) > 4 for value in values):
        return [translator.in_file_order(value) for value in values], False
    return [
        _constant_image(translator, value)
        if isinstance(value, Constant)
        else translator.as_image(node, value)
        for value in values
    ], True


def _constant_image(translator: Translator, value: Constant) -> Ref:
    if value.array.ndim == 0:
        return translator.builder.store(value)
    missing = (1,) * (4 - value.array.ndim)
    turned = value.array.reshape(missing + value.array.shape)
    return translator.builder.store(
        value, "channels first", turned.transpose(TO_IMAGE)
    )


def _arithmetic(operator: str, second_name: str = "other") -> Handler:
    """Two tensors of any shapes that fit."""

    def handle(translator: Translator, node: TfliteNode) -> Value:
        values = [node.needed(0), node.needed(1)]
        (first, second), turned = alike(translator, node, values)
        pair = {"self": first, second_name: second}
        ref = translator.emit(f"aten.{operator}", **pair)
        if node.operator in schema.OPTIONS:
            ref = translator.fused(node, ref)
        return Activation(ref, turned)

    return handle


def _squared_difference(translator: Translator, node: TfliteNode) -> Value:
    difference = _arithmetic("sub.Tensor")(translator, node)
    assert isinstance(difference, Activation)
    ref = translator.emit("aten.square.default", self=difference.ref)
    return Activation(ref, difference.turned)


def _prelu(translator: Translator, node: TfliteNode) -> Value:
    """Slopes of any shape that fits: the positive part less the scaled negative one."""
    values = [node.activation(), node.needed(1)]
    (value, slope), turned = alike(translator, node, values)
    positive = translator.emit("aten.relu.default", self=value)
    flipped = translator.emit("aten.neg.default", self=value)
    negative = translator.emit("aten.relu.default", self=flipped)
    scaled = translator.emit("aten.mul.Tensor", self=negative, other=slope)
    ref = translator.emit("aten.sub.Tensor", self=positive, other=scaled)
    return Activation(ref, turned)


def _softmax(operator: str) -> Handler:
    """Along the last axis of the file, which is the channels of an image."""

    def handle(translator: Translator, node: TfliteNode) -> Value:
        value = node.activation()
        ref = value.ref
        steepness = 1.0
        if node.operator in schema.OPTIONS:
            steepness = node.real_option("beta", 0.0)
        if steepness != 1.0:
            number = np.array(steepness, dtype=np.float32)
            factor = Constant(f"{node.name} beta", number)
            ref = translator.emit("aten.mul.Tensor", self=ref, other=factor)
        axis = 1 if value.turned else -1
        ref = translator.emit(f"aten.{operator}.int", self=ref, dim=axis)
        return Activation(ref, value.turned)

    return handle


def _as_real(translator: Translator, node: TfliteNode) -> Value:
    """Whole numbers become real ones; those that stand for real ones are that here already."""
    if not node.results[0].real:
        raise node.refused("makes whole numbers of its input")
    value = node.needed(0)
    if isinstance(value, Constant):
        if value.array.dtype.kind == "f":
            return value
        return Constant(node.name, value.array.astype(np.float32))
    if translator.builder.real(value.ref):
        return value
    if translator.builder.runs[0][value.ref.name].is_complex():
        # The format says that their real parts are left.
        ref = translator.emit("aten.real.default", self=value.ref)
        return Activation(ref, value.turned)
    ref = translator.emit("aten.to.dtype", self=value.ref, dtype=torch.float32)
    return Activation(ref, value.turned)


def _fourier(translator: Translator, node: TfliteNode) -> Value:
    """The spectrum of real rows, or images, along the last axes; it stays digital."""
    value = node.activation()
    lengths = node.whole(1)
    if (
        len(lengths) != 2
        or min(lengths) < 1
        or len(translator.shape(value)) < 3
    ):
        raise node.refused(
            f"transforms {lengths} numbers of {translator.shape(value)}"
        )
    ref = translator.emit(
        "aten.fft_rfft2.default",
        self=translator.in_file_order(value),
        s=tuple(lengths),
    )
    return Activation(ref)


def _quantize(translator: Translator, node: TfliteNode) -> Value:
    value = node.needed(0)
    if isinstance(value, Constant):
        return value
    return unrounded(translator, value)


def _densify(_: Translator, node: TfliteNode) -> Value:
    """Numbers whose zeros were left out have them since they were read."""
    value = node.needed(0)
    if isinstance(value, Activation):
        raise node.refused("puts zeros into what depends on the input")
    return value


def unrounded(translator: Translator, value: Activation) -> Activation:
    """A value that the file rounds to whole numbers, and that stays as it is here."""
    return Activation(translator.emit(UNROUNDED, self=value.ref), value.turned)


_UNARY = {
    "LOGISTIC": "sigmoid",
    "HARD_SWISH": "hardswish",
    "ELU": "elu",
    "ABS": "abs",
    "NEG": "neg",
    "EXP": "exp",
    "LOG": "log",
    "SQRT": "sqrt",
    "RSQRT": "rsqrt",
    "SQUARE": "square",
    "SIN": "sin",
    "COS": "cos",
    "FLOOR": "floor",
    "CEIL": "ceil",
    "ROUND": "round",
    "SIGN": "sign",
    "REAL": "real",
    "IMAG": "imag",
    "COMPLEX_ABS": "abs",
}

HANDLERS: dict[str, Handler] = {
    **{name: _unary(operator) for name, operator in _UNARY.items()},
    **{
        name: _activation(name)
        for name in ("RELU", "RELU6", "RELU_N1_TO_1", "RELU_0_TO_1", "TANH")
    },
    **{
        name: _arithmetic(f"{name.lower()}.Tensor")
        for name in ("ADD", "SUB", "MUL", "DIV")
    },
    "MINIMUM": _arithmetic("minimum.default"),
    "MAXIMUM": _arithmetic("maximum.default"),
    "POW": _arithmetic("pow.Tensor_Tensor", "exponent"),
    "FLOOR_MOD": _arithmetic("remainder.Tensor"),
    "SQUARED_DIFFERENCE": _squared_difference,
    "LEAKY_RELU": _leaky_relu,
    "GELU": _gelu,
    "PRELU": _prelu,
    "RFFT2D": _fourier,
    "SOFTMAX": _softmax("softmax"),
    "LOG_SOFTMAX": _softmax("log_softmax"),
    "DEQUANTIZE": _as_real,
    "CAST": _as_real,
    "QUANTIZE": _quantize,
    "DENSIFY": _densify,
}
"""Operators of this family."""
