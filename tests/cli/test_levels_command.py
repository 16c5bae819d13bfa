"""`mho levels`: its JSON, its figure, its resumption and its errors."""

import csv
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from calling import call

from mho.characterise.levels import experiment
from mho.programming import ProgramProtocol

BASIC = ["levels", "--levels", "64", "--seed", "1"]
SMALL = [*BASIC, "--tolerance", "1uS"]


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def lines_of(folder: Path, name: str) -> list[str]:
    return (folder / name).read_text().splitlines()


@pytest.mark.usefixtures("rendered_figures")
def test_json_on_standard_output_is_all_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*SMALL, "--out", str(tmp_path), "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == result(tmp_path)
    assert found["levels_within_1uS"] == found["levels"] == 64
    assert found["levels_within_1uS_no_denoise"] < 60
    assert found["per_level"]["denoise_pulses"] > 10
    assert found["per_level_no_denoise"]["denoise_pulses"] == 0
    assert (tmp_path / "levels.png").read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "unfinished").exists()


def test_json_goes_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    file = tmp_path / "new" / "levels.json"
    assert (
        call(
            *SMALL, "--no-compare", "--out", str(tmp_path), "--json", str(file)
        )
        == 0
    )
    assert json.loads(file.read_text()) == result(tmp_path)


def test_the_table_says_how_many_levels_and_at_what_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(*SMALL, "--cells", "3", "--no-compare", "--out", str(tmp_path))
        == 0
    )
    said = capsys.readouterr().out
    for part in ("64 from 50 to 4144 µS", "per level", "of 3 cells", "0 stuck"):
        assert part in said
    assert "not denoised" not in said
    cells = list(csv.DictReader(lines_of(tmp_path, "cells.csv")))
    assert [(one["row"], one["col"]) for one in cells] == [
        ("0", "0"),
        ("0", "1"),
        ("0", "2"),
    ]
    pulses = sum(int(one["pulses"]) for one in cells) / (3 * 64)
    assert pulses == pytest.approx(
        result(tmp_path)["per_level"]["pulses"], abs=1e-4
    )
    levels = list(csv.DictReader(lines_of(tmp_path, "levels.csv")))
    assert len(levels) == 64
    assert sum(int(one["pulses"]) for one in levels) == int(cells[0]["pulses"])


def test_an_interrupted_experiment_goes_on_to_the_same_numbers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Two batches of two cells; the second is interrupted, then done: as if nothing had been."""
    monkeypatch.setattr(experiment, "_SIDE_BY_SIDE", 128)
    words = [*SMALL, "--cells", "4", "--no-compare"]
    whole = tmp_path / "whole"
    parted = tmp_path / "parted"
    assert call(*words, "--out", str(whole)) == 0
    write = experiment.write_levels
    calls = []

    def interrupted(*arguments: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*arguments, **named)

    monkeypatch.setattr(experiment, "write_levels", interrupted)
    assert call(*words, "--out", str(parted)) == 130
    assert "--resume" in capsys.readouterr().err
    assert call(*words, "--out", str(parted), "--resume") == 0
    assert len(calls) == 3
    one = result(whole)
    other = result(parted)
    for found in (one, other):
        del found["wall_seconds"]
    assert one == other


def test_bits_are_reported_with_their_interval_and_their_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The measurement has tests of its own: here on a smaller scale, for the words."""
    monkeypatch.setattr("mho.cli.work.cells.levels._COLS", 1)
    monkeypatch.setattr("mho.cli.work.cells.levels._POINTS_AND_COPIES", (3, 32))
    monkeypatch.setattr(experiment, "_BUDGET", 30)
    quick = partial(ProgramProtocol, max_cycles=30)
    monkeypatch.setattr("mho.cli.work.cells.levels.ProgramProtocol", quick)
    words = (
        "--bits",
        "--error-rate",
        "0.05",
        "--no-compare",
        "--out",
        str(tmp_path),
    )
    assert call(*SMALL, *words) == 0
    bits = result(tmp_path)["bits"]
    assert bits["low"] < bits["distinguishable"] < bits["high"]
    assert bits["limit"] in bits["without"]
    assert bits["largest_count"] > 100
    assert (tmp_path / "bits.png").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--tolerance", "1"), "`tolerance` must carry a unit of S"),
        (("--chip", "rao2032"), "Did you mean `rao2023`?"),
        (
            ("--electronics", "on_chip", "--tolerance", "1uS"),
            "at least the read-out's resolution of 19.5 µS",
        ),
        (
            ("--bits", "--bandwidth", "2kHz"),
            "`bandwidth` must lie within 0 Hz to 500 Hz",
        ),
        (("--cell", "65536"), "`cell` must lie within 0 to 65535"),
        (("--resume",), "`resume` must find an unfinished run"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(*BASIC, *words, "--out", str(tmp_path / "new")) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "new").exists()
