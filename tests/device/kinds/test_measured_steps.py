"""Steps from a table: what is drawn is what was measured, and files that are none are refused."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.compiled import F
from mho.device import Cells
from mho.device.kinds.measured_steps import MeasuredSteps, step_at
from mho.device.kinds.tables import LEVELS, read_steps, step_table
from mho.device.published import label, preset, recorded_preset
from mho.files import identity
from mho.rng import Stream

LOW, SPAN = 5e-6, 45e-6
DELTA, SIGMA = 0.01, 0.3
ROWS = 200_000


def formula(
    x: np.ndarray, up: np.ndarray, z: np.ndarray, gain: float | np.ndarray = 1.0
) -> np.ndarray:
    """A step with a soft bound, γ 0.3 up and 0.6 down around the middle (1)."""
    rising = 1 - 0.3 * (x - 0.5) / 0.5
    falling = -(1 - 0.6 * (0.5 - x) / 0.5)
    return DELTA * gain * np.where(up, rising, falling) * (1 + SIGMA * z)


def rows(
    count: int = ROWS, seed: int = 1, **more: Any
) -> dict[str, np.ndarray]:
    """Columns of a file that was measured on such cells."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.02, 0.98, count)
    up = rng.random(count) < 0.5
    step = formula(x, up, rng.standard_normal(count), more.pop("gain", 1.0))
    return {
        "before_S": LOW + SPAN * x,
        "after_S": LOW + SPAN * (x + step),
        "amplitude_V": np.where(up, 1.0, -1.2),
        **more,
    }


def written(folder: Path, **columns: np.ndarray | float) -> Path:
    """A file with these columns."""
    path = folder / "steps.npz"
    np.savez(path, **columns)
    return path


def drawn(
    kind: MeasuredSteps, x: float, volts: float, count: int, stream: Stream
) -> np.ndarray:
    """Steps of cells at one place, as parts of the range (1)."""
    cells = Cells(kind, count, stream, 300.0)
    start = np.float32(LOW + SPAN * x)
    cells.column("conductance").fill_(float(start))
    given(cells, torch.full((1, count), volts))
    after = cells.column("conductance").numpy().astype(float)
    return (after - float(start)) / SPAN


def given(cells: Cells, train: torch.Tensor) -> None:
    every = torch.arange(cells.count)
    cells.pulse(every, train, 1e-7, torch.ones(cells.count), 0.0)


@pytest.fixture(scope="module")
def kind(tmp_path_factory: pytest.TempPathFactory) -> MeasuredSteps:
    """Cells from a file that follows the formula."""
    return MeasuredSteps.from_file(
        written(tmp_path_factory.mktemp("steps"), **rows())
    )


@pytest.mark.parametrize("volts", [1.0, -1.2])
@pytest.mark.parametrize("x", [0.1, 0.23, 0.37, 0.5, 0.64, 0.9])
def test_what_is_drawn_is_what_was_measured(
    stream: Stream, kind: MeasuredSteps, x: float, volts: float
) -> None:
    """Mean and deviation of 10⁵ draws, at places that are no nodes.

    A bin has 3,125 rows: the mean of its steps has the standard error σ/√3125, their deviation
    1/√6250 of itself; five of each, and what 10⁵ draws add, √(1 + 3125/10⁵) = 1.02. Lines between
    quantiles 0.2 deviations apart widen a normal law by less than 0.5 %. The mean is a line in G,
    so that interpolation adds nothing.
    """
    found = drawn(kind, x, volts, 100_000, stream)
    one = np.array([x])
    middle = float(formula(one, np.array([volts > 0]), np.zeros(1))[0])
    wide = SIGMA * abs(middle)
    assert abs(found.mean() - middle) <= 5 * 1.02 * wide / math.sqrt(3125)
    assert found.std() == pytest.approx(
        wide, rel=5 * 1.02 / math.sqrt(6250) + 0.005
    )


