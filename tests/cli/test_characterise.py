"""`mho characterise noise`: table, figure, JSON, and errors of one sentence."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from calling import call

from mho.rng import Stream
from mho.units import ms, uS
from reference import Traps, watch_traps

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "noise.md"


def write(path: Path, conductance: torch.Tensor) -> None:
    lines = (
        f"{k * 1e-3:.3f},{float(g) / uS:.6f}" for k, g in enumerate(conductance)
    )
    path.write_text("time_s,conductance_uS\n" + "\n".join(lines) + "\n")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a trace of one trap of 5 µS, one of white noise, and a constant one."""
    count = 3_000
    draws = Stream(0).generator()
    noise = 0.2 * uS * torch.randn(count, generator=draws)
    one = torch.ones(1, 1)
    traps = Traps(5 * uS * one, 20 * ms * one, 30 * ms * one, one, one < 0)
    keys = Stream(0).child("watch").cells(torch.arange(count))
    seen = watch_traps(traps, torch.zeros(1), 0.0, 1 * ms, keys)[1][:, 0]
    write(tmp_path / "trap.csv", 100 * uS + seen + noise)
    write(tmp_path / "white.csv", 100 * uS + noise)
    write(tmp_path / "flat.csv", torch.full((300,), 100 * uS))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("rendered_figures")
def test_a_trace_gives_a_table_a_figure_and_json(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names, units and the same numbers in both."""
    assert call("characterise", "noise", "trap.csv", "--json", "n.json") == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert re.search(
        r"^1 +5(\.0\d)? µS \(4\.9\d to 5\.0\d\) +\d+\.?\d* ms",
        said.out,
        re.MULTILINE,
    )
    assert re.search(
        "levels: 100 µS, 105 µS; noise of a sample (19|20)\\d nS", said.out
    )
    assert (place / "mho-out" / "noise-trap" / "noise.png").read_bytes()[
        :4
    ] == b"\x89PNG"
    result = json.loads((place / "n.json").read_text())
    assert result["samples"] == 3_000
    (trap,) = result["traps"]
    assert trap["amplitude_S"]["value"] == pytest.approx(5 * uS, rel=0.02)
    for name, truth in (
        ("capture_time_s", 20 * ms),
        ("emission_time_s", 30 * ms),
    ):
        # 60 dwells of each kind: five standard errors of 1/√60 in the logarithm
        assert 0.52 < trap[name]["value"] / truth < 1.9
        assert trap[name]["low"] < trap[name]["value"] < trap[name]["high"]


def test_json_alone_on_standard_output(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = (
        "characterise",
        "noise",
        "trap.csv",
        "--json",
        "-",
        "--traps",
        "0",
        "--out",
        "f",
    )
    assert call(*words) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["traps"] == []
    assert not result["complete"]
    assert (place / "f" / "noise.png").exists()


@pytest.mark.usefixtures("place")
def test_no_telegraph_noise_is_an_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("white.csv", "flat.csv"):
        assert call("characterise", "noise", name, "--out", "f") == 0
        assert capsys.readouterr().out.startswith("No telegraph noise found.\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["missing.csv"], "`missing.csv` does not exist"),
        (
            ["trap.csv", "--voltage", "0.2"],
            "Argument `voltage` must carry a unit of V",
        ),
        (
            ["trap.csv", "--voltage", "0V"],
            "Argument `voltage` must be finite and above",
        ),
        (
            ["trap.csv", "--traps", "7"],
            "Argument `traps` must lie within 0 to 3, but is 7",
        ),
        (["bad.csv"], "File `bad.csv` must hold a time and a conductance"),
        (["cells.csv"], "choose a cell with `--columns current=I1`"),
    ],
)
def test_errors_are_one_sentence(
    place: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "bad.csv").write_text("seconds,apples\n0,1\n1,2\n")
    (place / "cells.csv").write_text("time,I1,I2\n0,1e-6,2e-6\n1,1e-6,2e-6\n")
    assert call("characterise", "noise", *words, "--out", "f") == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not (place / "f").exists()


def test_importing_mho_imports_no_analysis() -> None:
    code = "import mho, sys; print({'hmmlearn', 'scipy', 'sklearn'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_the_snippet_of_the_how_to_makes_a_trace_whose_traps_are_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The page says which: amplitude to a step of the converter, 0.08 µS, and times to 20 %.

    Were the converter's codes taken for noise that can be resolved, times would be half as long.
    """
    monkeypatch.chdir(tmp_path)
    page = HOW_TO.read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    exec(compile(found[1], str(HOW_TO), "exec"), {})
    assert call("characterise", "noise", "trace.csv", "--json", "-") == 0
    traps = json.loads(capsys.readouterr().out)["traps"]
    written = re.search(
        r"stands out: (.*) µS, empty for (.*) ms and filled for (.*) ms", page
    )
    assert written is not None
    (trap,) = traps
    assert trap["amplitude_S"]["value"] / uS == pytest.approx(
        float(written[1]), abs=0.08
    )
    for name, number in (
        ("capture_time_s", written[2]),
        ("emission_time_s", written[3]),
    ):
        assert trap[name]["value"] / ms == pytest.approx(float(number), rel=0.2)


def test_a_trace_is_read_as_characterise_reads_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One cell of several, other names, another separator: the same trap as in the plain file."""
    lines = (place / "trap.csv").read_text().splitlines()[1:]
    rows = [line.split(",") for line in lines]
    text = "t;I1_uA;I2_uA\n" + "\n".join(
        f"{t};1;{float(g) * 0.2!r}" for t, g in rows
    )
    (place / "two.csv").write_text(text)
    words = ("two.csv", "--columns", "current=I2", "--out", "two")
    said = []
    for one in (words, ("trap.csv",)):
        assert call("characterise", "noise", *one) == 0
        said.append(capsys.readouterr().out.partition("figure")[0])
    assert said[0] == said[1]
