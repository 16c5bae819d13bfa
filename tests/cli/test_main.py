import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from calling import call

MODULE = """
import torch
from torch import nn

def mlp():
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return network

def poisoned():
    network = mlp()
    network[0].weight.data[1, 2] = float("nan")
    return network

def stretched():
    upsample = nn.Upsample(scale_factor=2, mode="linear")
    return nn.Sequential(nn.Linear(6, 4), nn.Unflatten(1, (1, 4)), upsample)
"""


DEPLOY = ["deploy", "net.py:mlp", "--data", "data.npz"]


def furnish(folder: Path) -> None:
    """A small network, data for it, and files with something wrong."""
    rng = np.random.default_rng(0)
    (folder / "net.py").write_text(MODULE)
    np.savez(
        folder / "data.npz",
        inputs=rng.random((60, 6), "f4"),
        labels=rng.integers(0, 3, 60),
    )
    np.savez(
        folder / "nan.npz",
        inputs=np.full((6, 6), np.nan, "f4"),
        labels=np.zeros(6, int),
    )
    np.savez(
        folder / "objects.npz", inputs=np.array([{}]), labels=np.zeros(1, int)
    )
    (folder / "empty.npz").touch()
    (folder / "text.npz").write_text("not a zip")
    (folder / "text.pt2").write_text("not a zip")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all that, entered."""
    furnish(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of seed 0, to look at or to copy: making one takes seconds."""
    folder = tmp_path_factory.mktemp("finished")
    furnish(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert call(*DEPLOY, "--out", "run") == 0
    return folder / "run"


def spawn(*words: str, limit: int | None = None) -> "subprocess.Popen[str]":
    def restrict() -> None:
        # a check that was started in the background hands on an interrupt that is ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "mho", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restrict,
    )


def result_of(folder: Path) -> dict[str, object]:
    """What must be the same for the same seed."""
    result: dict[str, object] = json.loads((folder / "result.json").read_text())
    del result["wall_seconds"]
    return result


def test_a_run_again_prints_the_same_result_and_leaves_page_and_trace(
    place: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*DEPLOY, "--out", "run", "--json", "-") == 0
    printed = json.loads(capsys.readouterr().out)
    assert result_of(place / "run") == result_of(finished)
    assert printed == json.loads((place / "run" / "result.json").read_text())
    assert sorted(p.name for p in (place / "run").iterdir()) == [
        ".mho-run.json",
        "chip.mho",
        "network.mho",
        "page.safetensors",
        "report.html",
        "result.json",
        "trace",
    ]
    assert call("report", "run", "-o", "again.html") == 0
    assert (
        Path("again.html").read_bytes() == Path("run/report.html").read_bytes()
    )
    assert {
        "software_accuracy",
        "chip_accuracy",
        "chip_accuracy_no_denoise",
        "cells",
        "multiply_adds",
        "converged_fraction",
        "error_uS",
        "noise_uS",
        "pulses_per_cell",
        "denoise_pulses_per_cell",
        "reads_per_cell",
        "chip_seconds",
        "chip_joules",
        "wall_seconds",
        "seed",
        "preset",
        "version",
    } <= printed.keys()


def test_a_run_leaves_the_files_that_compile_and_program_make(
    place: Path, finished: Path
) -> None:
    """One command or three: the same image and the same chip, byte by byte.

    So the cells hold the same conductances, and every later command finds the same.
    """
    assert (
        call("compile", "net.py:mlp", "--data", "data.npz", "--save", "net.mho")
        == 0
    )
    assert call("program", "net.mho", "--seed", "0", "--save", "chip0.mho") == 0
    assert (place / "net.mho").read_bytes() == (
        finished / "network.mho"
    ).read_bytes()
    assert (place / "chip0.mho").read_bytes() == (
        finished / "chip.mho"
    ).read_bytes()


def test_another_seed_gives_another_chip_and_no_denoising_one_row_of_accuracy(
    place: Path, finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*DEPLOY, "--out", "run", "--seed", "1", "--no-denoise") == 0
    other = result_of(place / "run")
    first = result_of(finished)
    assert other["software_accuracy"] == first["software_accuracy"]
    assert other["error_uS"] != first["error_uS"]
    assert other["denoise_pulses_per_cell"] == 0
    shown = capsys.readouterr().out
    assert "not denoised" in shown
    assert "analog multiply-adds" in shown


