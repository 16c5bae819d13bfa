import pytest
import torch
from torch import Tensor

from mho.bench import Bench, Pulse, Reading
from mho.bench.simulated import SimulatedBench, read_out
from mho.chip import Chip
from mho.device.published import preset
from mho.ledger import Ledger
from mho.programming import ProgramProtocol, program
from mho.rng import Stream
from mho.units import mV, uS, us

QUIET = preset("rao2023").replace(
    telegraph__births=0.0,
    telegraph__spawning=0.0,
    flicker__per_decade=0.0,
    relaxation__scale=0.0,
    cell__stuck_fraction=0.0,
    cell__curvature=0.0,
    array__series_resistance=0.0,
    array__read_noise_off_chip=0.0,
)


def make(
    rows: int = 8, cols: int = 8, *, seed: int = 0, kind: object = "rao2023"
) -> SimulatedBench:
    return SimulatedBench(Chip(kind, rows=rows, cols=cols), Stream(seed))  # type: ignore[arg-type]


def exercise(bench: SimulatedBench) -> list[torch.Tensor]:
    """A bit of everything; returns all that was seen."""
    cells = torch.arange(bench.chip.cells)
    seen: list[Reading] = []
    for volts in (1.2, -1.0, 0.6, -0.6):
        amplitude = torch.full((cells.numel(),), volts)
        bench.pulse(Pulse(amplitude, 1 * us, 2.5), cells)
        seen.append(bench.read(cells, samples=3, window=0.5))
    return [torch.stack((r.mean, r.spread, r.peak_to_peak)) for r in seen]


def test_a_simulated_bench_is_a_bench() -> None:
    assert isinstance(make(), Bench)


def test_the_ledger_of_parts_adds_up_to_the_whole() -> None:
    """Nothing is booked twice or lost: the sum of the differences is the total, exactly."""
    bench = make()
    cells = torch.arange(64)
    parts = Ledger()
    before = bench.ledger
    for _ in range(3):
        bench.pulse(Pulse(torch.full((64,), 1.0), 1e-7, 2.5), cells)
        bench.read(cells[:10], samples=4, window=0.0)
        parts = parts + (bench.ledger - before)
        before = bench.ledger
    assert parts.pulses == bench.ledger.pulses == 3 * 64
    assert parts.reads == bench.ledger.reads == 3 * 10 * 4
    assert parts.joules == pytest.approx(bench.ledger.joules, rel=1e-12)
    assert parts.seconds == pytest.approx(bench.clock, rel=1e-12)


def test_a_pulse_costs_voltage_squared_times_conductance_times_width() -> None:
    """E = V²Gt with the conductance before the pulse; float32 cells, hence 1e-6."""
    bench = make(kind=QUIET)
    cells = torch.arange(64)
    conductance = bench.read(cells, samples=1, window=0.0).mean.double()
    before = bench.ledger
    bench.pulse(Pulse(torch.full((64,), 0.5), 2e-6, 2.5), cells)
    spent = bench.ledger - before
    lsb = bench.chip.pulse_dac.lsb
    expected = 0.25 * float(torch.full((64,), 50e-6).double().sum()) * 2e-6
    assert spent.pulse_joules == pytest.approx(expected, rel=4 * lsb / 0.5)
    assert conductance.mean() == pytest.approx(
        50e-6, rel=2e-3
    )  # half a code of the converter


def test_a_read_costs_voltage_squared_times_conductance_times_integration_time() -> (
    None
):
    bench = make(kind=QUIET)
    cells = torch.arange(64)
    reading = bench.read(cells, samples=5, window=0.0)
    expected = (
        0.2**2 * float(reading.mean.double().sum()) * 5 * bench.info.sample_time
    )
    assert bench.ledger.read_joules == pytest.approx(expected, rel=1e-6)


