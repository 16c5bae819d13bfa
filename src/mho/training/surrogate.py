"""A digital stand-in for chips of one kind: their converters and their cells, with gradients."""

from dataclasses import replace

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn import functional

from mho.bench import BenchInfo
from mho.chip.periphery import Periphery
from mho.deployment import Ranges, calibrate_ranges
from mho.mapping import (
    Block,
    DifferentialPairs,
    place,
    round_together,
    tiles_needed,
)
from mho.network import Network
from mho.network.operations import LinearLayer, Product
from mho.programming import ErrorTable
from mho.rng import Stream


class Surrogate:
    """Products as chips of a kind give them, differentiable by the weights.

    Converters round on the way forward and do nothing on the way back, except that what they cut
    off gets no gradient (straight through, key: bengio2013estimating). Cells deviate from their
    targets as the statistics say, which is added to the weights and has no gradient.

    Wires are taken to be made up for by the mapping, and stuck cells by their partners.

    Args:
        info: The kind of chip; it has as many tiles as the network needs.
        mapping: Weights to conductances; the kind's recommended range if `None`.
        periphery: Drivers and readers; exact ones if `None`.
        statistics: What its cells hold; exactly their targets if `None`.
    """

    references = ("bengio2013estimating",)

    def __init__(
        self,
        info: BenchInfo,
        mapping: DifferentialPairs | None = None,
        periphery: Periphery | None = None,
        statistics: ErrorTable | None = None,
    ) -> None:
        self._info = info
        self._periphery = periphery
        self._statistics = statistics
        self._mapping = mapping or DifferentialPairs(
            info.array_low, info.array_high
        )
        self._blocks: tuple[Block, ...] = ()
        self._ranges = Ranges((), ())

    def calibrate(
        self, network: Network, samples: Shaped[Tensor, "batch ..."]
    ) -> None:
        """Set the ranges of the converters to what a network makes of typical samples.

        Args:
            network: The network, with the weights it has at present.
            samples: Typical inputs (1). Shape (batch, ...).
        """
        weights = [layer.weight.detach() for layer in network.layers]
        shapes = [(weight.shape[0], weight.shape[1]) for weight in weights]
        tiles = tiles_needed(
            shapes,
            self._info.rows,
            self._info.cols,
        )
        large_enough = replace(self._info, tiles=tiles)
        placement = place(weights, large_enough, self._mapping)
        self._blocks = placement.blocks
        with torch.no_grad():
            self._ranges = calibrate_ranges(
                network,
                placement,
                samples,
                self._info.read_voltage,
            )

    def product(self, stream: Stream) -> Product:
        """How one chip of the kind multiplies; another stream is another chip.

        Args:
            stream: Names the chip: its cells and the noise of its converters.
        """
        programmed: dict[int, Tensor] = {}
        generator = stream.child("converters").generator()

        def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
            scale = self._mapping.scales(layer.weight.detach())
            # a layer that is used again finds its cells as they are
            if index not in programmed:
                programmed[index] = self._programmed(
                    index,
                    layer,
                    scale,
                    stream,
                )
            differences = programmed[index]
            largest = self._ranges.inputs[index]
            volts = self._info.read_voltage / largest
            driven = self._driven(vectors * volts, generator)
            outputs = layer.weight.shape[0]
            total = torch.zeros(vectors.shape[0], outputs)
            ranges = zip(self._blocks, self._ranges.currents, strict=True)
            for block, full_scale in ranges:
                if block.layer != index:
                    continue
                block_scale = scale[block.outputs]
                rows = driven[:, block.inputs]
                current = rows @ differences[block.inputs, block.outputs]
                # the scale has moved with the weights since the range was set
                since_then = block_scale.max() / block.scale.max()
                moved = torch.as_tensor(full_scale) * since_then
                read = self._read(
                    current,
                    moved.expand_as(block_scale),
                    generator,
                )
                part = read / block_scale
                # outputs of other blocks stand before and after
                outputs_after = outputs - block.outputs.stop
                outside = (block.first_output, outputs_after)
                total = total + functional.pad(part, outside)
            return total / volts

        return product

    def _programmed(
        self,
        index: int,
        layer: LinearLayer,
        scale: Float[Tensor, " out"],
        stream: Stream,
    ) -> Float[Tensor, "in_ out"]:
        """Differences of pairs that hold a layer's weights (S)."""
        mapping = self._mapping
        limit = mapping.block_difference
        wanted = (layer.weight.T * scale).clamp(-limit, limit)
        held = wanted.detach()
        if mapping.levels is not None:
            most_steps = mapping.levels - 1
            step = limit / most_steps
            # block by block, as errors of a column cancel within a tile
            steps = held / step
            for block in self._blocks:
                if block.layer != index:
                    continue
                there = (block.inputs, block.outputs)
                together = round_together(steps[there], most_steps)
                steps[there] = together
            held = steps * step
        # what cells hold has no gradient: it is a property of the chip, not of the weight
        if self._statistics is not None:
            cells = stream.child("layer", index)
            held = held + self._deviation(held, self._statistics, cells)
        return straight_through(wanted, held)

    def _deviation(
        self,
        difference: Float[Tensor, "in_ out"],
        table: ErrorTable,
        stream: Stream,
    ) -> Float[Tensor, "in_ out"]:
        """How far pairs of working cells are off a difference (S), noise included."""
        both_signs = torch.stack((difference, -difference))
        above_low = both_signs.clamp(min=0)
        # the table counts from its own lowest target
        low_above_table = self._mapping.low - table.low
        above_table = above_low.flatten() + low_above_table
        draws = table.draws(stream)
        error, variance = draws.errors(above_table)
        generator = stream.child("noise").generator()
        unit_noise = torch.randn(error.shape, generator=generator)
        noise = unit_noise * variance.sqrt()
        off: Tensor = (error + noise).view(above_low.shape)
        return off[0] - off[1]

    def _driven(self, voltage: Tensor, generator: torch.Generator) -> Tensor:
        """Row voltages as the drivers make them (V)."""
        if self._periphery is None:
            return voltage
        limit = self._info.read_voltage
        inside = voltage.clamp(-limit, limit)
        cycles = self._periphery.driven(inside.detach(), generator)
        rounded = self._periphery.encoding.combine(cycles)
        return straight_through(inside, rounded)

    def _read(
        self,
        current: Float[Tensor, "vectors outputs"],
        full_scale: Float[Tensor, " outputs"],
        generator: torch.Generator,
    ) -> Float[Tensor, "vectors outputs"]:
        """Currents as the converters read them (A)."""
        if self._periphery is None:
            return current
        inside = current.clamp(-full_scale, full_scale)
        rounded = self._periphery.read(current.detach(), full_scale, generator)
        return straight_through(inside, rounded)


def straight_through(
    smooth: Float[Tensor, "*shape"], found: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """The second value with the gradient of the first.

    >>> weight = torch.tensor([0.4], requires_grad=True)
    >>> straight_through(weight, weight.detach().round())
    tensor([0.], grad_fn=<AddBackward0>)
    """
    return smooth + (found - smooth).detach()
