"""How a kernel moves over a signal or an image: the unfolding that makes products of it."""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Convolution:
    """How a convolution moves its kernel; every pair is (vertical, horizontal).

    A signal with one axis is an image of one row. A transposed convolution is a convolution too:
    with zeros between the pixels, a kernel turned round, and the padding that follows.

    Args:
        kernel_size: Size of the kernel (pixels).
        stride: Distance of neighbouring positions (pixels).
        padding: Zeros put around the image on either side (pixels); negative cuts pixels off.
        dilation: Distance of neighbouring kernel elements (pixels).
        extra: Further zeros below and on the right (pixels).
        spread: Distance that neighbouring pixels get by zeros between them (pixels); `None` if
            the convolution is not a transposed one.
        axes: 2 for images, 1 for signals.
    """

    kernel_size: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    extra: Pair = (0, 0)
    spread: Pair | None = None
    axes: int = 2

    @property
    def kind(self) -> str:
        """Name of the operation, such as `"conv2d"` or `"conv_transpose1d"`."""
        return f"conv{'' if self.spread is None else '_transpose'}{self.axes}d"

    def output_size(self, height: int, width: int) -> Pair:
        """Positions of the kernel on an image, vertically and horizontally (1).

        >>> Convolution(kernel_size=(3, 3), stride=(2, 1), padding=(1, 0)).output_size(8, 8)
        (4, 6)
        """
        down, across = (
            ((size - 1) * apart + 2 * padding + extra - dilation * (kernel - 1))
            // stride
            + 1
            for size, apart, kernel, stride, padding, dilation, extra in zip(
                (height, width),
                self.spread or (1, 1),
                self.kernel_size,
                self.stride,
                self.padding,
                self.dilation,
                self.extra,
                strict=True,
            )
        )
        return down, across

    def image(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ch rows cols"]:
        """The activation as an image, with all its zeros around and between the pixels (1)."""
        image = activation if self.axes == 2 else activation.unsqueeze(-2)
        if self.spread not in (None, (1, 1)):
            image = _spread(image, self.spread)
        (down, across) = self.padding
        (below, right) = self.extra
        if not any((down, across, below, right)):
            return image
        return functional.pad(
            image, (across, across + right, down, down + below)
        )

    def vectors(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "vectors in"]:
        """What the kernel sees, one vector per sample and position, samples first (1).

        Numbers of a vector stand by channel, row and column.
        """
        image = self.image(activation)
        (high, wide), (down, across) = self.kernel_size, self.stride
        (below, beside) = self.dilation
        # pixels side by side first, then row by row: two copies of what stands together take half
        # of the time of one that gathers single pixels and another one that turns them round
        reach = (wide - 1) * beside + 1
        lines = image.unfold(-1, reach, across)[..., ::beside]
        lines = lines.permute(0, 2, 3, 1, 4).contiguous()
        batch, height, along, channels, _ = lines.shape
        count = (height - 1 - (high - 1) * below) // down + 1
        windows = image.new_empty(batch, count, along, channels, high, wide)
        for k in range(high):
            first = k * below
            last = first + (count - 1) * down
            windows[..., k, :] = lines[:, first : last + 1 : down]
        return windows.view(batch * count * along, channels * high * wide)

    def shaped(
        self, image: Float[Tensor, "batch ch rows cols"]
    ) -> Float[Tensor, "batch ..."]:
        """An image in the shape that the network knows: without the row of a signal (1)."""
        return image if self.axes == 2 else image.squeeze(-2)

    def positions(self, activation_shape: tuple[int, ...]) -> Pair:
        """Positions of the kernel on an activation of this shape (1)."""
        height, width = (
            activation_shape[-2:]
            if self.axes == 2
            else (1, activation_shape[-1])
        )
        return self.output_size(height, width)


def _spread(image: Tensor, apart: Pair | None) -> Tensor:
    down, across = apart or (1, 1)
    *lead, height, width = image.shape
    zeros = image.new_zeros(
        *lead, (height - 1) * down + 1, (width - 1) * across + 1
    )
    zeros[..., ::down, ::across] = image
    return zeros
