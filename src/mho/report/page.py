"""The report of a run: one page that opens by itself, without a network or other files."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from mho.data import metric_of
from mho.files import write_whole
from mho.programming import Outcome
from mho.report.chip_tables import (
    SUMMARY_COLUMNS,
    chip_columns,
    chip_rows,
    summary_rows,
)
from mho.report.drawing import Drawing, Drawn
from mho.report.explorable import (
    Maps,
    Packer,
    chips_shown,
    maps_shown,
    page_parts,
    payload_text,
    traces_shown,
)
from mho.report.operation_table import OPERATION_COLUMNS, operation_table
from mho.report.wording import (
    CLIP,
    COST_COLUMNS,
    TOTAL,
    capital,
    cost_rows,
    headline,
    key_figures,
    wire_rows,
)
from mho.runs import (
    LAYER_COLUMNS,
    Population,
    RunData,
    layer_rows,
    output_rows,
    verdict,
)
from mho.units import show

SECTIONS = {
    "key-figures": "Key figures",
    "drawn": "Drawn cells",
    "outputs": "Outputs against the digital network",
    "layers": "Where it goes wrong",
    "operations": "Operations",
    "population": "Many chips",
    "readback": "Target against read-back",
    "errors": "Errors",
    "maps": "Conductance maps",
    "traces": "Telegraph noise before and after denoising",
    "effort": "Pulses and reads per cell",
    "confusion": "Confusion matrix",
    "wires": "Wires",
    "costs": "Costs",
    "small-print": "Small print",
}
"""Anchor and heading of every section, in order; some only where there is something to show."""


QUANTITIES = (
    ("readback", "read-back"),
    ("target", "target"),
    ("error", "error"),
    ("pulses", "programming pulses"),
    ("denoise_pulses", "denoising pulses"),
    ("reads", "reads"),
)
"""What a map can show of every cell, and its name."""

PROGRAMMED = ("readback", "maps", "traces", "effort", "wires")
"""Sections that only programmed cells have."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure on the page.

    Args:
        source: Its `data:` address.
        alt: What it shows, for who cannot see it.
    """

    source: str
    alt: str


def write_report(
    data: RunData, path: Path, drawing: Drawing | None = None
) -> None:
    """Write the report of a run; the same run gives the same bytes.

    Args:
        data: A finished deployment.
        path: HTML file to write; its folder exists. A report already there stays as it is
            unless the new one is complete.
        drawing: Who draws the figures, perhaps at work on them already; this process if `None`.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    write_whole(path, render(data, drawing).encode())


def render(data: RunData, drawing: Drawing | None = None) -> str:
    """The page as HTML.

    Args:
        data: A finished deployment.
        drawing: As for `write_report`.
    """
    drawn = (drawing or Drawing()).of(data)
    metric = capital(metric_of(data.result).name)
    packer = Packer()
    maps = maps_shown(data, packer)
    page = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_part),
    ).get_template("template.html.j2")
    return page.render(
        sections=sections_of(data),
        chips=_chips(data.population, drawn, metric),
        network=data.result.get("network", "network"),
        headline=headline(data.result),
        key_figures=key_figures(data.result),
        operation_columns=OPERATION_COLUMNS,
        operation_rows=operation_table(data.result),
        pictures=_pictures(data, drawn),
        parts=page_parts(),
        numbers=_numbers(data, maps, metric, packer),
        quantities=QUANTITIES,
        maps=maps,
        layers=len(data.layers),
        traced=0 if data.traces is None else data.traces.target.numel(),
        tolerance=show(data.tolerance, "S"),
        clip=show(CLIP * data.tolerance, "S"),
        wires=_wires(data, drawn),
        wire_rows=wire_rows(data.result),
        drawn_cells=data.drawn,
        cost_columns=COST_COLUMNS,
        cost_rows=cost_rows(data.costs),
        total=TOTAL,
        outcomes=[
            (o.name, o.remedy) for o in (Outcome.STUCK, Outcome.OUT_OF_CYCLES)
        ],
        metric=metric,
        # backticks are for terminals
        verdict=[
            re.sub(r"`([^`]*)`", r"“\1”", sentence)
            for sentence in verdict(data.result)
        ],
        output_rows=_output_rows(data.result),
        layer_columns=LAYER_COLUMNS,
        layer_rows=layer_rows(data.result),
        result=json.dumps(
            data.result,
            indent=2,
            ensure_ascii=False,
            default=str,
        ),
    )


