"""Steps from tables and curves of other tools: what is drawn is what the files say."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import norm

import mho
from mho.device import Cells
from mho.device.kinds import LabSteps, MeasuredSteps
from mho.device.published import numbers_of, preset, recorded_preset
from mho.files import identity
from mho.rng import Stream
from mho.units import uS

DRAWS = 100_000
ALPHA = 1e-6
LEVELS = np.linspace(5, 50, 24)
"""Conductances of the tables (µS)."""
AXIS = np.linspace(-3, 3, 1201)
"""Steps at which they have the distribution (µS)."""
VOLTS = {"set": 1.2, "reset": -0.9}


def centre(way: str, level: np.ndarray | float) -> np.ndarray:
    """Typical step: rising ones shrink towards the top, falling ones towards the bottom (µS)."""
    level = np.asarray(level)
    return 0.9 - level / 80 if way == "set" else -(0.2 + level / 60)


def distribution(way: str, level: float, step: np.ndarray) -> np.ndarray:
    """A skewed law without a name: two normal ones, one of them wide (1)."""
    middle = float(centre(way, level))
    narrow = norm.cdf(step, middle, 0.15)
    wide = norm.cdf(step, 0.7 * middle, 0.5)
    return 0.7 * narrow + 0.3 * wide


def write_tables(folder: Path) -> list[Path]:
    """Three files for each way, as XBTorch keeps them."""
    found = []
    for way in VOLTS:
        table = np.stack([distribution(way, x, AXIS) for x in LEVELS])
        np.savetxt(folder / f"{way}_axis_level_G.txt", LEVELS)
        np.savetxt(folder / f"{way}_axis_level_dG.txt", AXIS)
        np.savetxt(folder / f"{way}_cdf.txt", table)
        found.append(folder / f"{way}_cdf.txt")
    return found


def drawn(kind: MeasuredSteps, level: float, volts: float) -> np.ndarray:
    """Steps of many cells at one conductance (µS)."""
    cells = Cells(kind, DRAWS, Stream(3), 300.0)
    start = np.float32(level * uS)
    cells.column("conductance").fill_(float(start))
    train = torch.full((1, DRAWS), volts)
    cells.pulse(torch.arange(DRAWS), train, 1e-7, torch.ones(DRAWS), 0.0)
    after = cells.column("conductance").numpy().astype(float)
    return (after - float(start)) / uS


@pytest.mark.parametrize("way", VOLTS)
@pytest.mark.parametrize("place", [6, 12, 17])
def test_drawn_steps_have_the_distribution_of_the_table(
    way: str, place: int, tmp_path: Path
) -> None:
    """Kolmogorov's distance between 100,000 draws and the file's own distribution, at its nodes.

    At a node nothing lies between, so the distance is chance alone: at most
    √(ln(2/α)/2n) = 0.0085 in all but one of 10⁶ tests. The outer 2 % at either side are left out,
    as files are read at 1 % to 99 %. Power: a law 5 % too wide lies 0.012 away in its steepest
    part, one shifted by 0.03 deviations 0.012; both fail.
    """
    given = LabSteps((1.2, 0.9), unit="uS")
    kind = MeasuredSteps.from_lab(write_tables(tmp_path), given)
    level = LEVELS[place]
    steps = np.sort(drawn(kind, level, VOLTS[way]))
    wanted = np.interp(steps, AXIS, distribution(way, level, AXIS))
    have = (np.arange(DRAWS) + 0.5) / DRAWS
    inner = (wanted > 0.02) & (wanted < 0.98)
    distance = np.abs(have - wanted)[inner].max()
    assert distance < np.sqrt(np.log(2 / ALPHA) / (2 * DRAWS))


def test_between_nodes_the_distribution_is_the_mean_of_quantiles(
    tmp_path: Path,
) -> None:
    """Brute force: quantiles of both neighbours, mixed in proportion, at the same probabilities.

    Standard error of a quantile at 100,000 draws: √(p(1 − p)/n)/f(q) is below 0.004 µS from 5 % to
    95 %, where the density is above 0.15 per µS; five of them, and 0.005 µS for 33 quantiles and
    an axis in steps of 0.005 µS.
    """
    given = LabSteps((1.2, 0.9), unit="uS")
    kind = MeasuredSteps.from_lab(write_tables(tmp_path), given)
    probability = np.linspace(0.05, 0.95, 19)
    ends = [
        np.interp(probability, distribution("set", x, AXIS), AXIS)
        for x in LEVELS[8:10]
    ]
    level = 0.75 * LEVELS[8] + 0.25 * LEVELS[9]
    found = np.quantile(drawn(kind, level, 1.2), probability)
    assert np.abs(found - (0.75 * ends[0] + 0.25 * ends[1])).max() < 0.025


def test_a_normalised_scale_lies_between_the_conductances_given(
    tmp_path: Path,
) -> None:
    """Curves of identical pulses: the mean step at each conductance is that of the curves' law.

    x ← x + 0.02 (1 − x) + 0.004 z: 40 curves of 120 pulses each way. A bin has 100 or more of
    them: five standard errors of its mean are 0.002, and x varies within it by some hundredths,
    which the mean step follows with 0.02 of that.
    """
    rng = np.random.default_rng(5)
    up = np.zeros((121, 40))
    for k in range(120):
        noise = 0.004 * rng.standard_normal(40)
        up[k + 1] = up[k] + 0.02 * (1 - up[k]) + noise
    scale = up.max() - up.min()
    low, high = 2 * uS, 12 * uS
    np.savetxt(
        tmp_path / "pairs.csv",
        np.concatenate((up, 1 - up), axis=1),
        delimiter=",",
    )
    given = LabSteps((1.0, 1.5), low=low, high=high, kind="responses")
    kind = MeasuredSteps.from_lab([tmp_path / "pairs.csv"], given)
    assert kind.table.volts == (-1.5, 1.0)
    assert low <= kind.low < kind.high <= high * 1.0001
    nodes = np.array(kind.table.nodes[1])
    x = (nodes - nodes.min()) / (high - low) * scale
    medians = np.array([node[16] for node in kind.table.steps[1]])
    wanted = 0.02 * (1 - x) / scale * (high - low)
    assert np.abs(medians - wanted).max() < 0.003 * (high - low)


def test_pulses_without_amplitudes_take_those_given(tmp_path: Path) -> None:
    """Ramps of identical pulses, a column each, one file for each way; what is missing is said."""
    rng = np.random.default_rng(1)
    names = []
    for way, sign in (("ramps_set_S", 1), ("ramps_reset_S", -1)):
        moves = sign * rng.uniform(0.5e-7, 1.5e-7, (100, 8))
        ramp = np.cumsum(moves, axis=0) + (20e-6 if sign > 0 else 40e-6)
        names.append(tmp_path / f"{way}.csv")
        head = ",".join(f"r{k}" for k in range(8))
        np.savetxt(
            names[-1], ramp, delimiter=",", header=head, comments="", fmt="%.9g"
        )
    kind = MeasuredSteps.from_lab(names, LabSteps((1.1, 1.3), 1e-6))
    assert kind.table.volts == pytest.approx((-1.3, 1.1))
    assert kind.table.width == 1e-6
    assert kind.median_step(1) == pytest.approx(1e-7, rel=0.1)
    with pytest.raises(ValueError, match="give `amplitude`"):
        MeasuredSteps.from_lab(names)
    with pytest.raises(ValueError, match="no RESET pulses"):
        MeasuredSteps.from_lab(names[:1], LabSteps((1.1, 1.3)))
    with pytest.raises(ValueError, match="one for each file"):
        MeasuredSteps.from_lab(names, LabSteps((1.1, 1.3, 2.0)))


TABLES = """
[cell]
kind = "measured-steps"
table = ["data/set_cdf.txt", "data/reset_cdf.txt"]
amplitude = ["1.2 V", "0.9 V"]
unit = "uS"

