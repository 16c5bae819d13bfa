"""Units and names of columns are understood, or refused; they are never taken for others."""

from pathlib import Path

import numpy as np
import pytest

from mho.measured import PulseResponses, Sweeps, Waits, read_measured
from mho.units import uS

Columns = dict[str, str]
UNITS = {"G": "S", "R": "Ohm"}


def read_waits(path: Path, text: str, columns: Columns | None = None) -> Waits:
    path.write_text(text)
    found = read_measured(path, columns=columns)
    assert isinstance(found, Waits)
    return found


def table(
    time: str = "time (s)", conductance: str = "G (uS)", value: float = 12.0
) -> str:
    """One cell read at once and after ten of the time's unit."""
    return f"cell,{time},{conductance}\n1,0,{value:g}\n1,10,{value:g}\n"


@pytest.mark.parametrize(
    ("unit", "seconds"),
    [
        ("SEC", 1),
        ("MIN", 60),
        ("mins", 60),
        ("h", 3600),
        ("Hours", 3600),
        ("HR", 3600),
        ("Days", 86400),
        ("weeks", 604800),
    ],
)
def test_words_for_times_stand_in_any_case_and_number(
    tmp_path: Path, unit: str, seconds: float
) -> None:
    found = read_waits(tmp_path / "w.csv", table(time=f"time ({unit})"))
    assert found.time.tolist() == [0, 10 * seconds]


@pytest.mark.parametrize(
    ("header", "value"), [("R (k ohm)", 10.0), ("G (umho)", 100.0)]
)
def test_spaces_and_prefixes_of_old_units_are_understood(
    tmp_path: Path, header: str, value: float
) -> None:
    """Both are 100 µS."""
    text = table(conductance=header, value=value)
    found = read_waits(tmp_path / "w.csv", text)
    np.testing.assert_allclose(found.conductance, 100 * uS)


@pytest.mark.parametrize(
    ("time", "conductance", "role"),
    [
        ("time (10^3 s)", "G (uS)", "time=time"),
        ("time (moons)", "G (uS)", "time=time"),
        ("time (s)", "R (k)", "conductance=R"),
        ("time (s)", "R (kR)", "conductance=R"),
        ("time (s)", "R (MΩ/sq)", "conductance=R"),
        ("time (s)", "G (10^-6 S)", "conductance=G"),
        ("time (s)", "G (arb)", "conductance=G"),
    ],
)
def test_a_unit_that_is_none_is_refused_with_the_way_out(
    tmp_path: Path, time: str, conductance: str, role: str
) -> None:
    """And the way out works."""
    value = {"G": 1e-4, "R": 1e4}[conductance[0]]
    text = table(time, conductance, value)
    with pytest.raises(ValueError, match=f"--columns {role}"):
        read_waits(tmp_path / "w.csv", text)
    said = {
        "time": "time[s]",
        "conductance": f"{conductance[0]}[{UNITS[conductance[0]]}]",
    }
    found = read_waits(tmp_path / "w.csv", text, said)
    np.testing.assert_allclose(found.conductance, 1e-4)


def test_currents_of_a_ramp_a_column_have_their_unit(tmp_path: Path) -> None:
    """5 and 6 µA at 0.1 V are 50 and 60 µS."""
    path = tmp_path / "p.csv"
    path.write_text("rmp1 (uA),rmp2 (uA)\n5,5\n6,6\n")
    found = read_measured(path, voltage=0.1)
    assert isinstance(found, PulseResponses)
    np.testing.assert_allclose(found.before, [50 * uS] * 2)
    np.testing.assert_allclose(found.after, [60 * uS] * 2)


def test_the_quantum_is_a_unit_in_brackets_alone(tmp_path: Path) -> None:
    for header in ("G/G0", "G_G0", "conductance / G0"):
        with pytest.raises(ValueError, match="is normalised"):
            read_waits(tmp_path / "w.csv", table(conductance=header, value=0.5))
    found = read_waits(
        tmp_path / "w.csv", table(conductance="G (G0)", value=0.5)
    )
    np.testing.assert_allclose(found.conductance, 38.74 * uS, rtol=1e-4)


def test_decimal_commas_between_commas_are_refused(tmp_path: Path) -> None:
    """The fractions would be a column without a name."""
    text = "time,cell,G (uS)\n0,1,12,5\n10,1,13,5\n"
    with pytest.raises(ValueError, match="line 2 must have 3 columns"):
        read_waits(tmp_path / "w.csv", text)


