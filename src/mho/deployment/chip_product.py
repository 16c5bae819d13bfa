"""Products of a deployed network, those of many groups of channels in one call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mho.bench import WindowMultiplying
from mho.mapping import PairBlock, ReferenceBlock
from mho.network.operations import Convolution, LinearLayer

if TYPE_CHECKING:
    from mho.deployment.deployed import DeployedNetwork

Block = PairBlock | ReferenceBlock


class ChipProduct:
    """Multiplies as a deployed network does, layer by layer or many groups in one call.

    Args:
        deployed: The network.
    """

    def __init__(self, deployed: "DeployedNetwork") -> None:
        self._deployed = deployed

    def __call__(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        """Vectors times weights through every block of the layer, corrected (1).

        Args:
            index: Number of the layer.
            layer: The layer.
            vectors: Its inputs (1). Shape (vectors, in).
        """
        return self._deployed.product(index, layer, vectors)

    def of_groups(
        self,
        numbers: Sequence[int],
        layers: Sequence[LinearLayer],
        activation: Float[Tensor, "batch ..."],
    ) -> Float[Tensor, "batch results _ _"] | None:
        """What calls for one layer after the other give, but for the rounding of sums (1).

        `None` where groups must be called one after the other.

        Args:
            numbers: Numbers of the groups' layers.
            layers: The layers, convolutions of one shape.
            activation: Input of all of them, which share its channels evenly (1).
        """
        blocks = self._one_for_each(numbers)
        if blocks is None:
            return None
        deployed = self._deployed
        moves = layers[0].convolution
        assert moves is not None
        read_voltage = deployed.bench.info.read_voltage
        volts = torch.tensor(
            [read_voltage / deployed.ranges.inputs[n] for n in numbers],
            dtype=activation.dtype,
        )
        image = moves.image(activation)
        channels = image.shape[1] // len(numbers)
        driven = image * _of_channels(volts, channels)
        currents = self._currents(numbers, blocks, moves, driven)
        currents = _signed(blocks, currents, driven, moves)
        outputs = currents.shape[1] // len(numbers)
        scales = torch.cat([block.scale.expand(outputs) for block in blocks])
        # the current of a one: by the scale of its weight, and the voltage of its input
        ones = _of_channels(scales, 1) * _of_channels(volts, outputs)
        products = currents / ones
        for place, number in enumerate(numbers):
            correction = deployed.corrections.get(number)
            if correction is not None:
                own = slice(place * outputs, (place + 1) * outputs)
                gain = _of_channels(correction.gain, 1)
                offset = _of_channels(correction.offset, 1)
                products[:, own] = gain * products[:, own] + offset
        return products

    def _one_for_each(self, numbers: Sequence[int]) -> list[Block] | None:
        """The blocks of layers that have one each, all alike; `None` if that is not so."""
        deployed = self._deployed
        if not isinstance(deployed.bench, WindowMultiplying):
            return None
        found: list[Block] = []
        for number in numbers:
            of_layer = deployed.blocks_of(number)
            first = deployed.placement.blocks[of_layer[0]]
            if len(of_layer) > 1 or not isinstance(first, Block):
                return None
            # a range for each column is the affair of one product
            if isinstance(deployed.ranges.currents[of_layer[0]], Tensor):
                return None
            found.append(first)
        kinds = {(type(block), block.crossings.shape) for block in found}
        return found if len(kinds) == 1 else None

    def _currents(
        self,
        numbers: Sequence[int],
        blocks: Sequence[Block],
        moves: Convolution,
        driven: Float[Tensor, "batch channels _ _"],
    ) -> Float[Tensor, "batch cols _ _"]:
        """Currents as the converters give them (A).

        Args:
            numbers: Numbers of the layers.
            blocks: The block of each.
            moves: How their kernels move.
            driven: Row voltages (V).
        """
        deployed = self._deployed
        bench = deployed.bench
        assert isinstance(bench, WindowMultiplying)
        crossings = torch.stack([block.crossings for block in blocks], 1)
        plus = crossings[0]
        minus = crossings[1] if len(crossings) == 2 else None
        currents = deployed.ranges.currents
        full_scales = [
            float(currents[deployed.blocks_of(n)[0]]) for n in numbers
        ]
        return bench.multiply_windows(
            driven,
            moves.kernel_size,
            plus,
            minus,
            full_scales,
            stride=moves.stride,
            dilation=moves.dilation,
        )


def _signed(
    blocks: Sequence[Block],
    currents: Float[Tensor, "batch cols down across"],
    driven: Float[Tensor, "batch channels _ _"],
    moves: Convolution,
) -> Float[Tensor, "batch results down across"]:
    """What stands for products, as `Block.signed` finds it for vectors (A).

    Args:
        blocks: The block of each group.
        currents: Currents of all their columns (A).
        driven: Row voltages (V).
        moves: How the groups' kernels move.
    """
    if isinstance(blocks[0], PairBlock):
        return currents
    references = [
        block for block in blocks if isinstance(block, ReferenceBlock)
    ]
    batch, _, *size = currents.shape
    by_group = currents.view(batch, len(blocks), -1, *size)
    signed: Tensor = by_group[:, :, :-1] - by_group[:, :, -1:]
    signed = signed.flatten(1, 2)
    if all(block.excess is None for block in references):
        return signed
    nothing = torch.zeros(references[0].shape)
    excess = torch.stack(
        [nothing if one.excess is None else one.excess for one in references]
    )
    kernels = excess.transpose(1, 2).flatten(0, 1)
    channels = driven.shape[1] // len(blocks)
    return signed - functional.conv2d(
        driven,
        kernels.reshape(-1, channels, *moves.kernel_size),
        stride=moves.stride,
        dilation=moves.dilation,
        groups=len(blocks),
    )


def _of_channels(
    values: Float[Tensor, " groups"], channels: int
) -> Float[Tensor, "channels 1 1"]:
    """A value for each of the channels of some groups."""
    return values.repeat_interleave(channels)[:, None, None]
