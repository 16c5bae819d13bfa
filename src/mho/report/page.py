"""The report of a run: one page that opens by itself, without a network or other files."""

import json
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined

from mho.deployment.run_data import LayerMap, RunData
from mho.files import write_whole
from mho.programming.outcome import Outcome
from mho.report.figures import error_histogram, readback_scatter, telegraph_traces
from mho.report.maps import CLIP, conductance_maps, confusion_matrix, effort_histograms
from mho.report.operation_table import OPERATION_COLUMNS, operation_table
from mho.report.style import draw
from mho.report.wire_weights import wire_weights
from mho.report.wording import (
    COST_COLUMNS,
    TOTAL,
    cost_rows,
    headline,
    key_figures,
    wire_rows,
)
from mho.units import show

SECTIONS = {
    "key-figures": "Key figures",
    "operations": "Operations",
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
"""Anchor and heading of every section, in order."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure on the page.

    Args:
        source: Its `data:` address.
        alt: What it shows, for who cannot see it.
    """

    source: str
    alt: str


def write_report(data: RunData, path: Path) -> None:
    """Write the report of a run; the same run gives the same bytes.

    Args:
        data: A finished deployment.
        path: HTML file to write; its folder exists. A report already there stays as it is
            unless the new one is complete.

    Raises:
        OSError: The folder cannot be written or the disk is full.
    """
    write_whole(path, render(data).encode())


def render(data: RunData) -> str:
    """The page as HTML.

    Args:
        data: A finished deployment.
    """
    page = Environment(
        loader=FunctionLoader(_part), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    ).get_template("template.html.j2")  # fmt: skip
    return page.render(
        sections=SECTIONS,
        network=data.result.get("network", "network"),
        headline=headline(data.result),
        key_figures=key_figures(data.result),
        operation_columns=OPERATION_COLUMNS,
        operation_rows=operation_table(data.result),
        pictures=_pictures(data),
        maps=[(layer.name, _map(data, layer)) for layer in data.layers],
        traces=_traces(data),
        tolerance=show(data.tolerance, "S"),
        clip=show(CLIP * data.tolerance, "S"),
        wires=_wires(data),
        wire_rows=wire_rows(data.result),
        cost_columns=COST_COLUMNS,
        cost_rows=cost_rows(data.costs),
        total=TOTAL,
        outcomes=[(o.name, o.remedy) for o in (Outcome.STUCK, Outcome.OUT_OF_CYCLES)],
        result=json.dumps(data.result, indent=2, ensure_ascii=False, default=str),
    )


def _part(name: str) -> str:
    return files("mho.report").joinpath(name).read_text(encoding="utf-8")


def _pictures(data: RunData) -> dict[str, Picture]:
    """The figures that every run has."""
    right, shown = int(data.confusion.diagonal().sum()), int(data.confusion.sum())
    return {
        "readback": Picture(
            draw(partial(readback_scatter, data)),
            "Scatter plot of read-back against target conductance of all cells with the line "
            "of equality; below it the difference, with the tolerance shaded.",
        ),
        "errors": Picture(
            draw(partial(error_histogram, data)),
            f"Histogram of read-back minus target of {data.error.numel():,} cells, counts on a "
            "logarithmic axis, with the tolerance shaded.",
        ),
        "effort": Picture(
            draw(partial(effort_histograms, data)),
            "Three histograms over cells: programming pulses, denoising pulses, reads.",
        ),
        "confusion": Picture(
            draw(partial(confusion_matrix, data)),
            f"Confusion matrix with counts: {right:,} of {shown:,} test samples lie on its "
            "diagonal of correct answers.",
        ),
    }


def _map(data: RunData, layer: LayerMap) -> Picture:
    rows, cols = layer.target.shape
    stuck = int((layer.outcome == Outcome.STUCK).sum())
    late = int((layer.outcome == Outcome.OUT_OF_CYCLES).sum())
    return Picture(
        draw(partial(conductance_maps, data, layer)),
        f"Maps of layer {layer.name}, {rows} rows by {cols} columns: target, read-back, error. "
        f"{stuck:,} cells are marked as stuck and {late:,} as out of cycles.",
    )


def _traces(data: RunData) -> Picture | None:
    if data.traces is None:
        return None
    return Picture(
        draw(partial(telegraph_traces, data)),
        f"Conductance over time of {data.traces.target.numel()} cells, programmed without "
        "denoising on the left and denoised on the right, with the tolerance shaded.",
    )


def _wires(data: RunData) -> Picture | None:
    if data.wires is None:
        return None
    return Picture(
        draw(partial(wire_weights, data.wires)),
        f"Effective against wanted weight of {data.wires.wanted.numel():,} weights with the "
        "wires: as mapped, and compensated.",
    )
