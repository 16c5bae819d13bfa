"""Sneak paths, against closed forms of small circuits and the law of conservation."""

import pytest
import torch

from mho.wires import WireModel
from mho.wires.sneak import sneak_currents, terminal_admittance

LINES = WireModel(
    word_line=20.0, bit_line=7.0, driver=10.0, sense=3.0, access=2.0
)


def random_cells(rows: int, cols: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.empty(rows, cols, dtype=torch.float64).uniform_(
        1e-5, 1e-3, generator=generator
    )


def test_in_two_by_two_the_sneak_path_is_three_cells_in_series() -> None:
    """Floating lines: row 0 → (0,1) → (1,1) → (1,0) → column 0, next to the cell itself."""
    cells = (
        torch.tensor([[10.0, 20.0], [30.0, 50.0]], dtype=torch.float64) * 1e-6
    )
    found = sneak_currents(WireModel(), cells, 0, 0, 0.2)
    series = 1 / (1 / 20e-6 + 1 / 50e-6 + 1 / 30e-6)
    assert found.sneak == pytest.approx(0.2 * series, rel=1e-12)
    assert found.alone == pytest.approx(0.2 * 10e-6, rel=1e-12)
    assert found.driven == pytest.approx(found.sensed, rel=1e-12)


def test_equal_cells_sneak_like_three_bundles_in_series() -> None:
    """Equal G by symmetry: n−1, (m−1)(n−1) and m−1 cells in parallel, one after the other."""
    rows = 6
    cols = 9
    conductance = 40e-6
    cells = torch.full((rows, cols), conductance, dtype=torch.float64)
    found = sneak_currents(WireModel(), cells, 2, 5, 0.2)
    bundles = 1 / (
        1 / (cols - 1) + 1 / ((rows - 1) * (cols - 1)) + 1 / (rows - 1)
    )
    assert found.sneak == pytest.approx(0.2 * conductance * bundles, rel=1e-10)


def test_grounded_lines_leave_no_sneak_current_but_load_the_driver() -> None:
    """Ideal wires: the column senses V·G exactly, the driver feeds its whole row."""
    cells = random_cells(5, 7)
    found = sneak_currents(WireModel(), cells, 1, 4, 0.2, unselected="ground")
    assert found.sneak == pytest.approx(0.0, abs=1e-18)
    assert found.driven == pytest.approx(0.2 * float(cells[1].sum()), rel=1e-12)


def test_lines_at_half_add_half_a_volt_of_each_other_cell_of_the_column() -> (
    None
):
    """Ideal wires: sensed = V·G + V/2 · (the other cells of the column)."""
    cells = random_cells(5, 7)
    found = sneak_currents(WireModel(), cells, 1, 4, 0.2, unselected="half")
    others = float(cells[:, 4].sum() - cells[1, 4])
    assert found.sneak == pytest.approx(0.1 * others, rel=1e-12)


def test_a_cell_alone_sees_its_path_and_nothing_else() -> None:
    """With all other cells at 0 S every treatment of the lines senses V/(1/G + path)."""
    cells = torch.zeros(4, 6, dtype=torch.float64)
    cells[1, 3] = 2e-3
    path = 10 + 3 * 20 + 2 + 2 * 7 + 3
    for unselected in ("float", "ground", "half"):
        found = sneak_currents(LINES, cells, 1, 3, 0.2, unselected=unselected)
        assert found.sensed == pytest.approx(0.2 / (500 + path), rel=1e-10)
        assert found.sneak == pytest.approx(0.0, abs=1e-14)


def test_the_terminals_agree_with_the_effective_matrix_and_with_kirchhoff() -> (
    None
):
    """Reciprocal, no current without a voltage difference, and its block is the solved one."""
    cells = random_cells(5, 7)
    found = terminal_admittance(LINES, cells)
    scale = float(found.abs().max())
    assert float((found - found.T).abs().max()) < 1e-12 * scale
    assert float(found.sum(0).abs().max()) < 1e-12 * scale
    torch.testing.assert_close(
        -found[:5, 5:],
        LINES.effective_matrix(cells),
        rtol=1e-10,
        atol=1e-12 * scale,
    )


def test_turning_the_array_round_gives_the_same_terminals() -> None:
    """Rows become columns: the transpose, both orders reversed, is the same circuit.

    An independent check of the row block, which the effective matrix does not show.
    """
    cells = random_cells(4, 6)
    turned = WireModel(
        word_line=7.0, bit_line=20.0, driver=3.0, sense=10.0, access=2.0
    )
    found = terminal_admittance(LINES, cells)
    other = terminal_admittance(turned, cells.flip(0, 1).T.contiguous())
    order = torch.cat((torch.arange(9, 5, -1), torch.arange(5, -1, -1)))
    torch.testing.assert_close(
        other[order][:, order], found, rtol=1e-9, atol=1e-15
    )


def test_lines_in_air_take_no_current() -> None:
    """Floating: what the driver gives is what is sensed, wires or not."""
    found = sneak_currents(LINES, random_cells(5, 7), 3, 2, 0.2)
    assert found.driven == pytest.approx(found.sensed, rel=1e-9)
    assert found.sneak > 0


def test_what_is_not_there_is_refused() -> None:
    cells = random_cells(2, 3)
    with pytest.raises(ValueError, match="Argument `row` must"):
        sneak_currents(WireModel(), cells, 2, 0, 0.2)
    with pytest.raises(ValueError, match="Argument `col` must"):
        sneak_currents(WireModel(), cells, 0, 3, 0.2)
    with pytest.raises(ValueError, match="Did you mean `float`"):
        sneak_currents(WireModel(), cells, 0, 0, 0.2, unselected="floating")
    with pytest.raises(ValueError, match="Argument `sides` must"):
        sneak_currents(WireModel(word_line=1.0, sides="both"), cells, 0, 0, 0.2)
