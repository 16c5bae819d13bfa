"""What saves current, against symmetries, circuits put together otherwise, and closed forms."""

import math
from dataclasses import replace

import pytest
import torch

from mho.characterise.wires import (
    ArraySetup,
    WirePlan,
    share_by_size,
    wire_plans,
    wire_savings,
)
from mho.characterise.wires.loss import loads
from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel

LINES = WireModel(2.0, 3.0, driver=4.0, sense=5.0)
BASE = ArraySetup(LINES, (32, 16), 50 * uS, 500 * uS)


@pytest.fixture(scope="module")
def options() -> dict[str, WirePlan]:
    return {option.what: option for option in wire_savings(BASE, Stream(0))}


def test_every_alternative_keeps_more(options: dict[str, WirePlan]) -> None:
    """Less resistance, less current or shorter lines: Rayleigh again, for each."""
    base, *others = options.values()
    assert base.layout == BASE
    assert len(others) == 12
    for option in others:
        assert option.kept > base.kept
        assert option.full > base.full


def test_both_ends_are_worth_as_much_as_half_the_lines(
    options: dict[str, WirePlan],
) -> None:
    """With all cells alike an even array is its own mirror image: nothing crosses the middle.

    Cut there it is four arrays of half the lines, each connected at one end. To 1e-12.
    """
    halves = options["tiles of 16×8"].full
    assert options["both"].full == pytest.approx(halves, rel=1e-12)
    wide = ArraySetup(LINES, (32, 1), 50 * uS, 500 * uS)
    columns = {option.what: option for option in wire_savings(wide, Stream(0))}
    assert columns["columns sensed at both ends"].full == pytest.approx(
        columns["tiles of 16×1"].full, rel=1e-12
    )


def test_a_narrower_range_starts_where_it_did(
    options: dict[str, WirePlan],
) -> None:
    """Width over 2, 4, 10 above 50 µS: 275, 162.5 and 95 µS."""
    highs = [
        option.layout.high
        for what, option in options.items()
        if what.startswith("range")
    ]
    assert highs == pytest.approx([275 * uS, 162.5 * uS, 95 * uS])
    lows = {option.layout.low for option in options.values()}
    assert lows == {50 * uS}


@pytest.mark.parametrize("sense_sides", ["one", "both"])
@pytest.mark.parametrize("sense", [0.0, 5.0])
@pytest.mark.parametrize(
    ("what", "turns"), [("½ of the", 2), ("¼ of the", 4), ("1", 11)]
)
def test_rows_in_turns_are_the_array_with_all_other_cells_off(
    what: str, turns: int, sense: float, sense_sides: str
) -> None:
    """Each turn solved in the whole array, other cells at 0 S, against lines in series. 1e-12.

    Eleven rows, so that the turns differ in their numbers of rows.
    """
    wires = replace(LINES, sense=sense, sense_sides=sense_sides)
    base = ArraySetup(wires, (11, 5), 50 * uS, 500 * uS)
    random, _ = loads(base.size, base.low, base.high, Stream(1))
    current = torch.zeros(random.shape[0], 5, dtype=torch.float64)
    for turn in range(turns):
        alone = torch.zeros_like(random)
        alone[:, turn::turns] = random[:, turn::turns]
        current += wires.effective_matrix(alone)[:, turn::turns].sum(1)
    options = wire_savings(base, Stream(1))
    found = next(
        o for o in options if o.what.startswith(what) and "at a time" in o.what
    )
    expected = float((current / random.sum(1)).mean())
    assert found.kept == pytest.approx(expected, rel=1e-12)


def test_rows_at_0_volt_save_nothing() -> None:
    """Superposition: halves driven one after the other, cells on, add up to all at once. 1e-12."""
    random, _ = loads((6, 5), 50 * uS, 500 * uS, Stream(2))
    effective = LINES.effective_matrix(random[0])
    drive = torch.ones(6, dtype=torch.float64)
    first = drive * (torch.arange(6) % 2)
    torch.testing.assert_close(
        first @ effective + (drive - first) @ effective,
        drive @ effective,
        rtol=1e-12,
        atol=0.0,
    )


def test_costs_count_lines_and_tiles(options: dict[str, WirePlan]) -> None:
    """32×16: tiles of 16×8 are 2·2, and each pair of them repeats its drivers and amplifiers."""
    counts = {
        what: (
            o.layout.cycles,
            o.layout.tiles,
            o.layout.drivers,
            o.layout.amplifiers,
        )
        for what, o in options.items()
    }
    assert counts["as it is"] == (1, 1, 32, 16)
    assert counts["both"] == (1, 1, 64, 32)
    assert counts["tiles of 16×8"] == (1, 4, 64, 32)
    assert counts["tiles of 8×4"] == (1, 16, 128, 64)
    assert counts["¼ of the rows at a time"] == (4, 1, 32, 16)
    assert counts["1 row at a time"] == (32, 1, 32, 16)
    odd = ArraySetup(LINES, (9, 1), 0.0, 500 * uS, turns=7, split=2)
    assert (odd.tile, odd.tiles, odd.drivers, odd.amplifiers) == (
        (5, 1),
        2,
        9,
        2,
    )
    assert odd.cycles == 5


def test_plans_take_the_largest_tiles_that_keep_enough(
    options: dict[str, WirePlan],
) -> None:
    """Just what the halves keep is kept by the halves; a billionth more takes quarters."""
    halves = options["tiles of 16×8"].kept
    for wanted, split in ((halves, 2), (halves + 1e-9, 4)):
        plans = dict(wire_plans(BASE, wanted, Stream(0)))
        assert len(plans) == 5
        smaller = plans["smaller tiles"]
        assert smaller is not None
        assert smaller.layout.split == split
        for plan in plans.values():
            assert plan is not None
            assert plan.kept >= wanted
            assert plan.layout.split <= split


def test_what_no_tile_keeps_is_out_of_reach() -> None:
    """100 kΩ of driver before cells of at least 50 µS keep a sixth at most."""
    base = replace(BASE, wires=replace(LINES, driver=1e5))
    assert all(plan is None for _, plan in wire_plans(base, 0.95, Stream(0)))


def test_curves_end_with_the_array_itself(options: dict[str, WirePlan]) -> None:
    curves = share_by_size(BASE, Stream(0))
    assert curves.sizes == ((8, 4), (16, 8), (32, 16))
    assert curves.kept.shape == (4, 3)
    assert float(curves.kept[0, -1]) == options["as it is"].kept
    assert bool((curves.kept.diff(dim=1) < 0).all())
    assert bool((curves.kept.diff(dim=0) > 0).all())
    assert curves.high[0] == BASE.high


def test_what_is_there_already_is_no_alternative() -> None:
    both = ArraySetup(
        replace(LINES, sides="both", sense_sides="both"),
        (1, 4),
        50 * uS,
        500 * uS,
    )
    names = [option.what for option in wire_savings(both, Stream(0))]
    assert names[1].startswith("range")
    assert not any("row" in name for name in names)


@pytest.mark.parametrize(
    ("wires", "has"),
    [
        (WireModel(word_line=[1.0] * 32), "one per line"),
        (WireModel(bit_line=math.inf), "open"),
    ],
)
def test_lines_that_other_tiles_cannot_have_are_refused(
    wires: WireModel, has: str
) -> None:
    with pytest.raises(
        ValueError, match=f"one finite number per resistance, but has.*{has}"
    ):
        wire_savings(replace(BASE, wires=wires), Stream(0))