[array]
rows = 8
cols = 8
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, in it, whose sub-folder `lab` has a preset file and tables beside it."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "lab" / "data"
    data.mkdir(parents=True)
    write_tables(data)
    (tmp_path / "lab" / "cell.toml").write_text(TABLES)
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_a_preset_file_names_tables_beside_it_and_is_kept_with_them() -> None:
    """Paths are relative to the file; what is kept of it gives the same cells without any file."""
    made = preset("lab/cell.toml")
    given = LabSteps((1.2, 0.9), unit="uS")
    names = ("lab/data/set_cdf.txt", "lab/data/reset_cdf.txt")
    direct = MeasuredSteps.from_lab(names, given)
    assert made.cell() == direct
    assert mho.Chip("lab/cell.toml").cells == 64
    kept = numbers_of("lab/cell.toml")
    again = recorded_preset("nowhere/cell.toml", kept)
    assert again.cell() == direct
    assert identity(mho.Chip(again)) == identity(mho.Chip(made))
    assert made.values["cell.low"].source == "set_cdf.txt, reset_cdf.txt"


def test_a_table_alone_is_kept_as_well(folder: Path) -> None:
    """A chip of `steps.npz` opens where that is not; numbers are the same to the bit."""
    rng = np.random.default_rng(0)
    before = rng.uniform(5, 50, 4000)
    up = rng.random(4000) < 0.5
    after = before + np.where(up, 0.5, -0.6) * rng.lognormal(0, 0.3, 4000)
    cell = rng.integers(0, 20, 4000)
    np.savez(
        folder / "steps.npz",
        before_uS=before,
        after_uS=after,
        amplitude_V=np.where(up, 1.5, -1.2),
        cell=cell,
    )
    spec = mho.ChipSpec("steps.npz", 0, 1, 8, 8)
    chip, model = spec.chip, spec.model
    (folder / "t.toml").write_text(
        '[cell]\nkind = "measured-steps"\ntable = "steps.npz"\n'
    )
    assert preset("t.toml").cell() == chip.cell
    (folder / "steps.npz").unlink()
    assert spec.chip.cell == chip.cell
    assert spec.model == model


