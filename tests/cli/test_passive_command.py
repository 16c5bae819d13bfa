"""Commands on a passive chip say how it is written and what that did to other cells."""

import json
from pathlib import Path

import pytest
from calling import call

BASIC = ["levels", "--chip", "kim2021_passive", "--levels", "4", "--no-compare"]


def test_levels_in_turn_half_select_the_lines_of_their_cell(
    tmp_path: Path,
) -> None:
    """V/2: 63 + 63 cells for every pulse, of 4 levels and all their denoising pulses."""
    assert call(*BASIC, "--in-turn", "--cell", "5", "--out", str(tmp_path)) == 0
    found = json.loads((tmp_path / "result.json").read_text())
    pulses = 4 * (
        found["per_level"]["pulses"] + found["per_level"]["denoise_pulses"]
    )
    passive = found["passive"]
    assert passive["biasing"] == "V/2"
    assert passive["half_select_pulses"] == pytest.approx(126 * pulses)
    assert passive["half_selected_cells"] == 126
    assert passive["moved_p99_uS"] >= passive["moved_median_uS"] >= 0


def test_copies_stand_alone_and_the_table_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*BASIC, "--out", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "passive array, V/2" in said
    assert "stands alone" in said
    assert json.loads((tmp_path / "result.json").read_text())["passive"] == {
        "biasing": "V/2"
    }


def test_cells_with_selectors_say_nothing_of_it(tmp_path: Path) -> None:
    words = ["levels", "--levels", "4", "--tolerance", "2uS", "--no-compare"]
    assert call(*words, "--out", str(tmp_path)) == 0
    assert "passive" not in json.loads((tmp_path / "result.json").read_text())
