"""From weights to target conductances on tiles.

Pairs, reference columns and second pairs; where each block lies, and what its cells shall hold.
"""

from mho.mapping.kinds import mapping_for, mapping_kind
from mho.mapping.lay_out import lay_out
from mho.mapping.pairs import DifferentialPairs
from mho.mapping.place import check_range, place, tiles_needed
from mho.mapping.placement import Block, Placement, each_block, gather
from mho.mapping.reference_column import ReferenceColumn
from mho.mapping.two_pairs import TwoPairs
from mho.mapping.weight_mapping import SCALES, WeightMapping

__all__ = [
    "SCALES",
    "Block",
    "DifferentialPairs",
    "Placement",
    "ReferenceColumn",
    "TwoPairs",
    "WeightMapping",
    "check_range",
    "each_block",
    "gather",
    "lay_out",
    "mapping_for",
    "mapping_kind",
    "place",
    "tiles_needed",
]
