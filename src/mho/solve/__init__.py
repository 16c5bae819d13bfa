"""Matrices on chips for scientific computing: numbers on several cells, products as operators.

A number is a sum of cells of falling significance, each programmed to hold what was measured that
the earlier ones miss. A matrix of such numbers stands on as many tiles as it takes and is a
`LinearOperator` of SciPy, with the noise, the converters and the costs of the tiles.
"""

from mho.solve.matrix import MatrixOnChips
from mho.solve.numbers import (
    BoundedErrors,
    CellErrors,
    CellPlan,
    GaussianErrors,
    Numbers,
    TableErrors,
    Written,
    plan_cells,
    write_numbers,
)
from mho.solve.tiles import Converters, ErrorFloor, Reached

__all__ = [
    "BoundedErrors",
    "CellErrors",
    "CellPlan",
    "Converters",
    "ErrorFloor",
    "GaussianErrors",
    "MatrixOnChips",
    "Numbers",
    "Reached",
    "TableErrors",
    "Written",
    "plan_cells",
    "write_numbers",
]
