"""Large networks whose cells are drawn from the statistics of programmed ones."""

from mho.statistical.convert import ConvertedModule, convert

__all__ = [
    "ConvertedModule",
    "convert",
]
