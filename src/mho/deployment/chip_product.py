"""Products of a deployed network, those of many groups of channels in one call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import GroupMultiplying
from mho.mapping import PairBlock, ReferenceBlock
from mho.network.operations import LinearLayer

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
        vectors: Float[Tensor, "groups vectors in"],
    ) -> Float[Tensor, "groups vectors out"]:
        """What calls for one layer after the other give, to the same bits (1).

        Args:
            numbers: Numbers of the groups' layers.
            layers: The layers, of one shape.
            vectors: Inputs of each (1).
        """
        deployed = self._deployed
        blocks = self._one_for_each(numbers)
        if blocks is None:
            each = zip(numbers, layers, vectors, strict=True)
            return torch.stack([self(n, layer, v) for n, layer, v in each])
        read_voltage = deployed.bench.info.read_voltage
        volts = [read_voltage / deployed.ranges.inputs[n] for n in numbers]
        per_one = torch.tensor(volts, dtype=vectors.dtype)[:, None, None]
        driven = vectors * per_one
        currents = self._currents(numbers, blocks, driven)
        products = torch.stack(
            [
                block.signed(current, rows) / block.scale
                for block, current, rows in zip(
                    blocks, currents, driven, strict=True
                )
            ]
        )
        products = products / per_one
        for place, number in enumerate(numbers):
            correction = deployed.corrections.get(number)
            if correction is not None:
                products[place] = correction(products[place])
        return products

    def _one_for_each(self, numbers: Sequence[int]) -> list[Block] | None:
        """The blocks of layers that have one each, all alike; `None` if that is not so."""
        deployed = self._deployed
        if not isinstance(deployed.bench, GroupMultiplying):
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
        driven: Float[Tensor, "groups vectors rows"],
    ) -> Float[Tensor, "groups vectors cols"]:
        """Currents as the converters give them (A).

        Args:
            numbers: Numbers of the layers.
            blocks: The block of each.
            driven: Row voltages (V).
        """
        deployed = self._deployed
        bench = deployed.bench
        assert isinstance(bench, GroupMultiplying)
        crossings = torch.stack([block.crossings for block in blocks], 1)
        minus = crossings[1] if len(crossings) == 2 else None
        currents = deployed.ranges.currents
        full_scales = [
            float(currents[deployed.blocks_of(n)[0]]) for n in numbers
        ]
        return bench.multiply_groups(driven, crossings[0], minus, full_scales)
