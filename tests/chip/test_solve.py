"""Crossbars with wires: against LU and ngspice, Kirchhoff's laws, power, limits, gradients."""

import math
from pathlib import Path

import pytest
import torch
from crossbar_circuits import SIDES, ngspice, nodal, random_case, random_wires
from torch import Tensor

from mho.rng import Stream
from mho.units import uS
from mho.wires import Cubic, WireModel
from mho.wires.iv_laws import Sinh

F64 = torch.float64


def worst(found: Tensor, expected: Tensor) -> float:
    return float(((found - expected) / expected).abs().max())


@pytest.mark.parametrize(("sides", "sense_sides"), SIDES)
@pytest.mark.parametrize(("rows", "cols"), [(8, 8), (17, 31), (64, 64)])
def test_voltages_and_currents_are_those_of_sparse_lu(
    rows: int, cols: int, sides: str, sense_sides: str, stream: Stream
) -> None:
    """The nodal matrix, put together branch by branch; its own error is some 1e-13."""
    cells, volts = random_case(stream, rows, cols, 2)
    wires = random_wires(stream, rows, cols, sides, sense_sides)
    word, bit, currents = nodal(wires, volts, cells)
    found = wires.solve(volts, cells)
    assert worst(found.currents, currents) < 1e-10
    torch.testing.assert_close(found.word_voltage, word, rtol=0, atol=1e-11)
    torch.testing.assert_close(found.bit_voltage, bit, rtol=0, atol=1e-11)
    torch.testing.assert_close(
        wires.currents(volts, cells), found.currents, rtol=1e-12, atol=0
    )


@pytest.mark.parametrize(("sides", "sense_sides"), SIDES)
@pytest.mark.parametrize(("rows", "cols"), [(8, 8), (17, 31)])
def test_currents_are_those_of_ngspice(
    rows: int,
    cols: int,
    sides: str,
    sense_sides: str,
    stream: Stream,
    tmp_path: Path,
) -> None:
    """The simulator solves to 1e-12; the solver was asked for 1e-10."""
    cells, volts = random_case(stream, rows, cols, 1)
    wires = random_wires(stream, rows, cols, sides, sense_sides)
    expected = ngspice(wires, volts[0], cells, "", tmp_path)
    assert worst(wires.solve(volts, cells).currents[0], expected) < 1e-9


@pytest.mark.parametrize(("sides", "sense_sides"), SIDES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (5, 9), (33, 16)])
def test_currents_are_those_of_the_effective_matrix(
    shape: tuple[int, int], sides: str, sense_sides: str, stream: Stream
) -> None:
    """Two ways that share no line of code: a matrix built block by block, and along lines."""
    cells, volts = random_case(stream, *shape, vectors=3)
    wires = random_wires(stream, *shape, sides, sense_sides)
    try:
        matrix = wires.effective_matrix(cells)
    except NotImplementedError:
        pytest.skip("the effective matrix is for lines connected at one side")
    assert worst(wires.currents(volts, cells), volts @ matrix) < 1e-10


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7])
def test_the_tolerance_is_kept_where_errors_hide_from_residuals(
    tolerance: float, stream: Stream
) -> None:
    """96 cells at 50 Ω: what is left of an error in the residual is some percent of it."""
    cells, volts = random_case(stream, 96, 96, 1)
    wires = WireModel(50.0, 50.0, 50.0, 50.0)
    exact = nodal(wires, volts, cells)[2]
    assert (
        worst(wires.currents(volts, cells, tolerance=tolerance), exact)
        < tolerance
    )


ZERO = {"word_line": 0.0, "bit_line": 0.0, "driver": 0.0, "sense": 0.0}


