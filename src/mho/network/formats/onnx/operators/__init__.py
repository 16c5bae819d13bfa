"""Operators of ONNX, family by family: what each of them means in the words of a `Graph`.

A handler takes an operation of the file and adds the nodes that compute it. The standard's older
words for the same operator, back to version 7, are understood where the operator is.
"""

from collections.abc import Mapping

from mho.network.formats.onnx.node import Handler
from mho.network.formats.onnx.operators import (
    activations,
    arithmetic,
    convolutions,
    lookups,
    norms,
    pooling,
    products,
    quantized,
    recurrent,
    reductions,
    resizing,
    shapes,
    slices,
)

HANDLERS: Mapping[str, Handler] = {
    name: handler
    for family in (
        activations,
        arithmetic,
        convolutions,
        lookups,
        norms,
        pooling,
        products,
        quantized,
        recurrent,
        reductions,
        resizing,
        shapes,
        slices,
    )
    for name, handler in family.HANDLERS.items()
}
"""What reads each operator, by its name in the standard."""

__all__ = ["HANDLERS"]
