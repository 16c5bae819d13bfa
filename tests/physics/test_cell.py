"""Cells as a whole: what a pulse does to core, channels and creep together."""

import math

import pytest
import torch
from torch import Tensor

import reference
from mho.device import Cells, apparent, cubic_coefficient
from mho.device.filament import CellParameters
from mho.device.published import preset
from mho.rng import Stream

QUIET = {
    "telegraph__spawning": 0.0,
    "telegraph__births": 0.0,
    "flicker__per_decade": 0.0,
    "relaxation__scale": 0.0,
    "switching__cycle_spread": 0.0,
    "cell__stuck_fraction": 0.0,
}


def _kind(**changes: float) -> CellParameters:
    """A published cell with every random part off but those given."""
    return preset("rao2023").replace(**(QUIET | changes)).cell()


def _look(cells: Cells, now: float) -> Tensor:
    index = torch.arange(cells.count)
    return torch.cat(list(cells.sample(index, now, 1e-6, 1e-6, 1))).double()


def _pulse(
    cells: Cells, *volts: float, now: float, width: float = 1e-7
) -> None:
    index = torch.arange(cells.count)
    amplitude = (
        torch.tensor(volts)[:, None].expand(-1, cells.count).contiguous()
    )
    cells.pulse(index, amplitude, width, torch.full((cells.count,), 3e-3), now)


def _hold_one_channel(cells: Cells, amplitude: float, slot: int = 0) -> None:
    """Give every cell a channel that is empty of electrons and slow, cleaned from 0.2 V."""
    cells.column("amplitude")[slot] = amplitude
    cells.column("capture_time")[slot] = 1e9
    cells.column("emission_time")[slot] = 1e9
    cells.column("cleaning_voltage")[slot] = 0.2
    cells.column("filled")[slot] = 0


def test_a_quiet_cell_is_read_as_it_is(stream: Stream) -> None:
    """With every noise off a sample is the core: the formed conductance, bitwise."""
    cells = Cells(_kind(), 100, stream, 300.0)
    assert torch.equal(_look(cells, 0.0), cells.column("core").double())
    assert float(cells.column("core")[0]) == pytest.approx(50e-6, rel=1e-6)


def test_a_pulse_without_spread_moves_every_cell_by_its_median_step(
    stream: Stream,
) -> None:
    """ΔG = α·Δ₀·e^((V − V_s)/V₀)·w with the cell's own α and V_s; single precision, 1e-4 of it.

    The core is 50 µS in single precision, 4e-12 S; steps here exceed 1e-7 S.
    """
    cells = Cells(_kind(), 1000, stream, 300.0)
    overdrive = 1.3 - cells.column("set_voltage").double()
    _pulse(cells, 1.3, now=0.0)
    step = cells.column("gain") * torch.exp(overdrive / 0.08) * 1e-6
    step *= torch.clamp(torch.tensor((3e-3 - 50e-6) / 2.25e-3), max=2.0)
    after = (cells.column("core").double() - 50e-6).clamp(max=3e-3)
    torch.testing.assert_close(
        after, step.clamp(max=800e-6), rtol=2e-4, atol=5e-11
    )


@pytest.mark.parametrize("volts", [1.1, -1.1])
def test_renewing_the_creep_does_not_make_the_conductance_jump(
    stream: Stream, volts: float
) -> None:
    """G just after a pulse is G just before it plus the step, whatever creep was under way.

    The new creep is reckoned for the core after the step but before the core takes over what
    keeps the conductance: what remains is k·r·|normal| of that, with normals below 6.7, plus
    single precision (4 parts in 1e7 of 3 mS).
    """
    kind = _kind(relaxation__scale=1.0)
    still = Cells(_kind(), 2000, stream, 300.0)
    cells = Cells(kind, 2000, stream, 300.0)
    for device in (still, cells):
        device.column("core").fill_(2e-3)
    _pulse(cells, 1.2, now=1.0)
    before = _look(cells, 5.0)
    assert float((before - cells.column("core")).abs().max()) > 1e-6
    core = cells.column("core").clone()
    still.column("core").copy_(core)
    _pulse(cells, volts, now=5.0)
    still.column("event").copy_(cells.column("event") - 1)
    _pulse(still, volts, now=5.0)
    step = still.column("core").double() - core.double()
    cells.column("clock").fill_(0.0)
    jump = _look(cells, 5.0) - before - step
    taken = (
        cells.column("core").double() - still.column("core").double()
    ).abs()
    bound = 6.7 * 0.003 * taken + 2e-9
    assert float(step.abs().max()) > 1e-6
    assert (jump.abs() <= bound).all()


