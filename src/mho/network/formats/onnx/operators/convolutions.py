"""ONNX convolutions and transposed convolutions, and the padding that kernels move over."""

from collections.abc import Sequence

from mho.network.formats.building import Builder, Constant, Value
from mho.network.formats.onnx.node import Handler, OnnxNode
from mho.network.graph import Ref


def padding_of(
    builder: Builder,
    node: OnnxNode,
    spans: Sequence[int],
    strides: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Zeros in front of and behind every axis that a kernel moves along (pixels).

    Args:
        builder: Knows the size of the input.
        node: A convolution or pooling.
        spans: Pixels that the dilated kernel covers on each axis (pixels).
        strides: Distance of neighbouring positions on each axis (pixels).
    """
    automatic = node.attributes.get("auto_pad", "NOTSET")
    axes = len(spans)
    if automatic == "VALID":
        return [0] * axes, [0] * axes
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        sizes = builder.fixed_shape(node.needed(0))[2:]
        total = [
            max((-(-size // stride) - 1) * stride + span - size, 0)
            for size, span, stride in zip(sizes, spans, strides, strict=True)
            if size is not None
        ]
        if len(total) != axes:
            raise node.refused(f"pads by `{automatic}` along a free axis")
        short = [n // 2 for n in total]
        long = [n - n // 2 for n in total]
        return (short, long) if automatic == "SAME_UPPER" else (long, short)
    pads = list(node.attributes.get("pads", [0] * 2 * axes))
    if len(pads) != 2 * axes or min(pads) < 0:
        raise node.refused(f"pads by {pads}")
    return pads[:axes], pads[axes:]


def padded(
    builder: Builder,
    value: Value,
    before: Sequence[int],
    after: Sequence[int],
    fill: float = 0.0,
) -> Ref:
    """The value with its last axes padded unevenly; negative sizes cut off."""
    # torch counts axes from the last.
    pads = [
        size
        for pair in zip(before, after, strict=True)
        for size in reversed(pair)
    ][::-1]
    return builder.emit(
        "aten.constant_pad_nd.default", self=value, pad=pads, value=fill
    )


def moves_of(node: OnnxNode, axes: int) -> tuple[list[int], list[int]]:
    """Stride and dilation of a kernel along each axis (pixels)."""
    stride = list(node.attributes.get("strides", [1] * axes))
    dilation = list(node.attributes.get("dilations", [1] * axes))
    if (
        len(stride) != axes
        or len(dilation) != axes
        or min(stride + dilation) < 1
    ):
        raise node.refused("moves its kernel in an impossible way")
    return stride, dilation


def spans_of(kernel: Sequence[int], dilation: Sequence[int]) -> list[int]:
    """Pixels that a dilated kernel covers on each axis (pixels)."""
    return [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]


def _kernel(node: OnnxNode) -> tuple[Constant, int]:
    weight = node.constant(1)
    if weight is None or weight.array.ndim not in (3, 4, 5):
        raise node.refused("moves no constant kernel along one to three axes")
    if 0 in weight.array.shape:
        raise node.refused(f"has a kernel of shape {weight.array.shape}")
    return weight, weight.array.ndim - 2


def _convolution(builder: Builder, node: OnnxNode) -> Value:
    """A convolution along one to three axes."""
    weight, axes = _kernel(node)
    value = node.needed(0)
    stride, dilation = moves_of(node, axes)
    spans = spans_of(weight.array.shape[2:], dilation)
    before, after = padding_of(builder, node, spans, stride)
    if before != after:
        value = padded(builder, value, before, after)
        before = [0] * axes
    return builder.emit(
        f"aten.conv{axes}d.default",
        input=value,
        weight=builder.store(weight, label=node.label(weight, "weight")),
        bias=node.constant(2),
        stride=stride,
        padding=before,
        dilation=dilation,
        groups=node.whole_attribute("group", 1),
    )


def _transposed_convolution(builder: Builder, node: OnnxNode) -> Value:
    """A transposed convolution along one to three axes."""
    weight, axes = _kernel(node)
    stride, dilation = moves_of(node, axes)
    extra = list(node.attributes.get("output_padding", [0] * axes))
    spans = spans_of(weight.array.shape[2:], dilation)
    before, after = _cut_off(builder, node, spans, stride, extra)
    # What is cut off less behind than in front is more output.
    more = [e + b - a for e, b, a in zip(extra, before, after, strict=True)]
    torchs = min(before) >= 0 and all(
        0 <= m < max(s, d)
        for m, s, d in zip(more, stride, dilation, strict=True)
    )
    result = builder.emit(
        f"aten.conv_transpose{axes}d.{'default' if axes == 1 else 'input'}",
        input=node.needed(0),
        bias=node.constant(2),
        stride=stride,
        weight=builder.store(weight, label=node.label(weight, "weight")),
        padding=before if torchs else [0] * axes,
        output_padding=more if torchs else [0] * axes,
        groups=node.whole_attribute("group", 1),
        dilation=dilation,
    )
    if torchs:
        return result
    kept = [e - a for e, a in zip(extra, after, strict=True)]
    grows = max(kept) > 0 or min(before) < 0
    if grows and not builder.is_zero(node.input(2)):
        raise node.refused("makes its output larger than its kernel reaches")
    return padded(builder, result, [-b for b in before], kept)


def _cut_off(
    builder: Builder,
    node: OnnxNode,
    spans: Sequence[int],
    stride: Sequence[int],
    extra: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Pixels cut off in front and behind, as stated or as the wanted output asks for (pixels)."""
    automatic = node.attributes.get("auto_pad", "NOTSET")
    same = automatic in ("SAME_UPPER", "SAME_LOWER")
    stated = node.attributes.get("output_shape")
    if stated is None and not same:
        return padding_of(builder, node, spans, stride)
    sizes = builder.fixed_shape(node.needed(0))[2:]
    known = [size for size in sizes if size is not None]
    if len(known) != len(spans):
        raise node.refused("derives its padding from a free axis")
    wanted = (
        [n * s for n, s in zip(known, stride, strict=True)]
        if stated is None
        else list(stated)[-len(spans) :]
    )
    total = [
        s * (n - 1) + e + span - w
        for s, n, e, span, w in zip(
            stride, known, extra, spans, wanted, strict=True
        )
    ]
    if stated is None:
        total = [max(n, 0) for n in total]
    short = [n // 2 for n in total]
    long = [n - n // 2 for n in total]
    return (short, long) if automatic == "SAME_UPPER" else (long, short)


HANDLERS: dict[str, Handler] = {
    "Conv": _convolution,
    "ConvTranspose": _transposed_convolution,
}
"""Operators of this family."""
