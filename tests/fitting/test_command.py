"""`mho fit`: files in, a preset, a page and a table out; mistakes end in one sentence."""

import json
from pathlib import Path

import numpy as np
import pytest

import mho
from mho.cli.main import main


def ramps(folder: Path, name: str, *, down: bool) -> Path:
    """Two ramps as a lab keeps them, a column each."""
    rng = np.random.default_rng(3 if down else 4)
    place = np.full(2, 0.9 if down else 0.1)
    rows = [place]
    for _ in range(50):
        room = place if down else 1 - place
        step = 0.05 * room * (1 + 0.2 * rng.standard_normal(2))
        place = place - step if down else place + step
        rows.append(place)
    seen = 10 + 90 * np.array(rows) + 0.2 * rng.standard_normal((51, 2))
    path = folder / name
    header = "first_uS,second_uS"
    np.savetxt(path, seen, delimiter=",", header=header, comments="")
    return path


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    code = ended.value.code
    assert isinstance(code, int)
    return code


def test_from_files_to_a_preset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is read by whatever takes a preset; again with `--resume`, it is written anew."""
    up = ramps(tmp_path, "ramps_set.csv", down=False)
    down = ramps(tmp_path, "ramps_reset.csv", down=True)
    target = tmp_path / "mycell.toml"
    out = tmp_path / "out"
    words = ("fit", up, down, "-o", target, "--as", "pulses", "--out", out)
    assert run(*words) == 0
    said = capsys.readouterr().out
    assert "rests on data" in said
    assert "kept from rao2023" in said
    found = mho.preset(str(target))
    assert any(one.interval is not None for one in found.values.values())
    page = (out / "report.html").read_text()
    assert "Not determined by these data" in page
    target.unlink()
    assert run(*words, "--resume", "--json", "-") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["preset"] == "mycell"
    assert target.exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "must name at least one file"),
        (("nothing.csv",), "nothing.csv"),
        (("a.csv", "-o", "mycell.txt"), "must be a file that ends with"),
        (("a.csv", "-o", "rao2023.toml"), "must not be named after"),
        (("a.csv", "--base", "rao2032"), "rao2023"),
    ],
)
def test_mistakes_end_in_a_sentence(
    words: tuple[str, ...],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("fit", *words) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