@pytest.mark.parametrize("sides", ["one", "both"])
@pytest.mark.parametrize(
    "gone", [*ZERO, "all but driver", "all but sense", "all", "some"]
)
def test_resistances_of_zero_are_exact(
    gone: str, sides: str, stream: Stream
) -> None:
    """Nodes joined by 0 Ω are one node of the nodal matrix, so that it never divides by zero."""
    given = {"word_line": 3.0, "bit_line": 2.0, "driver": 40.0, "sense": 10.0}
    kept = gone.removeprefix("all but ") if gone.startswith("all but") else None
    if gone == "some":
        given = {
            "word_line": (0.0, 3.0, 0.0, 1.0, 2.0),
            "bit_line": (2.0, 0.0, 0.0, 5.0, 1.0, 3.0, 0.0),
            "driver": (0.0, 40.0, 20.0, 0.0, 30.0),
            "sense": (0.0, 0.0, 5.0, 5.0, 10.0, 0.0, 3.0),
        }
    elif gone in ZERO:
        given[gone] = 0.0
    else:
        given = {
            name: value if name == kept else 0.0
            for name, value in given.items()
        }
    wires = WireModel(**given, sides=sides, sense_sides=sides)
    cells, volts = random_case(stream, 5, 7, 2)
    word, bit, currents = nodal(wires, volts, cells)
    found = wires.solve(volts, cells)
    assert worst(found.currents, currents) < 1e-10
    torch.testing.assert_close(found.word_voltage, word, rtol=0, atol=1e-11)
    torch.testing.assert_close(found.bit_voltage, bit, rtol=0, atol=1e-11)


@pytest.mark.parametrize("law", [None, Cubic(20.0), Sinh(6.0)])
@pytest.mark.parametrize(("sides", "sense_sides"), SIDES)
def test_kirchhoffs_laws_hold_at_every_node_and_along_every_wire(
    sides: str, sense_sides: str, law: Cubic | Sinh | None, stream: Stream
) -> None:
    """Currents at a node add up to nothing, and every wire drops R I, terminals included."""
    rows = 12
    cols = 9
    cells, volts = random_case(stream, rows, cols, 2, low=-0.3)
    wires = random_wires(stream, rows, cols, sides, sense_sides)
    found = wires.solve(volts, cells, law)
    amount = found.cell_current.abs().max()
    for left in (
        found.word_current[..., :-1]
        - found.word_current[..., 1:]
        - found.cell_current,
        found.bit_current[:, 1:]
        - found.bit_current[:, :-1]
        - found.cell_current,
        found.currents - found.cell_current.sum(-2),
        found.source_current - found.cell_current.sum(-1),
    ):
        assert left.abs().max() < 1e-13 * amount
    word, bit, driver, sense = (
        torch.tensor(value, dtype=F64)
        for value in (
            wires.word_line,
            wires.bit_line,
            wires.driver,
            wires.sense,
        )
    )
    u = found.word_voltage
    v = found.bit_voltage
    drops = [
        (-u.diff(dim=-1), word[:, None] * found.word_current[..., 1:-1]),
        (-v.diff(dim=-2), bit * found.bit_current[:, 1:-1]),
        (volts - u[..., 0], driver * found.word_current[..., 0]),
        (v[:, -1], sense * found.bit_current[:, -1]),
    ]
    if sides == "both":
        drops.append((u[..., -1] - volts, driver * found.word_current[..., -1]))
    else:
        assert (found.word_current[..., -1] == 0).all()
    if sense_sides == "both":
        drops.append((-v[:, 0], sense * found.bit_current[:, 0]))
    else:
        assert (found.bit_current[:, 0] == 0).all()
    for difference, drop in drops:
        torch.testing.assert_close(difference, drop, rtol=0, atol=2e-11)
    behind = u - v - wires.access * found.cell_current
    expected = cells * behind if law is None else law.current(behind, cells)
    torch.testing.assert_close(
        found.cell_current, expected, rtol=1e-9, atol=1e-12 * float(amount)
    )


