"""How the rows of a layer are divided among tiles: groups of channels, blocks of rows in each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mho.network.operations import LinearLayer


@dataclass(frozen=True, slots=True)
class Division:
    """How a layer's rows are divided: groups of channels, and blocks of rows within each.

    Args:
        groups: Groups of channels that share nothing (1).
        blocks: Blocks of each group (1).
        channels: Channels of each block; the last one may have fewer (1).
        inputs: Channels of a group (1).
        outputs: Outputs of a group (1).
        kernel: Elements of a kernel (1).
        lines: Outputs of a group that share a tile, and with it a range of converters (1).
        unfolded: Whether every element of a kernel counts as a channel of its own, as that of a
            single channel has more than a tile has rows.
    """

    groups: int
    blocks: int
    channels: int
    inputs: int
    outputs: int
    kernel: int
    lines: int
    unfolded: bool = False

    @property
    def rows(self) -> int:
        """Rows of a block (1)."""
        return self.channels * self.kernel

    @property
    def missing(self) -> int:
        """Channels that the last block of a group lacks (1)."""
        return self.blocks * self.channels - self.inputs

    @property
    def all_blocks(self) -> int:
        """Blocks of all groups (1)."""
        return self.groups * self.blocks


def divided(layers: Sequence[LinearLayer], rows: int, columns: int) -> Division:
    """Blocks of whole channels, as even as can be, that fit the word lines of a tile.

    Args:
        layers: One layer, or one for each group of channels.
        rows: Word lines of a tile (1).
        columns: Bit lines of a tile, two for each output (1).
    """
    outputs, width = layers[0].weight.shape
    moves = layers[0].convolution
    kernel = 1 if moves is None else math.prod(moves.kernel_size)
    unfolded = kernel > rows
    if unfolded:
        kernel = 1
    inputs = width // kernel
    most_channels = rows // kernel
    fewest_blocks = math.ceil(inputs / most_channels)
    channels = math.ceil(inputs / fewest_blocks)
    return Division(
        groups=len(layers),
        blocks=math.ceil(inputs / channels),
        channels=channels,
        inputs=inputs,
        outputs=outputs,
        kernel=kernel,
        lines=max(columns // 2, 1),
        unfolded=unfolded,
    )