def test_what_is_wrong_with_tables_is_said_in_one_sentence(
    folder: Path,
) -> None:
    """Files that are not there or hold something else; keys that do not go together."""
    (folder / "lab" / "levels.csv").write_text("mean_S,std_S\n1e-6,1e-7\n")
    lines = (folder / "lab" / "data" / "set_cdf.txt").read_text().splitlines()
    kept = numbers_of("lab/cell.toml")
    cases = [
        (
            TABLES.replace("set_cdf", "sett_cdf", 1),
            "sett_cdf.txt` cannot be read",
        ),
        (
            TABLES.replace('"data/set_cdf.txt", ', ""),
            "has no SET pulses",
        ),
        (TABLES.replace('unit = "uS"', ""), "unit"),
        (TABLES.replace('unit = "uS"', 'unit = "1"'), "`low` and `high`"),
        (TABLES.replace('unit = "uS"', 'unit = "uV"'), "must be one of"),
        (TABLES.replace('"1.2 V"', '"1.2"'), "a unit of V"),
        (TABLES.replace("table =", "tabel ="), "must name a file of steps"),
        ('[preset]\nbase = "rao2023"\n[cell]\ntable = "x"', "must be left out"),
        ('[preset]\nbase = "rao2023"\n[steps]\n', "must be left out"),
        (
            kept.replace("nodes_S = [[", "nodes_S = [[["),
            "must be TOML|no numbers",
        ),
        (
            kept.replace("knows_cells = false", "knows_cells = 3"),
            "true or false",
        ),
        (kept.replace("amplitudes_V = [-0.9", "amplitudes_V = [0.9"), "rise"),
        (
            kept.replace("steps_S = [[[", "steps_S = [[[9e9, "),
            "33 steps|numbers",
        ),
    ]
    assert lines
    for text, said in cases:
        (folder / "lab" / "wrong.toml").write_text(text)
        with pytest.raises(ValueError, match=said) as caught:
            preset("lab/wrong.toml")
        assert "wrong.toml" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_kept_preset_reads_no_other_file(folder: Path) -> None:
    """What comes out of a chip's file may not have tables elsewhere on this computer read."""
    (folder / "set_cdf.txt").write_text("secret")
    with pytest.raises(ValueError, match="must name a file of steps"):
        recorded_preset("lab/cell.toml", TABLES)


