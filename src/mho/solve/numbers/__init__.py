"""Numbers on several pairs of cells: what writing leaves, what each counts, how precise it is.

Nothing here knows a matrix or a tile.
"""

from mho.solve.numbers.cell_errors import (
    BoundedErrors,
    CellErrors,
    GaussianErrors,
    TableErrors,
    Written,
)
from mho.solve.numbers.cell_plan import CellPlan, plan_cells
from mho.solve.numbers.mapping_words import NumberMapping, number_mapping
from mho.solve.numbers.usual_errors import usual_errors
from mho.solve.numbers.writing import Numbers, write_numbers

__all__ = [
    "BoundedErrors",
    "CellErrors",
    "CellPlan",
    "GaussianErrors",
    "NumberMapping",
    "Numbers",
    "TableErrors",
    "Written",
    "number_mapping",
    "plan_cells",
    "usual_errors",
    "write_numbers",
]
