"""Where blocks of weights go on tiles: packing, working lines, assignment around stuck cells.

`survey` finds by pulses and reads which cells are stuck and which lines are broken; a placement
that knows keeps weights off them.
"""

from mho.mapping.tiles.fault_survey import FaultMap, StuckHalves, survey
from mho.mapping.tiles.line_assignment import (
    AssignedLines,
    lines_beside_reference,
    lines_of_pairs,
)
from mho.mapping.tiles.packing import Piece, Spot, pack, split, tiles_taken
from mho.mapping.tiles.working_lines import (
    corner_first,
    smallest,
    working_lines,
)

__all__ = [
    "AssignedLines",
    "FaultMap",
    "Piece",
    "Spot",
    "StuckHalves",
    "corner_first",
    "lines_beside_reference",
    "lines_of_pairs",
    "pack",
    "smallest",
    "split",
    "survey",
    "tiles_taken",
    "working_lines",
]
