"""The page of runs beside each other: one file that opens by itself, as every page here."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from mho.report.comparing.cells import cells_shown
from mho.report.comparing.chips import fleets_shown
from mho.report.comparing.differences import Comparison, Row, compared
from mho.report.comparing.finished_run import FinishedRun
from mho.report.comparing.pictures import Picture
from mho.report.comparing.plots import plot_shown
from mho.report.explorable import (
    WITH_PLOTS,
    Packer,
    page_parts,
    payload_text,
)

_SCRIPTS = ("theme.js", "comparison.js")
_POINTS = "points"
"""Word under which a result has the points of a sweep."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """The same picture in several runs.

    Args:
        name: What it shows.
        pictures: Those that there are, each with the name of its run.
    """

    name: str
    pictures: tuple[tuple[str, Picture], ...]


def render_comparison(runs: Sequence[FinishedRun]) -> str:
    """The page as HTML; the same folders give the same bytes.

    Args:
        runs: Runs of one command, one at least.
    """
    source = files("mho.report").joinpath("comparison.html.j2")
    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(source.read_text(encoding="utf-8"))
    found = compared(runs)
    several = len(runs) > 1
    beside, alone = _pictures(runs)
    packer = Packer()
    shown = {
        "maps": cells_shown(runs, packer),
        "plot": plot_shown(runs),
        "chips": fleets_shown(runs),
    }
    is_explorable = any(shown.values())
    has_points = shown["plot"] is not None
    chips = shown["chips"]
    return page.render(
        parts=page_parts(WITH_PLOTS if is_explorable else _SCRIPTS),
        numbers=payload_text(shown | {"packed": packer.text()}),
        is_explorable=is_explorable,
        chips=chips and len(chips["seeds"]),
        cells=shown["maps"],
        plot=shown["plot"],
        plot_table=runs[0].command == "sweep",
        command=runs[0].command,
        runs=[run.name for run in runs],
        several=several,
        headline=_headline(runs, found),
        tables=_tables(found, several=several, are_points_shown=has_points),
        beside=beside,
        alone=alone,
        results=[
            (run.name, json.dumps(run.result, indent=2, ensure_ascii=False))
            for run in runs
        ],
    )


def _headline(runs: Sequence[FinishedRun], found: Comparison) -> str:
    """What there is to see, in one sentence."""
    if len(runs) == 1:
        return f"One run of mho {runs[0].command}: what it was asked for, reached and cost."
    options = sum(row.differs for row in found.options)
    figures = sum(row.differs for row in found.figures)
    return (
        f"{len(runs)} runs of mho {runs[0].command}: {options} of what was asked for and"
        f" {figures} of what was reached differ. Differences are from the first,"
        f" {runs[0].name}."
    )


def _tables(
    found: Comparison, *, several: bool, are_points_shown: bool
) -> list[tuple[str, str, list[Row], list[Row]]]:
    """Anchor, heading, rows to show and rows to fold away of every table."""
    parts = (
        ("options", "What was asked for", found.options),
        ("figures", "What was reached", found.figures),
        ("costs", "What it cost", found.costs),
    )
    tables = []
    for anchor, heading, every in parts:
        # a curve and a table of their own have them all
        is_told = are_points_shown and not several
        rows = [r for r in every if not (is_told and r.path[0] == _POINTS)]
        first = [row for row in rows if not _is_folded(row, several=several)]
        rest = [row for row in rows if _is_folded(row, several=several)]
        if several:
            # what is the same everywhere is in the results below
            rest = [row for row in rest if row.differs]
        tables.append((anchor, heading, first, rest))
    return tables


def _is_folded(row: Row, *, several: bool) -> bool:
    return row.is_fine_print or (several and not row.differs)


def _pictures(
    runs: Sequence[FinishedRun],
) -> tuple[list[_Beside], list[_Beside]]:
    """Pictures that several runs have, or the only one; and those that one of several has."""
    names = dict.fromkeys(name for run in runs for name in run.pictures)
    all_of = [
        _Beside(
            name,
            tuple(
                (run.name, run.pictures[name])
                for run in runs
                if name in run.pictures
            ),
        )
        for name in names
    ]
    if len(runs) == 1:
        return all_of, []
    beside = [one for one in all_of if len(one.pictures) > 1]
    return beside, [one for one in all_of if len(one.pictures) == 1]
