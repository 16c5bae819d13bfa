"""Steps that shrink towards the ends of the range, against the sums that they add up to.

Numbers are single precision: a conductance of 50 µS is rounded by 2⁻²⁵ of itself at every pulse,
so that n pulses are off by n·2⁻²⁵·50/45 of the range at worst, and `ROUNDING` a pulse is bounded.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import ks_2samp

from mho.device import Cells
from mho.device.kinds import SoftBound
from mho.device.published import preset
from mho.rng import Stream

CHIPS = ("tiox_jang2022", "ecram_li", "ecram_oxide")
SPREADS = (
    "cycle_spread",
    "gain_spread",
    "bias_spread",
    "gamma_spread",
    "voltage_spread",
    "low_spread",
    "high_spread",
    "stuck_fraction",
)
ROUNDING = 4e-8
"""Part of the range by which a pulse is off (1)."""


def typical(chip: str, **changes: float) -> SoftBound:
    """The law of a chip without any spread, unless changed."""
    none = dict.fromkeys(SPREADS, 0.0)
    law: SoftBound = replace(preset(chip).cell(), **none | changes)
    return law


def made(law: SoftBound, count: int, stream: Stream) -> Cells:
    """New cells of a kind."""
    return Cells(law, count, stream, 300.0)


def given(
    cells: Cells, pulses: int, volts: float | None = None, up: bool = True
) -> None:
    """Give all cells identical pulses of the unit width; unit pulses if no amplitude is said."""
    law = cells.model
    size = law.voltage if volts is None else volts
    train = torch.full((pulses, cells.count), size if up else -size)
    every = torch.arange(cells.count)
    cells.pulse(every, train, law.width, torch.ones(cells.count), 0.0)


def at(cells: Cells, place: float) -> None:
    """Bring all cells to one place in the range (1)."""
    law = cells.model
    cells.column("conductance").fill_(law.low + (law.high - law.low) * place)


def places(cells: Cells) -> np.ndarray:
    """Where in the range cells are, double precision (1)."""
    law = cells.model
    conductance = cells.column("conductance").numpy().astype(float)
    return (conductance - law.low) / (law.high - law.low)


def after(law: SoftBound, x: float, pulses: int, up: bool) -> float:
    """Place after unit pulses: the map x ↦ fixed + (x − fixed) λ, n times (1)."""
    if up:
        reach = 1 - law.symmetry_point
        fixed = law.symmetry_point + reach / law.gamma_up
        kept = 1 - law.step * law.gamma_up / reach
    else:
        reach = law.symmetry_point
        fixed = law.symmetry_point - reach / law.gamma_down
        kept = 1 - law.step * law.gamma_down / reach
    return min(max(fixed + (x - fixed) * kept**pulses, 0.0), 1.0)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("up", [True, False])
def test_identical_pulses_are_a_geometric_sum(
    stream: Stream, chip: str, up: bool
) -> None:
    """Each pulse is the same affine map, so that n of them are a power, until the bound."""
    law = typical(chip)
    start = 0.1 if up else 0.9
    cells = made(law, 1, stream)
    at(cells, start)
    total = 0
    for pulses in (1, 9, 40, 150, 300, 500):
        given(cells, pulses, up=up)
        total += pulses
        wanted = after(law, start, total, up)
        assert abs(places(cells)[0] - wanted) <= (total + 2) * ROUNDING


@pytest.mark.parametrize(
    ("chip", "up", "pulses"),
    [
        ("ecram_li", True, 1020.7),
        ("ecram_li", False, 1019.5),
        ("ecram_oxide", True, 7940.0),
        ("ecram_oxide", False, 8148.0),
        ("tiox_jang2022", True, 100.3),
        ("tiox_jang2022", False, 100.3),
    ],
)
def test_so_many_pulses_cross_the_range(
    stream: Stream, chip: str, up: bool, pulses: float
) -> None:
    """∫ dx over the step from one end to the other, numbers worked out beforehand by hand.

    The sum of steps and the integral differ by a half step at each end, and the last pulse of a
    whole number of them goes beyond: 1.5 pulses. Rounding adds up to 8,000·4e-8 of the range,
    which is 2.3 steps of 1.4e-4.
    """
    law = typical(chip)
    reach = 1 - law.symmetry_point if up else law.symmetry_point
    gamma = law.gamma_up if up else law.gamma_down
    gone = 1 + gamma * (1 - reach) / reach
    crossing = reach / (law.step * gamma) * math.log(gone / (1 - gamma))
    assert crossing == pytest.approx(pulses, abs=0.5)

    cells = made(law, 1, stream)
    at(cells, 0.0 if up else 1.0)
    allowed = 1.5 + pulses * ROUNDING / (law.step * (1 - gamma))
    few = math.floor(pulses - allowed)
    given(cells, few, up=up)
    assert 0 < places(cells)[0] < 1
    given(cells, math.ceil(pulses + allowed) - few, up=up)
    assert places(cells)[0] == pytest.approx(1.0 if up else 0.0, abs=1e-6)


def test_without_curvature_steps_are_alike_up_to_a_hard_stop(
    stream: Stream,
) -> None:
    """γ = 0: x + nδ, then the bound."""
    law = typical("ecram_li", gamma_up=0.0, gamma_down=0.0, step=0.01)
    cells = made(law, 1, stream)
    given(cells, 60)
    assert places(cells)[0] == pytest.approx(0.60, abs=60 * ROUNDING)
    given(cells, 60)
    assert cells.column("conductance")[0] == np.float32(law.high)
    given(cells, 150, up=False)
    assert cells.column("conductance")[0] == np.float32(law.low)


def test_a_soft_bound_is_never_reached(stream: Stream) -> None:
    """γ = 1: what is missing shrinks by 1 − δ/(1 − x₀) at each pulse, to e⁻¹⁰ of it in the end."""
    law = typical("tiox_jang2022", gamma_up=1.0, step=0.02)
    cells = made(law, 1, stream)
    pulses = round(10 * 0.5 / 0.02)
    given(cells, pulses)
    left = 1 - places(cells)[0]
    assert left == pytest.approx((1 - 0.04) ** pulses, abs=3 * ROUNDING / 0.04)
    assert left > 0


@pytest.mark.parametrize(
    ("chip", "pulses", "ends"),
    [
        ("ecram_li", 10, -7.6e-5),
        ("ecram_li", 100, -6.6e-3),
        ("ecram_li", 500, -0.116),
        ("ecram_oxide", 100, -2.4e-4),
        ("ecram_oxide", 500, -5.6e-3),
    ],
)
def test_as_many_down_as_up_do_not_quite_return(
    stream: Stream, chip: str, pulses: int, ends: float
) -> None:
    """From the symmetry point: two affine maps, worked out beforehand to two digits.

    With a = γ₊/(1 − x₀) and b = γ₋/x₀ the first steps up lack a·δ·x each, those down from there
    gain b·δ·x: −½n²δ²(a(1 − 1/n) + b(1 + 1/n)), and corrections nδ(a + b) times as large.
    """
    law = typical(chip)
    centre = law.symmetry_point
    cells = made(law, 1, stream)
    at(cells, centre)
    given(cells, pulses)
    given(cells, pulses, up=False)
    moved = places(cells)[0] - centre
    top = after(law, centre, pulses, True)
    allowed = (2 * pulses + 2) * ROUNDING
    assert abs(moved - after(law, top, pulses, False) + centre) <= allowed
    assert moved == pytest.approx(ends, rel=0.02, abs=allowed)
    run = pulses * law.step
    a = law.gamma_up / (1 - centre)
    b = law.gamma_down / centre
    lacking = a * (1 - 1 / pulses) + b * (1 + 1 / pulses)
    assert moved == pytest.approx(
        -(run**2) / 2 * lacking, rel=run * (a + b), abs=allowed
    )


def test_noise_of_pulses_adds_up_as_a_walk_does(stream: Stream) -> None:
    """γ = 0: n steps δ(1 + σz) have the mean nδ and the deviation δσ√n.

    Of N cells the mean has the standard error δσ√(n/N), the deviation 1/√(2N) of itself; five of
    each.
    """
    count, pulses, sigma = 100_000, 25, 0.3
    law = typical("ecram_li", gamma_up=0.0, gamma_down=0.0, cycle_spread=sigma)
    cells = made(law, count, stream)
    at(cells, 0.5)
    given(cells, pulses)
    moved = places(cells) - 0.5
    wide = law.step * sigma * math.sqrt(pulses)
    error = 5 * wide / math.sqrt(count) + pulses * ROUNDING
    assert abs(moved.mean() - pulses * law.step) <= error
    assert moved.std() == pytest.approx(wide, rel=5 / math.sqrt(2 * count))


@pytest.mark.parametrize("chip", CHIPS)
def test_the_amplitude_acts_by_a_hyperbolic_sine_and_the_width_linearly(
    stream: Stream, chip: str
) -> None:
    """Steps from a conductance of 0 keep their digits: 1e-6, and what exponents are rounded by.

    They are up to 22, in steps of 2⁻²⁴ of themselves.
    """
    law = typical(
        chip, low=0.0, rest=0.0, gamma_up=0.0, threshold=0.75, step=1e-3
    )
    bound = 1e-6 + law.voltage / law.scale * 2**-23
    for share in (0.76, 0.9, 1.0, 1.2):
        volts = share * law.voltage
        cells = made(law, 1, stream)
        given(cells, 1, volts)
        ratio = math.sinh(volts / law.scale)
        ratio /= math.sinh(law.voltage / law.scale)
        wanted = min(law.high, law.high * law.step * ratio)
        found = float(cells.column("conductance")[0])
        assert found == pytest.approx(wanted, rel=bound)
    one = torch.arange(1)
    cells = made(law, 1, stream)
    train = torch.full((1, 1), law.voltage)
    cells.pulse(one, train, 3 * law.width, torch.ones(1), 0.0)
    found = float(cells.column("conductance")[0])
    assert found == pytest.approx(3 * law.high * law.step, rel=1e-6)


def test_below_its_threshold_a_cell_does_not_move_at_all(
    stream: Stream,
) -> None:
    """Each by its own: of spread-out thresholds those below the amplitude move, no others."""
    law = typical("tiox_jang2022", voltage_spread=0.2)
    cells = made(law, 1000, stream)
    at(cells, 0.5)
    before = cells.column("conductance").clone()
    given(cells, 3, 0.75 * law.voltage)
    moved = cells.column("conductance") != before
    own = law.threshold * cells.column("voltage")
    assert torch.equal(moved, own <= 0.75 * law.voltage)
    assert 0.3 < float(moved.double().mean()) < 0.7


def test_what_differs_between_cells_has_the_spreads_that_are_said(
    stream: Stream,
) -> None:
    """Means and deviations of 10⁵ cells within five standard errors, σ/√N and σ/√(2N)."""
    count = 100_000
    law = typical(
        "ecram_li",
        gain_spread=0.1,
        bias_spread=0.01,
        gamma_spread=0.02,
        voltage_spread=0.027,
        low_spread=0.005,
        high_spread=0.03,
    )
    cells = made(law, count, stream)

    def check(values: np.ndarray, mean: float, spread: float) -> None:
        off = 5 * spread / math.sqrt(count)
        assert abs(values.mean() - mean) <= off + 1e-6 * abs(mean)
        assert values.std() == pytest.approx(
            spread, rel=5 / math.sqrt(2 * count)
        )

    columns = {
        name: cells.column(name).numpy().astype(float) for name in law.constants
    }
    both = columns["step_up"] + columns["step_down"]
    apart = columns["step_up"] - columns["step_down"]
    range_ = law.high - law.low
    check(both / 2, law.step, 0.1 * law.step)
    check(apart / both, 0.0, 0.01)
    check(columns["gamma_up"], law.gamma_up, 0.02)
    check(columns["gamma_down"], law.gamma_down, 0.02)
    check(columns["voltage"], law.voltage, 0.027 * law.voltage)
    check(columns["low"], law.low, 0.005 * range_)
    check(columns["high"], law.high, 0.03 * range_)


def test_steps_of_many_cells_have_the_distribution_of_the_formula(
    stream: Stream,
) -> None:
    """A million steps up with all spreads, against the formula drawn by numpy.

    Two-sample Kolmogorov-Smirnov at 1 %: 1.63 √(2/N) = 2.3e-3. It sees a deviation that is wrong
    by 1 %: the distance of two normal laws is then 0.24 %.
    """
    count = 1_000_000
    law: SoftBound = replace(
        preset("ecram_oxide").cell(), low_spread=0.0, high_spread=0.0
    )
    cells = made(law, count, stream)
    place = 0.7
    at(cells, place)
    given(cells, 1)
    found = places(cells) - place

    rng = np.random.default_rng(7)
    z = rng.standard_normal((6, count))
    gain = np.maximum(1 + law.gain_spread * z[0], 0.01)
    up = law.step * gain * (1 + law.bias_spread * z[1])
    gamma = np.maximum(law.gamma_up + law.gamma_spread * z[2], 0)
    own = law.voltage * (1 + law.voltage_spread * z[3])
    size = np.sinh(law.voltage / law.scale) / np.sinh(own / law.scale)
    centre = law.symmetry_point
    bracket = 1 - gamma * (place - centre) / (1 - centre)
    wanted = size * up * bracket * (1 + law.cycle_spread * z[4])
    wanted = np.clip(wanted, -place, 1 - place)
    assert ks_2samp(found, wanted).statistic < 1.63 * math.sqrt(2 / count)


def test_a_leak_is_one_exponential_however_time_is_cut(
    stream: Stream,
) -> None:
    """Two waits are one, and ln of what is left falls by the rate; rounding of e^(−x): 1e-6."""
    law = typical("tiox_jang2022", leak=0.02, rest=6e-6)
    one = torch.arange(1)
    limit = torch.ones(1)
    weak = torch.full((1, 1), 0.1)
    whole = made(law, 1, stream)
    cut = made(law, 1, stream)
    for cells in (whole, cut):
        at(cells, 0.8)
    for moment in (3.0, 10.0, 31.0):
        cut.pulse(one, weak, law.width, limit, moment)
    start = float(whole.column("conductance")[0]) - law.rest
    for moment in (31.0, 50.0, 81.0):
        alone = whole.sample(one, moment, 0.0, 0.0, 1)
        torch.testing.assert_close(
            cut.sample(one, moment, 0.0, 0.0, 1), alone, rtol=1e-6, atol=0.0
        )
        left = (float(alone) - law.rest) / start
        assert math.log(left) == pytest.approx(-0.02 * moment, rel=1e-5)


def test_looks_change_nothing_and_see_what_is_there(stream: Stream) -> None:
    """No noise of its own: samples, their mean in the long run and the state are one number."""
    cells = made(preset("ecram_li").cell(), 100, stream)
    given(cells, 100)
    every = torch.arange(100)
    state = cells.column("conductance").clone()
    for _ in range(2):
        seen = cells.sample(every, 1.0, 1e-6, 1e-3, 3)
        assert torch.equal(seen, state.expand(3, -1))
    mean, variance = cells.moments(every, 1.0, 1e-6)
    assert torch.equal(mean, state)
    assert not variance.any()


def test_stuck_cells_are_as_many_as_said_and_stay_at_their_end(
    stream: Stream,
) -> None:
    """A share of N cells has the standard error √(p(1 − p)/N); five of it."""
    count = 100_000
    law = typical("tiox_jang2022", stuck_fraction=0.1, stuck_high=0.25)
    cells = made(law, count, stream)
    stuck = cells.column("stuck").bool()
    is_high = cells.column("conductance") == np.float32(law.high)
    given(cells, 5)
    assert torch.equal(
        cells.column("conductance")[stuck] == np.float32(law.high),
        is_high[stuck],
    )
    assert (
        not cells.column("conductance")[stuck & ~is_high]
        .ne(np.float32(law.low))
        .any()
    )
    for found, share, among in (
        (stuck, 0.1, count),
        (is_high[stuck], 0.25, int(stuck.sum())),
    ):
        off = 5 * math.sqrt(share * (1 - share) / among)
        assert abs(float(found.double().mean()) - share) <= off


def test_numbers_that_make_no_sense_are_refused() -> None:
    """In the house sentence, by name."""
    law = preset("tiox_jang2022").cell()
    for field, value in (
        ("high", 1e-6),
        ("symmetry_point", 1.0),
        ("gamma_up", 1.5),
        ("scale", 0.0),
        ("leak", -1.0),
        ("rest", 1.0),
    ):
        with pytest.raises(ValueError, match=r"^Argument `"):
            replace(law, **{field: value})
