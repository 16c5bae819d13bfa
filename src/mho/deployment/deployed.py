"""A network that computes through a bench: digital graph, analog products."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Float64, Int, Shaped
from torch import Tensor, nn

from mho.bench.interface import Bench
from mho.deployment.expected import expected
from mho.deployment.mapping import Placement
from mho.deployment.network import LinearLayer, Network
from mho.deployment.range_rule import RangeRule
from mho.programming.result import ProgramResult

BATCH = 256
"""Input samples between which the telegraph states stand still."""

_LEAST = 1e-9
"""Smallest full scale of a converter (A)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """Calibrated ranges of the converters.

    Args:
        inputs: Largest input of each layer (1); drives the full read voltage.
        currents: Largest current, or difference of a pair's, of each block (A); full scale of its
            converters, one for all of them or one for each column. Shape of the latter (columns,).
    """

    inputs: tuple[float, ...]
    currents: tuple[float | Float[Tensor, " _"], ...]


def calibrate(
    network: Network,
    placement: Placement,
    samples: Shaped[Tensor, "batch ..."] | Iterable[Shaped[Tensor, "batch ..."]],
    voltage: float,
    rule: RangeRule | None = None,
) -> Ranges:
    """Find the converter ranges that typical samples need, from the network and its targets.

    Currents are those of whole inputs, before the drivers' range cuts any.

    Args:
        network: The trained network.
        placement: Where it lies.
        samples: Typical inputs (1), shape (batch, ...), or several batches of them, which are
            looked at one after the other and not kept. Their order does not matter.
        voltage: Largest row voltage (V).
        rule: How ranges follow from samples; the largest for each block if `None`.
    """
    rule = rule or RangeRule()
    inputs = [rule.gather() for _ in network.layers]
    sums = [rule.gather(b.columns if rule.per_column else 1) for b in placement.blocks]
    blocks = list(zip(sums, placement.blocks, expected(network, placement), strict=True))

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        power = None
        if rule.kind == "least-error":
            # an error of an input matters by the power of the weights that it meets
            power = layer.weight.double().square().sum(0)
            power /= power.amax().clamp(min=1e-300)
            power = power.expand(vectors.shape).reshape(-1)
        inputs[index].add(vectors.reshape(-1, 1), power)
        for seen, block, (matrix, scale, room) in blocks:
            if block.layer == index:
                driven = vectors[:, block.inputs]
                part = driven @ matrix * scale
                if room:
                    part = torch.hypot(part, room * driven.norm(dim=1, keepdim=True))
                seen.add(part if rule.per_column else part.reshape(-1, 1))
        return vectors @ layer.weight.T

    for batch in (samples,) if isinstance(samples, Tensor) else samples:
        network.run(batch, product)
    tops = [float(seen.full_scale(rule.dac_bits)) or 1.0 for seen in inputs]
    # the drivers bring a layer's range to the read voltage, and the currents with it
    currents = []
    for seen, block in zip(sums, placement.blocks, strict=True):
        found = seen.full_scale(rule.adc_bits) * voltage / tops[block.layer]
        currents.append(converter_range(found if rule.per_column else found[0]))
    return Ranges(tuple(tops), tuple(currents))


def converter_range(
    current: Float64[Tensor, "*outputs"],
) -> float | Float32[Tensor, " outputs"]:
    """Full scales that converters can have (A): a silent output gets that of the loudest one.

    Args:
        current: Range wanted, for all outputs together or for each (A).
    """
    largest = max(float(current.amax()), _LEAST)
    if current.ndim == 0:
        return largest
    return torch.where(current > _LEAST, current, largest).float()


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
        self.network, self.bench, self.placement = network, bench, placement
        self.ranges, self.programming = ranges, programming
        self.corrections: dict[int, Correction] = {}
        """Digital gain and offset of layers that have one, by the layer's number."""

    def forward(self, inputs: Shaped[Tensor, "batch ..."]) -> Float[Tensor, "batch ..."]:
        """Outputs of the network, computed on the chip, `BATCH` samples at a time (1)."""
        return torch.cat(
            [self.network.run(part, self.product) for part in torch.split(inputs, BATCH)]
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
        for block, full_scale in zip(self.placement.blocks, self.ranges.currents, strict=True):
            if block.layer == index:
                rows = driven[:, block.inputs]
                current = block.signed(block.read(self.bench, rows, full_scale), rows)
                total[:, block.outputs] += current / block.scale
        return total / volts
