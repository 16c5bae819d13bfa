"""`mho yield`: JSON, figure, and that remedies help."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from calling import call

from mho.runs import YieldPoint
from mho.runs.stuck_cells import measure_yield

FACTORY = """
import torch

def network():
    layer = torch.nn.Linear(8, 4, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.cat((torch.eye(4), -torch.eye(4)), 1))
    return layer
"""


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A network of one layer that finds the largest of four differences, and data for it."""
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(FACTORY)
    inputs = torch.rand(200, 8, generator=torch.Generator().manual_seed(0))
    labels = (inputs[:, :4] - inputs[:, 4:]).argmax(1)
    np.savez("data.npz", inputs=inputs.numpy(), labels=labels.numpy())
    return [
        "net.py:network",
        "--data",
        "data.npz",
        "--tolerance",
        "5uS",
        "--out",
        "found",
    ]


@pytest.mark.usefixtures("rendered_figures")
def test_a_yield_writes_json_and_a_figure_and_remedies_help(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """With a tenth of 64 cells stuck a chip forgets some weights; remedies bring most back."""
    assert (
        call(
            "yield", *words, "--shares", "0.1,0", "--chips", "1", "--json", "-"
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(Path("found/result.json").read_text())
    assert Path("found/yield.png").read_bytes().startswith(b"\x89PNG")
    assert found["software_accuracy"] == 1.0
    points = found["points"]
    assert len(points) == 6
    right = {(p["stuck_fraction"], p["remedy"]): p["accuracy"] for p in points}
    assert (
        min(right[0.0, remedy] for remedy in ("none", "partners", "mapped"))
        > 0.95
    )
    assert (
        right[0.1, "none"]
        < min(right[0.1, "partners"], right[0.1, "mapped"]) - 0.05
    )
    assert {p["stuck_cells"] for p in points if p["stuck_fraction"] == 0.0} == {
        0
    }


def test_the_table_names_every_remedy(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(
            "yield", *words, "--shares", "0.02", "--chips", "1", "--spares", "1"
        )
        == 0
    )
    said = capsys.readouterr().out
    assert all(
        word in said
        for word in ("none", "partners", "mapped", "2.00%", "yield.png")
    )


def test_an_interrupted_yield_goes_on_with_the_next_chip(
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Stopped before the second of three: two are left to do, and the files are the same bytes."""
    asked = ["yield", *words[:-1]]
    grid = ["--shares", "0.05", "--chips", "1"]
    assert call(*asked, "whole", *grid) == 0
    made: list[str] = []

    def measured(*given: Any, remedy: str, **named: Any) -> YieldPoint:
        if len(made) == 1:
            raise KeyboardInterrupt
        made.append(remedy)
        return measure_yield(*given, remedy=remedy, **named)

    monkeypatch.setattr("mho.runs.stuck_cells.many.measure_yield", measured)
    assert call(*asked, "cut", *grid) == 130
    assert "--resume" in capsys.readouterr().err
    assert not Path("cut/result.json").exists()
    assert call(*asked, "cut", *grid, "--resume", "--spares", "1") == 2
    assert "another one" in capsys.readouterr().err
    made[:] = ["", ""]
    assert call(*asked, "cut", *grid, "--resume") == 0
    assert made[2:] == ["partners", "mapped"]
    assert sorted(p.name for p in Path("cut").iterdir()) == [
        ".mho-run.json",
        "parts",
        "result.json",
        "yield.png",
    ]
    for name in ("result.json", "yield.png"):
        assert (
            Path("cut", name).read_bytes() == Path("whole", name).read_bytes()
        )


def test_resuming_nothing_is_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("yield", *words, "--resume") == 2
    assert "must find an unfinished run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--shares", "0.1,x"], "`shares` must be numbers with commas"),
        (["--shares", "0.5"], "`shares` must lie within 0 to 0.3"),
        (["--chips", "0"], "`chips` must lie within 1 to 1000"),
        (["--spares", "-1"], "`spares` must lie within 0 to 1000"),
        (["--chip", "rao2032"], "Did you mean `rao2023`?"),
        (["--tolerance", "1"], "`tolerance` must carry a unit of S"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    words: list[str],
    change: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = [word for word in words if word not in ("--tolerance", "5uS")]
    assert call("yield", *given, *change) == 2
    assert sentence in capsys.readouterr().err
    assert not Path("found").exists()
