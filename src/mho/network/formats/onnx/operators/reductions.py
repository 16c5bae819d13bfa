"""ONNX reductions along axes, sums that run along one, and the largest of many."""

from mho.network.formats.building import Builder, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.formats.onnx.operators.norms import lengths
from mho.network.graph import Ref


def _axes(
    builder: Builder, node: OnnxNode, value: Value
) -> tuple[int, ...] | None:
    """The axes to reduce; `None` if the file says that there are none."""
    axes = node.plain(1, "axes")
    if not axes and node.whole_attribute("noop_with_empty_axes", 0):
        return None
    if not axes:
        return tuple(range(builder.rank(value)))
    return tuple(node.axis(builder, value, axis) for axis in axes)


def _reduction(operator: str) -> Handler:
    """The axes of a value reduced by one operation of torch."""

    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axes = _axes(builder, node, value)
        return (
            value if axes is None else _reduced(builder, node, operator, axes)
        )

    return handle


def _reduced(
    builder: Builder,
    node: OnnxNode,
    operator: str,
    axes: tuple[int, ...],
    value: Value | None = None,
) -> Ref:
    value = node.needed(0) if value is None else value
    keep = bool(node.whole_attribute("keepdims", 1))
    return builder.emit(
        f"aten.{operator}", self=builder.ref(value), dim=axes, keepdim=keep
    )


def _product(builder: Builder, node: OnnxNode) -> Value:
    """Axis by axis, from the last one on, as torch multiplies along one only."""
    value = node.needed(0)
    keep = bool(node.whole_attribute("keepdims", 1))
    for axis in sorted(_axes(builder, node, value) or (), reverse=True):
        value = builder.emit(
            "aten.prod.dim_int", self=value, dim=axis, keepdim=keep
        )
    return value


def _length(power: int) -> Handler:
    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axes = _axes(builder, node, value)
        keep = bool(node.whole_attribute("keepdims", 1))
        own = () if axes is None else axes
        if not own:
            return builder.emit("aten.abs.default", self=value)
        return lengths(builder, node, value, own, power, keep=keep)

    return handle


def _sum_of_squares(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    axes = _axes(builder, node, value)
    square = builder.emit("aten.mul.Tensor", self=value, other=value)
    if axes is None:
        return square
    return _reduced(builder, node, "sum.dim_IntList", axes, square)


def _log_of_sum(builder: Builder, node: OnnxNode) -> Value:
    axes = _axes(builder, node, node.needed(0))
    total = (
        node.needed(0)
        if axes is None
        else _reduced(builder, node, "sum.dim_IntList", axes)
    )
    return builder.emit("aten.log.default", self=total)


def _log_of_sum_of_exp(builder: Builder, node: OnnxNode) -> Value:
    axes = _axes(builder, node, node.needed(0))
    if axes is None:
        return node.needed(0)
    return _reduced(builder, node, "logsumexp.default", axes)


def _extreme_place(operator: str) -> Handler:
    """Where the largest or smallest is along an axis."""

    def handle(builder: Builder, node: OnnxNode) -> Value:
        value = node.needed(0)
        axis = node.axis(builder, value, node.whole_attribute("axis", 0))
        keep = bool(node.whole_attribute("keepdims", 1))
        last = bool(node.whole_attribute("select_last_index", 0))
        seen = (
            builder.emit("aten.flip.default", self=value, dims=(axis,))
            if last
            else value
        )
        place = builder.emit(
            f"aten.{operator}.default", self=seen, dim=axis, keepdim=keep
        )
        if not last:
            return place
        # Counted from the end, as the axis was turned round.
        size = builder.fixed_shape(value)[axis]
        if size is None:
            raise node.refused("looks for a place along a free axis")
        return builder.emit("aten.rsub.Scalar", self=place, other=size - 1)

    return handle


def _top(builder: Builder, node: OnnxNode) -> tuple[Value, ...]:
    """The largest or smallest along an axis, and where they are; of equals the first."""
    value = node.needed(0)
    axis = node.axis(builder, value, node.whole_attribute("axis", -1))
    counts = node.plain(1) if node.opset >= 10 else None
    count = counts[0] if counts else node.whole_attribute("k", 0)
    ordered = builder.emit(
        "aten.sort.stable",
        self=value,
        stable=True,
        dim=axis,
        descending=bool(node.whole_attribute("largest", 1)),
    )
    return tuple(
        builder.emit(
            "aten.slice.Tensor",
            self=builder.emit("_operator.getitem", a=ordered, b=k),
            dim=axis,
            start=0,
            end=count,
            step=1,
        )
        for k in range(2)
    )


def _running_sum(builder: Builder, node: OnnxNode) -> Value:
    value = node.needed(0)
    along = node.constant(1)
    if along is None:
        raise node.refused("lacks its axis")
    axis = node.axis(builder, value, int(along.number()))
    backwards = bool(node.whole_attribute("reverse", 0))
    if backwards:
        value = builder.emit("aten.flip.default", self=value, dims=(axis,))
    if node.whole_attribute("exclusive", 0):
        value = _delayed(builder, value, axis)
    total = builder.emit("aten.cumsum.default", self=value, dim=axis)
    if not backwards:
        return total
    return builder.emit("aten.flip.default", self=total, dims=(axis,))


def _delayed(builder: Builder, value: Value, axis: int) -> Ref:
    """One place later along an axis, with a zero in front."""
    pads = [0, 0] * (builder.rank(value) - 1 - axis)
    return builder.emit(
        "aten.constant_pad_nd.default", self=value, pad=(*pads, 1, -1), value=0
    )


HANDLERS: dict[str, Handler] = {
    "ReduceMean": _reduction("mean.dim"),
    "ReduceSum": _reduction("sum.dim_IntList"),
    "ReduceMax": _reduction("amax.default"),
    "ReduceMin": _reduction("amin.default"),
    "ReduceProd": _product,
    "ReduceL1": _length(1),
    "ReduceL2": _length(2),
    "ReduceSumSquare": _sum_of_squares,
    "ReduceLogSum": _log_of_sum,
    "ReduceLogSumExp": _log_of_sum_of_exp,
    "ArgMax": _extreme_place("argmax"),
    "ArgMin": _extreme_place("argmin"),
    "TopK": _top,
    "CumSum": _running_sum,
}
"""Operators of this family."""
