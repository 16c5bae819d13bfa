"""`mho fleet`: the same figures whoever makes the chips, and however often it is interrupted."""

import json
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from calling import call

from mho.chip import Chip
from mho.fleet import Part
from mho.runs.fleets import read_task, rows_of
from mho.statistical import load_surrogate, save_surrogate

FACTORY = """
import torch

def network():
    layer = torch.nn.Linear(6, 3)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layer
"""
NETWORK = ["net.py:network", "--data", "data.npz", "--tolerance", "20uS"]
ASKED = ["fleet", *NETWORK, "--no-denoise", "--wires", "0"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network and data; chips are made by this process, with three looks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mho.runs.evaluation.LOOKS", 3)
    monkeypatch.setattr("mho.runs.fleets.making._HELD", {})
    Path("net.py").write_text(FACTORY)
    rng = np.random.default_rng(0)
    np.savez(
        "data.npz",
        inputs=rng.random((60, 6), "f4"),
        labels=rng.integers(0, 3, 60),
    )


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chips are made by this process, in the place of others that would import everything."""
    from concurrent.futures import ThreadPoolExecutor

    def pool(workers: int, begin: object) -> ThreadPoolExecutor:
        del workers, begin
        return ThreadPoolExecutor(1)

    monkeypatch.setattr("mho.fleet.executors._pool", pool)


@pytest.fixture
def small_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors of drawn cells are measured on a sixteenth of a tile."""
    small = partial(Chip, rows=64, cols=64)
    monkeypatch.setattr("mho.runs.fleets.making.Chip", small)


def result_of(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
    return found


@pytest.mark.usefixtures("at_once", "small_tables")
def test_chips_of_a_fleet_are_those_of_a_deployment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Chip n has the seed n further on; every figure that both tell is equal to the last bit."""
    assert call(*ASKED, "--chips", "3", "--out", "fleet") == 0
    assert "mean" in capsys.readouterr().out
    words = ["deploy", *NETWORK, "--no-denoise", "--wires", "0", "--pack"]
    assert call(*words, "--chips", "3", "--workers", "1", "--out", "own") == 0
    deployed = result_of("own")["population"]["programmed"]["chips"]
    lines = Path("fleet/chips.csv").read_text().splitlines()
    names = lines[0].split(",")
    for line, chip in zip(lines[1:], deployed, strict=True):
        row = dict(zip(names, line.split(","), strict=True))
        assert int(row["seed"]) == chip["seed"]
        assert float(row["score"]) == chip["accuracy"]
        assert float(row["chip_seconds"]) == chip["chip_seconds"]
        assert float(row["converged_fraction"]) == chip["converged_fraction"]


def test_two_processes_find_what_this_one_finds(
    request: pytest.FixtureRequest,
) -> None:
    """In earnest: processes that import, read and make chips side by side."""
    drawn = [*ASKED, "--drawn", "--chips", "60", "--at-least", "30%"]
    assert call(*drawn, "--workers", "2", "--out", "two") == 0
    request.getfixturevalue("at_once")
    assert call(*drawn, "--workers", "1", "--out", "one") == 0
    assert result_of("one") == result_of("two")
    one, two = (Path(name, "chips.csv") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.usefixtures("at_once", "small_tables")
def test_networks_are_read_with_as_many_threads_as_workers_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Training with two may end with other last digits: workers then refused the network."""
    threads: list[int] = []

    def read(*words: Any) -> Any:
        threads.append(torch.get_num_threads())
        return read_task(*words)

    monkeypatch.setattr("mho.cli.work.networks.fleet.read_task", read)
    torch.set_num_threads(2)
    assert call(*ASKED, "--drawn", "--chips", "2", "--out", "few") == 0
    assert threads == [1]
    assert torch.get_num_threads() == 2


@pytest.mark.usefixtures("at_once", "small_tables")
def test_what_is_there_is_not_made_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interrupted in the middle, resumed, extended, merged: only what is missing is made."""
    drawn = [*ASKED, "--drawn"]
    assert call(*drawn, "--chips", "100", "--out", "whole") == 0
    made: list[int] = []
    chips: dict[str, bytes] = {}

    def counted(task: Any, part: Part) -> Any:
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(part.first)
        return rows_of(task, part)

    monkeypatch.setattr("mho.runs.fleets.fleet.rows_of", counted)
    assert call(*drawn, "--chips", "100", "--out", "cut") == 130
    assert not Path("cut/result.json").exists()
    made.append(-1)
    assert call(*drawn, "--chips", "100", "--out", "cut", "--resume") == 0
    assert result_of("cut") == result_of("whole")
    # a table has its columns in one order, whoever made the first chip
    for folder in ("cut", "whole"):
        chips[folder] = Path(folder, "chips.csv").read_bytes()
    assert chips["cut"] == chips["whole"]
    assert sorted(n for n in made if n >= 0) == [0, 25, 50, 75]
    # parts of one folder in another one: nothing is left to do
    shutil.copytree("cut/parts", "merged/parts")
    made[:] = [-1, -1, -1]
    assert call(*drawn, "--chips", "100", "--out", "merged") == 0
    assert made == [-1, -1, -1]
    assert "100 chips were there already" in capsys.readouterr().err
    assert result_of("merged") == result_of("whole")


@pytest.mark.usefixtures("at_once", "small_tables")
def test_a_part_that_was_edited_is_made_again_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    drawn = [*ASKED, "--drawn", "--chips", "50", "--out", "fleet"]
    assert call(*drawn) == 0
    before = result_of("fleet")
    part = sorted(Path("fleet/parts").glob("*-25-*.json"))[0]
    part.write_bytes(part.read_bytes().replace(b'"score": 0.', b'"score": 1.'))
    assert call(*drawn) == 0
    assert "is not what it was when it was written" in capsys.readouterr().err
    assert result_of("fleet") == before


@pytest.mark.usefixtures("at_once", "small_tables")
def test_a_fleet_that_knows_enough_stops(tmp_path: Path) -> None:
    """After the first fifty at which the interval is narrow enough, whatever else is there."""
    drawn = [*ASKED, "--drawn", "--until", "90%"]
    assert call(*drawn, "--chips", "200", "--out", "stopped") == 0
    fleet = result_of("stopped")["fleets"][0]
    assert fleet["chips"] == 50
    assert fleet["stopped_early"]
    low, high = fleet["accuracy"]["mean_95"]
    assert high - low <= 0.9
    # more chips that are there already do not change what the rule says
    assert call(*ASKED, "--drawn", "--chips", "100", "--out", "full") == 0
    shutil.copytree("full/parts", "again/parts")
    assert call(*drawn, "--chips", "200", "--out", "again") == 0
    assert result_of("again") == result_of("stopped")
    assert tmp_path.exists()


@pytest.mark.usefixtures("at_once", "small_tables")
def test_a_grid_of_conditions_is_a_fleet_for_each() -> None:
    """Coarser cells, larger errors: of the outputs, in the mean over the chips."""
    varied = ["--vary", "tolerance=5uS,80uS", "--vary", "stuck=0,0.1"]
    assert call(*ASKED, "--drawn", "--chips", "25", *varied, "--out", "f") == 0
    fleets = result_of("f")["fleets"]
    words = [
        (f["condition"]["tolerance"], f["condition"]["stuck"]) for f in fleets
    ]
    assert words == [
        ("5uS", "0"),
        ("5uS", "0.1"),
        ("80uS", "0"),
        ("80uS", "0.1"),
    ]
    errors = [fleet["error"]["mean"] for fleet in fleets]
    assert errors[0] < errors[2]
    assert errors[0] < errors[1]
    assert [f["stuck_cells"]["mean"] > 0 for f in fleets] == [False, True] * 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--vary", "tolerence=1uS"], "Did you mean `tolerance`?"),
        (["--vary", "tolerance"], "must have values after `tolerance=`"),
        (["--vary", "tolerance=1uS,1uS"], "each value of `tolerance` once"),
        (["--vary", "tolerance=1V"], "field `tolerance`"),
        (["--vary", "temperature=85"], "such as `85C`"),
        (["--vary", "stuck=2"], "`stuck`"),
        (["--vary", "chip=rao"], "rao2023"),
        (["--at-least", "most"], "`at_least` must be a number"),
        (["--until", "200%"], "`until`"),
        (["--until", "0"], "`until`"),
        (
            ["--at-least", "120%"],
            "`at_least` must lie within 0 to 1, but is 1.2",
        ),
        (
            ["--vary", "cell.stuck_fraction=2"],
            "`stuck_fraction` must lie within",
        ),
        (["--at-least", "90"], "did you mean `90%`?"),
        (["--drawn", "--vary", "wires=0,5Ohm"], "which know no wires"),
        (["--drawn", "--physics"], "`physics` and `drawn` are given"),
        (["--executor", "ray"], "`executor` must be one of"),
        (["--chips", "1"], "`chips`"),
        (["--workers", "0"], "`workers`"),
    ],
)
def test_mistakes_are_said_in_one_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*ASKED, "--out", "f", *words) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert not Path("f").exists()


@pytest.mark.usefixtures("at_once", "small_tables")
def test_drawn_chips_of_an_image_are_as_it_was_compiled() -> None:
    """The same as of the network with the same options; other than of one with any level."""
    levels = ["--levels", "4"]
    words = ["compile", *NETWORK[:3], "--wires", "0", *levels]
    assert call(*words, "--save", "net.mho") == 0
    drawn = ["--drawn", "--chips", "25", "--no-denoise", "--tolerance", "20uS"]
    data = ["--data", "data.npz"]
    assert call("fleet", "net.mho", *data, *drawn, "--out", "image") == 0
    assert (
        call(*ASKED, "--drawn", "--chips", "25", *levels, "--out", "own") == 0
    )
    assert call(*ASKED, "--drawn", "--chips", "25", "--out", "any") == 0
    image, own, any_ = (
        [float(v) for v in _column(name, "error")]
        for name in ("image", "own", "any")
    )
    assert image == own
    assert min(image) > 2 * max(any_)


def _column(folder: str, name: str) -> list[str]:
    lines = Path(folder, "chips.csv").read_text().splitlines()
    place = lines[0].split(",").index(name)
    return [line.split(",")[place] for line in lines[1:]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--levels", "4"], "must be left out for an image"),
        (["--chip", "rao2023"], "`chip` must be left out for an image"),
        (["--wires", "1"], "`wires` must be left out for an image"),
    ],
)
def test_what_an_image_says_is_not_said_once_more(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("compile", *NETWORK[:3], "--save", "net.mho") == 0
    capsys.readouterr()
    data = ["--data", "data.npz"]
    assert call("fleet", "net.mho", *data, "--chips", "3", *words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.usefixtures("at_once", "small_tables")
def test_a_surrogate_is_measured_once_and_checked_against_physics(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On tiles with wires; the second run reads the file, and finds the same to the last bit."""
    words = ["fleet", *NETWORK, "--no-denoise", "--wires", "0.5Ohm"]
    asked = [*words, "--surrogate", "--table", "cells.mho", "--chips", "60"]
    with monkeypatch.context() as broken:
        broken.setattr("mho.runs.fleets.against_physics.compare", None)
        with pytest.raises(TypeError):
            call(*asked, "--check", "8", "--out", "one")
    made: list[str] = []

    def counted(task: Any, part: Part) -> Any:
        made.append(task.way)
        return rows_of(task, part)

    # comparing went wrong, and no chip was lost
    monkeypatch.setattr("mho.runs.fleets.fleet.rows_of", counted)
    assert call(*asked, "--check", "8", "--out", "one") == 0
    assert made == []
    assert "programmed chips" in capsys.readouterr().out
    told = result_of("one")["fleets"][0]
    compared = told.pop("against_physics")["score"]
    assert compared["counts"] == [60, 8]
    assert 0 < compared["power"] <= 1
    assert told["cells"] == "surrogate"
    monkeypatch.setattr(
        "mho.runs.fleets.surrogate_making.measure_surrogate", None
    )
    assert call(*asked, "--out", "two") == 0
    assert result_of("two")["fleets"][0] == told
    # other cells in the file are other chips
    own = load_surrogate("cells.mho")
    save_surrogate("cells.mho", replace(own, stuck_fraction=0.5))
    assert call(*asked, "--out", "two") == 0
    assert result_of("two")["fleets"][0]["task"] != told["task"]
    capsys.readouterr()
    varied = ["--vary", "temperature=25C,85C", "--out", "three"]
    assert call(*asked, *varied) == 2
    assert "needs 2 tables" in capsys.readouterr().err
    assert call(*words, "--check", "8") == 2
    assert "--surrogate" in capsys.readouterr().err
