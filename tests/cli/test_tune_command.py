"""`mho tune`: any network, its steps and their cost, resuming, and the tuned chip in a file."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from calling import call

from mho.deployment.storage import load_chip, load_image
from mho.runs.tuning import run as tuning_run
from mho.training import hybrid_train
from mho.training.hybrid import HybridTraining, TuneResult

MODULE = """
import torch
from torch import nn

def mlp():
    network = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network
"""
TUNE = [
    "tune",
    "net.mho",
    "--data",
    "data.npz",
    "--stuck",
    "0.15",
    "--tolerance",
    "20uS",
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that is right about all labels, its image, and a chip of it."""
    folder = tmp_path_factory.mktemp("tune")
    (folder / "net.py").write_text(MODULE)
    scope: dict[str, Any] = {}
    exec(MODULE, scope)
    inputs = np.random.default_rng(0).random((144, 6), "f4")
    with torch.no_grad():
        labels = scope["mlp"]()(torch.from_numpy(inputs)).argmax(1).numpy()
    test = {"inputs": inputs[:80], "labels": labels[:80]}
    learn = inputs[80:]
    np.savez(folder / "bare.npz", **test)
    np.savez(folder / "learn.npz", inputs=learn, labels=labels[80:])
    np.savez(folder / "short.npz", inputs=learn, labels=labels[81:])
    np.savez(
        folder / "data.npz",
        **test,
        training_inputs=learn,
        training_labels=labels[80:],
    )
    compile_ = [
        "compile",
        "net.py:mlp",
        "--data",
        "data.npz",
        "--size",
        "16x32",
        "-o",
        "net.mho",
    ]
    program = [
        "program",
        "net.mho",
        "--tolerance",
        "150uS",
        "--no-denoise",
        "-o",
        "chip.mho",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call(*compile_) == 0
        assert call(*program) == 0
    return folder


@pytest.fixture(autouse=True)
def entered(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)


def plain(path: str) -> dict[str, Any]:
    """A result without the time that this computer took."""
    found = json.loads(Path(path, "result.json").read_text())
    for step in found["steps"]:
        step.pop("training_seconds", None)
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("rendered_figures")
def test_every_step_has_accuracy_and_cost_and_the_figure_is_drawn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Noise-aware tuning pulses a spare chip, refit nothing, hybrid the last layer."""
    words = [
        "net.py:mlp",
        "--data",
        "bare.npz",
        "--training",
        "learn.npz",
        "--stuck",
        "0.1",
    ]
    methods = [
        "--method",
        "noise-aware,refit,hybrid",
        "--out",
        "all",
        "-o",
        "all.mho",
    ]
    assert call("tune", *words, *methods) == 0
    said = capsys.readouterr().out
    found = json.loads(Path("all/result.json").read_text())
    names = ["noise-aware", "programming", "refit", "hybrid"]
    steps = {step["step"]: step for step in found["steps"]}
    assert list(steps) == names
    assert all(f"after {name}" in said for name in names)
    assert found["software_accuracy"] == 1.0
    assert steps["noise-aware"]["where"] == "software"
    assert steps["noise-aware"]["measured_cells"] > 1000
    assert steps["noise-aware"]["pulses"] > 1000
    assert steps["noise-aware"]["training_samples"] == 20 * 64
    assert steps["refit"]["pulses"] == 0 < steps["refit"]["multiplies"]
    trained = [
        steps["hybrid"][f"training_accuracy_{when}"]
        for when in ("before", "after")
    ]
    assert 0.3 < trained[0] <= trained[1] + 0.05
    assert 0 < steps["hybrid"]["pulses"] < steps["programming"]["pulses"] * 20
    assert all(
        step["chip_seconds"] > 0 < step["chip_joules"]
        for step in found["steps"]
    )
    assert Path("all/tuning.png").read_bytes().startswith(b"\x89PNG")
    assert not Path("all/unfinished").exists()
    tuned = load_chip("all.mho").image.network.layers[0].weight
    assert not torch.equal(
        tuned, load_image("net.mho").network.layers[0].weight
    )


def test_training_that_left_a_chip_worse_is_said_to_have(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that claims it: a training that ends at nothing."""

    def worse(*args: Any, **options: Any) -> TuneResult:
        short = HybridTraining(epochs=1)
        return replace(
            hybrid_train(*args, **options, training=short), ended=0.0
        )

    monkeypatch.setattr(tuning_run, "hybrid_train", worse)
    words = [
        "--data",
        "bare.npz",
        "--training",
        "learn.npz",
        "--method",
        "hybrid",
    ]
    assert call("tune", "chip.mho", *words, "--out", "worse") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "before, 0.00% after: noise, or cells that no longer go back" in said
    assert plain("worse")["steps"][-1]["training_accuracy_after"] == 0.0


def test_a_programmed_chip_is_tuned_and_keeps_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mho evaluate` of the tuned chip is as good as its last step, to a few of 80 samples."""
    before = (place / "chip.mho").read_bytes()
    words = [
        "chip.mho",
        "--data",
        "data.npz",
        "--method",
        "refit",
        "-o",
        "tuned.mho",
    ]
    assert call("tune", *words, "--out", "one") == 0
    assert (place / "chip.mho").read_bytes() == before
    steps = plain("one")["steps"]
    assert [step["step"] for step in steps] == ["start", "refit"]
    assert steps[0]["pulses"] == 0
    capsys.readouterr()
    assert (
        call("evaluate", "tuned.mho", "--data", "data.npz", "--json", "-") == 0
    )
    accuracy = json.loads(capsys.readouterr().out)["accuracy"]
    assert accuracy == pytest.approx(steps[-1]["accuracy"], abs=4 / 80)
    chip = load_chip("tuned.mho")
    assert chip.tuning is not None
    assert set(chip.tuning.corrections) == {"0", "1"}
    assert chip.records["accuracy"] == steps[-1]["accuracy"]
    assert (
        call(
            "tune",
            "tuned.mho",
            "--data",
            "data.npz",
            "--method",
            "refit",
            "--out",
            "2",
        )
        == 0
    )


@pytest.mark.parametrize("broken", ["program_image", "refit", "hybrid_train"])
def test_a_run_that_was_interrupted_ends_like_one_that_was_not(
    broken: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step is cut off after its work and before it is kept; files are equal byte by byte."""
    if not (place / "whole").exists():
        assert call(*TUNE, "--out", "whole", "-o", "whole.mho") == 0
    words = [*TUNE, "--out", f"cut-{broken}", "-o", f"cut-{broken}.mho"]
    inner = getattr(tuning_run, broken)

    def cut(*arguments: Any, **options: Any) -> None:
        inner(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tuning_run, broken, cut)
        assert call(*words) == 130
    assert not Path(f"cut-{broken}/result.json").exists()
    assert not Path(f"cut-{broken}.mho").exists()
    assert call(*words, "--seed", "1", "--resume") == 2
    assert call(*words, "--resume") == 0
    assert plain(f"cut-{broken}") == plain("whole")
    assert (
        Path(f"cut-{broken}.mho").read_bytes() == Path("whole.mho").read_bytes()
    )


@pytest.mark.parametrize(
    "broken", ["noise_aware_train", "measure_errors", "program_image"]
)
def test_tuning_before_the_download_can_be_interrupted_as_well(
    broken: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before, in and after it; the tuned chip is equal byte by byte."""
    words = [
        "tune",
        "net.py:mlp",
        "--data",
        "data.npz",
        "--method",
        "noise-aware",
    ]
    if not (place / "aware").exists():
        assert call(*words, "--out", "aware", "-o", "aware.mho") == 0
    words += ["--out", f"early-{broken}", "-o", f"early-{broken}.mho"]
    inner = getattr(tuning_run, broken)

    def cut(*arguments: Any, **options: Any) -> None:
        inner(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(tuning_run, broken, cut)
        assert call(*words) == 130
    assert not Path(f"early-{broken}/result.json").exists()
    assert call(*words, "--resume") == 0
    assert plain(f"early-{broken}") == plain("aware")
    assert (
        Path(f"early-{broken}.mho").read_bytes()
        == Path("aware.mho").read_bytes()
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["digits", "--data", "data.npz"], "brings its own"),
        (["net.py:mlp"], "`data` must name"),
        (
            ["net.py:mlp", "--data", "bare.npz"],
            "lacks the array `training_inputs`",
        ),
        (
            ["net.py:mlp", "--data", "bare.npz", "--training", "short.npz"],
            "`labels`",
        ),
        (
            ["net.py:mlp", "--data", "data.npz", "--method", "refitt"],
            "Did you mean `refit`?",
        ),
        (
            [
                "net.py:mlp",
                "--data",
                "data.npz",
                "--method",
                "refit,noise-aware",
            ],
            "first and once",
        ),
        (
            ["net.py:mlp", "--data", "data.npz", "--chip", "rao2032"],
            "Did you mean `rao2023`?",
        ),
        (
            ["net.py:mlp", "--data", "data.npz", "--resume"],
            "must find an unfinished run",
        ),
        (
            ["net.mho", "--data", "data.npz", "--method", "noise-aware"],
            "targets are set",
        ),
        (
            ["net.mho", "--data", "data.npz", "--weights", "w.pt"],
            "holds its own weights",
        ),
        (["net.mho", "--data", "data.npz", "-o", "net.mho"], "another file"),
        (
            ["chip.mho", "--data", "data.npz", "--stuck", "0.1"],
            "programmed already",
        ),
        (
            ["chip.mho", "--data", "data.npz", "--no-repair"],
            "programmed already",
        ),
        (["absent.mho", "--data", "data.npz"], "none"),
    ],
)
def test_mistakes_end_in_one_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("tune", *words, "--out", "bad") == 2
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if not line.endswith("…")
    ]
    assert len(lines) == 1
    assert sentence in lines[0]
    assert not Path("bad/result.json").exists()
