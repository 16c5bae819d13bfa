"""`mho presets`: the published chips and where every number comes from."""

from rich.console import Console
from rich.table import Table

from mho.device.published import PRESETS, preset
from mho.units import show


def show_all() -> None:
    """List the presets."""
    table = Table(box=None, pad_edge=False)
    for heading in ("preset", "what it is"):
        table.add_column(heading)
    for name, published in PRESETS.items():
        table.add_row(name, published.summary)
    Console(highlight=False).print(table)


def show_one(name: str) -> None:
    """Print every number of a preset.

    Raises:
        ValueError: There is no such preset.
    """
    published = preset(name)
    console = Console(highlight=False)
    console.print(
        f"[bold]{published.name}[/bold]  {published.summary}\n{published.validity}\n"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("number", "value", "confidence", "source", "why"):
        table.add_column(
            heading, overflow="fold", no_wrap=heading in ("number", "value")
        )
    for key, value in published.values.items():
        number = (
            f"{value.value:g} {value.unit}"
            if "/" in value.unit
            else show(value.value, value.unit)
        )
        table.add_row(key, number, value.confidence, value.source, value.note)
    console.print(table)
