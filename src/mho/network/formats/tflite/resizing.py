"""TFLite operations that change the number of pixels of an image."""

from mho.network.formats.tflite.layers import Handler
from mho.network.formats.tflite.translator import (
    Activation,
    TfliteNode,
    Translator,
    Value,
)


def _bilinear(translator: Translator, node: TfliteNode) -> Value:
    image = translator.as_image(node, node.activation())
    aligned = bool(node.option("align_corners", "B"))
    if not aligned and not node.option("half_pixel_centers", "B"):
        raise node.refused("resizes with pixels counted from their corners")
    result = translator.emit(
        "aten.upsample_bilinear2d.default",
        self=image,
        output_size=_size(node),
        align_corners=aligned,
    )
    return Activation(result, turned=True)


def _nearest(translator: Translator, node: TfliteNode) -> Value:
    """Pixels that are repeated; for whole factors their centres do not matter."""
    image = translator.as_image(node, node.activation())
    sizes = _size(node)
    own = translator.builder.fixed_shape(image)[2:]
    whole = all(
        size and wanted % size == 0
        for size, wanted in zip(own, sizes, strict=True)
    )
    if not whole or node.option("align_corners", "B"):
        raise node.refused(f"resizes {own} pixels to {sizes}")
    result = translator.emit(
        "aten.upsample_nearest2d.default", self=image, output_size=sizes
    )
    return Activation(result, turned=True)


def _size(node: TfliteNode) -> tuple[int, int]:
    sizes = node.whole(1)
    if len(sizes) != 2 or min(sizes) < 1:
        raise node.refused(f"resizes to {sizes}")
    return sizes[0], sizes[1]


def _depth_to_space(translator: Translator, node: TfliteNode) -> Value:
    """Channels become blocks of pixels, row by row."""
    value = node.activation()
    block = node.option("block_size")
    shape = translator.shape(value)
    if len(shape) != 4 or None in shape[1:] or block < 1:
        raise node.refused(f"spreads {shape} by {block}")
    rows, columns, channels = (size or 0 for size in shape[1:])
    ref = translator.in_file_order(value)
    deep = channels // block**2
    split = translator.emit(
        "aten.reshape.default",
        self=ref,
        shape=(-1, rows, columns, block, block, deep),
    )
    order = (0, 1, 3, 2, 4, 5)
    spread = translator.emit("aten.permute.default", self=split, dims=order)
    whole = (-1, rows * block, columns * block, deep)
    return Activation(
        translator.emit("aten.reshape.default", self=spread, shape=whole)
    )


HANDLERS: dict[str, Handler] = {
    "RESIZE_BILINEAR": _bilinear,
    "RESIZE_NEAREST_NEIGHBOR": _nearest,
    "DEPTH_TO_SPACE": _depth_to_space,
}
"""Operators of this family."""
