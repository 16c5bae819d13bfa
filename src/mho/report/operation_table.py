"""Table of the operations of a network: what runs on tiles, what digitally, and why."""

from collections.abc import Mapping

from mho.network import OperationRecord
from mho.network.account import (
    OTHERS,
    TOTAL,
    operation_rows,
    operations_of,
    total_row,
)

OPERATION_COLUMNS = (
    "Operation",
    "Kind",
    "Runs",
    "Multiply-adds",
    "Parameters",
    "Of these on tiles",
)


def operation_table(result: Mapping[str, object]) -> list[tuple[str, ...]]:
    """Rows of the table, the last one their sum; none for results from before it was counted.

    Args:
        result: Numbers of a run.
    """
    rows = operation_rows(operations_of(result))
    if not rows:
        return []
    return [_cells(row) for row in (*rows, total_row(rows))]


def _cells(row: OperationRecord) -> tuple[str, ...]:
    times = (
        f" ×{row.count}"
        if row.count > 1 and row.name not in (OTHERS, TOTAL)
        else ""
    )
    counts = (row.multiply_adds, row.size, row.on_tiles)
    return (
        row.name + times,
        row.kind,
        row.fate,
        *(f"{count:,}" for count in counts),
    )
