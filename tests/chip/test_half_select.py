"""What the cells of a passive array see while others are written: Kirchhoff on paper."""

import math

import pytest
import torch
from torch import Tensor

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip, HalfSelectSteps, half_select
from mho.chip.passive_biasing import SCHEMES, half_select_margin
from mho.device.published import preset
from mho.rng import Stream


def seen(steps: HalfSelectSteps, row: int) -> Tensor:
    """Voltages over all cells in the steps of one row. Shape (phases, tiles, rows, cols)."""
    over = steps.col[:, :, row, None].repeat(1, 1, steps.col.shape[2], 1)
    own = steps.applied[:, :, row]
    over[:, :, row] = torch.where(own != 0, own, steps.row[:, :, row, None])
    return over


def random_request(seed: int) -> Tensor:
    """Two pulses on two tiles of 5×6 cells, both polarities, a third of the cells left out."""
    generator = torch.Generator().manual_seed(seed)
    size = torch.empty(2, 2, 5, 6, dtype=torch.float64).uniform_(
        0.1, 2.0, generator=generator
    )
    kind = torch.randint(-1, 2, size.shape, generator=generator)
    return size * kind


@pytest.mark.parametrize(("scheme", "others"), [("V/2", 0.0), ("V/3", -1 / 3)])
def test_one_cell_is_written_as_the_textbook_says(
    scheme: str, others: float
) -> None:
    """V/2: half on both lines, nothing elsewhere. V/3: a third on both lines, −V/3 elsewhere."""
    request = torch.zeros(1, 1, 4, 3, dtype=torch.float64)
    request[0, 0, 2, 1] = -1.8
    expected = torch.full((4, 3), -1.8 * others, dtype=torch.float64)
    share = SCHEMES[scheme]
    expected[2, :] = -1.8 * share
    expected[:, 1] = -1.8 * share
    expected[2, 1] = -1.8
    steps = half_select(request, scheme)
    assert steps.count == 1
    torch.testing.assert_close(
        seen(steps, 2)[0, 0], expected, rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("scheme", SCHEMES)
def test_voltages_over_cells_are_differences_of_line_voltages(
    scheme: str,
) -> None:
    """Kirchhoff: V(r, c) = a_r − b_c, so V(r, c) − V(0, c) is the same in all columns."""
    steps = half_select(random_request(0), scheme)
    for row in range(5):
        over = seen(steps, row)
        apart = over - over[:, :, :1]
        spread = apart.amax(-1) - apart.amin(-1)
        assert float(spread.max()) < 1e-12


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_cell_gets_its_pulse_once_and_nobody_sees_more_than_the_share(
    scheme: str,
) -> None:
    """The phases add up to what was asked; all else is at most s·A of its step."""
    request = random_request(1)
    steps = half_select(request, scheme)
    torch.testing.assert_close(
        steps.applied.sum(0), request.sum(0), rtol=0.0, atol=1e-12
    )
    assert int((steps.applied != 0).sum()) == int((request != 0).sum())
    limit = steps.row.abs() * (1 + 1e-12)
    assert bool((steps.col.abs() <= limit[..., None]).all())
    largest = steps.applied.abs().amax(-1)
    torch.testing.assert_close(
        steps.row.abs(), largest * SCHEMES[scheme], rtol=1e-12, atol=0.0
    )


def test_one_phase_has_one_polarity_and_set_comes_first() -> None:
    """In V/2 a row takes one step per polarity, whatever its amplitudes; V/3 may need more."""
    request = random_request(2)[:1]
    half, third = (half_select(request, scheme) for scheme in ("V/2", "V/3"))
    assert half.applied.shape[0] == 2
    assert bool((half.applied[0] >= 0).all())
    assert bool((half.applied[1] <= 0).all())
    steps_of_row = (request > 0).any(-1).long() + (request < 0).any(-1).long()
    assert half.count == int(steps_of_row.sum((0, 2)).max())
    assert third.count >= half.count


def test_small_amplitudes_wait_for_a_phase_of_their_own_only_in_v_3() -> None:
    """0.5 V beside 1.8 V: its column would see 0.5 − 1.2 V, more than 0.6 V."""
    request = torch.zeros(1, 1, 2, 3, dtype=torch.float64)
    request[0, 0, 0] = torch.tensor([1.8, 0.5, 0.7])
    assert half_select(request, "V/2").count == 1
    assert half_select(request, "V/3").count == 2


def test_nothing_asked_is_nothing_done() -> None:
    for scheme in SCHEMES:
        assert half_select(torch.zeros(3, 1, 2, 2), scheme).count == 0


@pytest.mark.parametrize(
    ("scheme", "volts"), [("V/2", 1.5), ("V/2", -1.3), ("V/3", 2.2)]
)
def test_the_margin_is_what_a_large_array_shows(
    scheme: str, volts: float
) -> None:
    """Φ((u/θV_s − 1)/σ) against one pulse on one cell of a passive array of 200×200.

    In V/2 only the 398 cells on the two lines count, in V/3 those for the selected share and the
    rest for the other. A cell counts as switched if its core moved. Series resistance takes
    0.04 % of 10-µS cells' voltage, far below the five standard errors of a share of n cells.
    """
    kind = preset("kim2021_passive").replace(
        telegraph__births=0.0,
        telegraph__spawning=0.0,
        cell__stuck_fraction=0.0,
        relaxation__scale=0.0,
        cell__formed=50e-6,
    )
    limit = kind.replace(array__amplitude_max=3.0)
    margin = half_select_margin(limit.cell().switching, volts, scheme)
    lines = torch.zeros(200, 200, dtype=torch.bool)
    lines[100, :] = True
    lines[:, 100] = True
    lines[100, 100] = False
    rest = ~lines
    rest[100, 100] = False
    hits = torch.zeros(2)
    seen_cells = torch.zeros(2)
    for seed in range(4):
        chip = Chip(limit, rows=200, cols=200, biasing=scheme)
        bench = SimulatedBench(chip, Stream(seed))
        before = bench.state()["core"]
        bench.pulse(
            Pulse(torch.tensor([volts]), 1e-7, 0.0),
            torch.tensor([100 * 200 + 100]),
        )
        moved = (bench.state()["core"] != before).view(200, 200)
        hits += torch.tensor([moved[lines].sum(), moved[rest].sum()])
        seen_cells += torch.tensor([lines.sum(), rest.sum()])
    for share, found, count in zip(
        (margin.selected, margin.unselected),
        hits / seen_cells,
        seen_cells,
        strict=True,
    ):
        error = math.sqrt(max(share * (1 - share), 1e-4) / float(count))
        assert float(found) == pytest.approx(share, abs=5 * error)
    assert 0.005 < margin.selected < 0.95


def test_the_margin_of_v_3_is_the_better_one_until_all_or_none_are_reached() -> (
    None
):
    law = preset("kim2021_passive").cell().switching
    for volts in (1.2, 1.5, -1.2, -1.5):
        half, third = (
            half_select_margin(law, volts, s).selected for s in ("V/2", "V/3")
        )
        assert third < half
    assert half_select_margin(law, 0.5, "V/2").selected == 0.0
    assert half_select_margin(law, 1.5, "V/2").unselected == 0.0
    assert half_select_margin(law, 20.0, "V/2").selected == pytest.approx(1.0)


def test_words_that_are_no_scheme_are_refused() -> None:
    law = preset("kim2021_passive").cell().switching
    with pytest.raises(ValueError, match="Argument `scheme` must"):
        half_select(torch.zeros(1, 1, 1, 1), "V/4")
    with pytest.raises(ValueError, match="Argument `scheme` must"):
        half_select_margin(law, 1.0, "half")
    with pytest.raises(ValueError, match="Argument `biasing` must be one of"):
        Chip("kim2021_passive", biasing="V2")
    with pytest.raises(ValueError, match="Argument `biasing` must be left out"):
        Chip("rao2023", biasing="V/2")
