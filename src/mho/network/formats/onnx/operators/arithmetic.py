"""ONNX arithmetic, comparisons and logic, number by number, and changes of number type."""

import torch

from mho.network.formats.building import Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref


def _unary(operator: str) -> Handler:
    return lambda builder, node: builder.emit(
        f"aten.{operator}.default", self=node.needed(0)
    )


def _binary(operator: str) -> Handler:
    """Two tensors of any shapes that fit."""

    def handle(builder: Builder, node: OnnxNode) -> Value:
        first = builder.ref(node.needed(0))
        second = builder.ref(node.needed(1))
        return builder.emit(f"aten.{operator}", self=first, other=second)

    return handle


def _divide(builder: Builder, node: OnnxNode) -> Value:
    first = builder.ref(node.needed(0))
    second = builder.ref(node.needed(1))
    if builder.real(first) or builder.real(second):
        return builder.emit("aten.div.Tensor", self=first, other=second)
    # Whole numbers are divided towards zero.
    return builder.emit(
        "aten.div.Tensor_mode",
        self=first,
        other=second,
        rounding_mode="trunc",
    )


def _modulo(builder: Builder, node: OnnxNode) -> Value:
    kind = "fmod" if node.whole_attribute("fmod", 0) else "remainder"
    first = builder.ref(node.needed(0))
    second = builder.ref(node.needed(1))
    return builder.emit(f"aten.{kind}.Tensor", self=first, other=second)


def _power(builder: Builder, node: OnnxNode) -> Value:
    base = builder.ref(node.needed(0))
    exponent = node.needed(1)
    single = isinstance(exponent, Constant) and exponent.array.size == 1
    plain = builder.real(base) and not builder.truth(exponent)
    if single and plain and isinstance(exponent, Constant):
        result = builder.emit(
            "aten.pow.Tensor_Scalar", self=base, exponent=exponent.number()
        )
        return _widened(builder, result, exponent)
    result = builder.emit(
        "aten.pow.Tensor_Tensor", self=base, exponent=builder.ref(exponent)
    )
    # The result has the type of the base.
    if builder.real(result) and not builder.real(base):
        return _as_type(builder, result, torch.int64)
    return result


def _widened(builder: Builder, result: Ref, other: Constant) -> Ref:
    """An exponent of more axes than the base gives the result those axes."""
    for _ in range(other.array.ndim - builder.rank(result)):
        result = builder.emit("aten.unsqueeze.default", self=result, dim=0)
    return result


def _several(operator: str) -> Handler:
    """Any number of tensors, one after the other."""
    return lambda builder, node: _chained(builder, node, operator)


def _summed(builder: Builder, node: OnnxNode) -> Ref:
    return _chained(builder, node, "add.Tensor")


def _chained(builder: Builder, node: OnnxNode, operator: str) -> Ref:
    result = builder.ref(node.needed(0))
    for k in range(1, len(node.inputs)):
        other = builder.ref(node.needed(k))
        result = builder.emit(f"aten.{operator}", self=result, other=other)
    return result


def _mean(builder: Builder, node: OnnxNode) -> Value:
    total = _summed(builder, node)
    return builder.emit(
        "aten.mul.Scalar", self=total, other=1 / len(node.inputs)
    )


def _where(builder: Builder, node: OnnxNode) -> Value:
    return builder.emit(
        "aten.where.self",
        condition=builder.ref(node.needed(0)),
        self=builder.ref(node.needed(1)),
        other=builder.ref(node.needed(2)),
    )


def _is_infinite(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    found: Ref | None = None
    for name, number in (
        ("detect_positive", float("inf")),
        ("detect_negative", -float("inf")),
    ):
        if node.whole_attribute(name, 1):
            hit = builder.emit("aten.eq.Scalar", self=value, other=number)
            found = (
                hit
                if found is None
                else builder.emit(
                    "aten.logical_or.default", self=found, other=hit
                )
            )
    if found is not None:
        return found
    both = builder.emit("aten.ne.Tensor", self=value, other=value)
    return builder.emit("aten.logical_and.default", self=both, other=both)


def _is_nan(builder: Builder, node: OnnxNode) -> Value:
    value = builder.ref(node.needed(0))
    return builder.emit("aten.ne.Tensor", self=value, other=value)


_REAL = (1, 10, 11, 16)
"""float, float16, double and bfloat16: all are float32 here."""
_WHOLE = (2, 3, 4, 5, 6, 7, 12, 13)
_LONG = (6, 7)
_BOOL = 9


def _cast(builder: Builder, node: OnnxNode) -> Value:
    return _to(builder, node, node.whole_attribute("to", 0))


def _to(builder: Builder, node: OnnxNode, kind: int) -> Value:
    value = node.needed(0)
    if kind in _REAL:
        return builder.as_real(value)
    if kind == _BOOL:
        return (
            value
            if builder.truth(value)
            else _as_type(builder, value, torch.bool)
        )
    whole = not builder.real(value) and not builder.truth(value)
    if kind in _LONG and whole:
        return value
    if kind not in _WHOLE or whole:
        raise node.refused(
            f"casts to the number type {kind}, which mho does not compute with"
        )
    return _as_type(builder, value, torch.int64)


def _as_type(builder: Builder, value: Value, dtype: torch.dtype) -> Ref:
    return builder.emit("aten.to.dtype", self=builder.ref(value), dtype=dtype)


def _cast_like(builder: Builder, node: OnnxNode) -> Value:
    other = node.needed(1)
    if builder.real(other):
        return _to(builder, node, _REAL[0])
    return _to(builder, node, _BOOL if builder.truth(other) else _LONG[1])


def _unchanged(_: Builder, node: OnnxNode) -> Value:
    return node.needed(0)


def _dropout(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """Its input, and a mask that keeps everything."""
    training = node.constant(2)
    if training is not None and training.number():
        raise node.refused("still trains; call `eval()` before exporting")
    value = node.needed(0)
    if not node.returns_more_than(1):
        return (value,)
    return value, builder.emit("aten.eq.Tensor", self=value, other=value)


_UNARY = (
    *("Sqrt", "Exp", "Log", "Neg", "Abs", "Reciprocal"),
    *("Sin", "Cos", "Tan", "Asin", "Acos", "Atan"),
    *("Sinh", "Cosh", "Asinh", "Acosh", "Atanh"),
    *("Erf", "Sign", "Floor", "Ceil", "Round"),
)
"""Operators that torch calls by the same name in small letters."""
_COMPARED = {
    "Equal": "eq",
    "Greater": "gt",
    "GreaterOrEqual": "ge",
    "Less": "lt",
    "LessOrEqual": "le",
}

HANDLERS: dict[str, Handler] = {
    **{name: _unary(name.lower()) for name in _UNARY},
    **{name: _binary(f"{name.lower()}.Tensor") for name in ("Add", "Sub")},
    **{name: _binary(f"{word}.Tensor") for name, word in _COMPARED.items()},
    **{
        name: _binary(f"logical_{name.lower()}.default")
        for name in ("And", "Or", "Xor")
    },
    "Not": _unary("logical_not"),
    "Mul": _binary("mul.Tensor"),
    "Div": _divide,
    "Mod": _modulo,
    "Pow": _power,
    "Min": _several("minimum.default"),
    "Max": _several("maximum.default"),
    "Sum": _summed,
    "Mean": _mean,
    "Where": _where,
    "IsInf": _is_infinite,
    "IsNaN": _is_nan,
    "Cast": _cast,
    "CastLike": _cast_like,
    "Identity": _unchanged,
    "Dropout": _dropout,
}
"""Operators of this family."""
