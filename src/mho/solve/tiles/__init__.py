"""A matrix in blocks on tiles, and what these make of vectors: products, noise, costs, errors.

Nothing here knows SciPy's operators.
"""

from mho.solve.tiles.blocks import Cut, cut
from mho.solve.tiles.converters import Converters
from mho.solve.tiles.costs import Circuit, TileCosts, tile_costs
from mho.solve.tiles.drawn_tiles import DrawnTiles
from mho.solve.tiles.error_floor import ErrorFloor
from mho.solve.tiles.predicted_floor import predicted_floor
from mho.solve.tiles.programmed_tiles import ProgrammedTiles
from mho.solve.tiles.reached import Reached

__all__ = [
    "Circuit",
    "Converters",
    "Cut",
    "DrawnTiles",
    "ErrorFloor",
    "ProgrammedTiles",
    "Reached",
    "TileCosts",
    "cut",
    "predicted_floor",
    "tile_costs",
]
