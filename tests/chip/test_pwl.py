"""Programming pulses as corners of time and voltage."""

from pathlib import Path

import pytest
import torch
from simulator import needs_ngspice, simulate

from mho.spice import pulse_train, pwl_subcircuit, pwl_text
from mho.units import V, ns, us

AMPLITUDE = torch.tensor([1.5, -0.6, 0.6, -1.2], dtype=torch.float64)
WIDTH = torch.tensor(
    [100 * ns, 10 * us, 10 * us, 100 * ns], dtype=torch.float64
)


def test_the_area_of_every_pulse_is_its_amplitude_times_its_width() -> None:
    """A trapezoid as wide as the pulse at half its height; the sum of areas, exactly."""
    time, voltage = pulse_train(AMPLITUDE, WIDTH, gap=1 * us, rise=7 * ns)
    assert (time.diff() > 0).all()
    assert time[0] == 0
    assert voltage[0] == voltage[-1] == 0
    for nth, (volts, width) in enumerate(zip(AMPLITUDE, WIDTH, strict=True)):
        own = slice(1 + 4 * nth, 5 + 4 * nth)
        area = torch.trapezoid(voltage[own], time[own])
        torch.testing.assert_close(area, volts * width, rtol=1e-12, atol=0.0)
    torch.testing.assert_close(
        torch.trapezoid(voltage, time), AMPLITUDE @ WIDTH
    )


def test_between_pulses_lies_the_gap() -> None:
    time, _ = pulse_train(AMPLITUDE, WIDTH, gap=3 * us, rise=7 * ns)
    pauses = torch.cat((time[1:2], time[5::4] - time[4:-1:4]))
    torch.testing.assert_close(pauses, torch.full_like(pauses, 3 * us))


def test_the_text_is_two_columns_that_rise() -> None:
    time, voltage = pulse_train(AMPLITUDE, WIDTH, gap=1 * us, rise=1 * ns)
    rows = [
        [float(x) for x in line.split()]
        for line in pwl_text(time, voltage).splitlines()
    ]
    read = torch.tensor(rows, dtype=torch.float64)
    torch.testing.assert_close(read[:, 0], time, rtol=1e-11, atol=0.0)
    torch.testing.assert_close(read[:, 1], voltage, rtol=1e-6, atol=0.0)
    assert (read[:, 0].diff() > 0).all()


@needs_ngspice
def test_ngspice_plays_them(tmp_path: Path) -> None:
    """At the middle of each pulse stands its voltage, and the charge that flows is the area."""
    time, voltage = pulse_train(AMPLITUDE, WIDTH, gap=1 * us, rise=5 * ns)
    gate = torch.where(voltage != 0, 2.5 * V, 0.0)
    text = pwl_subcircuit(time, {"te": voltage, "gate": gate}, title="pulses")
    (tmp_path / "pulses.cir").write_text(text)
    lines = [
        "play",
        ".include pulses.cir",
        "xp te gate pulses",
        "r1 te 0 1",
        "r2 gate 0 1",
        "bq 0 q i=1e6*v(te)",
        "cq q 0 1",
        "rq q 0 1t",
        f".tran 10n {float(time[-1]) + 1e-6!r}",
        ".options reltol=1e-6",
        ".control",
        "run",
        "write tile.raw",
        "quit 0",
        ".endc",
        ".end",
    ]
    plot = simulate("\n".join(lines) + "\n", tmp_path)
    found = {n: plot.values[:, k] for k, n in enumerate(plot.names)}
    clock = found["time"]
    for nth, volts in enumerate(AMPLITUDE.tolist()):
        middle = (time[2 + 4 * nth] + time[3 + 4 * nth]) / 2
        near = (clock - middle).abs().argmin()
        assert found["v(te)"][near] == pytest.approx(volts, rel=1e-9)
        assert found["v(gate)"][near] == pytest.approx(2.5, rel=1e-9)
    swing = 1e6 * float(AMPLITUDE.abs() @ WIDTH)
    total = 1e6 * float(AMPLITUDE @ WIDTH)
    assert found["v(q)"][-1] == pytest.approx(total, abs=1e-4 * swing)


@pytest.mark.parametrize(
    ("gap", "rise", "says"),
    [
        (0.0, 1 * ns, "`gap` must be finite and above 0 s"),
        (1 * us, 0.0, "`rise` must be finite and above 0 s"),
        (
            1 * us,
            100 * ns,
            "`rise` must be shorter than the shortest pulse of 100 ns",
        ),
    ],
)
def test_times_that_make_no_pulse_are_refused(
    gap: float, rise: float, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        pulse_train(AMPLITUDE, WIDTH, gap=gap, rise=rise)
