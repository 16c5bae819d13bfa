"""`mho export` and `mho import`: files for circuit simulators, and what they found."""

import csv
import json
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from calling import call

from mho.bench import Journal, JournaledBench
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.programming import program
from mho.rng import Stream
from mho.runs import RecordedRun
from mho.units import uS
from mho.wires import WireModel

needs_ngspice = pytest.mark.skipif(
    shutil.which("ngspice") is None, reason="ngspice is not on PATH"
)
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "spice.md"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like that of `mho deploy`: two tiles of 6×8 cells, some of them programmed."""
    run = tmp_path_factory.mktemp("run")
    bench = SimulatedBench(Chip("rao2023", tiles=2, rows=6, cols=8), Stream(0))
    journal = Journal(
        run / "trace" / "denoised", 0, {"tiles": 2, "rows": 6, "cols": 8}
    )
    rows = torch.arange(2, 6)[:, None]
    cols = torch.arange(5)
    cells = torch.cat(
        [(48 * tile + 8 * rows + cols).flatten() for tile in range(2)]
    )
    target = torch.linspace(60 * uS, 500 * uS, cells.numel())
    program(JournaledBench(bench, journal), target, cells=cells)
    journal.flush()
    wires = {"word_line_ohm": 0.5, "bit_line_ohm": 0.75, "driver_ohm": 2.0}
    (run / "result.json").write_text(
        json.dumps({"preset": "rao2023", "wires": wires})
    )
    return run


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ngspice(name: str) -> None:
    subprocess.run(
        ["ngspice", "-b", name], check=True, capture_output=True, timeout=60
    )


@needs_ngspice
def test_a_tile_goes_to_ngspice_and_back(
    finished: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The currents are those of the run's last readings and wires: to 1e-9, and asymmetric."""
    volts = np.linspace(-0.2, 0.2, 6)
    np.savez("x.npz", voltage=volts)
    run = str(finished)
    tile = ("--tile", "1")
    assert (
        call(
            "export", "spice", run, *tile, "--vector", "x.npz", "-o", "a b.cir"
        )
        == 0
    )
    assert (
        "a b.cir: netlist of 6×8 cells, 20 of them on"
        in capsys.readouterr().out
    )
    ngspice("a b.cir")
    words = ("import", "spice-op", "a_b.raw", "--against", run, *tile)
    assert call(*words, "-o", "new/c.csv", "--json", "-") == 0
    found = json.loads(capsys.readouterr().out)
    cells = RecordedRun(finished).conductance(1)
    exact = torch.from_numpy(volts) @ WireModel(
        0.5, 0.75, 2.0
    ).effective_matrix(cells)
    assert found["current_A"] == pytest.approx(
        exact.tolist(), rel=1e-9, abs=1e-18
    )
    assert found["exact_A"] == pytest.approx(
        exact.tolist(), rel=1e-12, abs=1e-18
    )
    assert found["largest_difference"] < 1e-12
    assert max(map(abs, found["current_A"])) > 1e-5
    with (place / "new" / "c.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [float(row["current_A"]) for row in table] == found["current_A"]
    assert call(*words, "-o", "c.npz") == 0
    assert np.load("c.npz")["exact_A"].tolist() == found["exact_A"]
    said = capsys.readouterr().out
    assert re.search(
        r"^largest difference: \S+e-1\d of the largest current$",
        said,
        re.MULTILINE,
    )


@needs_ngspice
def test_an_array_of_a_lab_goes_to_ngspice_and_back(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options of the export have to be given again: with others the currents differ."""
    cells = (
        np.random.default_rng(0).uniform(50e-6, 1e-3, (7, 5)).astype(np.float32)
    )
    cells[2, 3] = 0.0
    cells[:, 0] = cells[-1] = 0.0
    np.save(place / "g.npy", cells)
    lines = (
        "--wires",
        "2Ohm",
        "--driver",
        "10",
        "--sense",
        "5Ω",
        "--access",
        "100Ohm",
    )
    assert (
        call(
            "export",
            "spice",
            "--conductance",
            "g.npy",
            *lines,
            "--voltage",
            "-0.1V",
        )
        == 0
    )
    ngspice("tile.cir")
    capsys.readouterr()
    compare = (
        "import",
        "spice-op",
        "tile.raw",
        "--against",
        "g.npy",
        "--json",
        "-",
    )
    assert call(*compare, *lines) == 0
    right = json.loads(capsys.readouterr().out)
    assert right["largest_difference"] < 1e-12
    assert right["current_A"][0] == 0
    assert max(right["current_A"][1:]) < 0
    assert call(*compare, *lines[2:]) == 0
    assert json.loads(capsys.readouterr().out)["largest_difference"] > 1e-3


@needs_ngspice
@pytest.mark.usefixtures("place")
def test_bent_cells_read_at_the_read_voltage_carry_what_was_read(
    finished: Path,
) -> None:
    """Without wires every cell has 0.2 V, where linear and bent cells carry the same current."""
    ideal = ("--wires", "0", "--driver", "0", "--sense", "0")
    found = []
    for more in ((), ("--cubic",)):
        assert call("export", "spice", str(finished), *ideal, *more) == 0
        ngspice("tile.cir")
        assert call("import", "spice-op", "tile.raw", "--save", "c.npz") == 0
        found.append(np.load("c.npz")["current_A"])
    assert "bc2_0 in2 out0 i=" in Path("tile.cir").read_text()
    np.testing.assert_allclose(found[1], found[0], rtol=1e-9)


@needs_ngspice
@pytest.mark.usefixtures("place")
def test_bent_cells_compare_with_bent_cells(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With wires, too, where cells of 60 µS at 0.2 V bend by some percent."""
    run = str(finished)
    assert call("export", "spice", run, "--cubic", "--access", "1kOhm") == 0
    ngspice("tile.cir")
    found = []
    for more in (("--cubic",), ()):
        capsys.readouterr()
        words = ("--against", run, "--access", "1kOhm", *more, "--json", "-")
        assert call("import", "spice-op", "tile.raw", *words) == 0
        found.append(json.loads(capsys.readouterr().out)["largest_difference"])
    assert found[0] < 1e-9 < 1e-4 < found[1]


def test_bent_cells_of_an_array_come_with_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(
        place / "g.npz",
        conductance=np.full((2, 2), 1e-4),
        cubic=np.full((2, 2), 0.5),
    )
    np.save(place / "g.npy", np.full((2, 2), 1e-4))
    assert (
        call(
            "export",
            "spice",
            "--conductance",
            "g.npz",
            "--cubic",
            "--subcircuit",
        )
        == 0
    )
    assert (
        "xc1_1 in1 out1 tile_cell g=0.0001 c=0.5"
        in (place / "tile.cir").read_text()
    )
    assert call("export", "spice", "--conductance", "g.npy", "--cubic") == 2
    assert "must find an array `cubic`" in capsys.readouterr().err


def test_the_header_says_what_it_is_and_no_date(
    finished: Path, place: Path
) -> None:
    assert (
        call(
            "export",
            "spice",
            str(finished),
            "--sides",
            "both",
            "-o",
            "new/t.cir",
        )
        == 0
    )
    first = (place / "new" / "t.cir").read_text()
    assert first.splitlines()[:4] == [
        "* mho: tile 0 of 2, rao2023, denoised, as last read",
        "* 6 word lines in<i>, 8 bit lines out<j>, 20 cells; V, A, Ohm, S.",
        "* word_line 0.5, bit_line 0.75, driver 2, sense 0, access 0 Ohm; sides both,"
        " sense_sides one",
        "* cells: linear",
    ]
    assert (
        call(
            "export",
            "spice",
            str(finished),
            "--sides",
            "both",
            "-o",
            "new/t.cir",
        )
        == 0
    )
    assert (place / "new" / "t.cir").read_text() == first


def test_pulses_of_a_cell_are_those_recorded(
    finished: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = RecordedRun(finished).pulses(17)
    assert given.amplitude.numel() > 5
    assert call("export", "pwl", str(finished), "--cell", "17") == 0
    assert (
        f"{given.amplitude.numel()} pulses of cell 17"
        in capsys.readouterr().out
    )
    rows = np.loadtxt(place / "pulses.pwl")
    assert (np.diff(rows[:, 0]) > 0).all()
    np.testing.assert_allclose(rows[2::4, 1], given.amplitude, rtol=1e-6)
    np.testing.assert_allclose(
        rows[4::4, 0] - rows[2::4, 0], given.width, rtol=1e-9
    )
    assert (
        call("export", "pwl", str(finished), "--cell", "17", "-o", "p.cir") == 0
    )
    assert ".subckt pulses te gate\n" in (place / "p.cir").read_text()


def test_cells_are_written_with_their_start(place: Path) -> None:
    assert call("export", "subckt", "--start", "150uS", "--noise") == 0
    text = (place / "cell.cir").read_text()
    assert "+ g0=0.00015\n" in text
    assert "trnoise(2e-05 0.001 0 0)" in text
    assert call("export", "verilog-a", "--chip", "wan2022", "-o", "w.va") == 0
    assert "module wan2022_cell(te, be, gate);" in (place / "w.va").read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            "spice RUN --tile 2",
            "Argument `tile` must lie within 0 to 1, but is 2",
        ),
        (
            "spice missing",
            "`missing` has no `result.json`; `mho deploy digits` makes one",
        ),
        ("spice", "but none is given"),
        ("spice RUN --conductance g.npy", "but both are given"),
        ("spice RUN --voltage 0.2", "`voltage` must carry a unit of V"),
        (
            "spice RUN --vector g.npy",
            "`vector` must have shape (6), but has (2, 3)",
        ),
        (
            "spice RUN --sides left",
            "`sides` must be one of `both`, `one`, but is `left`",
        ),
        ("spice RUN --wires=-1Ohm", "`wires` must be finite and not negative"),
        ("spice --conductance missing.npy", "no such file"),
        (
            "spice --conductance objects.npy",
            "holds Python objects that could run code",
        ),
        ("spice --conductance text.npy", "is none; save it with `numpy.save`"),
        ("spice --conductance cut.npy", "is damaged; save it again"),
        (
            "spice --conductance cut.npz",
            "is damaged (BadZipFile); save plain numbers with",
        ),
        (
            "spice --conductance raw.npz",
            "has a member `conductance` that is no array",
        ),
        ("spice --conductance huge.npy", "is damaged; save it again"),
        ("spice --conductance words.npy", "save real numbers"),
        ("spice --conductance two.npz", "has no array `conductance`"),
        (
            "spice --conductance negative.npy",
            "1 of 6 cells do not; the worst is cell (0, 1)",
        ),
        (
            "spice --conductance flat.npy",
            "must have shape (any, any), but has (6,)",
        ),
        ("pwl RUN --cell 96", "`cell` must lie within 0 to 95, but is 96"),
        ("pwl RUN --cell 0", "must be a cell that was pulsed, but 0 was not"),
        (
            "pwl RUN --cell 17 --rise 1us",
            "`rise` must be shorter than the shortest pulse",
        ),
        ("pwl RUN --cell 17 --gap 0s", "`gap` must be finite and above 0 s"),
        ("pwl RUN --cell 17 --plain", "has no `trace/plain`"),
        ("subckt --chip rao", "Did you mean `rao2023`?"),
        ("subckt --start 1S", "`start` must lie within 10 µS to 4.4 mS"),
        ("verilog-a --chip rao", "Did you mean `rao2023`?"),
        ("subckt --save text.npy/cell.cir", "must be usable"),
    ],
)
def test_errors_of_exports_are_one_sentence(
    words: str,
    says: str,
    finished: Path,
    place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    good = np.full((2, 3), 1e-4)
    np.save(place / "g.npy", good)
    np.save(place / "objects.npy", np.array([{"a": 1}]), allow_pickle=True)
    (place / "text.npy").write_text("0.1, 0.2")
    whole = (place / "g.npy").read_bytes()
    (place / "cut.npy").write_bytes(whole[:-1])
    (place / "huge.npy").write_bytes(
        whole.replace(b"(2, 3), }" + 6 * b" ", b"(2, 3000000), }")
    )
    np.save(place / "words.npy", np.array([["a", "b"]]))
    np.savez(place / "two.npz", a=good, b=good)
    (place / "cut.npz").write_bytes((place / "two.npz").read_bytes()[:-30])
    with zipfile.ZipFile(place / "raw.npz", "w") as packed:
        packed.writestr("conductance", b"1e-4 1e-4")
    np.save(place / "negative.npy", np.array([[1e-4, -1e-4, 0], [0, 0, 0]]))
    np.save(place / "flat.npy", good.flatten())
    before = sorted(place.iterdir())
    given = words.replace("RUN", str(finished)).split()
    assert call("export", *given) == 2
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert sorted(place.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("missing.raw", "no such file"),
        ("g.npy", "must be a rawfile of real numbers"),
        (
            "op.raw --against RUN",
            "must have 1 rows and 1 columns like the rawfile, but has 6 and 8",
        ),
        (
            "op.raw --against RUN --tile 7",
            "`tile` must lie within 0 to 1, but is 7",
        ),
        (
            "op.raw --save c.txt",
            "`save` must end in `.csv` or `.npz`, but is `c.txt`",
        ),
        ("other.raw", "must be an operating point with `i(vout0)`"),
    ],
)
def test_errors_of_imports_are_one_sentence(
    words: str,
    says: str,
    finished: Path,
    place: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(place / "g.npy", np.full((1, 1), 1e-4))
    text = (
        "Title: t\nPlotname: Operating Point\nFlags: real\nNo. Variables: 2\nNo. Points: 1\n"
        "Variables:\n\t0\tv(in0)\tvoltage\n\t1\ti(vout0)\tcurrent\nValues:\n 0\t0.2\n\t2e-5\n"
    )
    (place / "op.raw").write_text(text)
    (place / "other.raw").write_text(text.replace("vout0", "vx"))
    before = sorted(place.iterdir())
    assert (
        call("import", "spice-op", *words.replace("RUN", str(finished)).split())
        == 2
    )
    said = capsys.readouterr()
    assert says in said.err
    assert said.err.count("\n") == 1
    assert sorted(place.iterdir()) == before


@pytest.mark.usefixtures("place")
def test_a_tile_that_is_off_compares_with_zero(
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save("g.npy", np.zeros((1, 1)))
    text = (
        "Title: t\nPlotname: Operating Point\nFlags: real\nNo. Variables: 2\nNo. Points: 1\n"
        "Variables:\n\t0\tv(in0)\tvoltage\n\t1\ti(vout0)\tcurrent\nValues:\n 0\t0.2\n\t0\n"
    )
    Path("op.raw").write_text(text)
    assert (
        call(
            "import", "spice-op", "op.raw", "--against", "g.npy", "--json", "-"
        )
        == 0
    )
    assert json.loads(capsys.readouterr().out)["largest_difference"] == 0.0


@needs_ngspice
def test_the_how_to_runs(finished: Path, place: Path) -> None:
    """All its commands but the deployment, for which a smaller one stands; and its netlist."""
    np.save(place / "g.npy", np.full((2, 3), 1e-4))
    page = HOW_TO.read_text()
    commands = [
        line.split()
        for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(commands) == 11
    smaller = {"run": str(finished), "2": "1", "180241": "17"}
    for program_name, *words in commands:
        if program_name == "ngspice":
            ngspice(words[-1])
        elif words[0] != "deploy":
            assert call(*(smaller.get(word, word) for word in words)) == 0
    netlist = re.search(r"```spice\n(.*?)```", page, re.DOTALL)
    assert netlist is not None
    (place / "play.cir").write_text(netlist[1])
    ngspice("play.cir")
    played = np.loadtxt(place / "programmed.txt")
    assert played[:, 1].max() > 0.5
    assert played[0, 3] == pytest.approx(0.05, rel=1e-6)
    assert abs(played[-1, 3] - played[0, 3]) > 0.001
