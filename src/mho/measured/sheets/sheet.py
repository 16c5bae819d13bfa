"""A table of named columns, however a file has kept it."""

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a file.

    Args:
        name: Name without its unit; the column's number where the file has no names.
        unit: Unit as the file writes it; empty where it names none.
        values: Numbers, as the file has them; NaN where missing, and for words. Shape (rows,).
        words: Texts of a column that holds words, by row; empty for one of numbers.
    """

    name: str
    unit: str
    values: Float64[np.ndarray, " rows"]
    words: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name and unit, as a sentence shows them."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What a file holds, before anybody knows what it means.

    Args:
        source: Name of the file.
        columns: Its columns, of as many rows each.
        lines: Line of the file that each row comes from (1). Shape (rows,).
        named: Whether the file names its columns.
        remarks: What was odd so far, a sentence each.
        hints: What else the file says about all rows, in SI, by role.
        unit: Unit that the user says for conductances, `"1"` for a normalised scale; empty
            if none.
    """

    source: str
    columns: tuple[Column, ...]
    lines: Int64[np.ndarray, " rows"]
    named: bool
    remarks: tuple[str, ...] = ()
    hints: dict[str, float] = field(default_factory=dict)
    unit: str = ""

    @property
    def rows(self) -> int:
        """Number of rows (1)."""
        return len(self.lines)

    def line(self, row: int) -> str:
        """Where a row stands in the file, for sentences."""
        return f"line {self.lines[row]}"
