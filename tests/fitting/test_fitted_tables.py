"""`mho fit --table`: a table of steps does what the ramps did, and says what rests on them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mho
from mho.cli.main import main
from mho.fitting import fit_table
from mho.fitting.ramps import simulated_ramps
from mho.measured import Measurement, PulseResponses, read_measured

READ = 0.1
"""Noise of a reading (µS)."""


def made(folder: Path, ramps: int, pulses: int = 60) -> list[Path]:
    """Ramps up and down towards soft bounds, a column each."""
    rng = np.random.default_rng(0)
    paths = []
    for name, begin, end in (("set", 10.0, 100.0), ("reset", 90.0, 0.0)):
        place = np.full(ramps, begin)
        rows = [place]
        for _ in range(pulses):
            way = 0.04 * (end - place)
            place = place + way * rng.lognormal(0, 0.3, ramps)
            rows.append(place)
        seen = np.array(rows) + rng.normal(0, READ, (pulses + 1, ramps))
        header = ",".join(f"ramp{k}_uS" for k in range(ramps))
        paths.append(folder / f"{name}.csv")
        np.savetxt(paths[-1], seen, delimiter=",", header=header, comments="")
    return paths


def both(folder: Path, ramps: int = 40) -> list[PulseResponses]:
    found = [read_measured(path) for path in made(folder, ramps)]
    return [one for one in found if isinstance(one, PulseResponses)]


def of_cells(one: PulseResponses) -> PulseResponses:
    """Each ramp of a cell of its own, whose steps are all larger or smaller by a fifth or so."""
    gain = np.exp(0.2 * np.random.default_rng(1).standard_normal(40))[one.ramp]
    after = one.before + gain * (one.after - one.before)
    return replace(one, cell=one.ramp, after=after)


def test_a_table_of_ramps_does_what_they_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The preset is read by whatever takes one; its mean ramp is that of the data.

    Twice the standard error of either mean, less than 0.4 µS, and what lines between 24 nodes
    leave out of a straight law, nothing.
    """
    target = tmp_path / "mycell.toml"
    words = [*made(tmp_path, 40), "--table", "-o", target]
    words += ["--out", tmp_path / "out"]
    with pytest.raises(SystemExit) as ended:
        main(["fit", *map(str, words)])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "none: a table of the steps in set.csv, reset.csv" in said
    assert "kept from rao2023 cell.gain_spread" in said
    assert "amplitude of SET pulses is not in the data: 900 mV" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert "every step in the table rests on data" in page
    preset = mho.preset(str(target))
    noise = preset.values["array.read_noise_off_chip"].interval
    assert noise is not None
    assert noise[0] < READ * 1e-6 < noise[1]
    assert mho.Chip(preset, tiles=1).preset.cell() == preset.cell()
    alike = replace(preset.cell(), gain_spread=0.0)
    up = np.loadtxt(tmp_path / "set.csv", delimiter=",", skiprows=1)
    start = np.full(400, 10e-6)
    found = simulated_ramps(alike, start, np.ones(60), mho.Stream(0))
    assert found.mean(1) * 1e6 == pytest.approx(up.mean(1), abs=1.0)
    assert found[-1].std() * 1e6 == pytest.approx(up[-1].std(), rel=0.5)


def test_noise_of_readings_is_taken_out_of_steps(tmp_path: Path) -> None:
    """Near the upper end steps are 0.4 µS and spread by 0.12: two reads make it 0.19.

    The spread of 100 steps or more is known to 7 %.
    """
    ramps = both(tmp_path)
    kind = fit_table(ramps, mho.preset("rao2023"), "mine").preset.cell()
    table = kind.table
    place = table.nodes[1][-1] * 1e6
    true = 0.04 * (100 - place) * 0.3
    row = table.steps[1][-1]
    wide = (row[21] - row[11]) / 2 * 1e6
    assert wide == pytest.approx(true, rel=0.35)


def test_cells_that_are_named_tell_their_spread(tmp_path: Path) -> None:
    """Of 40 cells a deviation is known to 11 %."""
    ramps = [of_cells(one) for one in both(tmp_path)]
    found = fit_table(ramps, mho.preset("rao2023"), "mine")
    rows = {row["name"]: row for row in found.as_json()["numbers"]}
    assert rows["cell.gain_spread"]["origin"] == "data"
    assert rows["cell.gain_spread"]["value"] == pytest.approx(0.2, rel=0.55)
    assert not any("name no cells" in line for line in found.told)


def test_few_steps_of_a_node_are_said(tmp_path: Path) -> None:
    found = fit_table(both(tmp_path, 5), mho.preset("rao2023"), "mine")
    assert any("4 nodes of 75" in t and "is few" in t for t in found.told)


def widths(ramps: list[PulseResponses]) -> list[Measurement]:
    up = ramps[0]
    width = np.where(np.arange(up.ramp.size) % 2, 1e-6, 2e-6)
    return [replace(up, width=width), ramps[1]]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda ramps: ramps[:1], "no RESET pulses"),
        (widths, "must be of one width"),
        (
            lambda _: [mho.measured.ArrayMap(np.full((3, 3), 1e-5), "map.csv")],
            "`map.csv` must hold ramps or pulses",
        ),
    ],
    ids=["one way", "two widths", "a map"],
)
def test_what_makes_no_table_is_refused(
    change: Callable[[list[PulseResponses]], list[Measurement]],
    sentence: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(ValueError, match=sentence):
        fit_table(change(both(tmp_path)), mho.preset("rao2023"), "mine")
