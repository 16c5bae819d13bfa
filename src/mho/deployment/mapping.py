"""Weights to conductances and back: differential pairs, one scale per layer, split over tiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import BenchInfo
from mho.checks import check_between, check_finite, check_positive
from mho.units import show


@dataclass(frozen=True, slots=True)
class DifferentialPairs:
    """A weight is the difference of two conductances: w = (G⁺ − G⁻) / scale.

    One of the two stays at `low`; the largest weight of a layer takes the other to `high`.

    Args:
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
    """

    low: float
    high: float

    references = ("yao2020",)

    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")

    def scale(self, weight: Float[Tensor, "out in_"]) -> float:
        """Conductance difference of a weight of one (S)."""
        largest = float(weight.abs().max())
        return (self.high - self.low) / largest if largest > 0 else 1.0

    def targets(
        self, weight: Float[Tensor, "out in_"]
    ) -> tuple[Float[Tensor, "in_ out"], Float[Tensor, "in_ out"]]:
        """Conductances G⁺ and G⁻ (S), transposed: rows are inputs. Shapes (in, out).

        Raises:
            ValueError: A weight is NaN or infinite.
        """
        check_finite(weight, "weight", "Train or repair the network first.")
        difference = weight.T * self.scale(weight)
        return self.low + difference.clamp(min=0), self.low + (-difference).clamp(min=0)

    def weights(
        self, plus: Float[Tensor, "in_ out"], minus: Float[Tensor, "in_ out"], scale: float
    ) -> Float[Tensor, "out in_"]:
        """Weights that a pair of conductances stands for (1). Shape (out, in)."""
        return (plus - minus).T / scale


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Part of a layer on one tile; plus and minus of an output lie in neighbouring columns.

    Args:
        layer: Number of the layer.
        tile: Number of the tile.
        first_input: First input of the layer on this tile.
        first_output: First output of the layer on this tile.
        plus: Cell of each G⁺. Shape (rows, outputs).
        minus: Cell of each G⁻. Shape (rows, outputs).
        scale: Effective conductance difference of a weight of one, for each output (S). Shape
            (outputs,).
    """

    layer: int
    tile: int
    first_input: int
    first_output: int
    plus: Int64[Tensor, "rows outputs"]
    minus: Int64[Tensor, "rows outputs"]
    scale: Float[Tensor, " outputs"]

    @property
    def inputs(self) -> slice:
        """Inputs of the layer that drive this block's rows."""
        return slice(self.first_input, self.first_input + self.plus.shape[0])

    @property
    def outputs(self) -> slice:
        """Outputs of the layer that this block adds to."""
        return slice(self.first_output, self.first_output + self.plus.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Placement:
    """Where a network lies on the tiles, and what every cell shall hold.

    Args:
        blocks: Parts of all layers.
        cells: All cells used, each once. Shape (cells,).
        target: Conductance wanted in each of them (S). Shape (cells,).
        partner: Position in `cells` of the other half of each pair. Shape (cells,).
        sign: +1 for G⁺ cells, −1 for G⁻ cells. Shape (cells,).
    """

    blocks: tuple[Block, ...]
    cells: Int64[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    partner: Int64[Tensor, " cells"]
    sign: Float[Tensor, " cells"]


def tiles_needed(shapes: Sequence[tuple[int, int]], rows: int = 256, cols: int = 256) -> int:
    """Tiles that layers of these (out, in) shapes take, each layer on tiles of its own.

    >>> tiles_needed([(10, 300), (128, 256)])
    3
    """
    pairs = cols // 2
    return sum(-(-inputs // rows) * -(-outputs // pairs) for outputs, inputs in shapes)


def place(
    weights: Sequence[Float[Tensor, "_ _"]], info: BenchInfo, mapping: DifferentialPairs
) -> Placement:
    """Give every weight its pair of cells.

    Raises:
        ValueError: The bench has too few tiles, or a weight is not finite.
    """
    needed = tiles_needed([(w.shape[0], w.shape[1]) for w in weights], info.rows, info.cols)
    if needed > info.tiles:
        raise ValueError(
            f"Argument `bench` must have at least {needed} tiles of {info.rows}×{info.cols} for"
            f" this network, but has {info.tiles}; make the chip with `tiles={needed}`."
        )
    blocks: list[Block] = []
    cells, targets = [], []
    for number, weight in enumerate(weights):
        plus, minus = mapping.targets(weight)
        scale = torch.full((weight.shape[0],), mapping.scale(weight))
        for block in _split(number, weight.shape[1], scale, len(blocks), info):
            blocks.append(block)
            where = (block.inputs, block.outputs)
            cells += [block.plus.reshape(-1), block.minus.reshape(-1)]
            targets += [plus[where].reshape(-1), minus[where].reshape(-1)]
    sizes = [c.numel() for c in cells]
    starts = torch.tensor([0, *sizes]).cumsum(0).tolist()
    partner = [torch.arange(n) + starts[k ^ 1] for k, n in enumerate(sizes)]
    sign = [torch.full((n,), -1.0 if k % 2 else 1.0) for k, n in enumerate(sizes)]
    return Placement(
        tuple(blocks),
        torch.cat(cells),
        torch.cat(targets),
        torch.cat(partner),
        torch.cat(sign),
    )


def _split(
    layer: int, inputs: int, scale: Float[Tensor, " outputs"], tile: int, info: BenchInfo
) -> list[Block]:
    """Blocks of a layer, filling tiles from number `tile` on.

    A block lies in its tile's last rows and first columns, next to sense and driver, where the
    wires are shortest.
    """
    blocks: list[Block] = []
    pairs, outputs = info.cols // 2, scale.numel()
    for first_input in range(0, inputs, info.rows):
        for first_output in range(0, outputs, pairs):
            number = tile + len(blocks)
            used = min(info.rows, inputs - first_input)
            row = torch.arange(info.rows - used, info.rows)[:, None]
            col = 2 * torch.arange(min(pairs, outputs - first_output))
            plus = number * info.rows * info.cols + row * info.cols + col
            own = scale[first_output : first_output + pairs]
            blocks.append(Block(layer, number, first_input, first_output, plus, plus + 1, own))
    return blocks


def check_range(mapping: DifferentialPairs, info: BenchInfo) -> None:
    """Refuse a range that the bench cannot hold.

    Raises:
        ValueError: In the house sentence.
    """
    if mapping.low < info.conductance_low or mapping.high > info.conductance_high:
        raise ValueError(
            f"Argument `mapping` must stay within {show(info.conductance_low, 'S')} to"
            f" {show(info.conductance_high, 'S')}, but asks for {show(mapping.low, 'S')} to"
            f" {show(mapping.high, 'S')}."
        )
