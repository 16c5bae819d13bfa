"""TFLite comparisons, truths, and choices: by them, or of places along an axis."""

from mho.network.formats.building import Constant
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


def _gather(translator: Translator, node: TfliteNode) -> Value:
    """Rows of a table, picked by the input: an embedding; or known places along an axis."""
    places = node.needed(1)
    if isinstance(places, Constant):
        return _picked(translator, node, places)
    table = node.constant(0)
    if table is None or table.array.ndim != 2 or node.option("axis"):
        raise node.refused("picks from something else than rows of a table")
    ref = translator.emit(
        "aten.embedding.default",
        weight=table,
        indices=translator.in_file_order(places),
    )
    return Activation(ref)


def _picked(
    translator: Translator, node: TfliteNode, places: Constant
) -> Value:
    """An axis becomes as many axes as its places are listed in."""
    value = node.activation()
    shape = translator.shape(value)
    axis = translator.axis(node, value, node.option("axis"))
    size = shape[axis]
    listed = places.array
    if axis == 0 or size is None or node.option("batch_dims"):
        raise node.refused(f"picks from axis {axis} of {shape}")
    if listed.size == 0 or listed.min() < 0 or listed.max() >= size:
        raise node.refused(f"picks places that are not among {size}")
    table = translator.builder.table("places", listed.reshape(-1))
    ref = translator.emit(
        "aten.index_select.default",
        self=translator.in_file_order(value),
        dim=axis,
        index=table,
    )
    if listed.ndim == 1:
        return Activation(ref)
    behind = [-1 if one is None else one for one in shape[axis + 1 :]]
    before = [-1 if one is None else one for one in shape[:axis]]
    sizes = (*before, *listed.shape, *behind)
    if sizes.count(-1) > 1:
        raise node.refused(f"picks from a value of shape {shape}")
    return Activation(
        translator.emit("aten.reshape.default", self=ref, shape=sizes)
    )


def _reverse(translator: Translator, node: TfliteNode) -> Value:
    value = node.activation()
    axes = [translator.axis(node, value, axis) for axis in node.whole(1)]
    if 0 in axes:
        raise node.refused("turns the order of samples")
    ref = translator.emit(
        "aten.flip.default",
        self=translator.in_file_order(value),
        dims=tuple(axes),
    )
    return Activation(ref)


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
    "GATHER": _gather,
    "REVERSE_V2": _reverse,
    "SELECT": _select,
    "SELECT_V2": _select,
}
"""Operators of this family."""
