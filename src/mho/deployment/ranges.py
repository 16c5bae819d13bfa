"""Converter ranges of a network's layers and blocks, from typical samples."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_choice
from mho.chip.periphery import Magnitudes
from mho.mapping import (
    Block,
    CorrectingBlock,
    PairBlock,
    Placement,
    blocks_of_layers,
    each_block,
)
from mho.network import Network
from mho.network.operations import LinearLayer
from mho.samples import Inputs


@dataclass(frozen=True, slots=True)
class RangeRule(Configuration):
    """How the full scale of a converter follows from what it will see.

    Args:
        kind: One of `RULES`.
        percent: Share of the samples within the range, for `"percentile"` (%).
        per_column: Whether every column has a full scale of its own; else the columns of a block
            share one.
        dac_bits: Bits of magnitude of the rows' converters, for `"least-error"` (1).
        adc_bits: Bits of magnitude of the columns' converters, for `"least-error"` (1).

    Raises:
        ValueError: A field is out of range.
    """

    kind: str = "largest"
    percent: float = 99.9
    per_column: bool = False
    dac_bits: int = 8
    adc_bits: int = 8

    references = ("max1960",)

    def __post_init__(self) -> None:
        check_choice(self.kind, "kind", RULES)
        check_between(self.percent, "percent", 50.0, 100.0, "%")
        check_between(self.dac_bits, "dac_bits", 1, 24, "1")
        check_between(self.adc_bits, "adc_bits", 1, 24, "1")

    @classmethod
    def of(
        cls, info: BenchInfo, kind: str = "largest", *, per_column: bool = False
    ) -> "RangeRule":
        """A rule for the converters of a bench.

        Args:
            info: The bench.
            kind: One of `RULES`.
            per_column: Whether every column has a full scale of its own.
        """
        return cls(
            kind,
            per_column=per_column,
            dac_bits=info.dac_bits,
            adc_bits=info.adc_bits,
        )

    def gather(self, columns: int = 1) -> "Seen":
        """A fresh account of what converters of some columns see."""
        return Seen(self, columns)


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


def calibrate_ranges(
    network: Network,
    placement: Placement,
    samples: Inputs | Iterable[Inputs],
    voltage: float,
    rule: RangeRule | None = None,
) -> Ranges:
    """Find the converter ranges that typical samples need, from the network and its targets.

    Currents are those of whole inputs, before the drivers' range cuts any.

    Args:
        network: The trained network.
        placement: Where it lies.
        samples: Typical inputs (1), shape (batch, ...), by name if the network has several
            inputs; or several batches of them, which are looked at one after the other and not
            kept. Their order does not matter.
        voltage: Largest row voltage (V).
        rule: How ranges follow from samples; the largest for each block if `None`.
    """
    rule = rule or RangeRule()
    inputs = [rule.gather() for _ in network.layers]
    views = converter_views(network, placement)
    watches = [
        _Watch(block, view, rule)
        for block, view in zip(
            placement.blocks,
            views,
            strict=True,
        )
    ]

    of_layer = blocks_of_layers(placement)

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        power = None
        if rule.kind == "least-error":
            power = _power_met(layer, vectors)
        inputs[index].add(vectors.reshape(-1, 1), power)
        for number in of_layer[index]:
            watches[number].add(vectors)
        return vectors @ layer.weight.T

    # one batch after the other: together they need not fit into memory
    batches = (samples,) if isinstance(samples, Tensor | Mapping) else samples
    for batch in batches:
        network.run(batch, product)
    # a layer whose inputs are all zero may have any range
    tops = [float(seen.full_scale(rule.dac_bits)) or 1.0 for seen in inputs]
    currents = [
        watch.range(voltage, tops[watch.block.layer]) for watch in watches
    ]
    return Ranges(tuple(tops), tuple(currents))


def _power_met(
    layer: LinearLayer, vectors: Float[Tensor, "vectors in_"]
) -> Float64[Tensor, " samples"]:
    """How much a square error of each input counts: the power of the weights that it meets (1)."""
    power = layer.weight.double().square().sum(0)
    power /= power.amax().clamp(min=1e-300)
    return power.expand(vectors.shape).reshape(-1)


class _Watch:
    """What the converters of one block see.

    Args:
        block: The block.
        view: What its converters make of inputs.
        rule: How ranges follow from that.
    """

    def __init__(
        self, block: Block, view: "ConverterView", rule: RangeRule
    ) -> None:
        self.block = block
        self._view = view
        self._rule = rule
        self._seen = rule.gather(block.columns if rule.per_column else 1)

    def add(self, vectors: Float[Tensor, "vectors in_"]) -> None:
        """Look at some inputs of the block's layer."""
        driven = vectors[:, self.block.inputs]
        current = driven @ self._view.matrix * self._view.scale
        if self._view.room:
            unknown = self._view.room * driven.norm(dim=1, keepdim=True)
            current = torch.hypot(current, unknown)
        if not self._rule.per_column:
            current = current.reshape(-1, 1)
        self._seen.add(current)

    def range(
        self, voltage: float, top: float
    ) -> float | Float32[Tensor, " outputs"]:
        """Full scale of the converters (A), one for all of them or one for each.

        Args:
            voltage: Largest row voltage (V).
            top: Largest input (1): the drivers bring it to that voltage, and the currents with it.
        """
        current = self._seen.full_scale(self._rule.adc_bits) * voltage / top
        return converter_range(current if self._rule.per_column else current[0])


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


