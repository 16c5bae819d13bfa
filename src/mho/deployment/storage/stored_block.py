"""A block as it lies in a file: one record for all kinds, with fields that a kind may lack.

The record is what the first files have, and stays: code may have any types for its blocks.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.checks import RefusedError
from mho.mapping import (
    Block,
    CorrectingBlock,
    PairBlock,
    PairedBlock,
    ReferenceBlock,
)


@dataclass(frozen=True, slots=True, eq=False)
class StoredBlock:
    """Part of a layer on one tile, in pairs of cells or against a reference column.

    Args:
        layer: Number of the layer.
        tile: Number of the tile.
        first_input: First input of the layer on this tile.
        first_output: First output of the layer on this tile.
        plus: Cell of each G⁺, or of each weight with a reference. Shape (rows, outputs).
        minus: Cell of each G⁻; `None` with a reference. Shape (rows, outputs).
        scale: Effective conductance difference of a weight of one, for each output (S). Shape
            (outputs,).
        reference: Cells of the reference column, if there is one. Shape (rows,).
        corrects: Number of the earlier block of the same weights whose errors this one takes up.
        excess: What cells without a partner are known to hold too much (S). Shape (rows,
            outputs).
    """

    layer: int
    tile: int
    first_input: int
    first_output: int
    plus: Int64[Tensor, "_ _"]
    minus: Int64[Tensor, "_ _"] | None
    scale: Float[Tensor, " _"]
    reference: Int64[Tensor, " _"] | None = None
    corrects: int | None = None
    excess: Float[Tensor, "_ _"] | None = None


def stored_block(block: Block) -> StoredBlock:
    """A block as files have it.

    Raises:
        TypeError: A kind of block that files do not know.
    """
    where = (block.layer, block.tile, block.first_input, block.first_output)
    if isinstance(block, ReferenceBlock):
        return StoredBlock(
            *where,
            block.cells,
            None,
            block.scale,
            reference=block.reference,
            excess=block.excess,
        )
    if isinstance(block, PairedBlock):
        corrects = (
            block.corrects if isinstance(block, CorrectingBlock) else None
        )
        return StoredBlock(
            *where, block.plus, block.minus, block.scale, corrects=corrects
        )
    raise TypeError(
        f"Argument `block` must be of a kind that files know, but is a {type(block).__name__}."
    )


def block_of(stored: StoredBlock) -> Block:
    """The block that a file means.

    Raises:
        RefusedError: It means none.
    """
    _check_shapes(stored)
    if stored.minus is None and stored.reference is not None:
        if stored.corrects is not None:
            raise RefusedError("has a block that corrects one of other weights")
        return ReferenceBlock(
            layer=stored.layer,
            tile=stored.tile,
            first_input=stored.first_input,
            first_output=stored.first_output,
            scale=stored.scale,
            cells=stored.plus,
            reference=stored.reference,
            excess=stored.excess,
        )
    if stored.minus is None or stored.reference is not None:
        raise RefusedError(
            "has a block that has not either pairs or a reference"
        )
    if stored.excess is not None:
        raise RefusedError("has an excess of cells that have a partner")
    if stored.corrects is None:
        return PairBlock(
            layer=stored.layer,
            tile=stored.tile,
            first_input=stored.first_input,
            first_output=stored.first_output,
            scale=stored.scale,
            plus=stored.plus,
            minus=stored.minus,
        )
    return CorrectingBlock(
        layer=stored.layer,
        tile=stored.tile,
        first_input=stored.first_input,
        first_output=stored.first_output,
        scale=stored.scale,
        plus=stored.plus,
        minus=stored.minus,
        corrects=stored.corrects,
    )


def _check_shapes(stored: StoredBlock) -> None:
    """Refuse parts that do not belong to the same cells."""
    rows, outputs = stored.plus.shape
    parts = (
        (stored.minus, (rows, outputs)),
        (stored.reference, (rows,)),
        (stored.excess, (rows, outputs)),
        (stored.scale, (outputs,)),
    )
    if any(part is not None and part.shape != wanted for part, wanted in parts):
        raise RefusedError("has a block whose parts have different shapes")
    excess = stored.excess
    if excess is not None and not bool(torch.isfinite(excess).all()):
        raise RefusedError("has an excess of a cell that is not finite")
