"""Files become traces, or one sentence that says what is wrong with them."""

import gzip
from pathlib import Path

import pytest
import torch

from mho.measured import Trace, read_trace, trace
from mho.units import uS


def write(path: Path, header: str, scale: float, samples: int = 300) -> Path:
    """A ramp from 10 to 40 in steps of 0.1, times a scale, every 2 ms."""
    lines = [header] if header else []
    lines += [
        f"{k * 0.002:.6f},{(10 + 0.1 * k) * scale:.9g}" for k in range(samples)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("header", "scale"),
    [
        ("", 2e-6),
        ("time_s,current_A", 2e-6),
        ("time_s,current_uA", 2.0),
        ("time_s, current_nA", 2e3),
        ('"time_s","conductance_uS"', 10.0),
        ("time_s,conductance_S", 1e-5),
        ("# from the probe station\ntime_s,conductance_nS", 1e4),
    ],
)
def test_headers_name_the_units(
    tmp_path: Path, header: str, scale: float
) -> None:
    """All are the same ramp from 100 µS up, read at 0.2 V; the header times only differ."""
    trace = read_trace(write(tmp_path / "t.csv", header, scale), 0.2)
    assert trace.interval == pytest.approx(2e-3)
    expected = (100 + torch.arange(300, dtype=torch.float64)) * uS
    torch.testing.assert_close(trace.conductance, expected, rtol=1e-6, atol=0.0)


def test_a_negative_current_at_a_negative_voltage_is_a_conductance(
    tmp_path: Path,
) -> None:
    trace = read_trace(write(tmp_path / "t.csv", "", -2e-6), -0.2)
    assert float(trace.conductance[0]) == pytest.approx(100 * uS)


def test_time_may_be_in_milliseconds(tmp_path: Path) -> None:
    trace = read_trace(
        write(tmp_path / "t.csv", "time_ms,current_A", 1e-6), 0.2
    )
    assert trace.interval == pytest.approx(2e-6)


@pytest.mark.parametrize(
    ("line", "text", "says"),
    [
        (0, "time_s,voltage_V", "line 1 must be `time_s,current_A`"),
        (0, "time_s", "line 1 must be `time_s,current_A`"),
        (0, "current_A,time_s", "line 1 must be `time_s,current_A`"),
        (
            7,
            "0.012,1,2",
            "line 8 must have two columns separated by a comma, but has 3",
        ),
        (7, "0.012,inf", "line 8 must hold finite numbers, but holds `inf`"),
        (7, "nan,1", "line 8 must hold finite numbers, but holds `nan`"),
        (7, "0.012,off", "line 8 must hold finite numbers, but holds `off`"),
        (7, "0.0121,1e-6", "line 8 must come one even step"),
    ],
)
def test_errors_name_file_and_line(
    tmp_path: Path, line: int, text: str, says: str
) -> None:
    path = write(tmp_path / "bad.csv", "time_s,current_A", 1e-6)
    lines = path.read_text().splitlines()
    lines[line] = text
    path.write_text("\n".join(lines))
    with pytest.raises(
        ValueError, match=rf"^File `.*bad\.csv` {says}"
    ) as error:
        read_trace(path, 0.2)
    assert "\n" not in str(error.value)


def test_missing_samples_lie_between_their_neighbours(tmp_path: Path) -> None:
    """A ramp has every value on the line between its neighbours, so that nothing changes."""
    path = write(tmp_path / "t.csv", "time_s,conductance_uS", 10.0)
    lines = path.read_text().splitlines()
    lines[20] = lines[20].split(",")[0] + ","
    lines[30] = lines[30].split(",")[0] + ",NaN"
    del lines[40:43]
    path.write_text("\n".join(lines) + "\n")
    trace = read_trace(path, 0.2)
    assert trace.missing == 5
    assert trace.interval == pytest.approx(2e-3)
    expected = (100 + torch.arange(300, dtype=torch.float64)) * uS
    torch.testing.assert_close(trace.conductance, expected, rtol=1e-6, atol=0.0)
    del lines[100:140]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match="45 of 300 are missing; cut"):
        read_trace(path, 0.2)


def test_a_packed_file_is_the_same_trace(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "time_s,conductance_uS", 10.0)
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    found = read_trace(packed, 0.2).conductance
    assert torch.equal(found, read_trace(path, 0.2).conductance)


def test_a_damaged_packed_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Cut off anywhere behind its first two bytes, or with one byte in its head or body turned."""
    path = write(tmp_path / "t.csv", "time_s,conductance_uS", 10.0)
    whole = gzip.compress(path.read_bytes(), mtime=0)
    packed = tmp_path / "t.csv.gz"
    for end in (2, 9, 10, 200, len(whole) - 1):
        packed.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="cut off or damaged"):
            read_trace(packed, 0.2)
    for place in (2, *range(10, len(whole), 7)):
        turned = bytearray(whole)
        turned[place] ^= 0xFF
        packed.write_bytes(turned)
        with pytest.raises(ValueError, match=r"^File `.*t\.csv\.gz` "):
            read_trace(packed, 0.2)


def test_files_that_are_no_traces(tmp_path: Path) -> None:
    empty, short, binary = (
        tmp_path / name for name in ("empty.csv", "short.csv", "binary.csv")
    )
    empty.write_text("\n")
    binary.write_bytes(bytes(range(256)))
    write(short, "", 1e-6, samples=199)
    for path, says in (
        (empty, "is empty"),
        (short, "holds 199"),
        (binary, "must be text"),
    ):
        with pytest.raises(ValueError, match=says):
            read_trace(path, 0.2)
    with pytest.raises(ValueError, match="`voltage` must be finite and above"):
        read_trace(write(short, "", 1e-6), 0.0)


def test_traces_in_memory_are_checked_as_well() -> None:
    with pytest.raises(ValueError, match="`conductance` must be finite"):
        Trace(torch.full((300,), float("nan")), 1e-3)
    with pytest.raises(
        ValueError, match="`conductance` must have 200 to 500,000 samples"
    ):
        Trace(torch.zeros(10), 1e-3)
    with pytest.raises(ValueError, match="`interval`"):
        Trace(torch.zeros(300), 0.0)


def test_a_file_is_read_no_further_than_a_trace_may_be_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither its lines nor one of them: 300 samples where 250 are the most, a line of a megabyte.

    Behind the end of what is read there are bytes that no text has; nobody sees them.
    """
    monkeypatch.setattr(trace, "SAMPLES_MAX", 250)
    long = write(
        tmp_path / "long.csv", "time_s,current_A", 1e-6, samples=20_000
    )
    long.write_bytes(long.read_bytes() + b"\xff\n")
    with pytest.raises(
        ValueError, match=r"to 250 samples, but holds more; cut"
    ):
        read_trace(long, 0.2)
    wide = tmp_path / "wide.csv"
    wide.write_bytes(b"0" * 2**20 + b"\xff\n")
    with pytest.raises(
        ValueError, match=r"line 1 must have 10,000 letters at most"
    ):
        read_trace(wide, 0.2)
