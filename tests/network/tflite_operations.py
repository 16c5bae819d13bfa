"""Networks of one or two operations, with the edges that their definitions have."""

from collections.abc import Callable

import numpy as np
from tflite_writer import Writer

Build = Callable[[Writer], int]


def real(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def unary(operator: str, **options: float) -> Build:
    def build(net: Writer) -> int:
        x = net.input(5, 4, 3)
        return net.op(operator, [x], net.shape(x), **options)

    return build


def after_conv(operator: str, constant: np.ndarray, **options: int) -> Build:
    """On an image that a convolution has turned, with a constant that is broadcast."""

    def build(net: Writer) -> int:
        x = net.conv(net.input(5, 4, 3), 6, (3, 3), activation="NONE")
        return net.op(
            operator, [x, net.constant(constant)], net.shape(x), **options
        )

    return build


def conv(
    kernel: tuple[int, int],
    stride: int,
    padding: str = "SAME",
    activation: str = "RELU6",
    size: tuple[int, int, int] = (7, 6, 3),
) -> Build:
    return lambda net: net.conv(
        net.input(*size), 5, kernel, stride, activation, padding
    )


def dilated(net: Writer) -> int:
    x = net.input(9, 8, 3)
    place = net.conv(x, 4, (3, 3))
    net.operations[-1].options |= {
        "dilation_h_factor": 2,
        "dilation_w_factor": 3,
    }
    return place


def grouped(net: Writer) -> int:
    """A kernel for two channels of six: three groups."""
    x = net.input(5, 5, 6)
    weight = net.weights((9, 3, 3, 2), 18, 0)
    return net.op(
        "CONV_2D",
        [x, weight, net.bias(9)],
        (1, 5, 5, 9),
        padding=0,
        stride_w=1,
        stride_h=1,
    )


def pool(
    kind: str,
    window: tuple[int, int],
    stride: tuple[int, int],
    padding: str,
) -> Build:
    return lambda net: net.pool(
        net.input(7, 6, 3), window, stride, kind, padding
    )


def mean(axes: tuple[int, ...], keep: int, turned: bool) -> Build:
    def build(net: Writer) -> int:
        x = net.input(5, 4, 3)
        if turned:
            x = net.conv(x, 6, (3, 3))
        shape = [
            1 if axis in axes else size
            for axis, size in enumerate(net.shape(x))
            if keep or axis not in axes
        ]
        return net.op("MEAN", [x, net.whole(*axes)], shape, keep_dims=keep)

    return build


def pad(turned: bool, fill: float | None = None) -> Build:
    def build(net: Writer) -> int:
        x = net.input(5, 4, 3)
        if turned:
            x = net.conv(x, 3, (1, 1))
        table = np.array([[0, 0], [1, 2], [0, 3], [1, 0]], np.int32)
        inputs = [x, net.constant(table)]
        if fill is not None:
            inputs.append(net.constant(np.array(fill, np.float32)))
        operator = "PAD" if fill is None else "PADV2"
        return net.op(operator, inputs, (1, 8, 7, 4))

    return build


def mirrored(mode: int) -> Build:
    """Rows and channels go on as in a mirror, in front and behind by different numbers."""

    def build(net: Writer) -> int:
        x = net.conv(net.input(5, 4, 3), 3, (1, 1))
        table = np.array([[0, 0], [1, 2], [0, 0], [2, 1]], np.int32)
        inputs = [x, net.constant(table)]
        return net.op("MIRROR_PAD", inputs, (1, 8, 4, 6), mode=mode)

    return build


def chosen(net: Writer) -> int:
    """The least number of a pixel where it is above a bound, else its own numbers, floored."""
    x = net.conv(net.input(5, 4, 3), 3, (1, 1), activation="NONE")
    least = net.op("REDUCE_MIN", [x, net.whole(3)], (1, 5, 4))
    wide = net.op("RESHAPE", [least, net.whole(1, 5, 4, 1)], (1, 5, 4, 1))
    bound = net.constant(np.array(-0.5, np.float32))
    above = net.op("GREATER", [wide, bound], (1, 5, 4, 1))
    found = net.op("SELECT_V2", [above, wide, x], (1, 5, 4, 3))
    return net.op("FLOOR", [found], (1, 5, 4, 3))


def taken_apart(net: Writer) -> int:
    """Uneven parts of the columns, the rows of the last, and both halves of it side by side."""
    x = net.conv(net.input(2, 5, 3), 4, (1, 1))
    axis = net.constant(np.array(2, np.int32))
    parts = net.op(
        "SPLIT_V",
        [x, net.whole(3, 2), axis],
        (1, 2, 2, 4),
        results=2,
        num_splits=2,
    )
    rows = net.op("UNPACK", [parts + 1], (1, 2, 4), results=2, num=2, axis=1)
    return net.op(
        "PACK", [rows + 1, rows], (1, 2, 2, 4), values_count=2, axis=2
    )


def concatenated(net: Writer) -> int:
    x = net.input(5, 4, 3)
    a = net.conv(x, 6, (3, 3))
    b = net.depthwise(x, multiplier=2)
    # one branch is turned and the other is not
    whole = net.op("CONCATENATION", [a, x, b], (1, 5, 4, 15), axis=-1)
    return net.op("CONCATENATION", [whole, whole], (1, 10, 4, 15), axis=1)


def softmax_of_image(net: Writer) -> int:
    x = net.conv(net.input(4, 4, 2), 3, (1, 1), activation="NONE")
    return net.op("SOFTMAX", [x], net.shape(x), beta=0.5)


def transposed(net: Writer) -> int:
    x = net.conv(net.input(4, 3, 2), 5, (1, 1))
    return net.op("TRANSPOSE", [x, net.whole(0, 3, 2, 1)], (1, 5, 3, 4))


def squeezed(net: Writer) -> int:
    x = net.conv(net.input(1, 4, 3), 2, (1, 1))
    return net.op("SQUEEZE", [x], (1, 4, 2), squeeze_dims=[1])


def reshaped(net: Writer) -> int:
    """Behind a convolution, numbers must lie as in the file, channels last."""
    x = net.conv(net.input(4, 3, 2), 5, (1, 1))
    return net.op("RESHAPE", [x, net.whole(1, 6, 10)], (1, 6, 10))


def dense_sequence(net: Writer) -> int:
    x = net.input(4, 6)
    weight = net.weights((5, 6), 6, 0)
    return net.op(
        "FULLY_CONNECTED",
        [x, weight, net.bias(5)],
        (1, 4, 5),
        fused_activation_function=1,
        keep_num_dims=1,
    )


def dense_without_bias(net: Writer) -> int:
    x = net.input(2, 3)
    return net.op(
        "FULLY_CONNECTED",
        [x, net.weights((4, 6), 6, 0), -1],
        (1, 4),
        fused_activation_function=1,
    )


def dense_from_zero(net: Writer) -> int:
    """Weights of 8 bits without sign, the middle of which stands for zero."""
    whole = np.random.default_rng(1).integers(0, 256, (4, 6), np.uint8)
    weight = net.constant(whole, scale=[0.03], zero=[131])
    return net.op("FULLY_CONNECTED", [net.input(6), weight, -1], (1, 4))


def half_precision(net: Writer) -> int:
    """Weights of 16 bits pass a `DEQUANTIZE`, as converters write them."""
    x = net.input(6)
    half = net.constant(real(4, 6).astype(np.float16))
    weight = net.op("DEQUANTIZE", [half], (4, 6))
    return net.op("FULLY_CONNECTED", [x, weight, -1], (1, 4))


def free_reshape(net: Writer) -> int:
    """The number of samples is looked up at run time, as Keras's `Reshape` does it."""
    x = net.input(4, 6)
    sizes = net.op("SHAPE", [x], (3,))
    ends = [net.whole(0), net.whole(1), net.whole(1)]
    count = net.op("STRIDED_SLICE", [sizes, *ends], (), shrink_axis_mask=1)
    wanted = [count, net.whole(8), net.whole(3)]
    for place in wanted[1:]:
        net.tensors[place].array = net.tensors[place].array.reshape(())
        net.tensors[place].shape = ()
    target = net.op("PACK", wanted, (3,), values_count=3, axis=0)
    return net.op("RESHAPE", [x, target], (1, 8, 3))


def sliced(net: Writer) -> int:
    """All samples of the file, which is one; rows by steps, and one column."""
    x = net.conv(net.input(6, 5, 3), 4, (1, 1))
    ends = [
        net.whole(0, 1, 2, 0),
        net.whole(1, 6, 3, -1),
        net.whole(1, 2, 1, 1),
    ]
    return net.op(
        "STRIDED_SLICE",
        [x, *ends],
        (1, 3, 3),
        begin_mask=0,
        end_mask=0,
        shrink_axis_mask=4,
    )


def cut(net: Writer) -> int:
    x = net.input(6, 5)
    bounds = [net.whole(0, 2, 1), net.whole(1, 3, -1)]
    return net.op("SLICE", [x, *bounds], (1, 3, 4))


def split(net: Writer) -> int:
    """Halves of the channels, the second before the first."""
    x = net.conv(net.input(3, 2, 2), 4, (1, 1))
    axis = net.constant(np.array(3, np.int32))
    half = (1, 3, 2, 2)
    first = net.op("SPLIT", [axis, x], half, results=2, num_splits=2)
    return net.op("CONCATENATION", [first + 1, first], (1, 3, 2, 4), axis=3)


def resized(operator: str, size: tuple[int, int], **options: int) -> Build:
    def build(net: Writer) -> int:
        x = net.conv(net.input(4, 3, 2), 5, (1, 1))
        return net.op(operator, [x, net.whole(*size)], (1, *size, 5), **options)

    return build


def spread(net: Writer) -> int:
    x = net.input(2, 3, 8)
    return net.op("DEPTH_TO_SPACE", [x], (1, 4, 6, 2), block_size=2)


def spectrum(net: Writer) -> int:
    """Frames of a sound, cut by sizes that the file works out, real parts of their spectra."""
    x = net.input(24)
    sizes = net.op("SHAPE", [x], (2,))
    first = net.constant(np.array(0, np.int32))
    of_each = net.op(
        "SPLIT_V", [sizes, net.whole(1, 1), first], (1,), results=2
    )
    nothing = net.constant(np.zeros(0, np.int32))
    length = net.op("RESHAPE", [of_each + 1, nothing], ())
    four = net.constant(np.array(4, np.int32))
    quarters = net.op("FLOOR_DIV", [length, four], ())
    one = net.constant(np.array(1, np.int32))
    most = net.op("SUB", [quarters, one], ())
    count = net.op("MAXIMUM", [most, first], ())
    numbers = net.op("RANGE", [first, count, one], (5,))
    starts = net.op("MUL", [numbers, four], (5,))
    column = net.op("RESHAPE", [starts, net.whole(5, 1)], (5, 1))
    within = net.constant(np.arange(8, dtype=np.int32).reshape(1, 8))
    places = net.op("ADD", [column, within], (5, 8))
    frames = net.op("GATHER", [x, places], (1, 5, 8), axis=1)
    two = net.constant(np.array(2, np.int32))
    rows = net.op("EXPAND_DIMS", [frames, two], (1, 5, 1, 8))
    waves = net.op("RFFT2D", [rows, net.whole(1, 8)], (1, 5, 1, 5))
    flat = net.op("SQUEEZE", [waves], (1, 5, 5), squeeze_dims=[2])
    reals = net.op("CAST", [flat], (1, 5, 5))
    # five rows for each sample, as a product of matrices wants them
    all_rows = net.op("RESHAPE", [reals, net.whole(5, 5)], (5, 5))
    bands = net.dense(all_rows, 3)
    again = net.op("RESHAPE", [bands, net.whole(1, 5, 3)], (1, 5, 3))
    squares = net.op("MUL", [again, again], (1, 5, 3))
    power = net.constant(np.array(0.3, np.float32))
    quiet = net.op("POW", [squares, power], (1, 5, 3))
    return net.op("REVERSE_V2", [quiet, net.whole(2)], (1, 5, 3))


OPERATIONS: dict[str, Build] = {
    "conv same odd": conv((3, 3), 2),
    "conv same even": conv((4, 2), 2, size=(8, 6, 3)),
    "conv valid": conv((2, 3), 2, "VALID", "RELU"),
    "conv cut": conv((3, 3), 1, activation="RELU_N1_TO_1"),
    "conv dilated": dilated,
    "conv grouped": grouped,
    "depthwise twice": lambda net: net.depthwise(
        net.input(7, 6, 3), (3, 3), 2, multiplier=2
    ),
    "depthwise valid": lambda net: net.depthwise(
        net.input(7, 6, 3), (2, 3), padding="VALID"
    ),
    "dense sequence": dense_sequence,
    "dense without bias": dense_without_bias,
    "dense from zero": dense_from_zero,
    "half precision": half_precision,
    "average same": pool("AVERAGE_POOL_2D", (3, 3), (1, 1), "SAME"),
    "average same uneven": pool("AVERAGE_POOL_2D", (2, 4), (2, 3), "SAME"),
    "average valid": pool("AVERAGE_POOL_2D", (3, 2), (2, 2), "VALID"),
    "largest same uneven": pool("MAX_POOL_2D", (3, 2), (2, 2), "SAME"),
    "largest valid": pool("MAX_POOL_2D", (2, 2), (2, 2), "VALID"),
    "relu": unary("RELU"),
    "relu6": unary("RELU6"),
    "logistic": unary("LOGISTIC"),
    "tanh": unary("TANH"),
    "leaky": unary("LEAKY_RELU", alpha=0.3),
    "softmax": unary("SOFTMAX", beta=1.0),
    "softmax of image": softmax_of_image,
    "add channels": after_conv("ADD", real(6)),
    "add number": after_conv(
        "ADD", np.array(0.5, np.float32), fused_activation_function=1
    ),
    "mul columns": after_conv("MUL", real(1, 4, 1)),
    "sub image": after_conv("SUB", real(1, 5, 4, 6)),
    "prelu": after_conv("PRELU", real(1, 1, 6)),
    "mean of pixels": mean((1, 2), 0, turned=True),
    "mean kept": mean((1, 2), 1, turned=True),
    "mean of rows": mean((1,), 0, turned=True),
    "mean of channels": mean((3,), 0, turned=False),
    "pad": pad(turned=False),
    "pad turned": pad(turned=True),
    "pad filled": pad(turned=True, fill=-2.0),
    "mirror": mirrored(0),
    "mirror that shows the last": mirrored(1),
    "choice": chosen,
    "taken apart": taken_apart,
    "concatenation": concatenated,
    "slice by steps": sliced,
    "slice": cut,
    "split": split,
    "resize aligned": resized("RESIZE_BILINEAR", (7, 5), align_corners=1),
    "resize centred": resized("RESIZE_BILINEAR", (8, 6), half_pixel_centers=1),
    "resize nearest": resized(
        "RESIZE_NEAREST_NEIGHBOR", (8, 9), half_pixel_centers=1
    ),
    "depth to space": spread,
    "spectrum": spectrum,
    "transpose": transposed,
    "squeeze": squeezed,
    "reshape": reshaped,
    "reshape of free size": free_reshape,
}
"""Networks by name; each adds itself to a writer and returns its output."""
