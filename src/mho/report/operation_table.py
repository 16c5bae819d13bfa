"""Table of the operations of a network: what runs on tiles, what digitally, and why."""

from collections.abc import Mapping

from mho.network import FOLDED
from mho.network.account import OTHERS, TOTAL, OperationRow, operation_rows, total_row

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
    operations = result.get("operations")
    if not isinstance(operations, list) or not operations:
        return []
    rows = operation_rows(operations)
    return [_cells(row) for row in (*rows, total_row(rows))]


def _cells(row: OperationRow) -> tuple[str, ...]:
    times = (
        f" ×{row.count}" if row.count > 1 and row.name not in (OTHERS, TOTAL) else ""
    )
    joint = " into " if row.runs == FOLDED else ": "
    runs = f"{row.runs}{joint}{row.why}" if row.why else row.runs
    counts = (row.multiply_adds, row.parameters, row.on_tiles)
    return (row.name + times, row.kind, runs, *(f"{count:,}" for count in counts))
