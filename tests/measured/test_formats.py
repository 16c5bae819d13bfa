"""A file of each format that labs use becomes what it says."""

from pathlib import Path

import numpy as np
import pytest

from lab_files import FILES
from mho.measured import PulseResponses, StepTable, Sweeps, Waits, read_measured


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_each_format_gives_its_numbers(
    tmp_path: Path, name: str
) -> None:
    """Numbers agree to the digits that the file keeps, at single precision at least."""
    lab = FILES[name]()
    found = read_measured(lab.write(tmp_path), **lab.given)
    assert found.kind == lab.kind
    assert found.source == lab.name
    for field, expected in lab.holds.items():
        values = np.asarray(getattr(found, field))
        np.testing.assert_allclose(values, expected, rtol=2e-5, atol=1e-12)


def test_a_session_of_arc_one_has_sweeps_besides_pulses(tmp_path: Path) -> None:
    path = FILES["arc_one"]().write(tmp_path)
    pulses = read_measured(path)
    assert isinstance(pulses, PulseResponses)
    assert set(pulses.cell) == {3 * 6 + 5}
    assert (np.sign(pulses.amplitude) == pulses.direction).all()
    assert "`--as sweeps`" in "".join(pulses.remarks)
    sweeps = read_measured(path, kind="sweeps")
    assert isinstance(sweeps, Sweeps)
    assert len(sweeps.voltage) == 9


def test_a_table_of_steps_keeps_its_distribution(tmp_path: Path) -> None:
    """Steps are spread evenly from 0.5 to 1.5 µS: the quantile of p is 0.5 + p µS."""
    found = read_measured(FILES["xbtorch"]().write(tmp_path))
    assert isinstance(found, StepTable)
    assert found.direction == 1
    assert found.amplitude == 1.5
    expected = np.broadcast_to(
        0.5e-6 + 1e-6 * found.probability, found.step.shape
    )
    np.testing.assert_allclose(found.step, expected, atol=1e-12)


def _easyexpert(path: Path, units: tuple[str, ...]) -> Sweeps:
    """Tests of 0 to 9 V and as many of the current's unit, each with its units."""
    lines = ["SetupTitle, I/V Sweep"]
    for unit in units:
        lines += [
            f"AnalysisSetup, Analysis.Setup.Vector.List.Datum.Unit, V, {unit}",
            "DataName, V1, I1",
            *(f"DataValue, {k}, {k}" for k in range(10)),
        ]
    path.write_text("\n".join(lines) + "\n")
    found = read_measured(path)
    assert isinstance(found, Sweeps)
    return found


def test_each_test_of_easyexpert_has_its_own_units(tmp_path: Path) -> None:
    found = _easyexpert(tmp_path / "s.csv", ("uA", "nA"))
    for number, unit in enumerate((1e-6, 1e-9)):
        np.testing.assert_allclose(
            found.current[found.sweep == number], np.arange(10) * unit
        )
    with pytest.raises(ValueError, match="line 16 must have the units"):
        _easyexpert(tmp_path / "s.csv", ("uA", "V"))


def test_times_of_retention_count_from_the_first_of_a_cell(
    tmp_path: Path,
) -> None:
    """Tags hold seconds since 1970: two cells begin at different ones."""
    begins = {1: 1_551_694_272.0, 2: 1_551_694_300.0}
    lines = [
        "session 7",
        "Mon Mar  4 10:11:12 2019",
        "Wordline,Bitline,Resistance,Amplitude (V),Pulse width (s),Tag,ReadTag,ReadVoltage",
    ]
    lines += [
        f"{word},5,12000,0.2,0,RET_{begin + wait},R2,0.2"
        for word, begin in begins.items()
        for wait in (0, 1, 10)
    ]
    path = tmp_path / "session.csv"
    path.write_text("\n".join(lines) + "\n")
    found = read_measured(path)
    assert isinstance(found, Waits)
    np.testing.assert_allclose(found.time, [0, 1, 10] * 2, atol=1e-6)
