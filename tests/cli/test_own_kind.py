"""Commands take a kind of cell in the user's own file, and files of such chips remember it."""

import json
import re
from pathlib import Path

import pytest
from calling import PERCEPTRON, call

import mho
from mho.device.published.own_file import _NAMED

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "own-kind.md"
FILE = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)[0]
"""`my_cells.py` as the page shows it."""
WORD = "my_cells.py:Leaky"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the page's file and a network, in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_cells.py").write_text(FILE)
    (tmp_path / "net.py").write_text(PERCEPTRON)
    return tmp_path


def test_presets_show_a_kind_of_ones_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("presets", WORD) == 0
    said = capsys.readouterr().out
    assert "Steps that shrink" in said
    assert "cell.spread" in said
    assert call("presets", "my_cells.py:Leakey") == 2
    assert "Did you mean `Leaky`?" in capsys.readouterr().err
    (folder / "my_cells.py").unlink()
    assert call("presets", WORD) == 2
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_levels_of_own_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """Eight levels over the range: half a spacing is 7 % of it, far above noise and steps."""
    words = ("--levels", "8", "--cells", "4", "--json", "-")
    assert call("levels", "--chip", WORD, *words) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["preset"], found["denoise"]) == ("Leaky", False)
    assert found["levels_within"] == 8
    assert "levels_within_no_denoise" not in found
    assert Path("mho-out/levels-Leaky-8-seed0/levels.png").exists()
    assert call("levels", "--chip", WORD, "--levels", "8", "--bits") == 2
    said = capsys.readouterr().err
    assert "`bits` must be left out for cells of `Leaky`" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("deploy", "digits"), "`levels` must be at most 2"),
        (("compile", "digits", "--levels", "16"), "but is 16; ask for 2"),
        (("levels", "--levels", "16"), "but is 16; ask for 2"),
        (("train", "digits"), "hold 2 levels; take another chip"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_cells_of_two_levels_are_not_asked_for_more(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is trained or programmed."""
    assert call(*words, "--chip", "mram_jung2022") == 2
    assert said in capsys.readouterr().err
    assert not Path("mho-out").exists()


def test_a_chip_of_own_cells_opens_where_its_kind_is_known_and_the_same(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Compiled, programmed and run; a changed law is another cell, and a file alone runs nothing.

    The window is a twentieth of the range, so that the outputs are about right and no more.
    """
    import numpy as np

    rng = np.random.default_rng(0)
    np.savez(
        "data.npz", calibration=rng.random((32, 6)), inputs=rng.random((8, 6))
    )
    words = ("--data", "data.npz", "--size", "16")
    assert (
        call("compile", "net.py:mlp", "--chip", WORD, *words, "-o", "n.mho")
        == 0
    )
    capsys.readouterr()
    assert call("program", "n.mho", "-o", "c.mho", "--json", "-") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["preset"], told["denoise"]) == (WORD, False)
    run = ("run", "c.mho", "--data", "data.npz", "-o", "out.npz")
    assert call(*run) == 0

    (folder / "my_cells.py").write_text(FILE.replace("(1 + p", "(1.1 + p"))
    mho.preset(WORD)
    capsys.readouterr()
    assert call(*run) == 2
    assert (
        f"whose cells, `{WORD}`, have changed since it was programmed; bring that file back"
        in capsys.readouterr().err
    )
    (folder / "my_cells.py").unlink()
    assert call(*run) == 2
    assert "cannot be read (No such file" in capsys.readouterr().err
    # on another computer nobody has named the file
    (folder / "my_cells.py").write_text(FILE)
    monkeypatch.setenv("MHO_CACHE", str(folder / "cache"))
    _NAMED.clear()
    assert call(*run) == 2
    assert "used on this computer before" in capsys.readouterr().err
    assert call("presets", WORD) == 0
    capsys.readouterr()
    assert call(*run) == 0
