"""From weights to target conductances on tiles.

Pairs, reference columns and second pairs; where each block lies, and what its cells shall hold.
"""

from mho.mapping.blocks import (
    Block,
    CorrectingBlock,
    PairBlock,
    PairedBlock,
    Placement,
    ReferenceBlock,
    blocks_of_layers,
    each_block,
    effective_difference,
    effective_of_each,
    gather,
    halves,
    positions,
    round_together,
    stage_numbers,
)
from mho.mapping.lay_out import lay_out
from mho.mapping.packing_plan import PackingPlan, packing_plan
from mho.mapping.place import check_range, place, tiles_needed
from mho.mapping.weights import (
    MAPPINGS,
    SCALES,
    DifferentialPairs,
    LineUse,
    ReferenceColumn,
    ResidualPairs,
    TwoPairs,
    WeightMapping,
    mapping_for,
    mapping_kind,
    output_share,
    suited_pairs,
    suited_scale,
)

__all__ = [
    "MAPPINGS",
    "SCALES",
    "Block",
    "CorrectingBlock",
    "DifferentialPairs",
    "LineUse",
    "PackingPlan",
    "PairBlock",
    "PairedBlock",
    "Placement",
    "ReferenceBlock",
    "ReferenceColumn",
    "ResidualPairs",
    "TwoPairs",
    "WeightMapping",
    "blocks_of_layers",
    "check_range",
    "each_block",
    "effective_difference",
    "effective_of_each",
    "gather",
    "halves",
    "lay_out",
    "mapping_for",
    "mapping_kind",
    "output_share",
    "packing_plan",
    "place",
    "positions",
    "round_together",
    "stage_numbers",
    "suited_pairs",
    "suited_scale",
    "tiles_needed",
]
