"""Joining blocks of cells gives the matrix that Kirchhoff's laws give, and its gradient."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from nodal import Network
from row_by_row import row_by_row
from torch import Tensor

from mho.rng import Stream
from mho.units import Ohm, mS, uS
from mho.wires import WireModel
from mho.wires.port_merge import effective_matrix
from mho.wires.port_merge import merge as port_merge

ENDS = [
    (sides, senses) for sides in ("one", "both") for senses in ("one", "both")
]


def cells(
    stream: Stream, *shape: int, low: float = 50 * uS, high: float = 4144 * uS
) -> Tensor:
    """Conductances of a tile, uniform (S)."""
    generator = stream.child("cells").generator()
    return low + (high - low) * torch.rand(
        *shape, generator=generator, dtype=torch.float64
    )


def different(
    stream: Stream,
    rows: int,
    cols: int,
    ends: tuple[str, str],
    access: float = 30.0,
) -> WireModel:
    """Lines that all differ, 0.1 to 5 Ω."""
    generator = stream.child("lines").generator()
    values = (
        (
            0.1
            + 4.9 * torch.rand(count, generator=generator, dtype=torch.float64)
        ).tolist()
        for count in (rows, cols, rows, cols)
    )
    return WireModel(*values, access, *ends)


def assert_same(
    found: Tensor, right: Tensor | np.ndarray, tolerance: float
) -> None:
    """Equal within a part of the largest element."""
    right = torch.as_tensor(right)
    assert found.shape == right.shape
    assert (found - right).abs().max() <= tolerance * right.abs().max()


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(
    "shape",
    [
        (1, 1),
        (1, 7),
        (6, 1),
        (2, 2),
        (4, 4),
        (5, 5),
        (9, 6),
        (13, 8),
        (17, 31),
        (48, 20),
        (21, 77),
    ],
)
def test_any_shape_and_termination_obeys_kirchhoff(
    stream: Stream, shape: tuple[int, int], ends: tuple[str, str]
) -> None:
    """Against LU factors of the nodal matrix, whose own error is near 1e-13; all lines differ."""
    g = cells(stream, *shape)
    wires = different(stream, *shape, ends)
    assert_same(
        effective_matrix(wires, g),
        Network(wires, g.numpy()).effective_matrix(),
        1e-11,
    )


@pytest.mark.parametrize("shape", [(784, 10), (10, 300)])
def test_long_and_narrow_tiles_obey_kirchhoff(
    stream: Stream, shape: tuple[int, int]
) -> None:
    """The same where one axis is joined long after the other."""
    g = cells(stream, *shape)
    wires = different(stream, *shape, ("one", "one"))
    v = cells(stream.child("v"), shape[0], low=0.05, high=0.3)
    right = Network(wires, g.numpy()).currents(v.numpy())
    assert_same(v @ effective_matrix(wires, g), right, 1e-10)


def test_good_conductors_at_256_obey_kirchhoff(stream: Stream) -> None:
    """Cells of 241 Ω between segments of 0.5 Ω, where relaxation of line after line diverges."""
    g = torch.full((256, 256), 1 / (241 * Ohm), dtype=torch.float64)
    g[cells(stream, 256, 256, low=0, high=1) < 0.1] = 0
    wires = WireModel(0.5, 0.5, 0.5, 0.5)
    v = cells(stream.child("v"), 256, low=0.05, high=0.3)
    right = Network(wires, g.numpy()).currents(v.numpy())
    assert_same(v @ effective_matrix(wires, g), right, 1e-10)


def test_a_tile_of_512_obeys_kirchhoff(stream: Stream) -> None:
    """The largest size in the tests; 1e-10 is what conjugate gradients give."""
    g = cells(stream, 512, 512)
    wires = WireModel(1.0, 1.0, 1.0, 1.0)
    v = cells(stream.child("v"), 512, low=0.05, high=0.3)
    right = Network(wires, g.numpy()).currents(v.numpy())
    assert_same(v @ effective_matrix(wires, g), right, 1e-10)


@pytest.mark.parametrize(
    "none", ["word_line", "bit_line", "driver", "sense", "access"]
)
@pytest.mark.parametrize("sides", ["one", "both"])
def test_lines_without_resistance_are_exact(
    stream: Stream, none: str, sides: str
) -> None:
    """Against the recursion row by row, which divides by no resistance either; 1e-13."""
    values = {
        "word_line": 1.0,
        "bit_line": 2.0,
        "driver": 5.0,
        "sense": 3.0,
        "access": 10.0,
    }
    wires = WireModel(**{**values, none: 0.0}, sides=sides)
    g = cells(stream, 19, 14)
    assert_same(effective_matrix(wires, g), row_by_row(wires, g), 1e-13)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (33, 18)])
def test_without_any_resistance_the_matrix_is_the_conductance(
    stream: Stream, shape: tuple[int, int], ends: tuple[str, str]
) -> None:
    """Bit for bit: factors are 0 and 1, and a second end of no resistance takes no current."""
    g = cells(stream, *shape)
    g[0, 0] = 0
    assert torch.equal(
        effective_matrix(WireModel(0.0, 0.0, 0.0, 0.0, 0.0, *ends), g), g
    )


@pytest.mark.parametrize("ends", ENDS)
def test_a_single_cell_is_a_series_of_resistances(
    ends: tuple[str, str],
) -> None:
    """1/W = 1/G + access + driver + sense; two ends in parallel count half."""
    wires = WireModel(99.0, 99.0, 4.0, 6.0, 10.0, *ends)
    driver = 4.0 / (1 + (ends[0] == "both"))
    sense = 6.0 / (1 + (ends[1] == "both"))
    found = effective_matrix(
        wires, torch.tensor([[1 * mS]], dtype=torch.float64)
    )
    assert 1 / found.item() == pytest.approx(
        1e3 + 10.0 + driver + sense, rel=1e-14
    )


@pytest.mark.parametrize("count", [1, 2, 23, 100])
@pytest.mark.parametrize("sides", ["one", "both"])
def test_a_uniform_line_is_a_hyperbolic_cosine(count: int, sides: str) -> None:
    """A word line of segments r, equal cells G to ground, driver r.

    Kirchhoff's law at a node is V(j−1) + V(j+1) = (2 + rG) V(j), so V = A cosh(θ x) with
    2 cosh θ = 2 + rG. Open at the right, V(n) = V(n−1), so x counts from n − ½; driven from both
    ends, from the middle. At the source, j = −1, V = 1. One bit line is the same, by
    reciprocity, from the bottom up.
    """
    g = 1 * mS
    r = 3.0
    theta = math.acosh(1 + r * g / 2)
    middle = count - 0.5 if sides == "one" else (count - 1) / 2
    right = torch.tensor(
        [
            [
                g
                * math.cosh((j - middle) * theta)
                / math.cosh((1 + middle) * theta)
                for j in range(count)
            ]
        ],
        dtype=torch.float64,
    )
    line = torch.full((1, count), g, dtype=torch.float64)
    word = WireModel(word_line=r, driver=r, sides=sides)
    bit = WireModel(bit_line=r, sense=r, sense_sides=sides)
    assert_same(effective_matrix(word, line), right, 1e-13)
    assert_same(effective_matrix(bit, line.T), right.T.flip(0), 1e-13)


@pytest.mark.parametrize("ends", ENDS)
def test_driving_and_sensing_may_be_exchanged(
    stream: Stream, ends: tuple[str, str]
) -> None:
    """Reciprocity: with bit lines driven and word lines sensed the matrix is the transposed one.

    The tile is laid on its other side for it, so that near ends are at the left and at the
    bottom again: both axes in reverse, then transposed.
    """
    g = cells(stream, 11, 18)
    wires = different(stream, 11, 18, ends)
    word, bit, driver, sense = (
        list(x)[::-1]
        for x in (wires.word_line, wires.bit_line, wires.driver, wires.sense)
    )
    laid = WireModel(bit, word, sense, driver, wires.access, ends[1], ends[0])
    found = effective_matrix(laid, g.flip(0, 1).T)
    assert_same(found.T.flip(0, 1), effective_matrix(wires, g), 1e-13)


def test_a_tile_driven_from_both_ends_can_be_mirrored(stream: Stream) -> None:
    """Both ends are alike, so exchanging them changes nothing: columns in reverse, or rows."""
    g = cells(stream, 10, 13)
    wires = WireModel(1.0, 2.0, 5.0, 3.0, 10.0, "both", "both")
    right = effective_matrix(wires, g)
    assert_same(effective_matrix(wires, g.flip(1)).flip(1), right, 1e-13)
    assert_same(effective_matrix(wires, g.flip(0)).flip(0), right, 1e-13)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("broken", ["word_line", "driver", "bit_line", "sense"])
def test_open_lines_obey_kirchhoff(
    stream: Stream, ends: tuple[str, str], broken: str
) -> None:
    """Two of a kind, against nodal equations with the links left out.

    A line that floats is held by 1 GΩ here, which moves it by 1 nS over the conductance of its
    cells, 6 mS.
    """
    g = cells(stream, 9, 12)
    wires = different(stream, 9, 12, ends)
    values = list(getattr(wires, broken))
    values[2] = values[7] = math.inf
    wires = replace(wires, **{broken: values})
    found = effective_matrix(wires, g)
    assert_same(found, Network(wires, g.numpy()).effective_matrix(), 1e-7)
    gone = {"driver": found[[2, 7]], "sense": found[:, [2, 7]]}
    assert not gone.get(broken, torch.zeros(1)).any()


def test_cells_behind_an_infinite_access_resistance_conduct_nothing(
    stream: Stream,
) -> None:
    """Every cell is open, also one of 0 S."""
    g = cells(stream, 5, 6)
    g[0, 0] = 0
    found = effective_matrix(WireModel(1.0, access=math.inf), g)
    assert torch.equal(found, torch.zeros_like(g))


def test_cells_off_are_exactly_absent(stream: Stream) -> None:
    """A row of open cells takes nothing from its driver, and the others do not notice it."""
    g = cells(stream, 9, 6)
    g[3] = 0
    wires = WireModel(1.0, 0.0, 5.0, 3.0)
    found = effective_matrix(wires, g)
    assert torch.equal(found[3], torch.zeros(6, dtype=torch.float64))
    rest = torch.cat([g[:3], g[4:]])
    assert_same(
        torch.cat([found[:3], found[4:]]), effective_matrix(wires, rest), 1e-14
    )


@pytest.mark.parametrize("ends", ENDS)
def test_a_short_is_the_limit_of_a_good_conductor(
    stream: Stream, ends: tuple[str, str]
) -> None:
    """Two shorts in a row: 1 MS differs from 1 TS by 1 µΩ in some Ω, here 1e-6 of the result."""
    g = cells(stream, 9, 12)
    wires = different(stream, 9, 12, ends, access=0.0)
    g[4, 5] = g[4, 6] = 1e6
    right = Network(wires, g.numpy()).effective_matrix()
    g[4, 5] = g[4, 6] = 1e12
    assert_same(effective_matrix(wires, g), right, 2e-6)


def test_tiles_of_a_batch_are_independent(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any leading axes, computed at once or a few at a time: rounding only, 1e-14."""
    g = cells(stream, 2, 3, 10, 7)
    wires = different(stream, 10, 7, ("both", "one"))
    at_once = effective_matrix(wires, g)
    monkeypatch.setattr(port_merge, "AT_ONCE", {"cpu": 4 * 16 * 16})
    in_parts = effective_matrix(wires, g)
    for i in range(2):
        for j in range(3):
            alone = effective_matrix(wires, g[i, j])
            assert_same(at_once[i, j], alone, 1e-14)
            assert_same(in_parts[i, j], alone, 1e-14)
    assert effective_matrix(wires, g[:0]).shape == (0, 3, 10, 7)


