import math

import numpy as np
import pytest
from synthetic_run import many, population, run
from test_page import UNIT, Page

from mho.report.chip_tables import chip_columns, chip_rows, summary_rows
from mho.report.figures import population_figure
from mho.report.figures.population import side_by_side
from mho.report.page import SECTIONS, render
from mho.runs import RunData


@pytest.fixture(scope="module")
def data() -> RunData:
    return run()


@pytest.fixture(scope="module")
def one(data: RunData) -> str:
    """The page of a single chip."""
    return render(data)


@pytest.mark.parametrize("compared", [True, False])
def test_many_chips_have_a_section_with_figure_and_tables(
    data: RunData, one: str, compared: bool
) -> None:
    """It comes second, and nothing else on the page changes but the sentence on top."""
    all_ = render(many(data, compared=compared))
    parsed = Page(all_)
    assert parsed.open == []
    assert parsed.headings == [
        name for key, name in SECTIONS.items() if key != "drawn"
    ]
    assert ("coarsely" in all_) == compared
    assert len(parsed.images) == len(Page(one).images) + 1
    assert "Over 20 chips it is 97." in all_
    assert (
        one[one.index('id="readback"') : one.index('id="small-print"')] in all_
    )


def test_the_summary_has_mean_spread_and_cost_of_each_way() -> None:
    """Mean and standard deviation by their definitions; energy over chips is one chip's."""
    found = population()
    software, own, coarse = summary_rows(found)
    assert software[:2] == ("in software", "97.50%")
    for row, batch in ((own, found.programmed), (coarse, found.comparison)):
        assert batch is not None
        x = np.array([chip.score for chip in batch.chips])
        mean = x.sum() / 20
        deviation = math.sqrt(((x - mean) ** 2).sum() / 19)
        assert row[1:5] == tuple(
            f"{v:.2%}" for v in (mean, deviation, x.min(), x.max())
        )
        assert row[5:] == ("312.7 s", "2.41 mJ")
    assert own[0] == "±1 µS, denoised"
    assert coarse[0] == "±20 µS, not denoised"


@pytest.mark.parametrize("compared", [True, False])
def test_every_chip_has_a_row_as_long_as_the_headings(compared: bool) -> None:
    found = population(7, compared=compared)
    rows = chip_rows(found)
    assert [row[0] for row in rows] == [str(n) for n in range(7)]
    assert (
        {len(row) for row in rows}
        == {len(chip_columns(found))}
        == {10 if compared else 6}
    )


def test_dots_of_equal_chips_lie_beside_each_other() -> None:
    """No two dots in one lane are closer than they are wide; lone ones stay on the line."""
    values = np.array([3.0, 1.0, 3.0, 3.05, 2.0, 3.0, 9.0])
    lanes = side_by_side(values, 0.1)
    assert len(np.unique(lanes[values > 2.5][:4])) == 4
    assert len({float(lanes[n]) for n in (1, 4, 6)}) == 1
    many_equal = side_by_side(np.ones(400), 0.1)
    assert np.ptp(many_equal) < 1.0


@pytest.mark.parametrize("chips", [2, 20, 300])
def test_the_figure_shows_every_chip_and_the_network_itself(chips: int) -> None:
    found = population(chips)
    axes = population_figure(found).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in dots] == [chips, chips]
    assert UNIT.search(axes.get_xlabel()) or axes.get_xlabel() == "Accuracy (%)"
    assert [t.get_text() for t in axes.get_yticklabels()] == [
        "±1 µS\ndenoised",
        "±20 µS\nnot denoised",
    ]
