"""What the commands share: quantities with units, folders, progress."""

import math
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as RichTask
from rich.table import Table
from rich.text import Text

from mho.checks import check_between, check_not_negative, one_line
from mho.cli.shared.words import say
from mho.files import (
    RunFolder,
    is_plain,
    probe,
    write_out,
)
from mho.units import parse

_MOST = {"S": 1.0, "V": 1e3, "s": 1e12, "Hz": 1e12}
"""Largest magnitude that is taken, by its unit: more is a slip of the pen."""
_MOST_OHM = 1e9
"""Largest resistance of a line that is taken (Ω)."""

_BARS = 12
"""Progress bars that are shown at a time (1)."""


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
        value = parse(text, unit)
    except ValueError as error:
        raise ValueError(f"Argument `{name}` {error}") from None
    most = _MOST.get(unit, math.inf)
    check_between(value, name, -most, most, unit)
    return value


def resistance(text: str, name: str) -> float:
    """A resistance (Ω), with `Ohm` or `Ω`, or a bare number, as no other unit is usual here.

    Args:
        text: What the user wrote.
        name: Name of the option, for the error.

    Raises:
        ValueError: In the house sentence.
    """
    written = text.strip().replace("ohm", "Ω").replace("Ohm", "Ω")
    value = quantity(
        written if written.endswith("Ω") else f"{written}Ω", name, "Ω"
    )
    check_not_negative(value, name, "Ω")
    check_between(value, name, 0.0, _MOST_OHM, "Ω")
    return value


def names(text: str | None) -> tuple[str, ...]:
    """Names with commas between them; none if there is no text.

    >>> names("head, encoder.*"), names(None)
    (('head', 'encoder.*'), ())
    """
    return tuple(
        name.strip() for name in (text or "").split(",") if name.strip()
    )


def temperature(text: str, name: str) -> float:
    """A temperature (K), such as `358K`, `85C` or `85°C`.

    Args:
        text: What the user wrote.
        name: Name of the option, for the error.

    Raises:
        ValueError: In the house sentence.
    """
    found = re.fullmatch(
        r"\s*([-+]?[0-9]{1,9}(?:\.[0-9]+)?)\s*(K|°?C)\s*", text
    )
    if found is None:
        raise ValueError(
            f"Argument `{name}` must be a number with its unit such as `358K` or `85C`, but is"
            f" `{text}`."
        )
    value = float(found[1]) + (0.0 if found[2] == "K" else 273.15)
    check_not_negative(value, name, "K")
    return value


def array_size(text: str) -> tuple[int, int]:
    """Rows and columns, such as `256` or `256x64`.

    Raises:
        ValueError: In the house sentence.
    """
    found = re.fullmatch(r"\s*([0-9]{1,9})(?:\s*[x×]\s*([0-9]{1,9}))?\s*", text)
    if found is None:
        raise ValueError(
            "Argument `size` must be a number of rows and columns such as `256` or `256x64`, but"
            f" is `{text}`."
        )
    rows = int(found[1])
    return rows, int(found[2] or rows)


def check_outputs(folder: Path, json: str | None) -> None:
    """Try to write where results will go, before any work is done; leave nothing behind.

    Args:
        folder: Folder for the results.
        json: File for the JSON; `-` for standard output.

    Raises:
        OSError: One of them cannot be written.
    """
    check_writable(folder)
    if json not in (None, "-") and is_plain(Path(json)):
        check_writable(Path(json).parent)


def write_json(result: object, json: str | None) -> bool:
    """Write results as JSON where the user wants them.

    Args:
        result: Plain values.
        json: File; `-` for standard output; `None` for nowhere.

    Returns:
        Whether they went to standard output, where nothing else may go then.
    """
    text = dumps(result, indent=2) + "\n"
    if json == "-":
        sys.stdout.write(text)
        return True
    if json:
        Path(json).parent.mkdir(parents=True, exist_ok=True)
        write_out(Path(json), text.encode())
    return False


def print_rows(rows: list[tuple[str, str]], *last: str) -> None:
    """A short table of names and values, and lines that may be longer than the terminal.

    Both may hold words from files: brackets are no markup, and nothing speaks to the terminal.
    """
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for name, text in rows:
        table.add_row(Text(one_line(name)), Text(one_line(text)))
    console = Console(highlight=False)
    console.print(table)
    for line in last:
        console.print(Text(one_line(line)), soft_wrap=True)


def tell(run: RunFolder) -> None:
    """Say on standard error what became of an earlier run in the folder."""
    if run.set_aside is not None:
        say(f"The unfinished run that was here is kept as `{run.set_aside}`.")
    if run.is_complete:
        say(f"The run in `{run.folder}` is complete; these are its results.")


def check_writable(folder: Path) -> None:
    """Try to write into a folder, before any work is done; leave nothing behind."""
    probe(folder)


class _RateColumn(ProgressColumn):
    """How fast a stage goes, in percent a second or, of slow ones, a minute."""

    def render(self, task: RichTask) -> Text:
        """The rate; nothing before there is one."""
        if not task.speed:
            return Text("")
        percent = 100 * task.speed
        if percent >= 1:
            return Text(f"{percent:.0f} %/s")
        return Text(f"{60 * percent:.2g} %/min")


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
        _RateColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, Any] = {}

        def bar(stage: str, done: float) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=1.0)
                # A terminal shows nothing new once there are more bars than it has lines.
                for older in list(tasks.values())[:-_BARS]:
                    bars.update(older, visible=False)
            bars.update(tasks[stage], completed=done)

        yield bar


def passive_rows(passive: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What writing a passive array did to cells that were not written: name and value.

    Args:
        passive: Scheme, and the numbers of `DisturbAccount.summary` if cells had neighbours.
    """
    name = f"passive array, {passive['biasing']}"
    if "half_select_pulses" not in passive:
        return [
            (name, "each copy stands alone; --in-turn writes among neighbours")
        ]
    pairs = {
        what: f"{passive[f'{what}_median_uS']:.2f} / {passive[f'{what}_p99_uS']:.2f} µS"
        for what in ("moved", "shift")
    }
    return [
        (
            name,
            f"{passive['half_select_pulses']:,} half-select pulses on"
            f" {passive['half_selected_cells']:,} cells",
        ),
        ("  moved by them in all, median / 99 %", pairs["moved"]),
        ("  shift since last written, median / 99 %", pairs["shift"]),
    ]
