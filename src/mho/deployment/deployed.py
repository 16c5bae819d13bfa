"""A network that computes through a bench: digital graph, analog products."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from mho.bench import Bench
from mho.checks import check_shape
from mho.deployment.chip_product import ChipProduct
from mho.deployment.ranges import Ranges
from mho.ledger import Ledger
from mho.mapping import Placement, blocks_of_layers
from mho.network import Network, NetworkOnChip, OperationRecord
from mho.network.operations import LinearLayer
from mho.programming import ProgramResult
from mho.samples import Inputs, batches, joined

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


@dataclass(frozen=True, slots=True, eq=False)
class DigitalSettings:
    """What the digital side of a deployed network does beside its graph: all that tuning sets.

    Args:
        ranges: Converter ranges.
        corrections: Digital gain and offset of layers that have one, by the layer's number.
    """

    ranges: Ranges
    corrections: Mapping[int, Correction] = field(default_factory=dict)

    def corrected(
        self, layer: int, correction: Correction | None
    ) -> "DigitalSettings":
        """The same with another correction of a layer; without one if `None`."""
        kept = {n: one for n, one in self.corrections.items() if n != layer}
        if correction is not None:
            kept[layer] = correction
        return replace(self, corrections=kept)


class DeployedNetwork(NetworkOnChip):
    """A trained network whose products are computed by the cells of a bench.

    What changes in time lies in the bench; what tuning changes, `put_in_force` and `retarget` set.

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
        self.programming = programming
        self._placement = placement
        self._settings = DigitalSettings(ranges)
        # blocks stay where they are, whatever their cells shall hold
        self._blocks_of = blocks_of_layers(placement)

    @property
    def placement(self) -> Placement:
        """Which cells hold the weights, and the targets in force."""
        return self._placement

    def blocks_of(self, layer: int) -> Sequence[int]:
        """Numbers of the blocks of a layer in the placement."""
        return self._blocks_of[layer]

    @property
    def settings(self) -> DigitalSettings:
        """Converter ranges and digital corrections in force."""
        return self._settings

    @property
    def ranges(self) -> Ranges:
        """Converter ranges in force."""
        return self._settings.ranges

    @property
    def corrections(self) -> Mapping[int, Correction]:
        """Digital gain and offset of layers that have one, by the layer's number."""
        return self._settings.corrections

    def put_in_force(self, settings: DigitalSettings) -> None:
        """Put other converter ranges and corrections in force."""
        self._settings = settings

    def correct(self, layer: int, correction: Correction | None) -> None:
        """Put another gain and offset of a layer in force; none if `None`."""
        self._settings = self._settings.corrected(layer, correction)

    def retarget(self, target: Float[Tensor, " cells"]) -> None:
        """Note what cells shall hold from now on; whoever says so has programmed them.

        Args:
            target: Conductance of every cell of the placement (S). Shape (cells,).
        """
        check_shape(target, "target", tuple(self._placement.target.shape))
        self._placement = replace(self._placement, target=target)

    def outputs(self, inputs: Inputs) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """All outputs by name, computed on the chip, `BATCH` samples at a time (1)."""
        return joined(
            [
                self.network.outputs(part, ChipProduct(self))
                for part in batches(inputs, BATCH)
            ]
        )

    def software_outputs(
        self, inputs: Inputs
    ) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """All outputs of the trained network itself by name (1)."""
        return self.network.outputs(inputs)

    def on(self, bench: Bench) -> "DeployedNetwork":
        """The same network through another bench, such as one that notes what it is asked for.

        Args:
            bench: A bench whose cells are those of this network's own.
        """
        there = DeployedNetwork(
            self.network, bench, self.placement, self.ranges, self.programming
        )
        there.put_in_force(self.settings)
        return there

    @property
    def operations(self) -> tuple[OperationRecord, ...]:
        """What became of every operation that has parameters or was treated specially."""
        return tuple(self.network.notes.values())

    @property
    def cells(self) -> int:
        """Cells that hold weights (1)."""
        return self._placement.cells.numel()

    @property
    def programming_cost(self) -> Ledger:
        """What programming cost, the repair of pairs included."""
        return self.programming.ledger

    def product(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        """Vectors times weights through every block of the layer, corrected (1).

        Args:
            index: Number of the layer.
            layer: The layer.
            vectors: Its inputs (1). Shape (vectors, in).
        """
        products = self.measured(index, layer, vectors)
        correction = self.corrections.get(index)
        return products if correction is None else correction(products)

    def measured(
        self, index: int, layer: LinearLayer, vectors: Tensor
    ) -> Tensor:
        """Products as the chip gives them, without the digital correction (1).

        Args:
            index: Number of the layer.
            layer: The layer.
            vectors: Its inputs (1). Shape (vectors, in).
        """
        volts = self.bench.info.read_voltage / self.ranges.inputs[index]
        driven = vectors * volts
        total = torch.zeros(vectors.shape[0], layer.weight.shape[0])
        for number in self.blocks_of(index):
            block = self.placement.blocks[number]
            rows = driven[:, block.inputs]
            current = block.signed(
                block.read(self.bench, rows, self.ranges.currents[number]), rows
            )
            total[:, block.outputs] += current / block.scale
        return total / volts
