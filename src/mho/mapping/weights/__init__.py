"""Ways from weights to conductances: pairs, a reference column, two pairs.

A mapping says what the cells of a layer shall hold, stage by stage, and which lines they take.
"""

from mho.mapping.weights.kinds import MAPPINGS, mapping_for, mapping_kind
from mho.mapping.weights.line_use import LineUse
from mho.mapping.weights.pairs import DifferentialPairs
from mho.mapping.weights.reference_column import ReferenceColumn
from mho.mapping.weights.several_pairs import ResidualPairs
from mho.mapping.weights.stage import Stage
from mho.mapping.weights.suited_scale import (
    output_share,
    suited_pairs,
    suited_scale,
)
from mho.mapping.weights.two_pairs import TwoPairs
from mho.mapping.weights.weight_mapping import SCALES, WeightMapping

__all__ = [
    "MAPPINGS",
    "SCALES",
    "DifferentialPairs",
    "LineUse",
    "ReferenceColumn",
    "ResidualPairs",
    "Stage",
    "TwoPairs",
    "WeightMapping",
    "mapping_for",
    "mapping_kind",
    "output_share",
    "suited_pairs",
    "suited_scale",
]
