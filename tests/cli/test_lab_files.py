"""`mho characterise FILE…`: tables, figures and JSON of measurements; sentences for the rest."""

import json
from pathlib import Path

import numpy as np
import pytest
from calling import call

from lab_files import FILES

SHOWN = (
    "pulses",
    "ramps",
    "waits",
    "endurance",
    "sweeps",
    "map",
    "neurosim",
    "xbtorch",
)
"""Formats that stand for the kinds; traces take long."""


@pytest.mark.parametrize("name", [*SHOWN, "aihwkit"])
@pytest.mark.usefixtures("rendered_figures")
def test_each_kind_gives_a_table_a_figure_and_json(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    lab = FILES[name]()
    path = lab.write(tmp_path)
    assert (
        call("characterise", path.name, "--out", "out", "--json", "all.json")
        == 0
    )
    said = capsys.readouterr()
    assert lab.name in said.out
    (found,) = json.loads((tmp_path / "all.json").read_text())["files"]
    assert found["kind"] == lab.kind
    (figure,) = (tmp_path / "out").glob("*.png")
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_a_trace_is_analysed_as_by_noise(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """White noise of a fixed seed about 100 µS: no traps, and the noise that was put in."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    rows = [
        f"{k},{v:.6f}" for k, v in enumerate(100 + 0.2 * rng.normal(size=600))
    ]
    Path("t.csv").write_text(
        "\n".join(["t (ms);G/µS".replace(";", ","), *rows])
    )
    assert call("characterise", "t.csv", "--json", "-") == 0
    (found,) = json.loads(capsys.readouterr().out)["files"]
    assert found["kind"] == "trace"
    # five standard errors of a standard deviation from 600 samples
    assert found["history"]["noise_S"] == pytest.approx(
        0.2e-6, rel=5 / np.sqrt(1200)
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--as", "pulsse"), "Did you mean `pulses`?"),
        (
            ("--columns", "conductance=Gafter"),
            "must name columns of `pulses.csv`",
        ),
        (("--columns", "conductanse=1"), "Did you mean `conductance`?"),
        (("--columns", "before"), "must be pairs such as"),
        (
            ("--columns", "before=5[V]"),
            "must give `before` a unit of S or Ohm or A",
        ),
        (("--direction", "sideways"), "must be `set` or `reset`"),
    ],
)
def test_a_slip_gets_a_sentence_with_the_nearest(
    words: tuple[str, ...],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    FILES["pulses"]().write(tmp_path)
    assert call("characterise", "pulses.csv", *words) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert not (tmp_path / "mho-out").exists()


def test_no_file_and_a_file_that_is_not_there_get_a_sentence(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("characterise", "nothing.csv") == 2
    assert "does not exist" in capsys.readouterr().err
