"""`mho sweep`: table, figure, resumption, errors."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from calling import call

from mho.sweeping import swept

QUICK = ["--cells", "256", "--looks", "2", "--span", "10s"]
FIELD = "protocol.max_cycles=6,12"


def run(*words: str) -> int:
    return call("sweep", *words)


@pytest.mark.usefixtures("rendered_figures")
def test_a_sweep_writes_table_parquet_figure_and_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow.parquet

    assert (
        run(FIELD, *QUICK, "--parquet", "--out", str(tmp_path), "--json", "-")
        == 0
    )
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((tmp_path / "result.json").read_text())
    points = printed["points"]
    with (tmp_path / "sweep.csv").open() as file:
        rows = [
            {k: float(v) for k, v in row.items()}
            for row in csv.DictReader(file)
        ]
    assert (
        rows
        == points
        == pyarrow.parquet.read_table(tmp_path / "sweep.parquet").to_pylist()
    )
    assert [row["protocol.max_cycles"] for row in rows] == [6.0, 12.0]
    assert rows[0]["converged"] < rows[1]["converged"]
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_an_interrupted_sweep_goes_on_to_the_same_bytes_and_a_larger_grid_reuses_points(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = tmp_path / "whole"
    parted = tmp_path / "parted"
    assert run(FIELD, *QUICK, "--out", str(whole)) == 0
    measure = swept.measure_point
    calls = []

    def interrupted(*arguments: Any) -> dict[str, float]:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return measure(*arguments)

    monkeypatch.setattr(swept, "measure_point", interrupted)
    assert run(FIELD, *QUICK, "--out", str(parted)) == 130
    assert "--resume" in capsys.readouterr().err
    assert not (parted / "sweep.csv").exists()
    assert run(FIELD, *QUICK, "--out", str(parted), "--resume") == 0
    assert len(calls) == 3
    assert (whole / "sweep.csv").read_bytes() == (
        parted / "sweep.csv"
    ).read_bytes()
    larger = "protocol.max_cycles=3,12,6"
    assert run(larger, *QUICK, "--out", str(parted), "--resume") == 0
    assert len(calls) == 4


def test_two_fields_make_a_map(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("protocol.max_cycles=3,6", "protocol.denoise=off,on")
    assert run(*words, *QUICK, "--out", str(tmp_path)) == 0
    assert "off" in capsys.readouterr().out
    assert (tmp_path / "sweep.png").exists()


def test_ready_sweeps_are_listed_with_their_reasons(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("--list") == 0
    said = capsys.readouterr().out
    assert "telegraph.births" in said
    assert "flicker" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "`mho sweep --list` has ready ones"),
        (("telegraph.birth=1",), "Did you mean `telegraph.births`?"),
        (("--unknown", "birth"), "Did you mean `births`?"),
        (("protocol.tolerance=1nS",), "at least the read-out's resolution"),
        ((FIELD, "--resume"), "`resume` must find an unfinished run"),
        ((FIELD, "--span", "10"), "`span` must carry a unit of s"),
        ((FIELD, "--electronics", "onchip"), "Did you mean `on_chip`?"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    words: tuple[str, ...],
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*words, "--out", str(tmp_path / "new")) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_points_measured_differently_are_not_taken_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(FIELD, *QUICK, "--out", str(tmp_path)) == 0
    assert (
        run(FIELD, *QUICK, "--seed", "1", "--resume", "--out", str(tmp_path))
        == 2
    )
    assert "the one there is another" in capsys.readouterr().err
    (tmp_path / "points.json").write_text("{")
    assert run(FIELD, *QUICK, "--resume", "--out", str(tmp_path)) == 2
    assert "is damaged" in capsys.readouterr().err
