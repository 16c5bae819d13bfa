"""`mho lifetime`: table, figure, JSON, the aged chip, resuming; the chip's own file stays."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import call

from mho.deployment.storage import load_chip

MODULE = """
import torch

def network():
    layer = torch.nn.Linear(8, 4, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.cat((torch.eye(4), -torch.eye(4)), 1))
    return layer
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a chip and data."""
    folder = tmp_path_factory.mktemp("lives")
    (folder / "net.py").write_text(MODULE)
    inputs = np.random.default_rng(0).random((60, 8), "f4")
    labels = (inputs[:, :4] - inputs[:, 4:]).argmax(1)
    np.savez(folder / "data.npz", inputs=inputs, labels=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = [
            "compile",
            "net.py:network",
            "--data",
            "data.npz",
            "--chip",
            "wan2022",
        ]
        assert call(*made, "--size", "8x8", "-o", "net.mho") == 0
        more = ["--tolerance", "2uS", "--no-denoise", "-o", "chip.mho"]
        assert call("program", "net.mho", *more) == 0
    return folder


@pytest.fixture(autouse=True)
def entered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


WORDS = ["lifetime", "chip.mho", "--data", "data.npz", "--times", "1h,1y"]


@pytest.mark.usefixtures("rendered_figures")
def test_a_life_writes_json_and_a_figure_and_leaves_the_chip(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = Path("chip.mho").read_bytes()
    more = [
        "--temperature",
        "85C",
        "--refresh",
        "6month",
        "--tolerance",
        "1uS",
        "-o",
        "aged.mho",
    ]
    assert call(*WORDS, *more, "--out", "found", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(Path("found/result.json").read_text())
    assert Path("found/lifetime.png").read_bytes().startswith(b"\x89PNG")
    assert not Path("found/unfinished").exists()
    assert found["temperature_K"] == pytest.approx(358.15)
    assert found["refresh"] == {
        "interval_s": pytest.approx(365.25 * 43200),
        "tolerance_uS": pytest.approx(1.0),
        "quantile": 1.0,
    }
    assert [age["looks"] for age in found["lives"]["refreshed"]] == [0, 0, 2]
    assert Path("chip.mho").read_bytes() == before
    aged = load_chip("aged.mho")
    assert (
        aged.records["accuracy"] == found["lives"]["refreshed"][-1]["accuracy"]
    )
    assert float(aged.state["bench"][0]) >= 365.25 * 86400


def test_the_table_says_what_happened(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(*WORDS, "--refresh", "3month", "--percentile", "50") == 0
    said = capsys.readouterr().out
    words = (
        "left alone",
        "refreshed",
        "mean drift",
        "cells written",
        "1 y",
        "chip file unchanged",
    )
    assert all(word in said for word in words)
    assert Path("mho-out/lifetime-chip/lifetime.png").exists()
    assert max(len(line) for line in said.splitlines()) <= 80
    assert call(*WORDS, "--out", "alone") == 0
    assert "refresh" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (["--times", "1y,1h"], "`times` must rise"),
        (["--times", "1"], "`times` must carry a unit of s"),
        (["--times", ""], "`times` must be a number with its unit"),
        (
            ["--temperature", "358"],
            "`temperature` must be a number with its unit",
        ),
        (
            ["--temperature", "-300C"],
            "`temperature` must be finite and not negative",
        ),
        (["--temperature", "2000K"], "`temperature` must lie within"),
        (["--refresh", "1s"], "look less often"),
        (["--refresh", "0s"], "`interval` must be finite and above"),
        (["--tolerance", "1uS"], "`tolerance` must come with `refresh`"),
        (["--percentile", "99"], "`percentile` must come with `refresh`"),
        (
            ["--refresh", "1d", "--percentile", "101"],
            "`percentile` must lie within 0 to 100",
        ),
        (
            ["--refresh", "1d", "--tolerance", "1pS"],
            "`tolerance` must be at least",
        ),
        (["--resume"], "`resume` must find an unfinished run"),
        (["-o", "chip.mho"], "must name another file"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    change: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        w
        for w in WORDS
        if change[0] != "--times" or w not in ("--times", "1h,1y")
    ]
    assert call(*words, *change, "--out", "bad") == 2
    assert sentence in capsys.readouterr().err
    assert not Path("bad").exists()