def write_pulses(
    path: Path, unit: str = "", factor: float = 1.0, amplitude: bool = True
) -> None:
    """3,000 pulses from 0.01 to 0.09 each way, times a factor."""
    rng = np.random.default_rng(2)
    before = rng.uniform(0.01, 0.09, 3000)
    up = rng.random(3000) < 0.5
    after = before + np.where(up, 0.001, -0.001)
    lines = [f"before{unit},after{unit}" + ",amplitude (V)" * amplitude]
    for one, two, rises in zip(before, after, up, strict=True):
        volts = f",{1.2 if rises else -0.9}" * amplitude
        lines.append(f"{factor * one:.9g},{factor * two:.9g}{volts}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("factor", [1.0, 1000.0])
def test_pulses_without_a_unit_take_the_one_given(
    factor: float, tmp_path: Path
) -> None:
    """Cells lie where the file says in the unit given, be its numbers small or large."""
    path = tmp_path / "p.csv"
    write_pulses(path, factor=factor)
    kind = MeasuredSteps.from_lab([path], LabSteps(unit="uS"))
    # pulses are kept between 0.01 and 0.09, steps of 0.001 past either end
    assert kind.low == pytest.approx(factor * 0.009 * uS, rel=0.05)
    assert kind.high == pytest.approx(factor * 0.091 * uS, rel=0.05)


def test_pulses_of_a_normalised_scale_lie_between_low_and_high(
    tmp_path: Path,
) -> None:
    """1 is `high` and 0 `low`, whatever siemens such numbers would be; noise may pass 1."""
    path = tmp_path / "p.csv"
    write_pulses(path, factor=11.2)
    given = LabSteps(unit="1", low=2 * uS, high=12 * uS)
    kind = MeasuredSteps.from_lab([path], given)
    assert kind.low == pytest.approx((2 + 10 * 11.2 * 0.009) * uS, rel=0.02)
    assert kind.high == pytest.approx((2 + 10 * 11.2 * 0.091) * uS, rel=0.02)


@pytest.mark.parametrize("unit", ["nS", "1"])
def test_another_unit_than_the_file_has_is_refused(
    unit: str, tmp_path: Path
) -> None:
    """Whether its columns say it or its name; the same one is none of a contradiction."""
    given = LabSteps(unit=unit, low=2 * uS, high=12 * uS)
    for name, column in (("p_uS.csv", ""), ("p.csv", " (uS)")):
        write_pulses(tmp_path / name, column)
        with pytest.raises(ValueError, match="leave `unit` out"):
            MeasuredSteps.from_lab([tmp_path / name], given)
        same = LabSteps(unit="uS")
        known = MeasuredSteps.from_lab([tmp_path / name], same)
        assert known == MeasuredSteps.from_lab([tmp_path / name])


def test_another_amplitude_than_the_file_has_is_refused(
    tmp_path: Path,
) -> None:
    """The file's own is never passed over in silence; where it has none, the given one counts."""
    path = tmp_path / "p_uS.csv"
    write_pulses(path)
    with pytest.raises(ValueError, match="leave `amplitude` out"):
        MeasuredSteps.from_lab([path], LabSteps((2.0, 0.9)))
    own = MeasuredSteps.from_lab([path], LabSteps((1.2, 0.9)))
    assert own.table.volts == pytest.approx((-0.9, 1.2))


def test_amplitudes_belong_to_files_in_their_order(tmp_path: Path) -> None:
    """RESET first: its amplitude is the first as well."""
    names = write_tables(tmp_path)[::-1]
    kind = MeasuredSteps.from_lab(names, LabSteps((0.9, 1.2), unit="uS"))
    assert kind.table.volts == (-0.9, 1.2)
