"""A file of each format that labs use becomes what it says."""

from pathlib import Path

import numpy as np
import pytest

from lab_files import FILES
from mho.measured import PulseResponses, StepTable, Sweeps, read_measured


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
