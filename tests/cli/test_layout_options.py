"""Options of the mapping and of converter ranges, on the commands that map a network."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import PERCEPTRON, call
from torch import Tensor

from mho.deployment.storage import load_image

CHOSEN = [
    "--ranges",
    "least-error",
    "--per-column",
    "--scale",
    "column",
    "--clip",
    "95",
    "--levels",
    "64",
    "--pack",
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "net.py").write_text(PERCEPTRON)
    inputs = rng.random((60, 6), "f4")
    labels = rng.integers(0, 3, 60)
    np.savez(tmp_path / "data.npz", inputs=inputs, labels=labels)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_image_is_compiled_as_the_options_say() -> None:
    """Two layers of 6×8 and 8×3 on one tile; targets on 64 levels; ranges by column.

    Levels lie evenly over the recommended range, so targets are whole numbers of its 63rd part.
    """
    words = ["compile", "net.py:mlp", "--data", "data.npz", "--size", "32x32"]
    assert call(*words, *CHOSEN, "-o", "net.mho") == 0
    image = load_image(Path("net.mho"))
    assert (image.rule.kind, image.rule.per_column) == ("least-error", True)
    assert {block.tile for block in image.placement.blocks} == {0}
    assert image.info.tiles == 1
    assert {
        name: image.mapping[name] for name in ("scale", "clip", "levels")
    } == {
        "scale": "column",
        "clip": 95.0,
        "levels": 64,
    }
    info = image.info
    level = (
        (image.placement.target - info.array_low)
        / (info.array_high - info.array_low)
        * 63
    )
    assert float((level - level.round()).abs().max()) < 1e-3
    assert all(isinstance(current, Tensor) for current in image.ranges.currents)
    assert call(*words, "-o", "plain.mho") == 0
    plain = load_image(Path("plain.mho"))
    assert (plain.rule.kind, plain.info.tiles) == ("largest", 2)


def test_reference_columns_have_converter_ranges_of_their_own() -> None:
    words = [
        "compile",
        "net.py:mlp",
        "--data",
        "data.npz",
        "--mapping",
        "offset",
        "--per-column",
    ]
    assert call(*words, "-o", "offset.mho") == 0
    image = load_image(Path("offset.mho"))
    pairs = zip(image.placement.blocks, image.ranges.currents, strict=True)
    for block, ranges in pairs:
        assert isinstance(ranges, Tensor)
        assert ranges.numel() == block.scale.numel() + 1
    assert (
        call(
            "program",
            "offset.mho",
            "--no-denoise",
            "--tolerance",
            "5uS",
            "-o",
            "c.mho",
        )
        == 0
    )
    assert call("evaluate", "c.mho", "--data", "data.npz") == 0


def test_a_deployment_takes_the_same_options_and_fits_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [
        "deploy",
        "net.py:mlp",
        "--data",
        "data.npz",
        "--no-denoise",
        "--tolerance",
        "5uS",
    ]
    assert call(*words, *CHOSEN, "--fit-columns", "--out", "run") == 0
    assert "gains and offsets fitted" in capsys.readouterr().out
    found = json.loads(Path("run/result.json").read_text())
    assert found["options"]["layout"] == {
        "scale": "column",
        "clip": 95.0,
        "levels": 64,
        "ranges": "least-error",
        "per_column": True,
        "mapping": "pairs",
    }
    fitted = found["fitted_columns"]
    assert len(fitted["before"]) == 2
    assert all(
        a <= b for a, b in zip(fitted["after"], fitted["before"], strict=True)
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ranges", "max"], "Argument `ranges` must be"),
        (["--scale", "row"], "Argument `scale` must be"),
        (["--clip", "20"], "Argument `clip` must lie within"),
        (["--levels", "1"], "Argument `levels` must lie within"),
    ],
)
@pytest.mark.parametrize("command", ["compile", "deploy"])
def test_mistakes_end_in_one_sentence(
    command: str,
    words: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call(command, "net.py:mlp", "--data", "data.npz", *words) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert message in lines[0]
