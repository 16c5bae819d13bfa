"""`mho deploy --cells drawn`: what it says and leaves, and that chips follow from their seeds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import PERCEPTRON, call

from mho.programming import ErrorTable, measure_errors
from mho.runs import Job, way_chosen
from mho.runs.drawn.deployment import judge

WORDS = (
    "deploy",
    "net.py:mlp",
    "--data",
    "data.npz",
    "--cells",
    "drawn",
    "--no-denoise",
    "--tolerance",
    "20uS",
)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network and data; the same table is measured only once."""
    monkeypatch.chdir(tmp_path)
    tables: list[ErrorTable] = []

    def measured(*given: Any, **named: Any) -> ErrorTable:
        if not tables:
            tables.append(measure_errors(*given, **named))
        return tables[0]

    monkeypatch.setattr("mho.runs.drawn.deployment.measure_errors", measured)
    Path("net.py").write_text(PERCEPTRON)
    rng = np.random.default_rng(0)
    np.savez(
        "data.npz",
        inputs=rng.random((40, 6), "f4"),
        labels=rng.integers(0, 3, 40),
    )


def result_of(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
    del found["wall_seconds"]
    del found["seconds"]
    return found


def test_chips_follow_from_their_seeds_and_an_interruption_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second chip of seed 0 is the first of seed 1; a resumed run ends with the same figures.

    The page and the table say where cells come from: at least 60,000 programmed ones.
    """
    assert call(*WORDS, "--chips", "3", "--out", "whole") == 0
    printed = capsys.readouterr().out
    assert "cells drawn" in printed
    assert "not modelled" in printed
    whole = result_of("whole")
    assert whole["drawn"]["programmed_cells"] > 60_000
    assert whole["cells"] == 2 * (6 * 8 + 8 * 3)
    assert whole["chip_joules"] > 0
    page = Path("whole/report.html").read_text()
    assert "No cell of this network was pulsed" in page
    assert 'id="maps"' not in page

    assert call(*WORDS, "--seed", "1", "--out", "other") == 0
    second = whole["population"]["programmed"]["chips"][1]
    assert result_of("other")["chip_accuracy"]["best"] == second["accuracy"]

    seeds: list[int] = []

    def stopped(*given: Any) -> Any:
        seed = given[4]
        seeds.append(seed)
        if seed == 2 and seeds.count(2) == 1:
            raise KeyboardInterrupt
        return judge(*given)

    monkeypatch.setattr("mho.runs.drawn.deployment.judge", stopped)
    words = (*WORDS, "--chips", "3", "--out", "parts")
    assert call(*words) == 130
    assert call(*words, "--resume") == 0
    assert seeds == [0, 1, 2, 0, 2]
    assert result_of("parts") == whole


@pytest.mark.parametrize(
    "words",
    [("--fit-columns",), ("--wires", "0"), ("--mapping", "four"), ("--pack",)],
)
def test_what_drawn_cells_have_not_is_refused(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Rather than done in part: the option is named, and the way that has it."""
    assert call(*WORDS, *words, "--out", "refused") != 0
    error = capsys.readouterr().err
    assert (
        f"`{words[0].lstrip('-').replace('-', '_')}` must be left out" in error
    )
    assert "--cells physics" in error


def test_large_networks_are_drawn_unless_somebody_says_otherwise() -> None:
    """From two million cells on; a choice that was made for somebody is said in a line."""
    job, said = way_chosen(Job("digits"), 2_000_000)
    assert job.cells == "drawn"
    assert "2,000,000 cells" in said
    job, said = way_chosen(Job("digits", cells="physics"), 2_000_000)
    assert (job.cells, said) == ("physics", "")
    job, said = way_chosen(Job("digits"), 1_999_999)
    assert (job.cells, said) == ("physics", "")