@pytest.mark.parametrize("law", [None, Cubic(20.0)])
def test_the_drivers_deliver_what_wires_and_cells_burn(
    law: Cubic | None, stream: Stream
) -> None:
    """Tellegen: Σ V I at the sources is Σ R I² in the wires plus Σ V I in the cells."""
    rows = 10
    cols = 14
    cells, volts = random_case(stream, rows, cols, 3, low=-0.3)
    wires = WireModel(
        3.0, 2.0, 40.0, 10.0, 25.0, sides="both", sense_sides="one"
    )
    found = wires.solve(volts, cells, law)
    word = found.word_current**2
    bit = found.bit_current**2
    burnt = (
        (found.cell_current * (found.word_voltage - found.bit_voltage)).sum(
            (-2, -1)
        )
        + 3.0 * word[..., 1:-1].sum((-2, -1))
        + 40.0 * (word[..., 0] + word[..., -1]).sum(-1)
        + 2.0 * bit[:, 1:-1].sum((-2, -1))
        + 10.0 * bit[:, -1].sum(-1)
    )
    torch.testing.assert_close(found.power, burnt, rtol=1e-10, atol=0)


def test_wires_that_vanish_leave_the_ideal_currents(stream: Stream) -> None:
    """The loss is n²/2 R G to first order: a ten times thinner wire, a tenth of the loss."""
    cells, volts = random_case(stream, 16, 16, 2)
    ideal = volts @ cells
    torch.testing.assert_close(
        WireModel().currents(volts, cells), ideal, rtol=1e-14, atol=0
    )
    losses = [
        (
            1
            - WireModel(r, r, r, r).currents(volts, cells, tolerance=1e-13)
            / ideal
        ).max()
        for r in (1e-5, 1e-6, 1e-7)
    ]
    assert 9.9 < losses[0] / losses[1] < 10.1
    assert 9.9 < losses[1] / losses[2] < 10.1


@pytest.mark.parametrize(
    "name", ["word_line", "bit_line", "driver", "sense", "access"]
)
def test_an_open_line_carries_nothing_and_leaves_the_rest_right(
    name: str, stream: Stream
) -> None:
    """Infinite resistances against a nodal matrix without those branches.

    Compared where a node is connected at all. One line is open, then all of a kind.
    """
    rows = 6
    cols = 7
    cells, volts = random_case(stream, rows, cols, 2)
    plain = {"word_line": 3.0, "bit_line": 2.0, "driver": 40.0, "sense": 10.0}
    if name != "access":
        lines = rows if name in ("word_line", "driver") else cols
        some = tuple(math.inf if k == 2 else plain[name] for k in range(lines))
        wires = WireModel(**plain | {name: some})  # type: ignore[arg-type]
        expected = nodal(wires, volts, cells)[2]
        found = wires.solve(volts, cells)
        torch.testing.assert_close(
            found.currents, expected, rtol=1e-10, atol=1e-16
        )
        if name == "sense":
            assert (found.currents[:, 2] == 0).all()
        if name == "driver":
            assert (found.source_current[:, 2] == 0).all()
    found = WireModel(**plain | {name: math.inf}).solve(volts, cells)  # type: ignore[arg-type]
    for field in (
        "word_voltage",
        "bit_voltage",
        "cell_current",
        "currents",
        "source_current",
    ):
        assert getattr(found, field).isfinite().all()
    if name in ("driver", "sense", "access"):
        assert found.currents.abs().max() < 1e-17
    if name in ("driver", "access"):
        assert (found.cell_current == 0).all()


def test_disconnected_lines_of_empty_cells_are_no_trouble(
    stream: Stream,
) -> None:
    """Lines without cells change nothing for the others, wherever they are cut."""
    cells, volts = random_case(stream, 5, 5, 2)
    cells[1] = 0.0
    cells[:, 2] = 0.0
    inf = math.inf
    wires = WireModel(
        (1.0, inf, 1.0, 1.0, 1.0),
        (1.0, 1.0, inf, 1.0, 1.0),
        (5.0, inf, 5.0, 5.0, 5.0),
        (5.0, 5.0, inf, 5.0, 5.0),
    )
    found = wires.solve(volts, cells)
    expected = nodal(WireModel(1.0, 1.0, 5.0, 5.0), volts, cells)[2]
    torch.testing.assert_close(found.currents, expected, rtol=1e-10, atol=0)
    assert (found.currents[:, 2] == 0).all()
    assert (found.source_current[:, 1] == 0).all()
    assert found.word_voltage.isfinite().all()
    assert found.bit_voltage.isfinite().all()
    nothing = wires.solve(volts, cells * 0)
    assert (nothing.currents == 0).all()
    assert (nothing.power == 0).all()


