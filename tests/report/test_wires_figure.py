"""Figure of the wires: what its panels show, and the words for a cost."""

from dataclasses import replace

import numpy as np
import pytest

from mho.characterise.wires import (
    ArraySetup,
    WirePlan,
    share_by_size,
    wire_loss,
    wire_plans,
    wire_savings,
)
from mho.report.figures import as_array, draw_data_url, plan_cost, wires_figure
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

LINES = WireModel(4.0, 4.0)
BASE = WirePlan(
    "as it is", ArraySetup(LINES, (24, 12), 50 * uS, 500 * uS), 0.5, 0.4, 0.3
)


def figure(base: ArraySetup) -> object:
    stream = Stream(0)
    loss = wire_loss(base.wires, base.size, base.low, base.high, stream)
    options = wire_savings(base, stream)
    plans = wire_plans(base, 0.95, stream)
    return wires_figure(loss, options, plans, 0.95, share_by_size(base, stream))


def test_map_curves_and_list_show_what_was_measured() -> None:
    base = BASE.layout
    found = figure(base)
    panels = found.get_axes()  # type: ignore[attr-defined]
    image = panels[0].get_images()[0]
    loss = wire_loss(base.wires, base.size, base.low, base.high, Stream(0))
    np.testing.assert_allclose(image.get_array(), as_array(loss.blocks(64)))
    assert image.get_extent() == [-0.5, 11.5, 23.5, -0.5]
    labels = [(axes.get_xlabel(), axes.get_ylabel()) for axes in panels]
    assert labels[0] == (
        "Column (rows driven from the left)",
        "Row (columns sensed at the bottom)",
    )
    curves = share_by_size(base, Stream(0))
    for line, kept in zip(
        panels[1].get_lines(), as_array(curves.kept), strict=True
    ):
        np.testing.assert_allclose(line.get_ydata(), kept)
    names = [
        text.get_text() for axes in panels for text in axes.get_yticklabels()
    ]
    for name in (
        "rows driven at both ends",
        "1 row at a time",
        "to keep 95 %:",
    ):
        assert name in names


@pytest.mark.parametrize(
    "base",
    [
        ArraySetup(WireModel(), (12, 12), 0.0, 500 * uS),
        ArraySetup(LINES, (1, 1), 50 * uS, 500 * uS),
        ArraySetup(LINES, (1, 9), 50 * uS, 500 * uS),
        ArraySetup(
            replace(LINES, sides="both", sense_sides="both"),
            (9, 3),
            50 * uS,
            500 * uS,
        ),
        ArraySetup(replace(LINES, driver=1e6), (12, 12), 50 * uS, 500 * uS),
    ],
    ids=["ideal", "one cell", "one row", "both ends", "nothing left"],
)
def test_any_array_can_be_drawn(base: ArraySetup) -> None:
    """Warnings are errors here: no empty contour, no axis of equal ends."""
    assert draw_data_url(lambda: figure(base)).startswith("data:image/png")  # type: ignore[arg-type, return-value]


def test_costs_are_told_against_the_array_as_it_is() -> None:
    layout = BASE.layout
    both = replace(LINES, sides="both", sense_sides="both")
    words = {
        "": layout,
        "2× drivers": replace(layout, wires=replace(LINES, sides="both")),
        "2× amplifiers": replace(
            layout, wires=replace(LINES, sense_sides="both")
        ),
        "2× periphery": replace(layout, wires=both),
        "4 tiles, 2× periphery": replace(layout, split=2),
        "4× cycles": replace(layout, turns=4),
        "−1 bit": replace(layout, high=275 * uS),
        "−3.3 bits": replace(layout, high=95 * uS),
        "lines twice as wide": replace(
            layout, wires=replace(LINES, word_line=2.0, bit_line=2.0)
        ),
        "16 tiles, 8× periphery, 2× cycles, −2 bits": replace(
            layout, wires=both, split=4, turns=2, high=162.5 * uS
        ),
    }
    for expected, other in words.items():
        assert plan_cost(replace(BASE, layout=other), BASE) == expected
