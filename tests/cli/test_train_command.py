"""`mho train`: table, figure, JSON, the trained chip, resuming."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import call

WORDS = [
    "train",
    "data.npz",
    "--network",
    "6-8-3",
    "--epochs",
    "2",
    "--batch",
    "80",
]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with three classes of points: which of three pairs of inputs is the largest."""
    monkeypatch.chdir(tmp_path)
    inputs = np.random.default_rng(0).random((100, 6), "f4")
    labels = (inputs[:, :3] + inputs[:, 3:]).argmax(1)
    arrays = {
        "training_inputs": inputs[:80],
        "training_labels": labels[:80],
        "inputs": inputs[80:],
        "labels": labels[80:],
    }
    np.savez("data.npz", **arrays)
    np.savez("bright.npz", **(arrays | {"inputs": 255 * inputs[80:]}))
    np.savez("short.npz", **(arrays | {"training_labels": labels[:79]}))
    np.savez("test-only.npz", inputs=inputs, labels=labels)
    np.savez(
        "float.npz", **(arrays | {"training_labels": labels[:80].astype("f4")})
    )
    return tmp_path


@pytest.mark.usefixtures("rendered_figures")
def test_training_writes_json_a_figure_and_a_chip_to_go_on_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        call(
            *WORDS,
            "--stuck",
            "0.1",
            "-o",
            "chip.mho",
            "--out",
            "f",
            "--json",
            "-",
        )
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found == json.loads(Path("f/result.json").read_text())
    assert Path("f/training.png").read_bytes().startswith(b"\x89PNG")
    assert not Path("f/unfinished").exists()
    assert found["network"] == [6, 8, 3]
    # Pairs, with a bias for each neuron.
    assert found["cells"] == 2 * (8 * 7 + 3 * 9)
    assert found["stuck_fraction"] == 0.1
    assert [len(passes) for passes in found["runs"].values()] == [2, 2]
    assert call("evaluate", "chip.mho", "--data", "data.npz") == 0
    assert call("inspect", "chip.mho") == 0
    assert "10.00% of its cells stuck" in capsys.readouterr().out
    assert (
        call(
            "lifetime",
            "chip.mho",
            "--data",
            "data.npz",
            "--times",
            "1h",
            "--out",
            "l",
        )
        == 0
    )


def test_the_table_says_what_it_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [w if w != "6-8-3" else "6-5-4-3" for w in WORDS]
    assert call(*words, "--no-compare") == 0
    said = capsys.readouterr().out
    assert all(
        w in said
        for w in ("on the chip", "pulses", "energy", "6-5-4-3", "training.png")
    )
    assert "without stuck" not in said


@pytest.mark.parametrize(
    ("data", "change", "sentence"),
    [
        (
            "data.npz",
            ["--network", "6-8"],
            "`network` must be sizes with hyphens",
        ),
        (
            "data.npz",
            ["--network", "6--3"],
            "`network` must be sizes with hyphens",
        ),
        ("data.npz", ["--network", "6-0-3"], "`hidden` must lie within"),
        ("data.npz", ["--epochs", "0"], "`epochs` must lie within"),
        ("data.npz", ["--step", "4"], "`step` must carry a unit of S"),
        ("data.npz", ["--stuck", "2"], "`stuck` must lie within 0 to 1"),
        ("data.npz", ["--chip", "umass"], "Did you mean `umass_ta_hfo2`?"),
        ("data.npz", ["-o", "data.npz"], "must name another file"),
        ("data.npz", ["--resume"], "must find an unfinished run"),
        ("bright.npz", [], "`inputs` must lie within 0 to 1"),
        ("short.npz", [], "`training_labels` must have shape (80)"),
        ("test-only.npz", [], "lacks the array `training_inputs`"),
        ("float.npz", [], "`training_labels` must be whole numbers"),
        ("absent.npz", [], "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing_behind(
    data: str,
    change: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("train", data, *change, "--out", "bad") == 2
    assert sentence in capsys.readouterr().err
    assert not Path("bad").exists()
