"""`--mapping` of `mho deploy` and `mho compile`."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import PERCEPTRON, call

from mho.deployment.storage import load_image


@pytest.fixture(autouse=True)
def entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.py").write_text(PERCEPTRON)
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        inputs=rng.random((40, 6), "f4"),
        labels=rng.integers(0, 3, 40),
    )
    monkeypatch.chdir(tmp_path)


def test_a_network_is_deployed_with_a_report() -> None:
    """72 weights and a reference for 6 and 8 rows; a page with a map of each layer."""
    words = [
        "deploy",
        "net.py:mlp",
        "--data",
        "data.npz",
        "--tolerance",
        "20uS",
        "--no-denoise",
    ]
    assert (
        call(
            *words,
            "--mapping",
            "offset",
            "--out",
            "run",
            "--json",
            "found.json",
        )
        == 0
    )
    found = json.loads(Path("found.json").read_text())
    assert found["options"]["layout"]["mapping"] == "offset"
    assert found["cells"] == 72 + 6 + 8
    assert found["tiles"] == 2
    page = Path("run/report.html").read_text()
    assert page.count("<img") + page.count("<svg") >= 2


def test_an_image_says_which_mapping_it_has() -> None:
    words = ["compile", "net.py:mlp", "--data", "data.npz", "--size", "8x18"]
    assert call(*words, "--mapping", "four", "-o", "four.mho") == 0
    assert load_image("four.mho").mapping["kind"] == "FourDevices"


def test_any_number_of_pairs_is_asked_for_by_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Three pairs; what they count follows from the window, ±20 µS of 450 µS in either cell."""
    words = ["net.py:mlp", "--data", "data.npz", "--mapping"]
    assert call("compile", *words, "residual:3", "-o", "three.mho") == 0
    assert load_image("three.mho").mapping["pairs"] == 3
    short = ["--tolerance", "20uS", "--no-denoise", "--json", "found.json"]
    assert call("deploy", *words, "residual:2", *short) == 0
    found = json.loads(Path("found.json").read_text())
    assert found["options"]["layout"]["mapping"] == "residual:2"
    assert found["cells"] == 4 * 72
    # what pairs count is the same wherever the layout is asked for: wires of 0.5 Ω take little
    assert found["wires"]["signal"]["low"] > 0.95
    assert call("deploy", *words, "residual:99") == 2
    assert "with 1 to 16 pairs of cells" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["deploy", "compile"])
def test_a_misspelt_mapping_is_refused_with_the_nearest(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        call(command, "net.py:mlp", "--data", "data.npz", "--mapping", "ofset")
        == 2
    )
    assert "Did you mean `offset`" in capsys.readouterr().err
