"""Formats of files: each becomes a sheet, told by its first bytes, its first lines or its name.

`read_sheet` finds the format. Formats that hold several kinds of measurement say which was read.
"""

from mho.measured.formats.choice import read_sheet
from mho.measured.formats.step_tables import is_step_table, read_step_table

__all__ = ["is_step_table", "read_sheet", "read_step_table"]
