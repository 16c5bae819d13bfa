"""`mho wires`: its table, its JSON, its figure and its errors."""

import json
from pathlib import Path

import pytest
from calling import call

SMALL = ["wires", "--size", "10x9", "--wires", "2", "--range", "50uS:500uS"]


@pytest.mark.usefixtures("rendered_figures")
def test_json_on_standard_output_is_all_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "--driver",
        "3Ohm",
        "--sense",
        "4",
        "--sides",
        "both",
        "--out",
        str(tmp_path),
    )
    assert call(*SMALL, *words, "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads((tmp_path / "result.json").read_text())
    assert (found["rows"], found["cols"]) == (10, 9)
    assert (found["low_uS"], found["high_uS"]) == (50, 500)
    ohms = [
        found[f"{name}_ohm"]
        for name in ("word_line", "bit_line", "driver", "sense")
    ]
    assert ohms == [2, 2, 3, 4]
    assert (found["sides"], found["sense_sides"]) == ("both", "one")
    assert (
        0
        < found["kept_worst_column"]
        < found["kept"]
        < found["kept_best_column"]
        < 1
    )
    assert found["kept_all_high"] < found["kept"]
    assert found["alternatives"][0]["kept"] == found["kept"]
    assert found["kept_by_size"]["500_uS"][-1] == found["kept"]
    assert found["weakest_cell"]["missing_levels_of_2uS"] == pytest.approx(
        found["weakest_cell"]["missing_uS"] / 2, abs=0.01
    )
    assert (tmp_path / "wires.png").read_bytes().startswith(b"\x89PNG")


def test_the_seed_names_the_conductances(tmp_path: Path) -> None:
    found = []
    for seed in ("1", "2"):
        words = ("--size", "4", "--seed", seed, "--out", str(tmp_path / seed))
        assert call("wires", *words) == 0
        found.append(json.loads((tmp_path / seed / "result.json").read_text()))
    assert found[0]["kept"] != found[1]["kept"]
    assert found[0]["kept"] == pytest.approx(found[1]["kept"], abs=0.01)
    assert found[0]["kept_all_high"] == found[1]["kept_all_high"]


def test_the_table_says_what_is_kept_and_what_it_would_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*SMALL, "--wanted", "0.97", "--out", str(tmp_path)) == 0
    said = capsys.readouterr().out
    for part in (
        "10×9 cells of 50 to 500 µS",
        "2 Ω a segment, 0 Ω driver",
        "weakest cell",
        "rows driven at both ends",
        "2× periphery",
        "−1 bit",
        "to keep 97 %",
        "wires.png",
    ):
        assert part in said


def test_a_chip_brings_its_wires_and_its_range(tmp_path: Path) -> None:
    words = (
        "wires",
        "--size",
        "8",
        "--chip",
        "umass_ta_hfo2",
        "--out",
        str(tmp_path),
    )
    assert call(*words) == 0
    found = json.loads((tmp_path / "result.json").read_text())
    assert (found["rows"], found["cols"]) == (8, 8)
    assert (found["low_uS"], found["high_uS"]) == (20, 400)
    assert found["word_line_ohm"] > 0


def test_no_resistance_is_no_loss_and_no_trouble(tmp_path: Path) -> None:
    words = ("wires", "--size", "1x9", "--wires", "0", "--out", str(tmp_path))
    assert call(*words) == 0
    found = json.loads((tmp_path / "result.json").read_text())
    assert found["kept"] == found["kept_all_high"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--size", "0"), "`size` must lie within 1 to 1024, but is 0"),
        (("--size", "16y4"), "such as `256` or `256x64`, but is `16y4`"),
        (
            ("--wires", "-1"),
            "`wires` must be finite and not negative, but is -1 Ω",
        ),
        (("--wires", "1e23"), "`wires` must lie within 0 Ω to 1 GΩ"),
        (("--driver", "5V"), "`driver` must carry a unit of Ω"),
        (("--range", "500uS:50uS"), "but goes from 500 µS to 50 µS"),
        (("--range", "50uS"), "such as `50uS:500uS`, but is `50uS`"),
        (("--range", "50:500"), "`range` must carry a unit of S"),
        (("--sides", "left"), "`sides` must be one of `both`, `one`"),
        (("--sense-sides", "booth"), "Did you mean `both`?"),
        (("--chip", "rao2032"), "Did you mean `rao2023`?"),
        (("--wanted", "120%"), "`wanted` must be a share within 1% and 99.99%"),
        (("--wanted", "most"), "but is `most`"),
        (("--seed", "-1"), "`seed` must lie within"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("wires", *words, "--out", str(tmp_path / "new")) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "new").exists()
