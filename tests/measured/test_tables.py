"""Tables of text become values in SI, in whatever spelling their columns and units are."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from mho.measured import (
    ArrayMap,
    Endurance,
    NormalisedResponses,
    PulseResponses,
    Sweeps,
    Trace,
    Waits,
    read_measured,
)
from mho.units import uS


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


PULSES = [(50.0, 52.5), (52.5, 54.0), (54.0, 55.25)]
"""Conductance before and after three pulses (µS)."""


def as_pulses(path: Path) -> PulseResponses:
    found = read_measured(path)
    assert isinstance(found, PulseResponses)
    return found


@pytest.mark.parametrize(
    ("header", "scale", "separator"),
    [
        ("before_uS,after_uS", 1.0, ","),
        ("G before (µS);G after (µS)", 1.0, ";"),
        ("Gi/nS\tGf/nS", 1e3, "\t"),
        ("before [S],after [S]", 1e-6, ","),
        ("conductance_before_mS conductance_after_mS", 1e-3, " "),
    ],
)
def test_units_of_a_header_are_understood(
    tmp_path: Path, header: str, scale: float, separator: str
) -> None:
    """The same three pulses in five spellings are the same numbers, to rounding of the text."""
    rows = [f"{a * scale:.9g}{separator}{b * scale:.9g}" for a, b in PULSES]
    found = as_pulses(written(tmp_path / "p.csv", "\n".join([header, *rows])))
    expected = np.array(PULSES) * uS
    np.testing.assert_allclose(found.before, expected[:, 0], rtol=1e-8)
    np.testing.assert_allclose(found.after, expected[:, 1], rtol=1e-8)
    assert found.direction.tolist() == [1, 1, 1]


def test_a_ramp_a_column_ends_where_its_cells_are_empty(tmp_path: Path) -> None:
    """Readings after each of 3 and of 2 pulses: 2 and 1 pulses with a before and an after."""
    text = "rmp1,rmp3\n1e-4,2e-4\n1.1e-4,2.3e-4\n1.2e-4,\n"
    path = tmp_path / "ramps_set_S.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    found = as_pulses(path)
    assert found.ramp.tolist() == [0, 0, 1]
    np.testing.assert_allclose(found.before, [1e-4, 1.1e-4, 2e-4])
    np.testing.assert_allclose(found.after, [1.1e-4, 1.2e-4, 2.3e-4])
    assert found.direction.tolist() == [1, 1, 1]


def test_a_long_table_of_ramps_is_cut_where_the_number_of_the_ramp_changes(
    tmp_path: Path,
) -> None:
    text = "ramp,pulse,R_kOhm\n1,0,10\n1,1,8\n2,0,10\n2,1,5\n2,2,4\n"
    found = as_pulses(written(tmp_path / "p.csv", text))
    assert found.ramp.tolist() == [0, 1, 1]
    np.testing.assert_allclose(found.before, [1e-4, 1e-4, 2e-4])
    np.testing.assert_allclose(found.after, [1.25e-4, 2e-4, 2.5e-4])


def test_waits_are_in_order_of_cell_and_time_with_what_was_written(
    tmp_path: Path,
) -> None:
    text = (
        "cell,time_s,conductance_uS,temperature_C\n"
        "7,10,48,100\n7,0,50,100\n3,0,20,27\n3,10,19,27\n"
    )
    found = read_measured(written(tmp_path / "w.csv", text))
    assert isinstance(found, Waits)
    assert found.cell.tolist() == [3, 3, 7, 7]
    np.testing.assert_allclose(found.conductance / uS, [20, 19, 50, 48])
    np.testing.assert_allclose(found.written / uS, [20, 20, 50, 50])
    np.testing.assert_allclose(found.temperature, [300.15] * 2 + [373.15] * 2)
    assert any(
        remark.startswith("line 3: time goes back") for remark in found.remarks
    )


def test_endurance_takes_resistances_and_exchanges_what_is_called_wrongly(
    tmp_path: Path,
) -> None:
    text = "cycle,HRS (kOhm),LRS (kOhm)\n1,100,10\n10,90,10\n100,50,12.5\n"
    found = read_measured(written(tmp_path / "e.csv", text))
    assert isinstance(found, Endurance)
    np.testing.assert_allclose(found.low / uS, [10, 1e3 / 90, 20])
    np.testing.assert_allclose(found.high / uS, [100, 100, 80])


def test_sweeps_begin_anew_where_the_voltage_does(tmp_path: Path) -> None:
    """Two sweeps 0 → 1 → −1 → 0 of an ohmic cell of 10 µS."""
    one = [
        *np.linspace(0, 1, 11),
        *np.linspace(0.9, -1, 20),
        *np.linspace(-0.9, 0, 10),
    ]
    rows = [f"{v:.3f},{v * 1e-5:.6g}" for v in one * 2]
    found = read_measured(
        written(tmp_path / "iv.csv", "\n".join(["V,I", *rows]))
    )
    assert isinstance(found, Sweeps)
    assert found.sweep.max() == 1
    assert int((found.sweep == 0).sum()) == len(one)
    np.testing.assert_allclose(found.current, found.voltage * 1e-5, atol=1e-9)


def test_a_map_is_a_grid_or_a_line_a_cell(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    grid = rng.uniform(10, 50, (9, 8))
    rows = [",".join(f"{value * 1e-6:.9g}" for value in row) for row in grid]
    first = read_measured(written(tmp_path / "map.csv", "\n".join(rows)))
    cells = [f"{r},{c},{grid[r, c]:.9g}" for r in range(9) for c in range(8)]
    text = "\n".join(["row,col,G_uS", *cells])
    second = read_measured(written(tmp_path / "long.csv", text))
    for found in (first, second):
        assert isinstance(found, ArrayMap)
        np.testing.assert_allclose(found.conductance, grid * uS, rtol=1e-8)


def test_pairs_without_names_that_cross_zero_are_normalised_responses(
    tmp_path: Path,
) -> None:
    up = np.linspace(-1, 1, 40)
    rows = [f"{a:.4f},{-a:.4f}" for a in up]
    found = read_measured(written(tmp_path / "r.csv", "\n".join(rows)))
    assert isinstance(found, NormalisedResponses)
    np.testing.assert_allclose(found.up[:, 0], up, atol=1e-4)
    np.testing.assert_allclose(found.down[:, 0], -up, atol=1e-4)


def test_a_trace_is_told_from_waits_by_its_even_steps(tmp_path: Path) -> None:
    rows = [f"{k * 2e-3:.6f},{50 + k % 3}" for k in range(300)]
    found = read_measured(
        written(tmp_path / "t.csv", "\n".join(["time_s,G_uS", *rows]))
    )
    assert isinstance(found, Trace)
    assert found.interval == pytest.approx(2e-3)
