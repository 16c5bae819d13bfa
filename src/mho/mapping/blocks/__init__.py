"""Parts of layers on tiles: pairs, second pairs that correct them, cells beside a reference.

One interface for all of them: where cells lie, what their numbers stand for, how they are read,
and how their targets move for wires, levels and stuck cells.
"""

from mho.mapping.blocks.block import Block, Repaired, Solves
from mho.mapping.blocks.effective import effective_of_each
from mho.mapping.blocks.freedom import Freedom
from mho.mapping.blocks.pair_block import (
    CorrectingBlock,
    PairBlock,
    PairedBlock,
    halves,
)
from mho.mapping.blocks.placement import (
    Placement,
    blocks_of_layers,
    each_block,
    gather,
    positions,
    stage_numbers,
)
from mho.mapping.blocks.reference_block import ReferenceBlock, beside
from mho.mapping.blocks.rounding import round_together
from mho.mapping.blocks.search import (
    CLOSE,
    always,
    effective_difference,
    looks,
    weakened_search,
)

__all__ = [
    "CLOSE",
    "Block",
    "CorrectingBlock",
    "Freedom",
    "PairBlock",
    "PairedBlock",
    "Placement",
    "ReferenceBlock",
    "Repaired",
    "Solves",
    "always",
    "beside",
    "blocks_of_layers",
    "each_block",
    "effective_difference",
    "effective_of_each",
    "gather",
    "halves",
    "looks",
    "positions",
    "round_together",
    "stage_numbers",
    "weakened_search",
]
