"""`mho report`: finished runs to a table, a page and JSON."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mho.checks import one_line
from mho.cli.shared import output_file, write_json
from mho.files import write_out
from mho.report import render
from mho.report.comparing import (
    Comparison,
    FinishedRun,
    Row,
    compared,
    read_runs,
    render_comparison,
)
from mho.runs import PAGE_DATA, load_run_data

_MOST_LINES = 30
"""Lines of each table that are printed unless all are asked for (1)."""
_MOST_LETTERS = 60
"""Letters of a page's usual name (1)."""


def run(
    folders: Sequence[str],
    *,
    everything: bool,
    save: str | None,
    json: str | None,
) -> None:
    """Compare; see `mho report --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    runs = read_runs(folders)
    place = Path(save) if save else _usual_place(runs)
    read = [str(path) for one in runs for path in _files_of(one)]
    path = output_file(str(place), *read)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_out(path, _page(runs).encode())
    found = compared(runs)
    if write_json(found.plain(runs), json):
        return
    _print(found, runs, path, everything=everything)


def _page(runs: Sequence[FinishedRun]) -> str:
    """The page: of a single deployment the one that it had."""
    kept = runs[0].folder / PAGE_DATA
    if len(runs) == 1 and runs[0].command == "deploy" and kept.is_file():
        return render(load_run_data(kept, runs[0].result))
    return render_comparison(runs)


def _usual_place(runs: Sequence[FinishedRun]) -> Path:
    names = "-".join(re.sub(r"[^\w.+-]+", "-", run.name) for run in runs)
    return Path("mho-out") / f"report-{names[:_MOST_LETTERS]}.html"


def _files_of(run: FinishedRun) -> list[Path]:
    """Files that a page must not take the place of."""
    return [path for path in run.folder.iterdir() if path.is_file()]


def _print(
    found: Comparison,
    runs: Sequence[FinishedRun],
    path: Path,
    *,
    everything: bool,
) -> None:
    console = Console(highlight=False)
    several = len(runs) > 1
    parts = (
        ("asked for", found.options),
        ("reached", found.figures),
        ("cost", found.costs),
    )
    for heading, rows in parts:
        wanted = [row for row in rows if row.differs or not several]
        shown = [r for r in wanted if everything or not r.is_fine_print]
        if not everything:
            shown = shown[:_MOST_LINES]
        if not shown:
            nothing = "nothing differs" if several else "nothing is said"
            console.print(f"{heading}: {nothing}")
            continue
        console.print(_table(heading, shown, runs))
        if len(shown) < len(wanted):
            left = len(wanted) - len(shown)
            what = "more differ" if several else "more are there"
            console.print(f"{left:,} {what}: on the page, or with --all")
    console.print(Text(one_line(f"page: {path}")), soft_wrap=True)


def _table(
    heading: str, rows: Sequence[Row], runs: Sequence[FinishedRun]
) -> Table:
    """A line for each value; words may come from anywhere, and are no markup."""
    table = Table(box=None, pad_edge=False)
    table.add_column(heading, overflow="fold", style="bold")
    for number, run in enumerate(runs):
        name = Text(one_line(run.name))
        table.add_column(name, justify="right", overflow="fold")
        if number:
            table.add_column("difference", justify="right")
    for row in rows:
        values = row.shown
        cells = [values[0]]
        for value, told in zip(values[1:], row.told, strict=True):
            cells += [value, told]
        words = [row.name, *cells]
        table.add_row(*(Text(one_line(word)) for word in words))
    return table