@pytest.mark.parametrize("law", [None, Cubic(20.0), Sinh(6.0)])
def test_gradients_are_those_of_finite_differences(
    law: Cubic | Sinh | None, stream: Stream
) -> None:
    """`gradcheck` in units of volts and 100 µS, where differences of 1e-4 mean something.

    Their own error is of second order, 1e-8 of the currents in units of 100 µA. Of non-linear
    cells a random direction is enough, as the adjoint network is the same.
    """
    cells, volts = random_case(stream, 3, 2, 2, low=-0.3)
    wires = WireModel(
        30.0, 20.0, 40.0, 10.0, 200.0, sides="both", sense_sides="one"
    )

    def scaled(voltage: Tensor, conductance: Tensor) -> Tensor:
        found = wires.currents(
            voltage, conductance * 100 * uS, law, tolerance=1e-12
        )
        return found / (100 * uS)

    inputs = volts.requires_grad_(), (cells / (100 * uS)).requires_grad_()
    assert torch.autograd.gradcheck(
        scaled,
        inputs,
        eps=1e-4,
        atol=1e-6,
        rtol=1e-5,
        fast_mode=law is not None,
    )


def test_the_gradient_is_that_of_the_effective_matrix(stream: Stream) -> None:
    """Autograd through the row-by-row matrix, at a size with more than one part of vectors."""
    cells, volts = random_case(stream, 200, 120, 3)
    wires = WireModel(0.5, 1.0, 40.0, 10.0, 100.0)
    cells.requires_grad_()
    volts.requires_grad_()
    weight = random_case(stream.child("weight"), 120, 120, 3)[1]
    ways = (wires.currents(volts, cells), volts @ wires.effective_matrix(cells))
    one, other = (
        torch.autograd.grad((way * weight).sum(), (volts, cells))
        for way in ways
    )
    for found, expected in zip(one, other, strict=True):
        assert (found - expected).abs().max() < 1e-9 * expected.abs().max()


def test_a_batch_is_its_vectors(stream: Stream) -> None:
    """Whatever is solved together, to the tolerance, in single precision too."""
    cells, volts = random_case(stream, 20, 30, 7)
    wires = random_wires(stream, 20, 30, "one", "both")
    together = wires.solve(volts, cells)
    for k in range(7):
        alone = wires.solve(volts[k : k + 1], cells)
        assert worst(together.currents[k], alone.currents[0]) < 1e-10
    single = wires.currents(volts.float(), cells.float())
    assert single.dtype == torch.float32
    assert worst(single.double(), together.currents) < 3e-7
    assert wires.currents(volts[:0], cells).shape == (0, 30)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"conductance": torch.full((4, 5), -1e-6, dtype=F64)},
            "`conductance` must lie within 0 S",
        ),
        (
            {"conductance": torch.full((4, 5), math.nan, dtype=F64)},
            "`conductance` must be finite",
        ),
        (
            {"voltage": torch.full((2, 4), math.inf, dtype=F64)},
            "`voltage` must be finite",
        ),
        ({"tolerance": 1e-20}, "`tolerance` must lie within"),
        ({"law": Sinh(1e4)}, "`voltage \\* coefficient` must lie within"),
    ],
)
def test_what_cannot_be_solved_is_refused(
    change: dict[str, object], complaint: str
) -> None:
    given: dict[str, object] = {
        "voltage": torch.full((2, 4), 0.1, dtype=F64),
        "conductance": torch.full((4, 5), 1e-4, dtype=F64),
    }
    with pytest.raises(ValueError, match=complaint):
        WireModel(1.0).solve(**given | change)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=complaint):
        WireModel(1.0).currents(**given | change)  # type: ignore[arg-type]


def test_a_resistance_too_few_is_named() -> None:
    cells = torch.full((4, 5), 1e-4, dtype=F64)
    with pytest.raises(
        ValueError, match="`driver` must be one resistance or one per line, 4"
    ):
        WireModel(driver=(1.0, 2.0)).solve(cells.mT[:1], cells)
