"""Points are measured alike whatever the grid, and the physics shows."""

import math

import pytest

from mho.device.published import preset
from mho.programming import ProgramProtocol
from mho.sweeping import COLUMNS, PointMeasure, Subject, measure_point

SUBJECT = Subject(preset("rao2023"), ProgramProtocol(max_cycles=40))
HOW = PointMeasure(cells=256, looks=5, span=100.0)


def test_a_point_is_the_same_bits_every_time() -> None:
    one = measure_point(SUBJECT, HOW)
    other = measure_point(SUBJECT, HOW)
    assert one == other
    assert one.keys() == COLUMNS.keys()


def test_levels_follow_from_the_window() -> None:
    """N = 1 + 4,094 µS/2w, and more of them the narrower the window."""
    row = measure_point(SUBJECT, HOW)
    assert row["levels"] == pytest.approx(
        1 + 4094 / (2 * row["window_uS"]), rel=1e-5
    )
    assert row["levels_low"] <= row["levels"] <= row["levels_high"]


def test_without_denoising_fewer_cells_hold_their_levels() -> None:
    """99 % against a few per cent; five standard errors of 256 cells are 16 points at most."""
    plain = measure_point(SUBJECT.changed("protocol.denoise", 0.0), HOW)
    held = measure_point(SUBJECT, HOW)["held"]
    assert held - plain["held"] > 5 * math.sqrt(0.25 / 256)
    assert plain["denoise_pulses"] == 0


def test_more_cells_are_the_next_columns_of_the_chip() -> None:
    assert (
        measure_point(SUBJECT, PointMeasure(cells=257, looks=1, span=0.0))[
            "reads"
        ]
        > 0
    )


def test_cells_that_are_all_stuck_are_refused() -> None:
    with pytest.raises(ValueError, match="must leave cells that work"):
        measure_point(SUBJECT.changed("cell.stuck_fraction", 1.0), HOW)


@pytest.mark.parametrize(
    "change", [{"cells": 10}, {"looks": 0}, {"span": -1.0}, {"seed": -1}]
)
def test_a_measure_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    (name,) = change
    with pytest.raises(ValueError, match=f"`{name}` must"):
        PointMeasure(**change)  # type: ignore[arg-type]
