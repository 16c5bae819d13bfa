"""A layer of a network on tiles whose cells are drawn from statistics, as fast as torch allows.

Inputs are rounded once, before a kernel unfolds them; blocks of rows are groups of one
convolution, or of one batched product where there are few positions; every block gets noise of
its own and is digitised apart. That is what `Multiplier` does vector by vector, with the same
converters and for the same cost in products: one for currents, one for the variance of noise.

All that changes is in buffers, and all that is computed is computed by torch: so a layer follows
`.to(device)` and `.to(dtype)`, has a state dict, and can be compiled and exported.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from mho.bench import BenchInfo
from mho.mapping import DifferentialPairs
from mho.network.operations import LinearLayer
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical.block_products import BlockProducts
from mho.statistical.converter_watch import ConverterWatch, Gather, Largest
from mho.statistical.division import Division
from mho.statistical.named_normals import NamedNormals
from mho.statistical.programmed_pairs import (
    ConductanceRange,
    draw_programmed_pairs,
)

_DRAWN = ("signal", "variance", "bent")
_RANGES = ("input_range", "output_range")
_OF_CALL = -0x3C6EF372FE94F82B
"""What the name of noise changes by from one call of a pass to the next (1): any odd word."""
_LARGEST_SCALE = 1e30
"""Conductance of a weight of one beyond which weights are as good as zero (S)."""


class TiledLayer(nn.Module):
    """A linear layer or a convolution on tiles.

    Args:
        layers: Its layer, or one for each group of channels.
        division: How it is divided.
        mapping: Weights to conductances.
        info: What tiles can do: bits of their drivers and readers.
        normals: Normal numbers for its noise; other layers may have the same.
        padding: Padding that the convolution itself does not do: sizes as `functional.pad` takes
            them, and the mode; `None` if there is none.
    """

    signal: Float[Tensor, "blocks outputs rows"] | None
    """Codes of the converters per code of the drivers (1); S before there are ranges."""
    variance: Float[Tensor, "blocks outputs rows"] | None
    """Variance of the noise of the same, squared."""
    bent: Float[Tensor, "blocks outputs rows"] | None
    """What multiplies cubes of codes; `None` of cells whose currents are straight."""
    input_range: Float[Tensor, " groups"] | None
    """Largest input of each group (1)."""
    output_range: Float[Tensor, "blocks outputs"] | None
    """Largest current of each converter, over the voltage of a one (S)."""
    weight_of_siemens: Float[Tensor, "groups outputs"]
    bias: Float[Tensor, " outputs"] | None
    noise_key: Int64[Tensor, ""]
    noise_row: Int64[Tensor, ""]
    """Number of the first sample of the pass (1)."""
    noise_call: Int64[Tensor, ""]
    """Calls of the pass that are done (1)."""

    def __init__(
        self,
        layers: Sequence[LinearLayer],
        division: Division,
        mapping: DifferentialPairs,
        info: BenchInfo,
        normals: NamedNormals | None = None,
        padding: tuple[Sequence[int], str] | None = None,
    ) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.division = division
        self.normals = normals or NamedNormals()
        self.watch: ConverterWatch | None = None
        self.stuck_cells = 0
        self._mapping = mapping
        self._products = BlockProducts(division, layers[0].convolution, padding)
        self._top_in = _largest_code(info.dac_bits)
        self._top_out = _largest_code(info.adc_bits)
        for name in (*_DRAWN, *_RANGES):
            self.register_buffer(name, None)
        scales = torch.stack([mapping.scales(one.weight) for one in layers])
        scales.clamp_(max=_LARGEST_SCALE)
        self.register_buffer("weight_of_siemens", 1 / scales)
        present = [layer.bias for layer in layers if layer.bias is not None]
        bias = torch.cat(present).clone() if present else None
        self.register_buffer("bias", bias)
        for name in ("noise_key", "noise_row", "noise_call"):
            count = torch.zeros((), dtype=torch.int64)
            self.register_buffer(name, count, persistent=name != "noise_call")
        self._samples = 0

    @property
    def name(self) -> str:
        """Name in the user's module."""
        return self.layers[0].name.removesuffix("[0]")

    @property
    def cells(self) -> int:
        """Cells that hold its weights (1)."""
        return 2 * sum(layer.weight.numel() for layer in self.layers)

    def program(
        self, table: ErrorTable, partners: ConductanceRange, stream: Stream
    ) -> None:
        """Draw cells for all weights.

        Args:
            table: What programming leaves.
            partners: How far partners of stuck cells can go.
            stream: Names the cells, and the noise of what they multiply.
        """
        signal = self._wanted()
        bent = _bent(signal, table)
        cells = stream.child("cells")
        drawn = draw_programmed_pairs(signal, table, partners, cells)
        place = self.weight_of_siemens
        self.bent = None
        if bent is not None:
            signal -= bent
            # some percent of a current, so that short numbers will do here as well
            self.bent = bent.to(place.device, _noise_type(place))
        self.signal = signal.to(place.device, place.dtype)
        noise_type = _noise_type(place)
        self.variance = drawn.variance.to(place.device, noise_type)
        self.stuck_cells = drawn.stuck
        self.noise_key.fill_(stream.child("noise").signed_word)
        self.noise_row.zero_()
        self.noise_call.zero_()
        if self.output_range is not None:
            self._rescale(self._unit())

    def _wanted(self) -> Float[Tensor, "blocks outputs rows"]:
        """Differences of pairs that the weights ask for (S), on the CPU in float32."""
        limit = self._mapping.block_difference
        own = [layer.weight.cpu().float() for layer in self.layers]
        weights = torch.stack(own)
        scales = 1 / self.weight_of_siemens.float().cpu()
        wanted = (weights * scales[..., None]).clamp_(-limit, limit)
        step = self._mapping.step
        if step is not None:
            wanted.div_(step).round_().mul_(step)
        return self._products.in_blocks(wanted)

    def begin_watching(
        self, gather: Gather = Largest, *, per_column: bool = False
    ) -> None:
        """Compute from now on what the layer itself does, and note what converters would see.

        Args:
            gather: How ranges follow from what is seen.
            per_column: Whether every column has a range of its own.
        """
        place = self.weight_of_siemens
        matrix = self._wanted().to(place.device, place.dtype)
        self.watch = ConverterWatch(
            self._products, matrix, gather, per_column=per_column
        )

    def end_watching(self) -> None:
        """Set the ranges of converters to what was seen, and compute on tiles from now on.

        Conductances are stored in codes of the converters, which then only have to round.
        """
        watch = self.watch
        assert watch is not None
        self.watch = None
        before = None if self.output_range is None else self._unit()
        place = self.weight_of_siemens
        inputs, outputs = watch.ranges(self._top_in, self._top_out)
        self.input_range = inputs.to(place)
        self.output_range = outputs.to(place)
        if self.signal is not None:
            unit = self._unit()
            self._rescale(unit if before is None else unit / before)

    def _unit(self) -> Float[Tensor, "blocks outputs"]:
        """Codes of the converters per code of the drivers, for a cell of one siemens."""
        inputs = self.input_range
        outputs = self.output_range
        assert inputs is not None
        assert outputs is not None
        of_blocks = inputs.repeat_interleave(self.division.blocks)
        return self._top_out / self._top_in * of_blocks[:, None] / outputs

    def _rescale(self, unit: Float[Tensor, "blocks outputs"]) -> None:
        """Store the same cells in other units."""
        assert self.signal is not None
        assert self.variance is not None
        self.signal = self.signal * unit[..., None]
        if self.bent is not None:
            scaled = self.bent * unit[..., None]
            self.bent = scaled.to(self.bent.dtype)
        squared = unit.square()[..., None]
        self.variance = (self.variance * squared).to(self.variance.dtype)

    def begin_pass(self, samples: int) -> None:
        """Samples go through the network: each meets noise by its number and that of the call.

        Args:
            samples: How many, which lie on the first axis of what the layer gets (1).
        """
        self.noise_call.zero_()
        self._samples = samples

    def end_pass(self) -> None:
        """The next samples are others, and meet other noise."""
        if self.watch is None:
            self.noise_row.add_(self._samples)
        self._samples = 0

    def forward(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """What the tiles make of an activation (1).

        Raises:
            ValueError: The layer is not programmed or not calibrated.
        """
        activation = self._products.padded(activation)
        products = self._computed(activation)
        if self.bias is not None:
            products = products + self.bias
        return self.layers[0].fold(products, tuple(activation.shape))

    def _computed(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "vectors out"]:
        """Products for every position, groups side by side, without bias (1)."""
        if self.watch is not None:
            sums = self.watch.seen(activation)
            return self._products.added(sums, self._weight_gain())
        if self.signal is None or self.variance is None:
            raise ValueError(_not_programmed(self.name))
        if self.output_range is None or self.input_range is None:
            raise ValueError(_not_calibrated(self.name))
        # inputs as whole codes of the drivers, which conductances are stored for
        gain = self._top_in / self.input_range
        codes = self._products.scaled(activation, gain).round_()
        codes.clamp_(-self._top_in, self._top_in)
        driven = self._products.driven(codes)
        sums = self._products.sums(driven, self.signal)
        if self.bent is not None:
            cubes = (driven * driven.square()).mul_(self._top_in**-2)
            bent = self._products.sums(cubes.to(self.bent.dtype), self.bent)
            sums = sums.add_(bent)
        squares = driven.square().to(self.variance.dtype)
        noise = self._products.sums(squares, self.variance)
        entries = activation.shape[0] if activation.ndim > 1 else 1
        sums = self._digitised(sums, noise.to(sums.dtype), entries)
        step = self.output_range / self._top_out
        return self._products.added(sums, self._weight_gain() * step)

    def _weight_gain(self) -> Float[Tensor, "blocks outputs"]:
        """Weight that a siemens of each block stands for."""
        return self.weight_of_siemens.repeat_interleave(self.division.blocks, 0)

    def _digitised(
        self, sums: Tensor, variance: Tensor, entries: int
    ) -> Tensor:
        """Sums with noise of this variance, rounded to codes.

        Noise is named by the call of the pass and the entry of all samples so far, so that a
        sample meets the same one in any batch. Outside of a pass every entry is a sample.
        """
        if entries == 0:
            return sums
        width = sums.numel() // entries
        # rounded up: where an entry is none of a sample, no two passes share a row
        of_sample = -(-entries // self._samples) if self._samples else 1
        key = self.noise_key + self.noise_call * _OF_CALL
        first = self.noise_row * of_sample
        numbers = self.normals(key, first, entries, width)
        if self._samples:
            self.noise_call.add_(1)
        else:
            self.noise_row.add_(entries)
        noise = self._products.as_sums(numbers.to(sums.dtype), sums)
        noisy = sums.addcmul_(variance.sqrt_(), noise)
        return noisy.round_().clamp_(-self._top_out, self._top_out)

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Tensor],
        prefix: str,
        *arguments: object,
    ) -> None:
        # what is not drawn or calibrated yet is not there, and must be to be loaded
        for name in (*_DRAWN, *_RANGES):
            found = state_dict.get(prefix + name)
            if found is not None and getattr(self, name) is None:
                place = self.weight_of_siemens.device
                setattr(self, name, torch.empty_like(found, device=place))
        super()._load_from_state_dict(state_dict, prefix, *arguments)


