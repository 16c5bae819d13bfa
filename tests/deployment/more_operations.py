"""One operation at a time: those that fewer networks have."""

from typing import Any

import numpy as np
import pytest
from handmade import floats, model, node, whole

IMAGE = (4, 7, 6)
SIGNAL = (4, 9)
ROW = (6,)


def case(
    label: str,
    shape: tuple[int, ...],
    made: Any,
    opset: int = 18,
    **arrays: Any,
) -> Any:
    return pytest.param(model([made], shape, opset, **arrays), shape, id=label)


MORE_OPERATIONS = [
    *(
        case(
            f"pad {mode}",
            IMAGE,
            node("Pad", "p", mode=mode),
            p=whole(0, 0, 2, 1, 0, 0, 3, 4),
        )
        for mode in ("reflect", "edge")
    ),
    case(
        "pad wrapped",
        SIGNAL,
        node("Pad", "p", mode="wrap"),
        19,
        p=whole(0, 0, 2, 0, 0, 3),
    ),
    case(
        "backwards",
        SIGNAL,
        node("Slice", "a", "b", "c", "d"),
        a=whole(7),
        b=whole(-99),
        c=whole(2),
        d=whole(-3),
    ),
    case(
        "clip by values",
        SIGNAL,
        node("Clip", "a", "b"),
        a=np.float32(-1),
        b=np.float32(0.5),
    ),
    case("prelu of pixels", IMAGE, node("PRelu", "s"), s=floats(7, 1)),
    case(
        "gather a table",
        IMAGE,
        node("Gather", "i", axis=1),
        i=np.array([[0, -1], [2, 2]]),
    ),
    case("tile", SIGNAL, node("Tile", "t"), t=whole(1, 2, 3)),
    case("depth to space", (8, 3, 2), node("DepthToSpace", blocksize=2)),
    case(
        "depth to space by column",
        (8, 3, 2),
        node("DepthToSpace", blocksize=2, mode="CRD"),
    ),
    case("space to depth", (3, 4, 6), node("SpaceToDepth", blocksize=2)),
    case("triangle", (5, 5), node("Trilu", "k", upper=0), k=np.int64(-1)),
    case(
        "running sum",
        SIGNAL,
        node("CumSum", "a", exclusive=1, reverse=1),
        a=np.int64(2),
    ),
    case(
        "instance norm",
        IMAGE,
        node("InstanceNormalization", "s", "b"),
        s=floats(4),
        b=floats(4),
    ),
    case(
        "group norm",
        IMAGE,
        node("GroupNormalization", "s", "b", num_groups=2),
        21,
        s=floats(4),
        b=floats(4),
    ),
    case(
        "group norm, a scale a group",
        IMAGE,
        node("GroupNormalization", "s", "b", num_groups=2),
        18,
        s=floats(2),
        b=floats(2),
    ),
    case("length norm", SIGNAL, node("LpNormalization", axis=1, p=1)),
    case("local norm", IMAGE, node("LRN", size=3, alpha=0.5)),
    case(
        "average, uneven",
        IMAGE,
        node("AveragePool", kernel_shape=[3, 2], pads=[0, 1, 1, 0]),
    ),
    case(
        "average, dilated",
        SIGNAL,
        node("AveragePool", kernel_shape=[3], dilations=[2], pads=[1, 2]),
        19,
    ),
    case(
        "average, ceil",
        IMAGE,
        node("AveragePool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ),
    case("length pool", IMAGE, node("LpPool", kernel_shape=[2, 2], p=3)),
    case("global length", IMAGE, node("GlobalLpPool", p=3)),
    *(
        case(
            f"resize {mode} {places}",
            IMAGE,
            node(
                "Resize",
                "",
                "f",
                mode=mode,
                coordinate_transformation_mode=places,
            ),
            f=np.float32([1, 1, 2.5, 0.5]),
        )
        for mode in ("nearest", "linear", "cubic")
        for places in (
            "half_pixel",
            "align_corners",
            "asymmetric",
            "pytorch_half_pixel",
        )
    ),
    case(
        "softly smaller",
        IMAGE,
        node("Resize", "", "", "s", mode="linear", antialias=1),
        s=whole(2, 4, 3, 2),
    ),
    case(
        "conv in space",
        (2, 4, 5, 3),
        node("Conv", "w", pads=[1] * 6),
        w=floats(3, 2, 3, 3, 3),
    ),
    case(
        "transposed to a shape",
        IMAGE,
        node("ConvTranspose", "w", strides=[3, 3], output_shape=[20, 17]),
        w=floats(4, 2, 3, 3),
    ),
    case(
        "einsum",
        SIGNAL,
        node("Einsum", "w", equation="bct,tk->bkc"),
        w=floats(9, 2),
    ),
    case(
        "quantised",
        SIGNAL,
        node("QuantizeLinear", "s", "z"),
        s=np.float32(0.02),
        z=np.uint8(128),
    ),
    *(
        case(name, SIGNAL, node(name, axes=[-1], keepdims=0), 13)
        for name in (
            "ReduceMin",
            "ReduceProd",
            "ReduceL1",
            "ReduceL2",
            "ReduceSumSquare",
            "ReduceLogSumExp",
        )
    ),
    *(
        case(name, SIGNAL, node(name, axis=2))
        for name in ("ArgMax", "ArgMin", "Hardmax")
    ),
    *(
        case(name, SIGNAL, node(name, "c"), c=floats(4, 1))
        for name in ("Greater", "LessOrEqual")
    ),
    case("modulo", SIGNAL, node("Mod", "c", fmod=1), c=floats(4, 1)),
    *(
        case(name, SIGNAL, node(name))
        for name in (
            "Floor",
            "Ceil",
            "Round",
            "Sign",
            "Softsign",
            "Celu",
            "Shrink",
            "ThresholdedRelu",
            "IsNaN",
            "IsInf",
            "Atan",
            "Asinh",
        )
    ),
    case("sum of three", SIGNAL, node("Sum", "x", "c"), c=floats(4, 1)),
    case("mean of three", SIGNAL, node("Mean", "x", "c"), c=floats(4, 1)),
    case(
        "power of many",
        SIGNAL,
        node("Pow", "c"),
        c=whole(0, 1, 2, 3, 4, 5, 6, 7, 8),
    ),
]
"""Files of one operation each, and the shape of a sample."""
