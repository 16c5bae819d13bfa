"""Commands for cells: published ones, their levels, and what measured data say about them."""

from mho.cli.commands.cells.characterise import characterise
from mho.cli.commands.cells.fit import fit
from mho.cli.commands.cells.levels import levels
from mho.cli.commands.cells.presets import presets

__all__ = ["characterise", "fit", "levels", "presets"]
