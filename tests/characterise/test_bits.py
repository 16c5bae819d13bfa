"""Levels that can be told apart: closed form without noise, order with it."""

import math
from dataclasses import replace

import pytest
import torch

from mho.characterise.levels import (
    Distinguishable,
    Observation,
    distinguishable,
    largest_count,
)
from mho.chip import Chip
from mho.device.published import preset
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.units import uS

SMALL = Observation(
    error_rate=0.01, points=3, copies=48, looks=12, window=100.0
)


def measure(
    kind: object = "rao2023", *, seen: Observation = SMALL, cycles: int = 30
) -> Distinguishable:
    chip = Chip(kind)  # type: ignore[arg-type]
    protocol = ProgramProtocol(max_cycles=cycles)
    return distinguishable(
        chip, 0, protocol, observation=seen, stream=Stream(0)
    )


def test_levels_fit_as_their_widths_allow() -> None:
    """H = aG from 1 to 4 mS: N = 1 + ln(4)/2a. The trapezoid of 400 points is good to 1e-4."""
    g = torch.linspace(1e-3, 4e-3, 400, dtype=torch.float64)
    found = Distinguishable(g, 0.001 * g, 0.0, 0.0, {"a": 1.0, "b": 2.0}, 0.0)
    assert found.levels == pytest.approx(1 + math.log(4) / 0.002, rel=1e-4)
    assert found.evenly_spaced == pytest.approx(1 + 3e-3 / (2 * 4e-6))
    assert found.bits == pytest.approx(math.log2(found.levels))
    assert found.limit == "b"


def test_without_noise_the_tolerance_alone_sets_the_width() -> None:
    """No traps, no 1/f, no creep: a level is off by 0.6 µS at most, as its look may be.

    Codes of 0.08 µS come on top.
    """
    quiet = preset("rao2023").replace(
        telegraph__births=0.0,
        telegraph__spawning=0.0,
        flicker__per_decade=0.0,
        relaxation__scale=0.0,
        cell__stuck_fraction=0.0,
    )
    found = measure(quiet, cycles=150)
    assert float(found.half_width.max()) < 0.7 * uS
    assert found.levels > 4094 / (2 * 0.7)
    assert found.placed > found.levels


def test_more_traps_leave_fewer_levels_and_are_named_as_the_limit() -> None:
    """Five times the births, twenty times the spawns, no 1/f, no creep: traps alone are left."""
    loud_kind = preset("rao2023").replace(
        telegraph__births=8.0,
        telegraph__spawning=0.06,
        flicker__per_decade=0.0,
        relaxation__scale=0.0,
    )
    calm = measure()
    loud = measure(loud_kind)
    assert loud.levels < calm.levels
    assert loud.limit == "telegraph noise"
    assert loud.low < loud.levels < loud.high


def test_a_rarer_error_takes_wider_levels() -> None:
    often = measure(seen=replace(SMALL, error_rate=0.1))
    assert often.levels > measure().levels


def test_the_largest_number_of_levels_is_held_by_as_many_cells_as_asked_for() -> (
    None
):
    """128 cells, so the search is coarse; the published 2,048 are held by 99.7 % of them."""
    chip = Chip(rows=8, cols=16)
    found = largest_count(
        chip,
        ProgramProtocol(max_cycles=30),
        stream=Stream(2),
        fraction=0.95,
        observation=SMALL,
    )
    assert found.held >= 0.95
    assert 1000 < found.levels < 8000
    assert found.cells <= 128


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"error_rate": 0.0}, "`error_rate` must lie within"),
        ({"error_rate": 1e-5}, "`error_rate` must leave errors to count"),
        ({"bandwidth": 0.0}, "`bandwidth` must be finite and above"),
        ({"window": -1.0}, "`window` must be finite and not negative"),
    ],
)
def test_an_observation_that_cannot_be_is_refused(
    changes: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        Observation(**changes)  # type: ignore[arg-type]


def test_a_look_faster_than_the_read_out_is_refused() -> None:
    with pytest.raises(
        ValueError, match="`bandwidth` must lie within 0 Hz to 500 Hz"
    ):
        Observation(bandwidth=2000.0).samples(1e-3)


def test_a_stuck_cell_has_no_levels_to_count() -> None:
    with pytest.raises(ValueError, match="cell 0 of this chip is stuck"):
        measure(preset("rao2023").replace(cell__stuck_fraction=1.0))
