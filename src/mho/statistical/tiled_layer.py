"""A layer of a module on tiles whose cells are drawn from statistics, as fast as torch allows.

Inputs are rounded once, before a kernel unfolds them; blocks of rows are groups of one
convolution, or of one batched product where there are few positions; every block gets noise of
its own and is digitised apart. That is what `Multiplier` does vector by vector, with the same
converters and for the same cost in products: one for currents, one for the variance of noise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from mho.chip import VectorDraws
from mho.chip.periphery import Periphery
from mho.mapping import DifferentialPairs
from mho.network.operations import LinearLayer
from mho.programming import ErrorTable
from mho.rng import Stream
from mho.statistical.programmed_pairs import (
    ConductanceRange,
    draw_programmed_pairs,
)

_FEW = 48
"""Positions of a kernel on a sample up to which vectors are multiplied rather than images."""

_HEADROOM = 3.0
"""Standard deviations of its noise that the range leaves beside a current (1)."""

_PIECE = 1 << 17
"""Results that get their noise and are rounded together."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a layer's rows are divided: groups of channels, and blocks of rows within each.

    Args:
        groups: Groups of channels that share nothing (1).
        blocks: Blocks of each group (1).
        channels: Channels of each block; the last one may have fewer (1).
        inputs: Channels of a group (1).
        outputs: Outputs of a group (1).
        kernel: Elements of a kernel (1).
    """

    groups: int
    blocks: int
    channels: int
    inputs: int
    outputs: int
    kernel: int

    @property
    def rows(self) -> int:
        """Rows of a block (1)."""
        return self.channels * self.kernel

    @property
    def missing(self) -> int:
        """Channels that the last block of a group lacks (1)."""
        return self.blocks * self.channels - self.inputs


def divided(layers: Sequence[LinearLayer], rows: int) -> Shape:
    """Blocks of whole channels, as even as can be, that fit the word lines of a tile.

    Raises:
        ValueError: A kernel of a single channel has more elements than a tile has rows.
    """
    outputs, width = layers[0].weight.shape
    moves = layers[0].convolution
    kernel = 1 if moves is None else math.prod(moves.kernel_size)
    if kernel > rows:
        raise ValueError(
            f"Argument `rows` must be at least the {kernel} elements of the kernels of"
            f" `{layers[0].name}`, but is {rows}; take larger tiles, or keep the layer digital."
        )
    inputs = width // kernel
    most_channels = rows // kernel
    fewest_blocks = math.ceil(inputs / most_channels)
    channels = math.ceil(inputs / fewest_blocks)
    return Shape(
        groups=len(layers),
        blocks=math.ceil(inputs / channels),
        channels=channels,
        inputs=inputs,
        outputs=outputs,
        kernel=kernel,
    )


@cache
def _noise_type() -> torch.dtype:
    """Numbers in which variances of noise are summed: half as long where processors have these.

    A spread is then wrong by a fifth of a percent at most.
    """
    capabilities = getattr(torch.cpu, "get_capabilities", dict)
    able: dict[str, object] = capabilities()
    native = able.get("avx512_bf16") or able.get("amx_bf16")
    return torch.bfloat16 if native else torch.float32


def _largest_code(bits: int) -> float:
    """Largest code of a converter of so many bits of magnitude (1)."""
    return float(2**bits - 1)


class TiledLayer(nn.Module):
    """A linear layer or a convolution on tiles.

    Args:
        layers: Its layer, or one for each group of channels.
        shape: How it is divided.
        mapping: Weights to conductances.
        periphery: Drivers and readers, which only round.
        padding: Padding that the convolution itself does not do: sizes as `functional.pad` takes
            them, and the mode; `None` if there is none.
    """

    def __init__(
        self,
        layers: Sequence[LinearLayer],
        shape: Shape,
        mapping: DifferentialPairs,
        periphery: Periphery,
        padding: tuple[Sequence[int], str] | None = None,
    ) -> None:
        super().__init__()
        self.layers = tuple(layers)
        self.shape = shape
        self._mapping = mapping
        self._padding = padding
        self._top_in = _largest_code(periphery.dac.bits)
        self._top_out = _largest_code(periphery.adc.bits)
        self._signal: Tensor | None = None
        self._variance: Tensor | None = None
        self._weight_per_code: Tensor | None = None
        self._unit = 1.0
        self._draws: VectorDraws | None = None
        self.input_range = 0.0
        self.output_range = 0.0
        self._stream = Stream(0)
        present = [layer.bias for layer in layers if layer.bias is not None]
        self._bias = torch.cat(present) if present else None

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
        mapping = self._mapping
        weights = [layer.weight for layer in self.layers]
        weight = torch.stack(weights)
        scale = torch.stack([mapping.scales(of_layer) for of_layer in weights])
        limit = mapping.block_difference
        wanted = (weight * scale[..., None]).clamp_(-limit, limit)
        if mapping.levels is not None:
            step = limit / (mapping.levels - 1)
            wanted.div_(step).round_().mul_(step)
        signal = self._in_blocks(wanted)
        cells = stream.child("cells")
        variance = draw_programmed_pairs(signal, table, partners, cells)
        self._signal = signal
        self._variance = variance.to(_noise_type())
        self._unit = 1.0
        self._weight_per_code = 1 / scale.flatten()
        self._stream = stream.child("noise")
        self._draws = None
        self.input_range = self.output_range = 0.0

    def _in_blocks(
        self, matrices: Float[Tensor, "groups outputs width"]
    ) -> Float[Tensor, "blocks outputs rows"]:
        """Matrices of all groups, cut into blocks of whole channels.

        Rows of a block go through the channels for each element of the kernel, as pixels do.
        """
        s = self.shape
        kernels = matrices.view(s.groups, s.outputs, s.inputs, s.kernel)
        # rows of missing channels are never driven, whatever their cells hold
        whole = functional.pad(kernels, (0, 0, 0, s.missing))
        parts = whole.view(s.groups, s.outputs, s.blocks, s.channels, s.kernel)
        blocks_first = parts.permute(0, 2, 1, 4, 3)
        return blocks_first.reshape(-1, s.outputs, s.rows).contiguous()

    def watched(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """Outputs without converters or noise; what these will need is noted (1)."""
        signal, variance = self._matrices()
        activation = self._padded(activation)
        driven = self._driven(activation)
        sums = self._currents(driven, signal).div_(self._unit)
        spread = self._noise(driven, variance).sqrt_()
        largest_input = float(activation.abs().max())
        with_noise = sums.abs().add_(spread, alpha=_HEADROOM)
        largest_output = float(with_noise.max())
        self.input_range = max(self.input_range, largest_input)
        self.output_range = max(self.output_range, largest_output)
        return self._finished(sums, activation, 1.0)

    def set_ranges(self) -> None:
        """Store conductances in codes of the converters, which then only have to round."""
        signal, _ = self._matrices()
        self.input_range = self.input_range or 1.0
        self.output_range = self.output_range or 1.0
        unit = (
            self._top_out / self.output_range * self.input_range / self._top_in
        )
        signal.mul_(unit / self._unit)
        self._unit = unit

    def forward(
        self, activation: Float[Tensor, "batch ..."]
    ) -> Float[Tensor, "batch ..."]:
        """What the tiles make of an activation (1).

        Raises:
            ValueError: The layer is not programmed or not calibrated.
        """
        signal, variance = self._matrices()
        if not self.input_range:
            raise ValueError(
                f"Argument `samples` must be given to `calibrate` before layer `{self.name}` can"
                " compute, but was not; converters need ranges."
            )
        activation = self._padded(activation)
        # inputs as whole codes of the drivers, which conductances are stored for
        codes_per_input = self._top_in / self.input_range
        codes = (activation * codes_per_input).round_()
        codes.clamp_(-self._top_in, self._top_in)
        driven = self._driven(codes)
        sums = self._currents(driven, signal)
        noise = self._noise(driven, variance)
        batch = activation.shape[0]
        self._digitise(sums, noise, batch)
        output_per_code = self.output_range / self._top_out
        return self._finished(sums, activation, output_per_code)

    def _matrices(self) -> tuple[Tensor, Tensor]:
        if self._signal is None or self._variance is None:
            raise ValueError(
                f"Argument `table` must be given to `program` before layer `{self.name}` can"
                " compute, but was not; its cells hold nothing."
            )
        return self._signal, self._variance

    def _padded(self, activation: Tensor) -> Tensor:
        if self._padding is None:
            return activation
        sizes, mode = self._padding
        return functional.pad(activation, sizes, mode)

    def _driven(self, activation: Tensor) -> Tensor:
        """What drives the rows: images, or vectors for each block (blocks, vectors, rows)."""
        s = self.shape
        moves = self.layers[0].convolution
        if moves is None:
            vectors = activation.reshape(-1, s.inputs)
            rows = functional.pad(vectors, (0, s.missing))
            return rows.view(-1, s.blocks, s.rows).transpose(0, 1)
        pixels = moves.image(activation).permute(0, 2, 3, 1).contiguous()
        if s.missing:
            # the last block of each group is filled up with channels of zeros
            channels = pixels.view(*pixels.shape[:3], s.groups, s.inputs)
            pixels = functional.pad(channels, (0, s.missing)).flatten(3)
        size = moves.positions(tuple(activation.shape))
        # of many positions a convolution is faster than copies of what the kernel sees
        if math.prod(size) > _FEW:
            return pixels.permute(0, 3, 1, 2)
        # a view in which what the kernel sees at each position stands in a row of its own
        sample, down, across, _ = pixels.stride()
        seen = pixels.as_strided(
            (
                s.groups * s.blocks,
                pixels.shape[0],
                *size,
                *moves.kernel_size,
                s.channels,
            ),
            (
                s.channels,
                sample,
                down * moves.stride[0],
                across * moves.stride[1],
                down * moves.dilation[0],
                across * moves.dilation[1],
                1,
            ),
        )
        return seen.reshape(s.groups * s.blocks, -1, s.rows)

    def _currents(self, driven: Tensor, matrix: Tensor) -> Tensor:
        """Sums of every block: images (batch, blocks · outputs, ...), or vectors of each block."""
        s = self.shape
        moves = self.layers[0].convolution
        if driven.ndim == 3 or moves is None:
            return torch.bmm(driven, matrix.transpose(1, 2))
        kernels = matrix.view(-1, *moves.kernel_size, s.channels)
        return functional.conv2d(
            driven,
            kernels.permute(0, 3, 1, 2),
            stride=moves.stride,
            dilation=moves.dilation,
            groups=s.groups * s.blocks,
        )

    def _noise(self, driven: Tensor, variance: Tensor) -> Tensor:
        """Variance of the noise of every sum, for conductances in siemens."""
        squares = driven.square().to(variance.dtype)
        return self._currents(squares, variance).float()

    def _digitise(self, sums: Tensor, variance: Tensor, batch: int) -> None:
        """Add noise of this variance, the same for a sample in any batch, and round to codes."""
        if self._draws is None:
            self._draws = VectorDraws(self._stream, self.shape.outputs)
        if sums.ndim == 3:
            blocks, vectors, outputs = sums.shape
            drawn = self._draws.normal(blocks * vectors)
            # drawn sample by sample, so that a sample's noise does not depend on the batch
            noise = drawn.view(batch, blocks, -1, outputs).transpose(0, 1)
            parts = (blocks, batch, -1, outputs)
            spread = variance.sqrt_().view(parts)
            sums.view(parts).addcmul_(spread, noise, value=self._unit)
            sums.round_().clamp_(-self._top_out, self._top_out)
            return
        # in the order of memory, and in pieces that stay in a core's cache
        rows = self._rows_of_outputs(sums)
        variances = self._rows_of_outputs(variance)
        few = max(_PIECE // self.shape.outputs, 1)
        pieces = zip(
            torch.split(rows, few), torch.split(variances, few), strict=True
        )
        for piece, variance_of_piece in pieces:
            noise = self._draws.normal(piece.shape[0])
            spread = variance_of_piece.sqrt_()
            piece.addcmul_(spread, noise, value=self._unit)
            piece.round_().clamp_(-self._top_out, self._top_out)

    def _rows_of_outputs(self, images: Tensor) -> Tensor:
        """Images as a view of rows, the outputs of one block at one position in each."""
        pixels = images.permute(0, 2, 3, 1)
        return pixels.view(-1, self.shape.outputs)

    def _finished(
        self, sums: Tensor, activation: Tensor, step: float
    ) -> Tensor:
        """The blocks' sums added up, scaled and folded, with bias (1)."""
        s = self.shape
        assert self._weight_per_code is not None
        if sums.ndim == 4:
            pixels = sums.permute(0, 2, 3, 1)
            parts = pixels.reshape(-1, s.groups, s.blocks, s.outputs)
            total = parts.sum(2).flatten(1)
        else:
            parts = sums.view(s.groups, s.blocks, -1, s.outputs)
            total = parts.sum(1).transpose(0, 1).flatten(1)
        products = total * (self._weight_per_code * step)
        if self._bias is not None:
            products += self._bias
        return self.layers[0].fold(products, tuple(activation.shape))