def test_creep_after_a_big_step_has_the_stated_spread(stream: Stream) -> None:
    """A step far above ΔG_s renews everything: at age t the spread is σ(G, t), √(1/2n) of it.

    All cells are alike but for the random number; its standard deviation over n cells has a
    relative standard error 1/√(2n). A 200-µS step renews 96 %; the rest was 0, so the number is
    √0.964 of a normal one.
    """
    count = 20_000
    kind = _kind(
        relaxation__scale=1.0,
        switching__voltage_spread=0.0,
        switching__gain_spread=0.0,
        switching__largest_step=200e-6,
    )
    cells = Cells(kind, count, stream, 300.0)
    _pulse(cells, 2.0, now=0.0)
    start = _look(cells, 0.0)
    expected = float(
        reference.deviation(
            kind.relaxation, torch.tensor([250e-6]), torch.ones(1).double()
        )
    )
    change = _look(cells, 1.0) - start
    share = math.sqrt(-math.expm1(-200 / 60))
    found = float(change.std()) / expected / share
    assert abs(found - 1) <= 5 / math.sqrt(2 * count) + 1e-3
    assert abs(float(change.mean())) <= 5 * expected / math.sqrt(count)


def test_positive_cleaning_joins_the_channel_to_the_core(
    stream: Stream,
) -> None:
    """SET polarity completes: the core takes the channel over and the reading does not change.

    Survival is 1e-7 at p_max = 1 and 0.5 V on channels from 0.2 V; 1,000 cells. Without a spread
    of the switching voltage every cell's threshold is 0.675 V. Single precision, 1e-6.
    """
    kind = _kind(
        telegraph__cleaning_probability=1.0, switching__voltage_spread=0.0
    )
    cells = Cells(kind, 1000, stream, 300.0)
    _hold_one_channel(cells, 5e-6)
    before = _look(cells, 0.0)
    _pulse(cells, 0.5, now=1.0, width=1e-5)
    assert (cells.column("amplitude") == 0).all()
    torch.testing.assert_close(
        cells.column("core"), torch.full((1000,), 55e-6), rtol=2e-6, atol=0.0
    )
    torch.testing.assert_close(_look(cells, 2.0), before, rtol=1e-6, atol=0.0)


def test_negative_cleaning_dissolves_the_channel(stream: Stream) -> None:
    """RESET polarity takes the channel away: the core stays, the reading falls by 5 µS.

    As above; the difference of two readings of 55 µS in single precision is good to 1e-5 of 5 µS.
    """
    kind = _kind(
        telegraph__cleaning_probability=1.0, switching__voltage_spread=0.0
    )
    cells = Cells(kind, 1000, stream, 300.0)
    _hold_one_channel(cells, 5e-6)
    before = _look(cells, 0.0)
    core = cells.column("core").clone()
    _pulse(cells, -0.5, now=1.0, width=1e-5)
    assert (cells.column("amplitude") == 0).all()
    assert torch.equal(cells.column("core"), core)
    fall = before - _look(cells, 2.0)
    torch.testing.assert_close(
        fall, torch.full_like(fall, 5e-6), rtol=1e-5, atol=0.0
    )


def test_zero_volts_clean_nothing(stream: Stream) -> None:
    """Amplitude 0 leaves the channels bitwise as they are: 100 ns at V_c = 0.3 V, p = 7e-6."""
    cells = Cells(
        _kind(telegraph__cleaning_probability=1.0), 1000, stream, 300.0
    )
    _hold_one_channel(cells, 5e-6)
    cells.column("cleaning_voltage").fill_(0.3)
    _pulse(cells, 0.0, now=0.0)
    assert (cells.column("amplitude")[0] == 5e-6).all()


def test_a_sub_threshold_pulse_leaves_the_core_alone(stream: Stream) -> None:
    """Without channels nothing is there to clean, and the core stays bitwise."""
    cells = Cells(_kind(), 1000, stream, 300.0)
    core = cells.column("core").clone()
    _pulse(cells, 0.4, -0.4, 0.4, now=0.0, width=1e-5)
    assert torch.equal(cells.column("core"), core)


def test_spawning_leaves_a_channel_at_its_rate(stream: Stream) -> None:
    """A pulse of width t leaves a channel with probability spawning·t/t_d; half the width, half.

    The share of n cells has standard error √(p(1 − p)/n).
    """
    count = 100_000
    for width, p in ((1e-5, 0.2), (5e-6, 0.1)):
        cells = Cells(_kind(telegraph__spawning=0.2), count, stream, 300.0)
        _pulse(cells, 0.4, now=0.0, width=width)
        share = float((cells.column("amplitude") > 0).any(0).double().mean())
        assert abs(share - p) <= 5 * math.sqrt(p * (1 - p) / count)


