"""The account of a network's operations as a table on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mho.network import FOLDED, OperationRecord
from mho.network.account import OTHERS, TOTAL, refusals, total_row

_WIDE = 120
"""Columns of a table that goes to a file or another program (1)."""


def print_operations(rows: Sequence[OperationRecord]) -> None:
    """Print what runs on tiles, what digitally, and why what could be on tiles is not.

    Args:
        rows: The account of a network.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("operation", "kind", "runs"):
        table.add_column(heading, overflow="fold")
    for heading in ("multiply-adds", "parameters", "on tiles"):
        table.add_column(heading, justify="right", no_wrap=True)
    others = [row for row in rows if row.name == OTHERS]
    for row in rows:
        if row not in others:
            table.add_row(*_cells(row))
    table.add_row(*_cells(total_row(rows)), style="bold")
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)
    for row in others:
        console.print(
            Text(f"and digital, without parameters or products: {row.kind}.")
        )
    for names, why in refusals(rows):
        console.print(Text(f"refused: {names}, as {why}."))
    console.print()


def _cells(row: OperationRecord) -> tuple[Text, ...]:
    times = (
        f" ×{row.count}"
        if row.count > 1 and row.name not in (OTHERS, TOTAL)
        else ""
    )
    runs = f"{FOLDED} into {row.why}" if row.runs == FOLDED else row.runs
    counts = (row.multiply_adds, row.size, row.on_tiles)
    return tuple(
        Text(text)
        for text in (
            row.name + times,
            row.kind,
            runs,
            *(f"{n:,}" for n in counts),
        )
    )
