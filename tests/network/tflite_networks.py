"""The layer tables of the four tasks of MLPerf Tiny, with random weights.

From the Keras models of the benchmark (github.com/mlcommons/tiny, folder
`benchmark/training`); batch norms are in the weights, as the converter puts them there.
"""

from collections.abc import Callable

from tflite_writer import Writer


def resnet8(network: Writer) -> int:
    """CIFAR-10: three stacks of two convolutions beside a shortcut."""
    x = network.conv(network.input(32, 32, 3), 16, (3, 3))
    for filters, stride in ((16, 1), (32, 2), (64, 2)):
        y = network.conv(x, filters, (3, 3), stride)
        y = network.conv(y, filters, (3, 3), activation="NONE")
        if stride > 1:
            x = network.conv(x, filters, (1, 1), stride, activation="NONE")
        x = network.add(x, y, "RELU")
    x = network.pool(x, (8, 8), (8, 8))
    return network.softmax(network.dense(network.flatten(x), 10))


def ds_cnn(network: Writer) -> int:
    """Speech commands: a convolution and four depthwise separable ones."""
    x = network.conv(network.input(49, 10, 1), 64, (10, 4), 2)
    for _ in range(4):
        x = network.conv(network.depthwise(x), 64, (1, 1))
    x = network.pool(x, (25, 5), (25, 5))
    return network.softmax(network.dense(network.flatten(x), 12))


def mobilenet(network: Writer) -> int:
    """Visual wake words: MobileNet v1 of a quarter of the width, on 96×96 pixels."""
    x = network.conv(network.input(96, 96, 3), 8, (3, 3), 2)
    table = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)]
    table += [(128, 1)] * 5 + [(256, 2), (256, 1)]
    for filters, stride in table:
        x = network.conv(network.depthwise(x, stride=stride), filters, (1, 1))
    x = network.pool(x, (3, 3), (3, 3))
    return network.softmax(network.dense(network.flatten(x), 2))


def autoencoder(network: Writer) -> int:
    """Machine sounds: ten layers around a bottleneck of eight."""
    x = network.input(640)
    for outputs in (128, 128, 128, 128, 8, 128, 128, 128, 128):
        x = network.dense(x, outputs, "RELU")
    return network.dense(x, 640)


TINY: dict[str, Callable[[Writer], int]] = {
    "resnet8": resnet8,
    "ds_cnn": ds_cnn,
    "mobilenet": mobilenet,
    "autoencoder": autoencoder,
}
"""The four, by name; each adds itself to a writer and returns its output."""