@pytest.mark.parametrize(
    ("words", "saying"),
    [
        (["deploy", "net.py:mlp", "--data", "missing.npz"], "does not exist"),
        # the file that is not there, before the data that is not named
        (["fleet", "missing.onnx"], "`missing.onnx` does not exist"),
        (["tune", "missing.pt2"], "`missing.pt2` does not exist"),
        (["compile", "missing.py:net"], "`missing.py` does not exist"),
        (["tune", "digit"], "Did you mean `digits`?"),
        (["deploy", "net.py:mlp", "--data", "empty.npz"], "is empty"),
        (["deploy", "net.py:mlp", "--data", "text.npz"], "another type"),
        (["deploy", "net.py:mlp", "--data", "nan.npz"], "must be finite"),
        (["deploy", "net.py:mlp", "--data", "objects.npz"], "could run code"),
        (["deploy", "net.py:mlp"], "`data` must name"),
        (["deploy", "digit"], "Did you mean `digits`?"),
        (["deploy", "text.pt2", "--data", "data.npz"], "complete zip archive"),
        (
            ["deploy", "net.py:poisoned", "--data", "data.npz"],
            "NaN or infinite",
        ),
        (["deploy", "net.py:stretched", "--data", "data.npz"], "upsample"),
        (["deploy", "net.py:absent", "--data", "data.npz"], "`absent`"),
        ([*DEPLOY, "--tolerance", "0uS"], "above 0 S"),
        ([*DEPLOY, "--tolerance", "1V"], "unit of S"),
        ([*DEPLOY, "--tolerance", "1"], "unit of S"),
        ([*DEPLOY, "--tolerance", "1pS"], "resolution"),
        ([*DEPLOY, "--chip", "rao2032"], "Did you mean `rao2023`?"),
        ([*DEPLOY, "--seed", "-1"], "but is -1"),
        ([*DEPLOY, "--sed", "1"], "Did you mean --seed?"),
        ([*DEPLOY, "--out", "data.npz"], "must be usable"),
        ([*DEPLOY, "--resume"], "must find an unfinished run"),
        (["presets", "rao"], "Did you mean"),
        (["deplou"], "Did you mean"),
    ],
)
def test_bad_input_gives_one_sentence_and_leaves_nothing(
    place: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    saying: str,
) -> None:
    before = sorted(p.name for p in place.iterdir())
    assert call(*words) == 2
    said = [
        line
        for line in capsys.readouterr().err.splitlines()
        if not line.endswith("…")
    ]
    assert len(said) == 1
    assert saying.lower() in said[0].lower()
    left = {p.name for p in place.iterdir()} - {"__pycache__", "mho-out"}
    assert sorted(left) == before
    assert not list(place.glob("mho-out/*/result.json"))


def test_bad_input_leaves_earlier_results_untouched(
    place: Path, finished: Path
) -> None:
    shutil.copytree(finished, place / "run")
    before = {
        p: p.read_bytes() for p in (place / "run").rglob("*") if p.is_file()
    }
    assert (
        call("deploy", "net.py:poisoned", "--data", "data.npz", "--out", "run")
        == 2
    )
    assert {
        p: p.read_bytes() for p in (place / "run").rglob("*") if p.is_file()
    } == before


def test_a_run_is_resumed_with_its_own_options_only(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    child = spawn(*DEPLOY, "--out", "run")
    while not list(place.glob("run/unfinished/states/*.safetensors")):
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.communicate()
    assert call(*DEPLOY, "--out", "run", "--seed", "5", "--resume") == 2
    assert "another one" in capsys.readouterr().err


def test_a_full_disk_ends_with_one_sentence_and_old_results_stay(
    place: Path, finished: Path
) -> None:
    """A limit on file sizes stands for the full disk: writing fails in the middle of the run."""
    shutil.copytree(finished, place / "run")
    before = (place / "run" / "result.json").read_bytes()
    child = spawn(*DEPLOY, "--out", "run", "--seed", "3", limit=20_000)
    _, said = child.communicate(timeout=120)
    assert child.returncode == 2, said
    assert "Traceback" not in said
    assert "full" in said
    assert (place / "run" / "result.json").read_bytes() == before


def test_ctrl_c_says_how_to_go_on(place: Path) -> None:
    child = spawn(*DEPLOY, "--out", "run")
    while not list(place.glob("run/unfinished/states/*.safetensors")):
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said


def test_presets_show_value_confidence_and_source(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("presets") == 0
    assert "rao2023" in capsys.readouterr().out
    assert call("presets", "rao2023") == 0
    shown = capsys.readouterr().out
    assert "telegraph.births" in shown
    assert "choice" in shown


def test_importing_mho_loads_no_plotting_data_or_command_line_library() -> None:
    heavy = [
        "matplotlib",
        "sklearn",
        "jinja2",
        "rich",
        "cyclopts",
        "zarr",
        "onnx",
        "dask",
    ]
    program = (
        f"import sys, mho; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]", done.stdout