def sections_of(data: RunData) -> dict[str, str]:
    """Anchor and heading of the sections that a run has."""
    there = {
        "population": data.population is not None,
        "outputs": bool(data.result.get("outputs")),
        "layers": bool(data.result.get("layers")),
        "confusion": data.confusion is not None,
        "drawn": data.drawn is not None,
        **dict.fromkeys(PROGRAMMED, data.drawn is None),
    }
    return {
        anchor: name
        for anchor, name in SECTIONS.items()
        if there.get(anchor, True)
    }


def _numbers(
    data: RunData, maps: Maps | None, metric: str, packer: Packer
) -> str:
    """What can be explored, as scripts read it."""
    content: dict[str, Any] = {
        "maps": maps and maps.content,
        "traces": traces_shown(data, packer),
        "chips": data.population and chips_shown(data.population, metric),
    }
    return payload_text(content | {"packed": packer.text()})


def _output_rows(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All outputs against the digital network's."""
    return [
        row
        for name, seen in (result.get("outputs") or {}).items()
        for row in output_rows(name, seen)
    ]


def _part(name: str) -> str:
    """A part of the page, by the name of its file."""
    return files("mho.report").joinpath(name).read_text(encoding="utf-8")


def _chips(
    population: Population | None, drawn: Drawn, metric: str
) -> dict[str, Any] | None:
    """What the section of many chips shows."""
    if population is None:
        return None
    seeds = [chip.seed for chip in population.programmed.chips]
    return {
        "count": len(seeds),
        "first": seeds[0],
        "last": seeds[-1],
        "compared": population.comparison is not None,
        "picture": Picture(
            drawn["population"],
            f"{metric} of {len(seeds)} chips as dots, a row for each way to program them, beside "
            "that in software as a line.",
        ),
        "summary_columns": SUMMARY_COLUMNS,
        "summary_rows": summary_rows(population),
        "columns": chip_columns(population),
        "rows": chip_rows(population),
    }


def _pictures(data: RunData, drawn: Drawn) -> dict[str, Picture]:
    """The figures that there are, beside those of single layers."""
    told = {
        "readback": "Scatter plot of read-back against target conductance of all cells with the"
        " line of equality; below it the difference, with the tolerance shaded.",
        "errors": f"Histogram of read-back minus target of {data.error.numel():,} cells, counts"
        " on a logarithmic axis, with the tolerance shaded.",
        "effort": "Three histograms over cells: programming pulses, denoising pulses, reads.",
    }
    return _asked_pictures(data, drawn) | {
        name: Picture(drawn[name], alt)
        for name, alt in told.items()
        if name in drawn
    }


def _asked_pictures(data: RunData, drawn: Drawn) -> dict[str, Picture]:
    """The figures that some runs have."""
    pictures = {}
    if data.confusion is not None:
        right = int(data.confusion.diagonal().sum())
        shown = int(data.confusion.sum())
        pictures["confusion"] = Picture(
            drawn["confusion"],
            f"Confusion matrix with counts: {right:,} of {shown:,} test samples lie on its "
            "diagonal of correct answers.",
        )
    layers = data.result.get("layers")
    if isinstance(layers, list) and layers:
        pictures["layers"] = Picture(
            drawn["layers"],
            f"Error after each of {len(layers)} analog layers on a logarithmic axis, one line with"
            " exact inputs to each layer and one accumulated from the input on.",
        )
    return pictures


def _wires(data: RunData, drawn: Drawn) -> Picture | None:
    if data.wires is None:
        return None
    return Picture(
        drawn["wires"],
        f"Effective against wanted weight of {data.wires.wanted.numel():,} weights with the "
        "wires: as mapped, and compensated.",
    )
