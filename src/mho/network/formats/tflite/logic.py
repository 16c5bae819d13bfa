"""TFLite comparisons, truths, and choices by them."""

from mho.network.formats.tflite.elementwise import alike
from mho.network.formats.tflite.layers import Handler
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)


def _of_two(operator: str) -> Handler:
    """Truths of two tensors of any shapes that fit."""

    def handle(translator: Translator, node: TfliteNode) -> Value:
        values = [node.needed(0), node.needed(1)]
        (first, second), turned = alike(translator, node, values)
        ref = translator.emit(f"aten.{operator}", self=first, other=second)
        return Activation(ref, turned)

    return handle


def _not(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    ref = translator.emit("aten.logical_not.default", self=value.ref)
    return Activation(ref, value.turned)


def _select(translator: Translator, node: TfliteNode) -> Value:
    """The second where the first is true, else the third."""
    values = [node.needed(k) for k in range(3)]
    sizes = {len(translator.shape(value)) for value in values}
    # the older of the two may have one truth for a whole row, not for a column
    if node.operator == "SELECT" and len(sizes) > 1:
        raise node.refused("chooses rows, where mho chooses numbers")
    (truth, first, second), turned = alike(translator, node, values)
    ref = translator.emit(
        "aten.where.self", condition=truth, self=first, other=second
    )
    return Activation(ref, turned)


HANDLERS: dict[str, Handler] = {
    "EQUAL": _of_two("eq.Tensor"),
    "NOT_EQUAL": _of_two("ne.Tensor"),
    "LESS": _of_two("lt.Tensor"),
    "LESS_EQUAL": _of_two("le.Tensor"),
    "GREATER": _of_two("gt.Tensor"),
    "GREATER_EQUAL": _of_two("ge.Tensor"),
    "LOGICAL_AND": _of_two("logical_and.default"),
    "LOGICAL_OR": _of_two("logical_or.default"),
    "LOGICAL_NOT": _not,
    "SELECT": _select,
    "SELECT_V2": _select,
}
"""Operators of this family."""
