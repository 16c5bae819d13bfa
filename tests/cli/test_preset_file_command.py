"""Commands take a preset in a file; files of such chips have its numbers and need it no more."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import PERCEPTRON, call

import mho
from mho.deployment.storage import load_chip
from mho.device.published import PRESETS
from mho.files import identity
from mho.units import uS

CELL = """
[preset]
base = "rao2023"

[switching]
step.value = "1.2 uS"
step.source = "a.csv"
step.confidence = "fitted"
step.interval = ["1.1 uS", "1.3 uS"]
step.note = "[/b] {x}"

[array]
rows = 16
cols = 16
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a preset, a network and samples, in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mycell.toml").write_text(CELL)
    (tmp_path / "net.py").write_text(PERCEPTRON)
    rng = np.random.default_rng(0)
    inputs = rng.random((32, 6))
    np.savez("data.npz", calibration=inputs, inputs=inputs)
    return tmp_path


def loaded(name: str) -> dict[str, np.ndarray]:
    """Arrays of a file, which is closed again."""
    with np.load(name) as arrays:
        return {key: arrays[key] for key in arrays.files}


@pytest.mark.usefixtures("folder")
def test_presets_say_what_rests_on_data_and_what_on_the_base(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One fitted number, two of the file's, all others from the base; notes are no markup."""
    monkeypatch.setenv("COLUMNS", "200")
    assert call("presets", "mycell.toml") == 0
    said = capsys.readouterr().out
    assert "Numbers: 1 from your data, 2 from your file, 83 kept from" in said
    first = [line for line in said.splitlines() if "." in line][3:5]
    assert "1.1 µS … 1.3 µS" in said
    assert "[/b] {x}" in said
    assert any(
        "switching.step" in line and "your data" in line for line in first
    )
    assert call("presets", "mycel.toml") == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.usefixtures("folder")
def test_a_preset_is_written_as_a_file_to_begin_with(
    name: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """What `mho presets NAME --toml` prints is a file of the identical chip."""
    assert call("presets", name, "--toml") == 0
    Path("copy.toml").write_bytes(capfdbinary.readouterr().out)
    assert identity(mho.Chip("copy.toml")) == identity(mho.Chip(name))


@pytest.mark.usefixtures("folder")
def test_cells_of_a_file_are_read_swept_and_exported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Commands that look at cells alone; each does another thing than for the base."""
    words = ("--levels", "8", "--cells", "2", "--no-compare", "--json", "-")
    assert call("levels", "--chip", "mycell.toml", *words) == 0
    assert json.loads(capsys.readouterr().out)["preset"] == "mycell"
    assert Path("mho-out/levels-mycell-8-seed0/result.json").exists()
    words = ("--cells", "256", "--looks", "2", "--json", "-")
    swept = ("sweep", "switching.step=1uS,2uS", "--chip", "mycell.toml")
    assert call(*swept, *words) == 0
    assert json.loads(capsys.readouterr().out)
    assert call("export", "subckt", "--chip", "mycell.toml", "-o", "x.cir") == 0
    assert "mycell" in Path("x.cir").read_text()
    assert call("wires", "--chip", "mycell.toml", "--size", "8") == 0
    wrong = Path("wrong.toml")
    wrong.write_text(CELL.replace("1.2 uS", "1.2 V"))
    for command in ("levels", "wires"):
        assert call(command, "--chip", "wrong.toml") == 2
        said = capsys.readouterr().err
        assert "(line 6) must be a number with a unit of S" in said


def test_a_chip_of_a_file_opens_where_the_file_is_not(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Image and chip have the numbers: the file is moved, mended, changed, or gone.

    Programming from the image alone gives the same chip to the bit, whatever the file says by
    then; naming the file takes it as it is.
    """
    words = ("--chip", "mycell.toml", "--data", "data.npz")
    assert call("compile", "net.py:mlp", *words, "-o", "n.mho") == 0
    assert call("program", "n.mho", "-o", "a.mho") == 0
    run = ("--data", "data.npz", "-o")
    assert call("run", "a.mho", *run, "a.npz") == 0
    file = folder / "mycell.toml"
    file.write_text(CELL.replace("[/b] {x}", "mended"))
    assert call("run", "a.mho", *run, "b.npz") == 0
    file.write_text(CELL.replace("1.2 uS", "1.25 uS"))
    assert call("run", "a.mho", *run, "c.npz") == 0
    assert call("program", "n.mho", "--chip", "mycell.toml", "-o", "d.mho") == 0
    file.unlink()
    assert call("run", "a.mho", *run, "e.npz") == 0
    assert call("program", "n.mho", "-o", "e.mho") == 0
    assert call("lifetime", "a.mho", "--data", "data.npz", "--times", "1h") == 0
    first = loaded("a.npz")
    for name in ("b.npz", "c.npz", "e.npz"):
        again = loaded(name)
        for key, values in first.items():
            assert np.array_equal(values, again[key])
    assert load_chip("a.mho").sha256 == load_chip("e.mho").sha256
    assert load_chip("a.mho").model != load_chip("d.mho").model
    assert (
        load_chip("d.mho").specimen.chip.published["switching.step"]
        == 1.25 * uS
    )
    capsys.readouterr()
    assert call("program", "n.mho", "--chip", "mycell.toml") == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_deploy_takes_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The deployed chip opens without the file, too; results have the name of the file."""
    words = ("--chip", "mycell.toml", "--data", "data.npz", "--json", "-")
    assert call("deploy", "net.py:mlp", *words, "--out", "d") == 0
    assert json.loads(capsys.readouterr().out)
    Path("mycell.toml").rename("moved.toml")
    assert load_chip("d/chip.mho").specimen.preset == "mycell.toml"
