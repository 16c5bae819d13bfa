"""Where a network goes wrong, as a table on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mho.checks import one_line
from mho.runs import LAYER_COLUMNS, layer_rows


def print_layer_errors(result: Mapping[str, Any]) -> None:
    """Print the error after each analog layer, if it was asked for.

    Args:
        result: Numbers of a run.
    """
    rows = layer_rows(result)
    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    first, *numbers = (heading.lower() for heading in LAYER_COLUMNS)
    table.add_column(first, overflow="fold")
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    console = Console(highlight=False)
    console.print(
        Text(
            "Error of the products after each analog layer, of"
            f" {result['layer_samples']} samples:"
        )
    )
    console.print(table)
    console.print()