_SPREADS = 3.0
"""Standard deviations of a random sum that a converter shall hold (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class ConverterView:
    """What a block's converters make of inputs.

    Args:
        matrix: Conductance behind each current, or weight (S or 1). Shape (rows, cols).
        scale: Conductance of a one in the matrix (S if these are weights, else 1); one for all or
            one for each column.
        room: What an input may add that nobody knows yet: three standard deviations (S).
    """

    matrix: Float[Tensor, "rows cols"]
    scale: float | Float[Tensor, " cols"]
    room: float = 0.0


def converter_views(
    network: Network, placement: Placement
) -> list[ConverterView]:
    """What each block's converters see.

    Pairs that hold weights alone are taken from the weights, as the wires leave nothing else.
    Columns against a reference give currents of one sign, those of their targets. Pairs that
    correct others have room for errors that nobody knows yet, which add up at random: three
    standard deviations of a cell's, if they fill that room evenly.

    Args:
        network: The trained network.
        placement: Where it lies.
    """
    views = []
    largest: list[float] = []
    corrected = {
        block.corrects
        for block in placement.blocks
        if isinstance(block, CorrectingBlock)
    }
    for number, (block, place) in enumerate(each_block(placement)):
        target = placement.target[place]
        largest_difference = float(block.difference(target).abs().max())
        largest.append(largest_difference)
        if isinstance(block, PairBlock) and number not in corrected:
            layer = network.layers[block.layer]
            weight = layer.weight[block.outputs, block.inputs]
            views.append(ConverterView(weight.T, block.scale))
            continue
        room = 0.0
        if isinstance(block, CorrectingBlock):
            of_first = largest[block.corrects]
            end_of_room = max(0.0, of_first - largest_difference)
            room = _SPREADS * end_of_room / math.sqrt(3)
            # those that correct these in their turn have as much room
            largest[number] = max(of_first, largest_difference)
        columns = block.per_column(target)
        views.append(ConverterView(columns, 1.0, room))
    return views


RULES = ("largest", "percentile", "least-error")
"""The largest sample; what so many percent of the samples do not exceed; or the range of least
mean square error, rounding and clipping together."""


_SHARES = 65_536
"""Steps in which errors are weighed: whole numbers add up alike in any order (1)."""


class Seen:
    """What converters have seen so far.

    Args:
        rule: How their full scale follows from it.
        columns: Columns (1).
    """

    def __init__(self, rule: RangeRule, columns: int) -> None:
        self._rule = rule
        self._magnitudes = (
            None if rule.kind == "largest" else Magnitudes(columns)
        )
        self._largest = torch.zeros(columns, dtype=torch.float64)

    def add(
        self,
        samples: Float[Tensor, "samples cols"],
        power: Float[Tensor, " samples"] | None = None,
    ) -> None:
        """Look at another batch, in any order.

        Args:
            samples: What the converters see.
            power: How much a square error of each sample counts, from 0 to 1 (1); all count alike
                if `None`. For `"least-error"` only.
        """
        self._largest = torch.maximum(
            self._largest, samples.abs().amax(0).double()
        )
        if self._magnitudes is None:
            return
        times = None
        if power is not None:
            times = (power.double() * _SHARES).round().long()
        self._magnitudes.add(samples, times)

    def full_scale(self, bits: int) -> Float64[Tensor, " cols"]:
        """Full scale of each column, in the unit of the samples; 0 where all of them are 0.

        Args:
            bits: Bits of magnitude of the converters (1).
        """
        if self._magnitudes is None:
            return self._largest
        if self._rule.kind == "percentile":
            return self._magnitudes.percentile(self._rule.percent)
        return self._magnitudes.least_error(bits)