def test_a_full_list_merges_the_weakest_channel_into_the_core(
    stream: Stream,
) -> None:
    """The newcomer takes the weakest slot; that channel's conductance joins the core.

    Core and the three stronger channels are compared in single precision, 1e-6.
    """
    kind = _kind(telegraph__spawning=1.0, telegraph__cleaning_probability=0.0)
    cells = Cells(kind, 500, stream, 300.0)
    for slot, amplitude in enumerate((7e-6, 2e-6, 9e-6, 5e-6)):
        _hold_one_channel(cells, amplitude, slot)
    _pulse(cells, 0.4, now=0.0, width=1e-5)
    torch.testing.assert_close(
        cells.column("core"), torch.full((500,), 52e-6), rtol=2e-6, atol=0.0
    )
    kept = cells.column("amplitude")
    for slot, amplitude in ((0, 7e-6), (2, 9e-6), (3, 5e-6)):
        torch.testing.assert_close(
            kept[slot], torch.full((500,), amplitude), rtol=2e-6, atol=0.0
        )
    assert kept[1].unique().numel() > 400


def test_stuck_cells_never_move(stream: Stream) -> None:
    """Stuck cells keep core and channels bitwise through every kind of pulse; others move."""
    kind = _kind(
        cell__stuck_fraction=0.5, telegraph__births=1.5, telegraph__spawning=1.0
    )
    cells = Cells(kind, 1000, stream, 300.0)
    core = cells.column("core").clone()
    stuck = cells.column("stuck").bool()
    assert (cells.column("amplitude")[:, stuck] == 0).all()
    _pulse(cells, 2.0, -2.0, 1.5, now=0.0)
    _pulse(cells, 0.4, now=1.0, width=1e-5)
    assert torch.equal(cells.column("core")[stuck], core[stuck])
    assert (cells.column("amplitude")[:, stuck] == 0).all()
    assert (cells.column("core")[~stuck] != core[~stuck]).all()
    ends = torch.tensor([10e-6, 4400e-6])
    assert torch.equal(core[stuck].unique(), ends)


def test_the_stuck_fraction_and_its_high_share_are_as_stated(
    stream: Stream,
) -> None:
    """Binomial shares of n = 100,000 cells: standard error √(p(1 − p)/n)."""
    count = 100_000
    cells = Cells(
        _kind(cell__stuck_fraction=0.05, cell__stuck_high=0.3),
        count,
        stream,
        300.0,
    )
    found = float(cells.column("stuck").bool().double().mean())
    assert abs(found - 0.05) <= 5 * math.sqrt(0.05 * 0.95 / count)
    high = float(
        (cells.column("core")[cells.column("stuck").bool()] > 1e-3)
        .double()
        .mean()
    )
    assert abs(high - 0.3) <= 5 * math.sqrt(
        0.3 * 0.7 / int(cells.column("stuck").bool().sum())
    )


def test_the_cubic_law_bends_weak_cells_and_spares_strong_ones() -> None:
    """c(G) = c₀(1 − G/G₁) down to 0 at G₁, and G(1 + cV²) is current over voltage.

    Single precision: 1e-6, of c₀ where c is small.

    c₀ = 1.64/V² and G₁ = 2·77.480917 µS.
    """
    kind = _kind()
    top = 2 * 77.480917e-6
    conductance = torch.tensor([0.0, top / 4, top, 1e-3], dtype=torch.float64)
    expected = torch.tensor([1.64, 1.23, 0.0, 0.0], dtype=torch.float64)
    torch.testing.assert_close(
        cubic_coefficient(kind, conductance), expected, rtol=1e-6, atol=2e-6
    )
    bent = conductance * (1 + expected * 0.09)
    torch.testing.assert_close(
        apparent(kind, conductance, 0.3), bent, rtol=1e-6, atol=1e-18
    )


def test_births_follow_the_step_of_each_cell(stream: Stream) -> None:
    """A big step on a cell without channels leaves P(at least one) = 1 − e^(−λ), λ₀ = 1.5.

    Steps of 800 µS saturate: 1 − e^(−13). Forming channels are removed first.
    """
    count = 50_000
    cells = Cells(_kind(telegraph__births=1.5), count, stream, 300.0)
    cells.column("amplitude").zero_()
    _pulse(cells, 2.5, now=0.0)
    share = float((cells.column("amplitude") > 0).any(0).double().mean())
    expected = -math.expm1(-1.5)
    assert abs(share - expected) <= 5 * math.sqrt(
        expected * (1 - expected) / count
    )


