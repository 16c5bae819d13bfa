"""What the commands share: quantities with units, folders, progress."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from mho.units import parse


def quantity(text: str, name: str, unit: str) -> float:
    """A number with its unit, in SI.

    Args:
        text: What the user wrote.
        name: Name of the option, for the error.
        unit: Unit symbol wanted.

    Raises:
        ValueError: In the house sentence.
    """
    try:
        return parse(text, unit)
    except ValueError as error:
        raise ValueError(f"Argument `{name}` {error}") from None


def check_writable(folder: Path) -> None:
    """Try to write into a folder, before any work is done; leave nothing behind."""
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / ".mho-probe"
    probe.write_bytes(b"")
    probe.unlink()
    for made in missing:
        made.rmdir()


@contextmanager
def progress_bars() -> Iterator[Callable[[str, float], None]]:
    """A bar on standard error; one plain line per stage where that is no terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        said: list[str] = []

        def line(stage: str, done: float) -> None:
            del done
            if stage not in said:
                said.append(stage)
                print(f"{stage} …", file=sys.stderr, flush=True)

        yield line
        return
    columns = (
        TextColumn("{task.description:28}"),
        BarColumn(40),
        TextColumn("{task.percentage:3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def bar(stage: str, done: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
            bars.update(tasks[stage], completed=done)

        yield bar
