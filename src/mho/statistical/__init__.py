"""Large networks whose cells are drawn from the statistics of programmed ones.

`convert` puts a PyTorch module on tiles; a table of errors, measured on a bench, says how far from
its target a cell ends up.
"""

from mho.statistical.convert import convert
from mho.statistical.converted_module import ConvertedModule

__all__ = [
    "ConvertedModule",
    "convert",
]