def test_rows_take_turns_and_the_cells_of_a_row_do_not() -> None:
    """Eight rows cost eight pulses' time, one row of eight cells costs one."""
    row = make()
    column = make()
    pulse = Pulse(torch.full((8,), 0.5), 1 * us, 2.5)
    row.pulse(pulse, torch.arange(8))
    column.pulse(pulse, torch.arange(0, 64, 8))
    assert column.clock == pytest.approx(8 * row.clock, rel=1e-12)


def test_a_train_costs_and_counts_each_of_its_pulses_and_none_of_its_gaps() -> (
    None
):
    bench = make()
    train = torch.full((3, 8), 500 * mV)
    train[2, :5] = 0
    bench.pulse(Pulse(train, 1 * us, 2.5), torch.arange(8))
    assert bench.ledger.pulses == 3 * 8 - 5


def test_a_look_lasts_as_long_as_its_rows_need() -> None:
    bench = make()
    short = bench.read(torch.arange(64), samples=10, window=0.01)
    long = bench.read(torch.arange(8), samples=10, window=1.0)
    assert short.window == pytest.approx(8 * 10 * bench.info.sample_time)
    assert long.window == pytest.approx(1.0)


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws belong to cells, so 64 cells at once and 7 at a time give the same bits."""
    whole = exercise(make())
    monkeypatch.setattr(read_out, "_CHUNK", 7)
    assert all(
        torch.equal(a, b) for a, b in zip(whole, exercise(make()), strict=True)
    )


def _ten_cycles() -> list[Tensor | Ledger]:
    bench = make(200, 200)
    target = torch.linspace(50, 4144, 40_000) * uS
    result = program(bench, target, ProgramProtocol(max_cycles=10))
    return [
        result.error,
        result.noise,
        result.pulses,
        result.ledger,
        *bench.state().values(),
    ]


@pytest.mark.parametrize(("threads", "chunk"), [(2, 32_768), (1, 20_011)])
def test_one_seed_gives_the_same_bits_on_any_number_of_threads_and_in_any_chunks(
    threads: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """40,000 cells: more than torch's grain of 32,768, so two threads really share the work.

    Ten cycles reach every kind of operation, looks included. Chunks begin elsewhere, which sums
    over a train or over samples must not notice.
    """
    one = _ten_cycles()
    monkeypatch.setattr(read_out, "_CHUNK", chunk)
    torch.set_num_threads(threads)
    other = _ten_cycles()
    torch.set_num_threads(1)
    for got, expected in zip(other, one, strict=True):
        if isinstance(got, Tensor):
            assert torch.equal(got, torch.as_tensor(expected))
        else:
            assert got == expected


def test_another_seed_is_another_chip() -> None:
    assert not torch.equal(exercise(make(seed=0))[0], exercise(make(seed=1))[0])


def test_a_cell_does_not_notice_who_is_addressed_with_it() -> None:
    """Same rows, hence same clock: cells 0-7 behave alike alone and beside eight others."""
    alone = make(2, 16)
    together = make(2, 16)
    few = torch.arange(8)
    many = torch.arange(16)
    for bench, cells in ((alone, few), (together, many)):
        bench.pulse(Pulse(torch.full((cells.numel(),), 1.1), 1e-7, 2.5), cells)
    a = alone.read(few, samples=4, window=0.1)
    b = together.read(many, samples=4, window=0.1)
    assert torch.equal(a.mean, b.mean[:8])


def test_a_restored_bench_goes_on_with_the_same_bits() -> None:
    bench = make()
    exercise(bench)
    saved = bench.state()
    other = make()
    other.restore(saved)
    assert all(
        torch.equal(a, b)
        for a, b in zip(exercise(bench), exercise(other), strict=True)
    )
    assert bench.ledger == other.ledger
    assert bench.clock == other.clock


def test_a_state_of_another_chip_is_refused() -> None:
    with pytest.raises(
        ValueError, match="Argument `state` must be of this chip"
    ):
        make(4, 4).restore(make().state())


def test_a_voltage_beyond_the_driver_is_refused_and_nothing_happens() -> None:
    bench = make()
    with pytest.raises(
        ValueError,
        match=r"`amplitude` must lie within -2.5 V to 2.5 V, but 1 of 2",
    ):
        bench.pulse(Pulse(torch.tensor([0.5, 9.0]), 1e-7, 2.5), torch.arange(2))
    assert bench.ledger == Ledger()


def test_rows_are_driven_and_columns_are_summed() -> None:
    """An asymmetric 2x3 block: i = v @ (G+ - G-), within the converters' codes and 1/f noise."""
    bench = make(2, 6, kind=QUIET)
    plus = torch.tensor([[0, 2, 4], [6, 8, 10]])
    target = torch.tensor([[100, 200, 300], [400, 450, 500]]) * uS
    minus = torch.full((2, 3), 50 * uS)
    result = program(
        bench, torch.cat((target, minus)), cells=torch.cat((plus, plus + 1))
    )
    assert bool(result.converged.all())
    voltage = torch.tensor([[0.2, 0.1]])
    current = bench.multiply(voltage, plus, plus + 1, full_scale=200e-6)
    expected = voltage @ (target - minus)
    assert torch.allclose(current, expected, atol=1.5 * 200e-6 / 255)