def test_at_a_node_the_distribution_is_that_of_its_bin(
    stream: Stream, kind: MeasuredSteps
) -> None:
    """Two-sample Kolmogorov-Smirnov at 1 %, and 0.01 for straight lines between quantiles."""
    given_rows = rows()
    up = given_rows["amplitude_V"] > 0
    before = given_rows["before_S"][up]
    moved = (given_rows["after_S"][up] - before) / SPAN
    order = np.argsort(before)
    measured = moved[np.array_split(order, 32)[12]]
    node = kind.table.nodes[1][12]
    assert node == pytest.approx(
        before[np.array_split(order, 32)[12]].mean(), rel=1e-12
    )
    found = drawn(kind, (node - LOW) / SPAN, 1.0, 50_000, stream)
    critical = 1.63 * math.sqrt(1 / measured.size + 1 / found.size)
    assert ks_2samp(found, measured).statistic < critical + 0.01


def test_pulses_add_up_to_the_law_that_was_measured(
    stream: Stream, kind: MeasuredSteps
) -> None:
    """The mean of 10⁴ cells after n pulses up is x* + (x − x*)λⁿ, x* = 0.5 + 0.5/0.3.

    Within 1 % of the range: a bin's mean is off by σδ/√3125 = 5e-5, 80 of them in a row by 0.5 %
    at worst.
    """
    cells = Cells(kind, 10_000, stream, 300.0)
    cells.column("conductance").fill_(LOW + SPAN * 0.1)
    fixed = 0.5 + 0.5 / 0.3
    for n in (20, 40, 60, 80):
        given(cells, torch.ones(20, 10_000))
        x = (float(cells.column("conductance").double().mean()) - LOW) / SPAN
        wanted = fixed + (0.1 - fixed) * (1 - DELTA * 0.3 / 0.5) ** n
        assert x == pytest.approx(wanted, abs=0.01)


def test_steps_that_are_all_alike_are_drawn_alike(
    stream: Stream, tmp_path: Path
) -> None:
    """0.5 µS up, 0.25 µS down, to single precision of 50 µS: 3e-6 µS."""
    columns = rows(1000)
    up = columns["amplitude_V"] > 0
    before = columns["before_S"]
    columns["after_S"] = before + np.where(up, 0.5e-6, -0.25e-6)
    kind = MeasuredSteps.from_file(written(tmp_path, **columns))
    for volts, step in ((1.0, 0.5e-6), (-1.2, -0.25e-6)):
        found = drawn(kind, 0.4, volts, 1000, stream) * SPAN
        assert np.abs(found - step).max() <= 4e-12


def test_quantiles_go_in_a_line_from_node_to_node(kind: MeasuredSteps) -> None:
    """The same quantile of both, so that widths do not shrink half way: exact but for rounding."""
    p = SimpleNamespace(
        **{
            name: np.asarray(row, np.float32)
            for name, row in kind.numbers(300.0).items()
        }
    )
    here, there = (F(kind.table.nodes[1][k]) for k in (7, 8))
    for z in (-3.5, -2.0, -0.33, 0.0, 1.7, 3.2):
        ends = [step_at(p, 0, g, F(z), F(0.4)) for g in (here, there)]
        assert ends[0] != ends[1]
        for share in (0.25, 0.5, 0.8):
            between = here + F(share) * (there - here)
            line = ends[0] + F(share) * (ends[1] - ends[0])
            found = step_at(p, 0, between, F(z), F(0.4))
            assert found == pytest.approx(line, abs=1e-5 * abs(float(line)))


