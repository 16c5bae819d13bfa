"""Tables of named columns, before anybody knows what they mean: text, its layout, its units.

Whatever a file is, it becomes a `Sheet`; what cannot become one is refused with the line.
"""

from mho.measured.sheets.numbers import number_of
from mho.measured.sheets.sheet import Column, Sheet
from mho.measured.sheets.table import MOST_CELLS, read_table, table_of
from mho.measured.sheets.text import MOST_BYTES, read_bytes, read_lines
from mho.measured.sheets.units import (
    Unit,
    plain,
    role_named,
    split_name,
    unit_of,
)

__all__ = [
    "MOST_BYTES",
    "MOST_CELLS",
    "Column",
    "Sheet",
    "Unit",
    "number_of",
    "plain",
    "read_bytes",
    "read_lines",
    "read_table",
    "role_named",
    "split_name",
    "table_of",
    "unit_of",
]
