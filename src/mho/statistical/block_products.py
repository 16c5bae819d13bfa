"""The products of a layer's blocks: one grouped convolution, or one batched product of vectors."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mho.network.operations import Convolution
from mho.statistical.division import Division

_FEW = 48
"""Positions of a kernel on a sample up to which vectors are multiplied rather than images."""


class BlockProducts:
    """How activations become products of blocks, and these become products of a layer.

    Sums of blocks are images (batch, blocks · outputs, rows, columns), or vectors of each block
    (blocks, vectors, outputs).

    Args:
        division: How the layer is divided.
        moves: How its kernel moves; `None` for a fully connected layer.
        padding: Padding that the convolution itself does not do.
    """

    def __init__(
        self,
        division: Division,
        moves: Convolution | None,
        padding: tuple[Sequence[int], str] | None,
    ) -> None:
        self.division = division
        self._moves = moves
        self._padding = padding

    def in_blocks(
        self, matrices: Float[Tensor, "groups outputs width"]
    ) -> Float[Tensor, "blocks outputs rows"]:
        """Matrices of all groups, cut into blocks of whole channels.

        Rows of a block go through the channels for each element of the kernel, as pixels do.
        """
        d = self.division
        kernels = matrices.view(d.groups, d.outputs, d.inputs, d.kernel)
        # rows of missing channels are never driven, whatever their cells hold
        whole = functional.pad(kernels, (0, 0, 0, d.missing))
        parts = whole.view(d.groups, d.outputs, d.blocks, d.channels, d.kernel)
        blocks_first = parts.permute(0, 2, 1, 4, 3)
        return blocks_first.reshape(-1, d.outputs, d.rows).contiguous()

    def padded(self, activation: Tensor) -> Tensor:
        """The activation with padding that is no zeros."""
        if self._padding is None:
            return activation
        sizes, mode = self._padding
        return functional.pad(activation, sizes, mode)

    def scaled(
        self, activation: Tensor, gain: Float[Tensor, " groups"]
    ) -> Tensor:
        """The activation times a factor for each group of channels."""
        if self._moves is None or self.division.groups == 1:
            return activation * gain
        channels = activation.shape[1] // self.division.groups
        factors = gain.repeat_interleave(channels)
        return activation * factors.view(-1, *(1,) * self._moves.axes)

    def by_group(self, activation: Tensor) -> Float[Tensor, "samples groups"]:
        """The numbers of an activation, those of each group of channels in a column."""
        if self._moves is None or self.division.groups == 1:
            return activation.reshape(-1, 1)
        samples, _, *size = activation.shape
        shape = (samples, self.division.groups, -1, *size)
        return activation.reshape(shape).movedim(1, -1).flatten(0, -2)

    def of_block(
        self, sums: Tensor, block: int
    ) -> Float[Tensor, "vectors outputs"]:
        """The sums of one block, a row for each vector."""
        if sums.ndim == 3:
            return sums[block]
        outputs = self.division.outputs
        first = block * outputs
        image = sums[:, first : first + outputs]
        return image.permute(0, 2, 3, 1).flatten(0, 2)

    def driven(self, activation: Tensor) -> Tensor:
        """What drives the rows: images, or vectors for each block (blocks, vectors, rows)."""
        d = self.division
        moves = self._moves
        if moves is None or d.unfolded:
            vectors = activation.reshape(-1, d.inputs)
            if moves is not None:
                vectors = self._unfolded(activation, moves)
            rows = functional.pad(vectors, (0, d.missing))
            return rows.view(-1, d.all_blocks, d.rows).transpose(0, 1)
        pixels = moves.image(activation).permute(0, 2, 3, 1).contiguous()
        if d.missing:
            # the last block of each group is filled up with channels of zeros
            channels = pixels.view(*pixels.shape[:3], d.groups, d.inputs)
            pixels = functional.pad(channels, (0, d.missing)).flatten(3)
        size = moves.positions(tuple(activation.shape))
        # of many positions a convolution is faster than copies of what the kernel sees
        if math.prod(size) > _FEW:
            return pixels.permute(0, 3, 1, 2)
        return self._seen(pixels, size, moves)

    def _unfolded(self, activation: Tensor, moves: Convolution) -> Tensor:
        """What a kernel with many elements sees, group by group: (vectors · groups, width)."""
        columns = functional.unfold(
            moves.image(activation),
            moves.kernel_size,
            dilation=moves.dilation,
            stride=moves.stride,
        )
        return columns.transpose(1, 2).reshape(-1, self.division.inputs)

    def _seen(
        self, pixels: Tensor, size: tuple[int, int], moves: Convolution
    ) -> Tensor:
        """What the kernel sees at each position, in a row of its own."""
        d = self.division
        sample, down, across, _ = pixels.stride()
        shape = (
            d.all_blocks,
            pixels.shape[0],
            *size,
            *moves.kernel_size,
            d.channels,
        )
        strides = (
            d.channels,
            sample,
            down * moves.stride[0],
            across * moves.stride[1],
            down * moves.dilation[0],
            across * moves.dilation[1],
            1,
        )
        seen = pixels.as_strided(shape, strides)
        return seen.reshape(d.all_blocks, -1, d.rows)

    def sums(
        self, driven: Tensor, matrix: Float[Tensor, "blocks outputs rows"]
    ) -> Tensor:
        """Sums of every block.

        Args:
            driven: What drives the rows, from `driven`.
            matrix: What multiplies it.
        """
        moves = self._moves
        if driven.ndim == 3 or moves is None:
            return torch.bmm(driven, matrix.transpose(1, 2))
        kernels = matrix.view(-1, *moves.kernel_size, self.division.channels)
        return functional.conv2d(
            driven,
            kernels.permute(0, 3, 1, 2),
            stride=moves.stride,
            dilation=moves.dilation,
            groups=self.division.all_blocks,
        )

    def as_sums(
        self, numbers: Float[Tensor, "entries width"], sums: Tensor
    ) -> Tensor:
        """Numbers of each entry of a batch in the order of sums.

        Args:
            numbers: As many as there are sums.
            sums: Sums of blocks.
        """
        if sums.ndim == 4:
            pixels = sums.permute(0, 2, 3, 1)
            return numbers.reshape(pixels.shape).permute(0, 3, 1, 2)
        blocks, _, outputs = sums.shape
        parts = numbers.reshape(numbers.shape[0], blocks, -1, outputs)
        return parts.transpose(0, 1).reshape(sums.shape)

    def added(
        self, sums: Tensor, gain: Float[Tensor, "blocks outputs"]
    ) -> Float[Tensor, "vectors all"]:
        """The blocks' sums times their gains, added up; groups side by side.

        Args:
            sums: Sums of blocks.
            gain: Factor of each.
        """
        d = self.division
        if sums.ndim == 4:
            pixels = sums.permute(0, 2, 3, 1) * gain.flatten()
            parts = pixels.reshape(-1, d.groups, d.blocks, d.outputs)
            return parts.sum(2).flatten(1)
        scaled = sums * gain[:, None]
        parts = scaled.view(d.groups, d.blocks, -1, d.outputs)
        return parts.sum(1).transpose(0, 1).flatten(1)
