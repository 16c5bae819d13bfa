"""A netlist is the tile: ngspice finds the currents that the tile's equations give."""

import re
from math import inf
from pathlib import Path

import pytest
import torch
from simulator import dense, needs_ngspice, simulate
from torch import Tensor

from mho.rng import Stream
from mho.spice import line_values, tile_netlist, tile_subcircuit
from mho.wires import WireModel

SMALL = (8, 8)
LARGE = (17, 31)


def array(stream: Stream, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Cells of 241 Ω and more, some off, and voltages of both signs."""
    rows, cols = shape
    draw = stream.generator()
    conductance = (
        torch.rand(rows, cols, generator=draw, dtype=torch.float64) / 241
    )
    conductance[torch.rand(rows, cols, generator=draw) < 0.1] = 0.0
    conductance[0, 0] = conductance[-1, -1] = 1 / 241
    voltage = 0.4 * torch.rand(rows, generator=draw, dtype=torch.float64) - 0.2
    return conductance, voltage


def ramp(count: int, size: float = 1.0) -> list[float]:
    """Another resistance for each line, the first one zero."""
    return [size * k / 3 for k in range(count)]


def opened(count: int, *lines: int) -> list[float]:
    """Lines of 2 Ω, some of them open."""
    return [inf if k in lines else 2.0 for k in range(count)]


def models(rows: int, cols: int) -> dict[str, WireModel]:
    """All the kinds of wires."""
    usual = {"word_line": 0.5, "bit_line": 0.7, "driver": 5.0, "sense": 3.0}
    own = {
        "word_line": ramp(rows),
        "bit_line": ramp(cols, 2.0),
        "driver": ramp(rows, 7.0),
        "sense": ramp(cols, 5.0),
    }
    return {
        "usual": WireModel(**usual),
        "long": WireModel(
            **usual | {"word_line": 10.0, "bit_line": 10.0}, access=100.0
        ),
        "no terminals": WireModel(word_line=1.0, bit_line=2.0),
        "own": WireModel(**own),
        "own, both": WireModel(
            **own, access=11.0, sides="both", sense_sides="both"
        ),
        "own, above zero, both": WireModel(
            [0.5 + k / 3 for k in range(rows)],
            [0.3 + k / 4 for k in range(cols)],
            [1.0 + k for k in range(rows)],
            [2.0 + k for k in range(cols)],
            11.0,
            "both",
            "both",
        ),
        "driven from both ends": WireModel(**usual, sides="both"),
        "held at both ends": WireModel(**usual, sense_sides="both"),
        "both, no terminals": WireModel(
            1.0, 2.0, sides="both", sense_sides="both"
        ),
        "ideal word lines": WireModel(
            bit_line=1.0, driver=3.0, sense=2.0, sides="both"
        ),
        "ideal bit lines": WireModel(
            word_line=1.0, sense=2.0, sense_sides="both"
        ),
        "ideal": WireModel(),
    }


def open_models() -> dict[str, WireModel]:
    """Lines that are open, at their ends or everywhere."""
    return {
        "open word lines": WireModel(opened(8, 2, 5), 1.0, 3.0, 1.0),
        "open bit lines": WireModel(1.0, opened(8, 0, 7), 3.0, 1.0),
        "open drivers": WireModel(1.0, 1.0, opened(8, 1, 6), 1.0),
        "open senses": WireModel(1.0, 1.0, 2.0, opened(8, 3, 7)),
        "an island": WireModel(1.0, opened(8, 3), opened(8, 4), opened(8, 3)),
        "open, both": WireModel(
            opened(8, 2),
            opened(8, 5),
            2.0,
            3.0,
            sides="both",
            sense_sides="both",
        ),
        "all drivers open": WireModel(1.0, 1.0, inf, 1.0),
        "no access": WireModel(1.0, 1.0, access=inf),
    }


def check(
    wires: WireModel, cells: Tensor, voltage: Tensor, folder: Path
) -> None:
    """The simulator against the dense equations, and against what mho solves.

    All are direct solutions in double precision of the same equations: 1e-9 of the largest
    current is far above what rounding leaves (1e-13 here) and far below any mistake.
    """
    text = tile_netlist(wires, cells, voltage, title="a tile")
    found = line_values(simulate(text, folder), "i", "vout")
    exact, _ = dense(wires, cells, voltage)
    top = float(exact.abs().max()) + 1e-6
    for one in (
        exact,
        wires.currents(voltage[None], cells, tolerance=1e-11)[0],
    ):
        torch.testing.assert_close(found, one, rtol=1e-9, atol=1e-9 * top)


@needs_ngspice
@pytest.mark.parametrize("kind", models(*SMALL))
def test_ngspice_finds_the_currents_of_the_tile(
    kind: str, tmp_path: Path, stream: Stream
) -> None:
    check(models(*SMALL)[kind], *array(stream, SMALL), tmp_path)


@needs_ngspice
@pytest.mark.parametrize("kind", ["own, above zero, both", "long"])
def test_the_larger_tile_too(kind: str, tmp_path: Path, stream: Stream) -> None:
    check(models(*LARGE)[kind], *array(stream, LARGE), tmp_path)


@needs_ngspice
@pytest.mark.parametrize("kind", open_models())
def test_open_lines_leave_no_node_in_the_air(
    kind: str, tmp_path: Path, stream: Stream
) -> None:
    """Ngspice stops at a singular matrix, or repairs it and says so; neither may happen."""
    check(open_models()[kind], *array(stream, SMALL), tmp_path)


@needs_ngspice
def test_an_island_of_cells_is_left_out(tmp_path: Path, stream: Stream) -> None:
    """Rows and columns 2 and 3 have only each other: a loop in the air without a dead end."""
    cells, voltage = array(stream, (4, 4))
    cells[:2, 2:] = cells[2:, :2] = 0.0
    cells[2:, 2:] = 1e-3
    ends = [1.0, 1.0, inf, inf]
    check(WireModel(1.0, 2.0, ends, ends), cells, voltage, tmp_path)
    text = tile_netlist(
        WireModel(1.0, 2.0, ends, ends), cells, voltage, title="x"
    )
    assert (
        "* 4 cells on open lines carry no current and are left out."
        in text.splitlines()
    )


@needs_ngspice
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2)])
def test_the_smallest_tiles(
    shape: tuple[int, int], tmp_path: Path, stream: Stream
) -> None:
    for kind in ("usual", "own, both", "both, no terminals", "ideal"):
        check(models(*shape)[kind], *array(stream, shape), tmp_path)


@needs_ngspice
def test_a_tile_that_is_off_carries_nothing(tmp_path: Path) -> None:
    text = tile_netlist(
        WireModel(1.0, 1.0),
        torch.zeros(3, 4, dtype=torch.float64),
        torch.ones(3, dtype=torch.float64),
        title="off",
    )
    assert torch.equal(
        line_values(simulate(text, tmp_path), "i", "vout"),
        torch.zeros(4, dtype=torch.float64),
    )


def bent(
    wires: WireModel, cells: Tensor, cubic: Tensor, voltage: Tensor
) -> Tensor:
    """Currents of cells with I = GV(1 + cV²), by linear ones with the chord of each (A)."""
    chord = cells
    for _ in range(60):
        current, across = dense(wires, chord, voltage)
        chord = cells * (1 + cubic * across**2)
    return current


@needs_ngspice
@pytest.mark.parametrize("access", [0.0, 50.0])
def test_bent_cells_are_solved_with_their_wires(
    access: float, tmp_path: Path, stream: Stream
) -> None:
    """Chords converge linearly, by cV² < 0.1 a step: 60 steps are exact. Some cells are linear."""
    wires = WireModel(1.0, 2.0, 5.0, 3.0, access)
    cells, voltage = array(stream, (5, 6))
    cubic = 3 * torch.rand(
        5, 6, generator=stream.child("c").generator(), dtype=torch.float64
    )
    cubic[2] = 0.0
    text = tile_netlist(wires, cells, voltage, title="bent", cubic=cubic)
    found = line_values(simulate(text, tmp_path), "i", "vout")
    exact = bent(wires, cells, cubic, voltage)
    torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-13)
    straight, _ = dense(wires, cells, voltage)
    assert float((found - straight).abs().max()) > 1e-3 * float(
        straight.abs().max()
    )


@needs_ngspice
@pytest.mark.parametrize("cubic", [None, 2.0])
def test_a_subcircuit_works_in_a_larger_design(
    cubic: float | None, tmp_path: Path, stream: Stream
) -> None:
    """Two tiles in a row of sources of their own: ports are in the order that the header says."""
    wires = WireModel(1.0, 2.0, 5.0, 3.0, 20.0)
    cells, voltage = array(stream, (9, 10))
    bend = None if cubic is None else torch.full_like(cells, cubic)
    text = tile_subcircuit(wires, cells, title="part", name="core", cubic=bend)
    (tmp_path / "part.inc").write_text(text)
    ports = [f"in{i}" for i in range(9)] + [f"out{j}" for j in range(10)]
    bench = [
        "a larger design",
        ".include part.inc",
        *(f"vin{i} in{i} 0 {v!r}" for i, v in enumerate(voltage.tolist())),
        *(f"vout{j} out{j} 0 0" for j in range(10)),
        *(f"vcopy{j} copy{j} 0 0" for j in range(10)),
        "xone " + " ".join(ports) + " core",
        "xtwo "
        + " ".join(ports[:9])
        + " "
        + " ".join(f"copy{j}" for j in range(10))
        + " core",
        ".options reltol=1e-12 abstol=1e-18 vntol=1e-15",
        ".op",
        ".control",
        "run",
        "write tile.raw",
        "quit 0",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(bench) + "\n", tmp_path)
    exact = dense(wires, cells, voltage)[0]
    if bend is not None:
        exact = bent(wires, cells, bend, voltage)
    for name in ("vout", "vcopy"):
        found = line_values(plot, "i", name)
        torch.testing.assert_close(found, exact, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("kind", [*models(*SMALL), *open_models()])
def test_no_resistor_is_zero_or_infinite_and_no_node_ends_in_the_air(
    kind: str, stream: Stream
) -> None:
    """A simulator would put something else in place of 0 Ω, and stop at a node with one branch."""
    wires = (models(*SMALL) | open_models())[kind]
    cells, voltage = array(stream, SMALL)
    lines = tile_netlist(wires, cells, voltage, title="x").splitlines()
    branches = [
        line.split() for line in lines if line[0] in "rv" and " " in line
    ]
    at: dict[str, int] = {}
    for name, first, second, *_, value in branches:
        if name.startswith("r"):
            assert 0 < float(value) < inf
        assert first != second
        for node in (first, second):
            at[node] = at.get(node, 0) + 1
    assert len({name for name, *_ in branches}) == len(branches)
    assert all(
        n > 1 for node, n in at.items() if not node.startswith(("in", "out"))
    )


def test_numbers_are_written_in_full_and_the_text_is_always_the_same(
    stream: Stream,
) -> None:
    cells, voltage = array(stream, SMALL)
    text = tile_netlist(
        WireModel(1 / 3, 0.1), cells, voltage, title="x", notes=("y",)
    )
    assert text == tile_netlist(
        WireModel(1 / 3, 0.1), cells, voltage, title="x", notes=("y",)
    )
    values = {
        m[1]: float(m[2])
        for m in re.finditer(r"^(r\S+) \S+ \S+ (\S+)$", text, re.M)
    }
    assert values["rw1_0"] == 1 / 3
    assert values["rc7_7"] == 1 / float(cells[7, 7])
    sources = re.findall(r"^vin\d+ \S+ 0 dc (\S+)$", text, re.MULTILINE)
    assert [float(v) for v in sources] == voltage.tolist()


def test_a_title_cannot_add_lines() -> None:
    """It may be the name of a file, and lines of a netlist are commands."""
    one = torch.ones(1, 1, dtype=torch.float64)
    text = tile_netlist(
        WireModel(), one, one[0], title="a\n.control\nshell µ", notes=("b\rc",)
    )
    assert text.splitlines()[0] == "* a .control shell"
    assert "* b c" in text.splitlines()


@pytest.mark.parametrize(
    ("cells", "voltage", "wires", "says"),
    [
        (
            [[1.0, -1.0]],
            [0.1],
            WireModel(),
            "`conductance` must lie within 0 S",
        ),
        ([[1.0, inf]], [0.1], WireModel(), "`conductance` must lie within 0 S"),
        ([[1.0, 1.0]], [inf], WireModel(), "`voltage` must be finite"),
        (
            [[1.0]],
            [0.1],
            WireModel(word_line=[1.0, 2.0]),
            "one `word_line` or 1, one per line",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    cells: list[list[float]], voltage: list[float], wires: WireModel, says: str
) -> None:
    numbers = (
        torch.tensor(cells, dtype=torch.float64),
        torch.tensor(voltage, dtype=torch.float64),
    )
    with pytest.raises(ValueError, match=re.escape(says)):
        tile_netlist(wires, *numbers, title="x")
