"""Large networks whose cells are drawn from the statistics of programmed ones.

`convert` puts a PyTorch module on tiles; a table of errors, measured on a bench, says how far from
its target a cell ends up.
"""

from mho.statistical.convert import convert
from mho.statistical.converted_module import ConvertedModule
from mho.statistical.named_normals import NamedNormals
from mho.statistical.programmed_pairs import (
    ConductanceRange,
    DrawnPairs,
    draw_programmed_pairs,
)

__all__ = [
    "ConductanceRange",
    "ConvertedModule",
    "DrawnPairs",
    "NamedNormals",
    "convert",
    "draw_programmed_pairs",
]
