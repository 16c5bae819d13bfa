"""Layers that multiply by stored weights, and the vectors they multiply."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mho.network.operations.unfolding import Convolution


@dataclass(frozen=True, slots=True, eq=False)
class LinearLayer:
    """A layer that multiplies vectors by stored weights: fully connected or convolutional.

    Args:
        name: Name of the layer in the user's module; of a group of channels, with its number.
        weight: Weights (1). A kernel is flattened by channel, row, column. Shape (out, in).
        bias: Added to every product, digitally (1). Shape (out,).
        convolution: How the kernel moves; `None` for a fully connected layer.
    """

    name: str
    weight: Float[Tensor, "out in"]
    bias: Float[Tensor, " out"] | None = None
    convolution: Convolution | None = None

    @property
    def kind(self) -> str:
        """`"linear"`, or the kind of convolution, such as `"conv2d"`."""
        return "linear" if self.convolution is None else self.convolution.kind

    def vectors(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "vectors in"]:
        """The vectors to multiply, one per sample and position, samples first (1)."""
        if self.convolution is None:
            return activation.reshape(-1, self.weight.shape[1])
        return self.convolution.vectors(activation)

    def fold(
        self,
        products: Float[Tensor, "vectors out"],
        activation_shape: tuple[int, ...],
    ) -> Float[Tensor, "batch ..."]:
        """The layer's output, from one product per vector (1).

        Args:
            products: Rows in the order of `vectors` (1). Shape (vectors, out).
            activation_shape: Shape of the layer's input.
        """
        if self.convolution is None:
            shape = (*activation_shape[:-1], products.shape[-1])
            return products.reshape(shape).contiguous()
        size = self.convolution.positions(activation_shape)
        images = products.reshape(
            activation_shape[0], prod(size), products.shape[-1]
        ).transpose(1, 2)
        images = images.reshape(activation_shape[0], products.shape[-1], *size)
        # In the order of memory that torch's own layers use, as a recorded view relies on it.
        return self.convolution.shaped(images).contiguous()

    def forward(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """What the layer computes digitally, bias included (1)."""
        return forward_groups((self,), activation)

    def multiply_adds(self, activation_shape: tuple[int, ...]) -> int:
        """Multiply-adds for an input of this shape; padding counts, zeros between pixels don't.

        A transposed convolution uses its whole kernel once for every pixel of the input.
        """
        moves = self.convolution
        if moves is None:
            return prod(activation_shape[:-1]) * self.weight.numel()
        size = (
            activation_shape[2:]
            if moves.spread
            else moves.positions(activation_shape)
        )
        return activation_shape[0] * prod(size) * self.weight.numel()


def forward_groups(
    layers: Sequence[LinearLayer], activation: Float[Tensor, "batch ..."]
) -> Float[Tensor, "batch ..."]:
    """What layers compute digitally that share the input channels between them (1).

    Args:
        layers: One layer for each group of channels; only convolutions have several.
        activation: Input (1). Shape (batch, ...).
    """
    weight = _joined([layer.weight for layer in layers]).to(activation.device)
    present = [layer.bias for layer in layers if layer.bias is not None]
    bias = _joined(present).to(activation.device) if present else None
    moves = layers[0].convolution
    # Of tensors without numbers torch finds the same shapes, but loads a second of code for it.
    if moves is None:
        *several, inputs = activation.shape
        if activation.is_meta and inputs == weight.shape[1]:
            return activation.new_empty(*several, weight.shape[0])
        return functional.linear(activation, weight, bias)
    image = moves.image(activation)
    if image.is_meta and _fits(image, weight, moves, len(layers)):
        size = moves.positions(tuple(activation.shape))
        shape = (image.shape[0], weight.shape[0], *size)
        return moves.shaped(image.new_empty(shape))
    images = functional.conv2d(
        image,
        weight.reshape(weight.shape[0], -1, *moves.kernel_size),
        bias,
        stride=moves.stride,
        dilation=moves.dilation,
        groups=len(layers),
    )
    return moves.shaped(images)


def _fits(
    image: Tensor, weight: Tensor, moves: Convolution, groups: int
) -> bool:
    """Whether a convolution accepts an image, so that its result has the shape to be expected."""
    inputs = groups * weight.shape[1]
    return (
        image.ndim == 4
        and image.shape[1] * prod(moves.kernel_size) == inputs
        and weight.shape[0] % groups == 0
        and all(
            size > dilation * (kernel - 1)
            for size, kernel, dilation in zip(
                image.shape[2:], moves.kernel_size, moves.dilation, strict=True
            )
        )
    )


def _joined(parts: Sequence[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
