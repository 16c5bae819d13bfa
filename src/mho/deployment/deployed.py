"""A network that computes through a bench: digital graph, analog products."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from mho.bench import Bench
from mho.deployment.ranges import Ranges
from mho.mapping import Placement
from mho.network import Network
from mho.network.operations import LinearLayer
from mho.programming import ProgramResult

BATCH = 256
"""Input samples between which the telegraph states stand still."""


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """What the digital side makes of a layer's products: gain · product + offset.

    Args:
        gain: Factor of each output (1). Shape (outputs,).
        offset: Added to each output, in units of the products (1). Shape (outputs,).
    """

    gain: Float[Tensor, " outputs"]
    offset: Float[Tensor, " outputs"]

    def __call__(
        self, products: Float[Tensor, "vectors outputs"]
    ) -> Float[Tensor, "vectors outputs"]:
        """Corrected products (1)."""
        return self.gain * products + self.offset


class DeployedNetwork(nn.Module):
    """A trained network whose products are computed by the cells of a bench.

    Args:
        network: The trained network.
        bench: Where its weights are programmed.
        placement: Which cells hold them.
        ranges: Converter ranges.
        programming: How programming went.
    """

    def __init__(
        self,
        network: Network,
        bench: Bench,
        placement: Placement,
        ranges: Ranges,
        programming: ProgramResult,
    ) -> None:
        super().__init__()
        self.network = network
        self.bench = bench
        self.placement = placement
        self.ranges = ranges
        self.programming = programming
        self.corrections: dict[int, Correction] = {}
        """Digital gain and offset of layers that have one, by the layer's number."""

    def forward(
        self, inputs: Shaped[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """Outputs of the network, computed on the chip, `BATCH` samples at a time (1)."""
        return torch.cat(
            [
                self.network.run(part, self.product)
                for part in torch.split(inputs, BATCH)
            ]
        )

    def answers(self, inputs: Shaped[Tensor, "batch ..."]) -> Int[Tensor, " batch"]:
        """Class with the largest output, for each sample."""
        return self.forward(inputs).argmax(1)

    def accuracy(
        self, inputs: Shaped[Tensor, "batch ..."], labels: Int[Tensor, " batch"]
    ) -> float:
        """Fraction of samples whose answer is the label (1)."""
        return int((self.answers(inputs) == labels).sum()) / labels.numel()

    def product(self, index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        """Vectors times weights through every block of the layer, corrected (1).

        Args:
            index: Number of the layer.
            layer: The layer.
            vectors: Its inputs (1). Shape (vectors, in).
        """
        products = self.measured(index, layer, vectors)
        correction = self.corrections.get(index)
        return products if correction is None else correction(products)

    def measured(self, index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        """Products as the chip gives them, without the digital correction (1).

        Args:
            index: Number of the layer.
            layer: The layer.
            vectors: Its inputs (1). Shape (vectors, in).
        """
        volts = self.bench.info.read_voltage / self.ranges.inputs[index]
        driven = vectors * volts
        total = torch.zeros(vectors.shape[0], layer.weight.shape[0])
        for block, full_scale in zip(
            self.placement.blocks, self.ranges.currents, strict=True
        ):
            if block.layer == index:
                rows = driven[:, block.inputs]
                current = block.signed(block.read(self.bench, rows, full_scale), rows)
                total[:, block.outputs] += current / block.scale
        return total / volts