def test_a_sweep_is_the_current_of_the_cell_law_at_every_voltage() -> None:
    """Quiet cells at 100 µS: I = GV(1 + cV²), c = 1.64·(1 − G/2G₀), within codes (lsb 0.08 µS)."""
    bench = make(2, 8, kind=QUIET.replace(cell__curvature=1.64))
    cells = torch.arange(16)
    program(bench, torch.full((16,), 100 * uS))
    voltage = torch.linspace(-0.2, 0.2, 9)
    before = bench.clock
    current = bench.sweep(cells, voltage)
    top = current[-1] / 0.2
    assert torch.allclose(top, torch.full((16,), 100 * uS), atol=1 * uS)
    cubic = 1.64 * (1 - bench.state()["core"].float() / (2 * 77.48 * uS))
    zero_bias = top / (1 + cubic * 0.2**2)
    curve = 1 + cubic * voltage[:, None] ** 2
    assert torch.allclose(
        current, zero_bias * curve * voltage[:, None], atol=0.2 * 0.1 * uS
    )
    assert bench.clock - before == pytest.approx(9 * 2 * 1e-3)
    assert bench.ledger.reads >= 9 * 16


def test_a_sweep_beyond_the_read_voltage_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"`voltage` must lie within -200 mV to 200 mV"
    ):
        make().sweep(torch.arange(2), torch.tensor([0.1, 0.5]))


def test_copies_of_a_cell_share_its_constants_and_past_but_not_their_future() -> (
    None
):
    chip = Chip(rows=4, cols=4)
    alone = SimulatedBench(chip, Stream(0))
    copies = SimulatedBench(chip, Stream(0), torch.full((16,), 3))
    first = alone.state()
    other = copies.state()
    for name in ("core", "traps.amplitude", "traps.filled", "flicker"):
        assert torch.equal(
            other[name], first[name][..., 3:4].expand_as(other[name])
        )
    exercise(copies)
    assert torch.unique(copies.state()["core"]).numel() == 16


def test_copies_of_a_cell_are_read_with_noise_of_their_own() -> None:
    """Quiet copies stay alike; what the read-out adds, 0.5 µS in codes of 0.08, does not."""
    kind = QUIET.replace(array__read_noise_off_chip=0.5 * uS)
    copies = SimulatedBench(
        Chip(kind, rows=4, cols=4), Stream(0), torch.full((16,), 3)
    )
    reading = copies.read(torch.arange(16), samples=1, window=0.0).mean
    assert torch.unique(copies.state()["core"]).numel() == 1
    assert torch.unique(reading).numel() > 4


def test_an_origin_must_be_given_for_every_cell() -> None:
    with pytest.raises(ValueError, match="`origin` must have shape"):
        SimulatedBench(
            Chip(rows=2, cols=2), Stream(0), torch.zeros(3, dtype=torch.int64)
        )
