"""`mho deploy --chips`: what it prints and leaves, and that an interruption changes nothing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from calling import call

from mho.runs.population import measure_chip

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
WORDS = [
    "deploy",
    "net.py:network",
    "--data",
    "data.npz",
    "--tolerance",
    "5uS",
    "--wires",
    "0",
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with a network and data; three looks instead of twenty."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mho.runs.evaluation.LOOKS", 3)
    monkeypatch.setattr("mho.runs.measurement._TRACE_SAMPLES", 3)
    Path("net.py").write_text(FACTORY)
    rng = np.random.default_rng(0)
    np.savez(
        "data.npz",
        inputs=rng.random((60, 6), "f4"),
        labels=rng.integers(0, 3, 60),
    )


def result_of(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "result.json").read_text())
    del found["wall_seconds"]
    return found


def test_an_interrupted_run_of_many_chips_ends_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stopped before the second chip: only that is made then, and the figures are the same."""
    asked = [*WORDS, "--chips", "2", "--no-denoise"]
    assert call(*asked, "--out", "whole") == 0
    said = capsys.readouterr()
    assert "2 chips, ±5 µS, not denoised" in said.out
    assert "chip 2 of 2 …" in said.err
    assert not Path("whole/chips").exists()
    made: list[int] = []

    def measured(image: Any, specimen: Any, *rest: Any, **named: Any) -> Any:
        if not made:
            raise KeyboardInterrupt
        made.append(specimen.seed)
        return measure_chip(image, specimen, *rest, **named)

    monkeypatch.setattr("mho.runs.population.measure_chip", measured)
    assert call(*asked, "--out", "cut") == 130
    assert not Path("cut/result.json").exists()
    made.append(-1)
    assert call(*asked, "--out", "cut", "--resume") == 0
    assert made == [-1, 1]
    assert result_of("cut") == result_of("whole")
    population = result_of("cut")["population"]
    assert [chip["seed"] for chip in population["programmed"]["chips"]] == [
        0,
        1,
    ]
    assert population["comparison"] is None
    assert not Path("cut/unfinished").exists()


def test_both_ways_are_printed_and_chips_are_kept_on_request(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The first chip's file is the run's own; each is good for the next command."""
    words = [*WORDS, "--chips", "2", "--out", "run"]
    assert call(*words, "--compare-tolerance", "30uS", "--keep-chips") == 0
    said = capsys.readouterr().out
    assert "2 chips, ±5 µS, denoised" in said
    assert "2 chips, ±30 µS, not denoised" in said
    assert sorted(p.name for p in Path("run/chips").iterdir()) == [
        "seed0.mho",
        "seed1.mho",
    ]
    assert (
        Path("run/chips/seed0.mho").read_bytes()
        == Path("run/chip.mho").read_bytes()
    )
    assert (
        call(
            "evaluate",
            "run/chips/seed1.mho",
            "--data",
            "data.npz",
            "--json",
            "-",
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["software_accuracy"] == result_of("run")["software_accuracy"]


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (["--chips", "0"], "`chips` must lie within 1 to 1000"),
        (
            ["--compare-tolerance", "5"],
            "`compare_tolerance` must carry a unit of S",
        ),
        (["--compare-tolerance", "0uS"], "`compare_tolerance` must"),
    ],
)
def test_bad_options_end_in_one_sentence(
    words: list[str], saying: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*WORDS, *words) == 2
    assert saying in capsys.readouterr().err
    assert not Path("mho-out").exists()


def test_two_processes_make_the_same_files_as_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Chips draw from their own seeds alone, whoever makes them: equal to the bit."""
    words = [*WORDS, "--chips", "2", "--keep-chips"]
    assert call(*words, "--workers", "2", "--out", "two") == 0
    said = capsys.readouterr().err
    for stage in ("programming plain", "chip 2 of 2", "chip 2 of 2, coarse"):
        assert f"{stage} …" in said
    assert call(*words, "--workers", "1", "--out", "one") == 0
    # looks and samples of traces are patched in this process alone
    for name in ("chip.mho", "chips/seed1.mho"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()