def _bent(
    difference: Float[Tensor, "blocks outputs rows"], table: ErrorTable
) -> Float[Tensor, "blocks outputs rows"] | None:
    """What pairs have of what grows with the square of the voltage (S); `None` if nothing.

    Args:
        difference: Wanted difference of each pair (S).
        table: What programming leaves.
    """
    if table.bent is None or not table.bent.any():
        return None
    higher = table.bent_at(difference.abs().add_(table.low))
    return higher.sub_(table.bent[0]).mul_(difference.sign())


def _noise_type(place: Tensor) -> torch.dtype:
    """Numbers in which variances of noise are summed: half as long where processors have these.

    A spread is then wrong by a fifth of a percent at most.
    """
    if place.device.type != "cpu" or place.dtype != torch.float32:
        return place.dtype
    capabilities = getattr(torch.cpu, "get_capabilities", dict)
    able: dict[str, object] = capabilities()
    native = able.get("avx512_bf16") or able.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


def _largest_code(bits: int) -> float:
    """Largest code of a converter of so many bits of magnitude (1)."""
    return float(2**bits - 1)


def _not_programmed(name: str) -> str:
    return (
        f"Argument `table` must be given to `program` before layer `{name}` can compute, but was"
        " not; its cells hold nothing."
    )


def _not_calibrated(name: str) -> str:
    return (
        f"Argument `samples` must be given to `calibrate` before layer `{name}` can compute, but"
        " was not; converters need ranges."
    )