@pytest.mark.parametrize("ends", ENDS)
def test_single_precision_stays_single(
    stream: Stream, ends: tuple[str, str]
) -> None:
    """The dtype follows; the error is some 100 roundings of 6e-8."""
    g = cells(stream, 70, 53)
    wires = different(stream, 70, 53, ends)
    found = effective_matrix(wires, g.float())
    assert found.dtype == torch.float32
    assert_same(found.double(), effective_matrix(wires, g), 1e-5)


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 6), (6, 1), (5, 4), (9, 6), (4, 13)]
)
def test_the_gradient_is_that_of_finite_differences(
    stream: Stream, shape: tuple[int, int], ends: tuple[str, str]
) -> None:
    """Conductances near 1 S so that differences are large.

    Of 5×4 cells every one against every output, of other shapes a random combination.
    """
    g = cells(
        stream, 1 if shape == (5, 4) else 2, *shape, low=0.0, high=4.0
    ).requires_grad_()
    wires = different(stream, *shape, ends, access=0.3)
    assert torch.autograd.gradcheck(
        lambda x: effective_matrix(wires, x),
        (g,),
        atol=1e-7,
        fast_mode=shape != (5, 4),
    )


@pytest.mark.parametrize("ends", ENDS)
def test_the_gradient_of_a_ragged_tile_is_that_of_a_difference(
    stream: Stream, ends: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many levels, several parts: one direction, central difference of 1e-4, error 1e-8."""
    monkeypatch.setattr(port_merge, "AT_ONCE", {"cpu": 2 * 48 * 48})
    g = cells(stream, 3, 45, 38)
    wires = different(stream, 45, 38, ends)
    weight = cells(stream.child("weight"), 3, 45, 38, low=-1.0, high=1.0)
    way = g * cells(stream.child("way"), 3, 45, 38, low=-1.0, high=1.0)
    leaf = g.clone().requires_grad_()
    (effective_matrix(wires, leaf) * weight).sum().backward()
    above, below = (effective_matrix(wires, g + e * way) for e in (1e-4, -1e-4))
    right = ((above - below) * weight).sum() / 2e-4
    scale = (leaf.grad * way).abs().sum()
    assert abs((leaf.grad * way).sum() - right) <= 1e-7 * scale


def test_the_gradient_is_that_of_the_adjoint_method(stream: Stream) -> None:
    """dL/dG = −(drop when driven) (drop when driven backwards), from nodal voltages."""
    g = cells(stream, 64, 64)
    wires = WireModel(1.0, 2.0, 5.0, 3.0)
    v, back = (
        cells(stream.child(x), 64, low=0.0, high=1.0) for x in ("v", "back")
    )
    leaf = g.clone().requires_grad_()
    (v @ effective_matrix(wires, leaf) @ back).backward()
    drops = Network(wires, g.numpy()).drops(v.numpy(), back.numpy())
    assert_same(leaf.grad, drops.reshape(64, 64), 1e-11)


def test_nothing_is_kept_for_a_gradient_nobody_asked_for(
    stream: Stream,
) -> None:
    """Without `requires_grad`, or without gradients at all, the result has no history."""
    g = cells(stream, 9, 9)
    assert not effective_matrix(WireModel(1.0), g).requires_grad
    with torch.no_grad():
        assert not effective_matrix(
            WireModel(1.0), g.requires_grad_()
        ).requires_grad


LOSS = {
    (64, 64, 100 * uS): (4.2, 12.6, 22),
    (64, 64, 1 * mS): (29, 58, 72),
    (128, 128, 100 * uS): (15, 36, 52),
    (128, 128, 500 * uS): (46, 73, 83),
    (256, 64, 100 * uS): (27, 50, 65),
    (256, 64, 500 * uS): (59, 79, 88),
}
"""Current lost to segments of 0.3, 1 and 2 Ω (%), by rows, columns and largest conductance (S)."""


@pytest.mark.parametrize("case", LOSS)
def test_the_loss_of_current_is_that_of_nodal_solutions(
    stream: Stream, case: tuple[int, int, float]
) -> None:
    """Losses found with a nodal solver before this one existed, within 2 % of the current.

    Conductances are uniform in 5 to 100 % of the largest, voltages in 0 to 0.2 V; driver and
    sense are one segment each. The scatter between draws is below 1 %.
    """
    rows, cols, top = case
    g = cells(stream, rows, cols, low=0.05 * top, high=top)
    v = cells(stream.child("v"), rows, low=0.0, high=0.2)
    for r, loss in zip((0.3, 1.0, 2.0), LOSS[case], strict=True):
        current = v @ effective_matrix(WireModel(r, r, r, r), g)
        assert 100 * (1 - current.sum() / (v @ g).sum()) == pytest.approx(
            loss, abs=2.0
        )


def test_what_is_no_conductance_is_named() -> None:
    """Which cell, and how bad."""
    for bad, shown in (
        (math.nan, "nan S"),
        (-1 * mS, "-1 mS"),
        (math.inf, "inf S"),
    ):
        g = torch.full((2, 3, 4), 1 * mS, dtype=torch.float64)
        g[1, 0, 2] = bad
        with pytest.raises(
            ValueError,
            match=rf"`conductance` .* cell \(1, 0, 2\) with {shown}\.",
        ):
            effective_matrix(WireModel(1.0), g)


def test_what_is_no_tile_is_named() -> None:
    """Whole numbers and single lines are refused."""
    with pytest.raises(
        TypeError, match=r"`conductance` must be of dtype .* torch\.int64"
    ):
        effective_matrix(WireModel(1.0), torch.ones(2, 2, dtype=torch.int64))
    with pytest.raises(
        ValueError, match=r"shape \(\.\.\., rows, cols\), but has \(2,\)"
    ):
        effective_matrix(WireModel(1.0), torch.ones(2))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("word_line", "row"),
        ("driver", "row"),
        ("bit_line", "column"),
        ("sense", "column"),
    ],
)
def test_a_list_of_the_wrong_length_is_named(name: str, line: str) -> None:
    """Which list, how many are needed and how many given."""
    needed = 2 if line == "row" else 3
    match = (
        rf"`{name}` must .* each {line}, here {needed}, but is 5 resistances"
    )
    with pytest.raises(ValueError, match=match):
        effective_matrix(WireModel(**{name: [1.0] * 5}), torch.ones(2, 3))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (9, 6), (17, 31), (40, 12)])
def test_the_matrix_of_all_ports_is_what_is_left_of_all_nodes(
    stream: Stream, shape: tuple[int, int]
) -> None:
    """Kirchhoff at all nodes, terminals among them; inner nodes eliminated (Schur's complement).

    The dense solution divides by the wires: 1e-11 of the largest entry is its own error.
    """
    wires = different(stream, *shape, ("one", "one"), access=200.0)
    conductance = cells(stream, *shape)
    network = Network(wires, conductance.numpy())
    inner = network.matrix().toarray()
    to_ports = np.hstack([network.drive.toarray(), network.sense.toarray()])
    wanted = np.diag(to_ports.sum(0)) - to_ports.T @ np.linalg.solve(
        inner, to_ports
    )
    found = wires.port_matrix(conductance)
    assert_same(found, wanted, 1e-11)
    assert_same(found, found.mT, 1e-14)
    rows = shape[0]
    assert_same(
        -found[:rows, rows:], wires.effective_matrix(conductance), 1e-14
    )


def test_ports_of_ideal_lines_are_sums_of_cells(stream: Stream) -> None:
    conductance = cells(stream, 5, 3)
    found = WireModel().port_matrix(conductance)
    wanted = torch.zeros(8, 8, dtype=torch.float64)
    wanted[:5, :5] = conductance.sum(1).diag()
    wanted[5:, 5:] = conductance.sum(0).diag()
    wanted[:5, 5:] = -conductance
    wanted[5:, :5] = -conductance.T
    assert_same(found, wanted, 1e-15)


def test_ports_of_lines_with_two_terminals_are_refused() -> None:
    with pytest.raises(ValueError, match="one terminal each"):
        WireModel(1.0, sides="both").port_matrix(torch.ones(2, 2))
