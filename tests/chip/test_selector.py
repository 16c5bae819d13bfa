"""The access transistor: compliance and series resistance follow the gate; and its absence."""

import pytest
import torch

from mho.bench import Pulse
from mho.bench.simulated import SimulatedBench
from mho.chip import Chip, NoSelector, Selector
from mho.device.filament import CellParameters
from mho.device.published import PRESETS, preset
from mho.rng import Stream

CHANNEL = Selector(
    slope=2e-3,
    threshold=0.5,
    gate_max=2.5,
    series_resistance=100.0,
    on_resistance=400.0,
)
GATES = torch.tensor([0.6, 1.0, 1.5, 2.5])


def test_the_channel_conducts_in_proportion_to_its_overdrive() -> None:
    """Linear region: 1/(R − R_s) = (V_g − V_t)/((V_max − V_t) R_on). 400 Ω · 2 V = 800 Ω·V.

    float32: 1e-6.
    """
    channel = CHANNEL.resistance(GATES) - 100.0
    product = channel * (GATES - 0.5)
    torch.testing.assert_close(
        product, torch.full((4,), 800.0), rtol=2e-6, atol=0.0
    )
    assert float(CHANNEL.resistance(2.5)) == 500.0
    assert float(CHANNEL.resistance(9.0)) == 500.0, (
        "the gate driver ends at gate_max"
    )


def test_cell_and_channel_divide_the_pulse() -> None:
    """V_cell = V/(1 + R(V_g) G), so the current V_cell G is that of R and 1/G in series."""
    conductance = torch.tensor([1e-3, 2e-3, 3e-3, 1e-4])
    seen = CHANNEL.cell_voltage(torch.full((4,), 1.2), conductance, GATES)
    current = 1.2 / (CHANNEL.resistance(GATES) + 1 / conductance)
    torch.testing.assert_close(seen * conductance, current, rtol=1e-5, atol=0.0)


def test_a_closed_transistor_lets_no_voltage_through() -> None:
    """Below the threshold the cell sees less than a microvolt, and a cell of 0 S no NaN."""
    seen = CHANNEL.cell_voltage(
        torch.full((3,), 2.0), torch.tensor([1e-6, 1e-3, 0.0]), 0.2
    )
    assert bool((seen[:2] < 3e-6).all())
    assert (
        float(seen[2]) == 2.0
    )  # no current, no loss: an open cell is nobody's concern


def test_without_a_channel_the_gate_does_not_matter_to_the_voltage() -> None:
    """Bit for bit the plain divider, at any gate, open or closed: presets rely on it."""
    plain = Selector(
        slope=2e-3, threshold=0.5, gate_max=2.5, series_resistance=10.0
    )
    amplitude = torch.linspace(-2, 2, 50)
    conductance = torch.linspace(1e-5, 4e-3, 50)
    for gate in (0.0, 0.5, 1.6, 2.5, 9.0, torch.linspace(0, 3, 50)):
        seen = plain.cell_voltage(amplitude, conductance, gate)
        assert torch.equal(seen, amplitude / (1 + 10.0 * conductance))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, one in PRESETS.items()
        if one.biasing is None and one.kind is CellParameters
    ],
)
def test_published_1t1r_presets_leave_the_channel_out(name: str) -> None:
    """Their results were obtained with a constant resistance; see decision 12."""
    selector = Chip(name).selector
    assert isinstance(selector, Selector)
    assert selector.on_resistance == 0.0


def test_a_half_open_gate_weakens_a_reset() -> None:
    """A RESET knows no compliance: only the channel's voltage makes the gate matter.

    At 1.0 V on 2-mS cells 400 Ω · (1.8 V / 0.2 V) leave 12 % of the pulse, which is below every
    cell's threshold: nothing moves. Without the channel both gates do the same, exactly.
    """

    def core(gate: float, on_resistance: float) -> torch.Tensor:
        kind = preset("rao2023").replace(array__on_resistance=on_resistance)
        bench = SimulatedBench(Chip(kind, rows=4, cols=8), Stream(0))
        cells = torch.arange(32)
        for _ in range(10):
            bench.pulse(Pulse(torch.full((32,), 1.6), 1e-7, 2.5), cells)
        before = bench.state()["core"]
        bench.pulse(Pulse(torch.full((32,), -1.1), 1e-7, gate), cells)
        return bench.state()["core"] - before

    assert torch.equal(core(0.9, 0.0), core(2.5, 0.0))
    assert int((core(2.5, 400.0) < 0).sum()) > 0
    assert int((core(0.9, 400.0) < 0).sum()) == 0
    assert float(core(2.5, 0.0).sum()) < float(core(2.5, 400.0).sum())


def test_a_passive_crossing_has_no_gate() -> None:
    """Compliance is the cell's ceiling at any gate, and the path is its series resistance."""
    path = NoSelector(ceiling=3e-4, series_resistance=20.0)
    gates = torch.tensor([0.0, 1.0, 5.0])
    assert torch.equal(path.compliance(gates), torch.full((3,), 3e-4))
    assert path.compliance(0.0).shape == ()
    assert (path.gate_max - path.threshold) * path.slope == 3e-4
    assert (
        float(path.cell_voltage(torch.tensor([1.0]), torch.tensor([0.05]), 0.0))
        == 0.5
    )


def test_resistances_and_voltages_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="Argument `on_resistance` must"):
        Selector(1e-3, 0.5, 2.5, 10.0, on_resistance=-1.0)
    with pytest.raises(
        ValueError, match="Argument `gate_max - threshold` must"
    ):
        Selector(1e-3, 2.5, 2.5, 10.0)
    with pytest.raises(ValueError, match="Argument `ceiling` must"):
        NoSelector(ceiling=0.0, series_resistance=0.0)