def test_a_column_without_a_name_is_told(tmp_path: Path) -> None:
    text = "time;cell;G (uS)\n0;1;12;7.5\n10;1;13;7.5\n"
    found = read_waits(tmp_path / "w.csv", text)
    assert "column 4 has no name, and was left out" in found.remarks


@pytest.mark.parametrize(
    ("title", "value", "kelvin"),
    [
        ("temperature", 358.15, 358.15),
        ("temperature (C)", 85, 358.15),
        ("temp_C", 85, 358.15),
        ("tempC", 85, 358.15),
        ("T_K", 77, 77),
    ],
)
def test_temperatures_have_their_unit(
    tmp_path: Path, title: str, value: float, kelvin: float
) -> None:
    text = f"cell,time (s),G (uS),{title}\n1,0,12,{value}\n1,10,12,{value}\n"
    found = read_waits(tmp_path / "w.csv", text)
    np.testing.assert_allclose(found.temperature, kelvin)


def test_a_small_temperature_without_unit_is_refused(tmp_path: Path) -> None:
    text = "cell,time (s),G (uS),temperature\n1,0,12,85\n1,10,12,85\n"
    with pytest.raises(ValueError, match=r"temperature=temperature\[C\]"):
        read_waits(tmp_path / "w.csv", text)
    said = {"temperature": "temperature[C]"}
    found = read_waits(tmp_path / "w.csv", text, said)
    np.testing.assert_allclose(found.temperature, 358.15)


def swept(path: Path, header: str) -> Sweeps:
    """A sweep to 1 V of 10 µS; before both columns stands one of 5 V."""
    rows = [f"5,{v:.2f},{v * 1e-5:.6g}" for v in np.linspace(0, 1, 21)]
    path.write_text("\n".join([header, *rows]))
    found = read_measured(path)
    assert isinstance(found, Sweeps)
    return found


@pytest.mark.parametrize(
    "header", ["Vg,Vd,Id", "V_gs,V_ds,I_ds", "Vg,V_d,I_d", "gate,V_C,I_C"]
)
def test_sweeps_of_transistors_are_of_the_drain(
    tmp_path: Path, header: str
) -> None:
    """`_d` and `_C` are indices, no days and no degrees; what stands first is the gate."""
    found = swept(tmp_path / "iv.csv", header)
    assert found.voltage.max() == pytest.approx(1.0)
    np.testing.assert_allclose(found.current, found.voltage * 1e-5, rtol=1e-5)


def test_the_least_of_a_window_is_no_minute(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("cycle,G_max,G_min\n1,1e-4,1e-5\n2,1e-4,1e-5\n")
    found = read_measured(path)
    assert found.kind == "endurance"


def test_resistances_without_unit_are_ohms_and_told(tmp_path: Path) -> None:
    found = read_waits(tmp_path / "w.csv", table(conductance="R", value=1e4))
    np.testing.assert_allclose(found.conductance, 100 * uS)
    assert "column `R`: no unit, numbers were taken as Ω" in found.remarks
    with pytest.raises(ValueError, match=r"conductance=R\[kOhm\]"):
        read_waits(tmp_path / "w.csv", table(conductance="R", value=12.0))


def test_negative_conductances_are_told_with_the_line(tmp_path: Path) -> None:
    text = "cell,time (s),G (uS)\n1,0,12\n1,1,-3\n1,10,12\n"
    found = read_waits(tmp_path / "w.csv", text)
    assert any(
        remark.startswith("line 3: 1 of 3 conductances")
        for remark in found.remarks
    )


def test_what_was_written_is_what_the_file_says(tmp_path: Path) -> None:
    """Not the first reading, which is 12 µS."""
    text = "cell,time (s),G (uS),target (uS)\n1,0,12,15\n1,10,11,15\n"
    found = read_waits(tmp_path / "w.csv", text)
    np.testing.assert_allclose(found.written, 15 * uS)


def test_a_cell_may_carry_its_degrees(tmp_path: Path) -> None:
    text = "cell,time (s),G (uS),temperature\n1,0,12,85C\n1,10,12,85C\n"
    found = read_waits(tmp_path / "w.csv", text)
    np.testing.assert_allclose(found.temperature, 358.15)