def test_tails_reach_to_the_extremes_and_no_further(
    kind: MeasuredSteps,
) -> None:
    """Beyond 3 deviations evenly to the smallest and the largest step of the bin."""
    p = SimpleNamespace(
        **{
            name: np.asarray(row, np.float32)
            for name, row in kind.numbers(300.0).items()
        }
    )
    node = F(kind.table.nodes[1][5])
    steps = kind.table.steps[1][5]
    assert len(steps) == LEVELS
    for z, tail, wanted in (
        (-4.0, 0.0, steps[0]),
        (-4.0, 1.0, steps[1]),
        (4.0, 0.0, steps[-2]),
        (4.0, 1.0, steps[-1]),
        (4.0, 0.5, (steps[-2] + steps[-1]) / 2),
        (0.0, 0.5, steps[LEVELS // 2]),
    ):
        found = step_at(p, 0, node, F(z), F(tail))
        assert found == pytest.approx(wanted, rel=1e-5)


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    """Bit for bit the same table."""
    columns = rows(5000)
    # some conductances occur more than once, as with a coarse converter
    columns["before_S"] = np.round(columns["before_S"], 7)
    tables = []
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(5000)
        path = written(tmp_path, **{n: c[order] for n, c in columns.items()})
        tables.append(step_table(read_steps(path), path))
    assert tables[0] == tables[1] == tables[2]


def test_gains_of_cells_are_told_from_the_spread_of_pulses(
    stream: Stream, tmp_path: Path
) -> None:
    """200 cells of 500 rows with log-normal gains of 0.2: 1/√400 is 5 %, three of these.

    Where cells are not named, the file's spread is all of pulses: √(0.3² + 0.2²(1 + 0.3²)) and
    more.
    """
    rng = np.random.default_rng(4)
    cell = np.repeat(np.arange(200), 500)
    gain = np.exp(0.2 * rng.standard_normal(200))[cell]
    columns = rows(100_000, gain=gain)
    named = MeasuredSteps.from_file(
        written(tmp_path, **columns, cell=cell.astype(float))
    )
    assert named.table.knows_cells
    assert named.gain_spread == pytest.approx(0.2, rel=0.15)
    cells = Cells(named, 50_000, stream, 300.0)
    logs = cells.column("gain").log()
    assert float(logs.std()) == pytest.approx(named.gain_spread, rel=0.02)

    middle = np.searchsorted(named.table.nodes[1], LOW + SPAN * 0.5)
    pooled = MeasuredSteps.from_file(written(tmp_path, **columns))
    assert not pooled.table.knows_cells
    assert pooled.gain_spread == 0.0
    widths = []
    for one in (named, pooled):
        levels = one.table.steps[1][middle]
        # from −1 to 1 deviations, ten quantiles of 0.2 apart
        widths.append(levels[LEVELS // 2 + 5] - levels[LEVELS // 2 - 5])
    assert widths[0] == pytest.approx(2 * SIGMA * DELTA * SPAN, rel=0.1)
    assert widths[1] / widths[0] == pytest.approx(
        math.hypot(SIGMA, 0.2) / SIGMA, rel=0.1
    )


def test_cells_that_are_alike_are_not_told_apart_by_chance(
    tmp_path: Path,
) -> None:
    """20 rows for each of 200 cells: their sums differ by 0.3/√20 = 0.067, and that is taken off.

    A variance of 200 is uncertain by √(2/199) = 10 %: √(3·0.1) of 0.067 may be left.
    """
    cell = np.repeat(np.arange(200.0), 20)
    path = written(tmp_path, **rows(4000), cell=cell)
    spread = MeasuredSteps.from_file(path).gain_spread
    assert spread <= math.sqrt(0.3) * SIGMA / math.sqrt(20)


def test_noise_of_the_reads_is_taken_out_if_it_is_said(
    stream: Stream, tmp_path: Path
) -> None:
    """Two reads of 0.1 µS in each difference of 0.135 µS; three standard errors of 3,125 rows."""
    noise = 0.1e-6
    columns = rows()
    rng = np.random.default_rng(9)
    for name in ("before_S", "after_S"):
        columns[name] = columns[name] + noise * rng.standard_normal(ROWS)
    true = SIGMA * DELTA
    for said, wanted in (
        (0.0, math.hypot(true, math.sqrt(2) * noise / SPAN)),
        (0.1, true),
    ):
        path = written(tmp_path, **columns, read_noise_uS=said)
        kind = MeasuredSteps.from_file(path)
        found = drawn(kind, 0.5, 1.0, 50_000, stream)
        assert found.std() == pytest.approx(wanted, rel=0.08)


def several(tmp_path: Path, width: float | None = None) -> MeasuredSteps:
    """Cells that were measured at 1, 1.2 and 1.5 V up, and −1.2 V down; steps are exact."""
    columns = rows(4000)
    up = columns["amplitude_V"] > 0
    size = np.random.default_rng(2).choice([1.0, 1.2, 1.5], 4000)
    columns["amplitude_V"] = np.where(up, size, -1.2)
    step = np.select(
        [~up, size == 1.0, size == 1.2], [-0.4e-6, 0.1e-6, 0.3e-6], 1.2e-6
    )
    columns["after_S"] = columns["before_S"] + step
    if width is not None:
        columns["width_s"] = np.full(4000, width)
    return MeasuredSteps.from_file(written(tmp_path, **columns))


@pytest.mark.parametrize(
    ("volts", "step"),
    [
        (0.98, 0.0),
        (0.995, 0.1e-6),
        (1.0, 0.1e-6),
        (1.15, 0.25e-6),
        (1.2, 0.3e-6),
        (1.4, 0.9e-6),
        (1.5, 1.2e-6),
        (-1.1, 0.0),
        (-1.2, -0.4e-6),
    ],
)
def test_amplitudes_between_those_that_were_measured_are_mixed(
    stream: Stream, tmp_path: Path, volts: float, step: float
) -> None:
    """In a line from one to the next; none below the weakest."""
    found = drawn(several(tmp_path), 0.5, volts, 100, stream) * SPAN
    assert np.abs(found - step).max() <= 4e-12


def test_a_typical_cell_has_the_slope_between_the_amplitudes(
    tmp_path: Path,
) -> None:
    """ln(1.2/0.1) in half a volt; the mean step of the weakest pulses, by their logarithms."""
    law = several(tmp_path, 1e-6).typical()
    assert law.set_voltage == pytest.approx(1.0)
    assert law.reset_voltage == pytest.approx(1.2)
    assert law.slope == pytest.approx(0.5 / math.log(12))
    assert law.step == pytest.approx(math.sqrt(0.1 * 0.4) * 1e-6)
    assert law.width == pytest.approx(1e-6)


def test_no_cell_leaves_what_was_measured(
    stream: Stream, kind: MeasuredSteps
) -> None:
    cells = Cells(kind, 100, stream, 300.0)
    for volts, end in ((1.0, kind.high), (-1.2, kind.low)):
        given(cells, torch.full((300, 100), volts))
        assert torch.equal(cells.column("conductance"), torch.full((100,), end))


def test_pulses_of_which_nothing_was_measured_are_refused(
    tmp_path: Path,
) -> None:
    """Stronger ones and other widths, in a sentence; any width where none is stated."""
    stated = several(tmp_path, 1e-6)
    stated.check_pulse(1.5, 1e-6)
    with pytest.raises(
        ValueError, match=r"`amplitude` must be within .* 1.5 V"
    ):
        stated.check_pulse(1.6, 1e-6)
    with pytest.raises(ValueError, match=r"`width` must be .* 1e-06 s"):
        stated.check_pulse(1.0, 1e-7)
    several(tmp_path).check_pulse(1.0, 1e-7)


def test_a_bench_asks_the_kind_whether_it_knows_a_pulse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With the largest amplitude of all cells and the width."""
    bench = SimulatedBench(Chip("tiox_jang2022"), Stream(0))
    asked = []
    monkeypatch.setattr(
        type(bench.chip.cell),
        "check_pulse",
        lambda _, largest, width: asked.append((largest, width)),
    )
    train = torch.tensor([[0.5, -2.25]])
    bench.pulse(Pulse(train, 1e-5, 0.0), torch.arange(2))
    assert asked == [(2.25, 1e-5)]


def test_a_file_is_a_chip_by_its_name(tmp_path: Path) -> None:
    """Its strongest amplitude is the largest; the same steps are the same chip, others another.

    What stands in a file of a chip may name one too: no code is run for it.
    """
    columns = rows(2000)
    word = str(written(tmp_path, **columns))
    own = preset(word)
    assert own.name == label(word) == "steps"
    assert own["array.amplitude_max"] == pytest.approx(1.2)
    kind = own.cell()
    assert own["cell.low"] == kind.low
    ends = [(nodes[0], nodes[-1]) for nodes in kind.table.nodes]
    assert own["array.level_low"] == max(low for low, _ in ends) > kind.low
    assert own["array.level_high"] == min(high for _, high in ends) < kind.high
    assert "names no cells" in own.validity
    assert identity(recorded_preset(word)) == identity(own)
    bench = SimulatedBench(Chip(own, rows=2, cols=2), Stream(0))
    bench.pulse(Pulse(torch.full((9, 4), 1.0), 1e-7, 0.0), torch.arange(4))
    assert bool((bench.state()["conductance"] > own["cell.low"]).all())
    columns["after_S"] = columns["after_S"] + 1e-9
    written(tmp_path, **columns)
    assert identity(preset(word)) != identity(own)
    with pytest.raises(ValueError, match=r"^File `none.csv` must"):
        preset("none.csv")


CSV = "# source: a lab\nbefore_uS,after_uS,amplitude_V\n"


def lines(count: int, row: str) -> str:
    return "\n".join([row] * count) + "\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must have a column `before_uS`, but has none"),
        ("before_uS,after_uS\n1,2\n", "must have a column `amplitude_V`"),
        (
            "before_uS,after_uS,amplitude_V,widht_s\n1,2,1,1\n",
            "Did you mean `width_s`",
        ),
        ("before_mS,after_uS,amplitude_V\n1,2,1\n", "must be one of"),
        (CSV + "1,2,1\n1,x,1\n", "line 4 is `1,x,1`"),
        (CSV + "1,2,1\n1,2\n", "3 numbers in every row, but line 4"),
        (CSV + "1,nan,1\n", "`after` of row 1 is nan"),
        (CSV + "1,2,1\n-1,2,1\n", "`before` of row 2 is -1e-06"),
        (CSV + lines(300, "1,2,1"), "has no RESET pulses"),
        (CSV + lines(300, "1,2,-1"), "has no SET pulses"),
        (
            CSV + lines(300, "1,2,1") + lines(199, "1,2,-1"),
            "200 rows of every amplitude, but has 199 at -1 V",
        ),
        (
            CSV.replace("V\n", "V,width_s\n")
            + lines(300, "1,2,1,1e-7")
            + lines(300, "2,1,-1,1e-6"),
            "pulses of one width, but has 1e-07 to 1e-06 s",
        ),
    ],
)
def test_files_that_are_no_table_of_steps_are_refused(
    tmp_path: Path, text: str, says: str
) -> None:
    """In one sentence with the name of the file."""
    path = tmp_path / "steps.csv"
    path.write_text(text)
    with pytest.raises(ValueError) as raised:
        MeasuredSteps.from_file(path)
    said = str(raised.value)
    assert says in said
    assert "steps.csv" in said
    assert "\n" not in said


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    """One that is not there, one that is no archive, one with an object in it."""
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK no")
    objects = tmp_path / "objects.npz"
    np.savez(objects, before_S=np.array([{}], dtype=object))
    uneven = tmp_path / "uneven.npz"
    np.savez(uneven, before_S=np.ones(3), after_S=np.ones(4))
    for path in (tmp_path / "none.csv", broken, objects, uneven):
        with pytest.raises(ValueError, match=r"^File `.*` must"):
            MeasuredSteps.from_file(path)


def test_a_file_of_text_and_one_of_arrays_are_the_same(tmp_path: Path) -> None:
    """As are units: numbers are written with all their digits."""
    columns = rows(1000)
    path = tmp_path / "steps.csv"
    table = np.stack(list(columns.values()), 1)
    text = "\n".join(",".join(map(repr, row.tolist())) for row in table)
    path.write_text("before_S, after_S, amplitude_V\n" + text + "\n")
    a = MeasuredSteps.from_file(path)
    assert a == MeasuredSteps.from_file(written(tmp_path, **columns))
    assert preset("tiox_jang2022").kind is not type(a)