def test_what_a_cell_does_is_independent_of_its_company(stream: Stream) -> None:
    """Cells pulsed alone or with all others, read alone or with all: bitwise the same."""
    kind = preset("rao2023").cell()
    whole = Cells(kind, 400, stream, 300.0)
    part = Cells(kind, 400, stream, 300.0)
    some = torch.arange(3, 400, 7)
    _pulse(whole, 1.2, -0.5, now=1.0)
    part.pulse(
        some,
        torch.tensor([[1.2], [-0.5]]).expand(2, len(some)).contiguous(),
        1e-7,
        torch.full((len(some),), 3e-3),
        1.0,
    )
    read = list(whole.sample(torch.arange(400), 2.0, 1e-3, 2e-3, 3))
    alone = list(part.sample(some, 2.0, 1e-3, 2e-3, 3))
    for a, b in zip(read, alone, strict=True):
        assert torch.equal(a[some], b)
    for name, tensor in whole.tensors().items():
        assert torch.equal(tensor[..., some], part.tensors()[name][..., some])


def test_samples_of_a_trap_are_correlated_over_their_spacing(
    stream: Stream,
) -> None:
    """Two samples whose starts lie `spacing` apart, integrated over half of it.

    A fast integrator (t_i ≪ τ) reads the state; with λ·spacing = 0.4 and λ·t_i = 0.2 the
    covariance of two averages is e^(−0.4)·(2·cosh(0.2) − 2)/0.2² and the variance
    2(0.2 − 1 + e^(−0.2))/0.2². Correlation 0.670·1.0033/0.9366 = 0.718; a wait too long by t_i
    gives 0.588. Five standard errors at n = 100,000 are 0.016, and the approximation below
    λt = 1/2 shifts by under 0.02.
    """
    count = 100_000
    cells = Cells(_kind(), count, stream, 300.0)
    _hold_one_channel(cells, 5e-6)
    cells.column("capture_time")[0] = 2.0
    cells.column("emission_time")[0] = 2.0
    list(cells.sample(torch.arange(count), 100.0, 0.2, 0.2, 1))
    one, two = cells.sample(torch.arange(count), 200.0, 0.2, 0.4, 2)
    found = float(torch.corrcoef(torch.stack((one, two)).double())[0, 1])
    expected = (
        math.exp(-0.4) * (2 * math.cosh(0.2) - 2) / (2 * (math.exp(-0.2) - 0.8))
    )
    assert abs(found - expected) <= 5 / math.sqrt(count) + 0.02


def test_reads_without_a_pause_between_them_stay_numbers(
    stream: Stream,
) -> None:
    """Ten reads of five back-to-back samples give finite numbers.

    Time is summed with rounding; 1e-17 s backwards must count as no time, not as a negative one,
    whose noise would be √(−2e-17).
    """
    cells = Cells(_kind(flicker__per_decade=1e-4), 10, stream, 300.0)
    clock = 0.0
    for _ in range(10):
        for value in cells.sample(torch.arange(10), clock, 1e-3, 1e-3, 5):
            assert torch.isfinite(value).all()
        clock += 1e-3 * 5


def test_zero_volts_resolve_no_channel_however_long(stream: Stream) -> None:
    """0 V is no pulse: channels that clean at 0.05 V stay, though σ(−0.05/0.03) is 16 %."""
    cells = Cells(_kind(), 1000, stream, 300.0)
    _hold_one_channel(cells, 5e-6)
    cells.column("cleaning_voltage").fill_(0.05)
    _pulse(cells, 0.0, now=0.0, width=1e-5)
    assert (cells.column("amplitude")[0] > 0).all()


def test_a_long_look_sees_the_creep_go_on(stream: Stream) -> None:
    """Samples of one look, 0 to 2 s after a SET: core plus the law at each sample's own time.

    Nothing else moves. Single precision of 1 mS bounds the difference: 1e-9 S.
    """
    kind = _kind(relaxation__scale=1.0)
    cells = Cells(kind, 50, stream, 300.0)
    _pulse(cells, 1.3, 1.3, now=10.0)
    index = torch.arange(50)
    look = cells.sample(index, 10.0, 1e-6, 0.1, 21)
    core = cells.column("core")
    for number, seen in enumerate(look):
        age = (10 + 0.1 * number - cells.column("switched_at")).float()
        expected = core + reference.shift(
            kind.relaxation, core, age, cells.column("relaxing")
        )
        assert torch.allclose(seen, expected, rtol=0, atol=1e-9)
    moved = (look[-1] - look[1]).abs()
    assert float(moved.max()) > 0.1e-6
