"""What is odd in a file is said with its line, or refused in one sentence; nothing is executed."""

import gzip
import struct
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from mho.measured import Endurance, PulseResponses, Waits, read_measured
from mho.units import uS

WAITS = (
    "cell,time_s,conductance_uS\n"
    "1,0,50\n1,1,49\n1,10,48\n2,0,30\n2,1,29.5\n2,10,29\n"
)
"""Two cells read three times."""
READINGS = np.array([50, 49, 48, 30, 29.5, 29]) * uS


def waits(path: Path, content: str | bytes) -> Waits:
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode()
    )
    found = read_measured(path)
    assert isinstance(found, Waits)
    return found


@pytest.mark.parametrize(
    "content",
    [
        WAITS.replace("\n", "\r\n"),
        WAITS.replace("\n", "\r"),
        b"\xef\xbb\xbf" + WAITS.encode(),
        WAITS.encode("utf-16"),
        WAITS.encode("utf-16-be"),
        gzip.compress(WAITS.encode(), mtime=0),
        "sep=;\n" + WAITS.replace(",", ";"),
        WAITS.replace(",", ";").replace("29.5", "29,5"),
        WAITS.replace(",", "\t").replace("29.5", "29,5"),
        WAITS.replace(",", " "),
        WAITS.replace(",", " , "),
        "# " + WAITS,
        WAITS.replace("_s", "")
        .replace("_uS", "")
        .replace("\n", "\n,s,µS\n", 1),
        WAITS.replace("1,10", "# later\n\n1,10"),
        WAITS.replace("\n", ",\n"),
        WAITS.replace("conductance_uS", "note,G (uS)")
        .replace(",4", ",x,4")
        .replace(",5", ",x,5")
        .replace(",30", ",x,30")
        .replace(",29", ",x,29"),
    ],
)
def test_the_same_table_written_otherwise_is_the_same(
    tmp_path: Path, content: str | bytes
) -> None:
    found = waits(tmp_path / "w.csv", content)
    np.testing.assert_allclose(found.conductance, READINGS, rtol=1e-12)
    assert not found.remarks


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("48", "nan", "line 4: a number is missing"),
        ("48", "", "line 4: a number is missing"),
        ("48", "9.91e37", "line 4: a number is missing"),
        ("2,10,29\n", "2,10,29\n2,10,29\n", "line 8: the same reading again"),
        ("1,1,49\n1,10,48", "1,10,48\n1,1,49", "line 4: time goes back"),
        ("2,0,30", "cell,time_s,conductance_uS\n2,0,30", "line 5: the header"),
        ("cell,", "lab 7\ncell,", "line 1: 1 of the lines before the table"),
        (",29\n", "\n", "line 7: fewer cells than columns"),
    ],
)
def test_what_is_odd_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    """And all other readings are as they were."""
    found = waits(tmp_path / "w.csv", WAITS.replace(old, new))
    assert any(remark.startswith(told) for remark in found.remarks)
    kept = np.isin(
        np.round(READINGS / uS, 6), np.round(found.conductance / uS, 6)
    )
    assert kept.sum() >= len(READINGS) - 1
    assert len(found.conductance) == kept.sum()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("48", "4a8", "line 4 must hold a number in column 3"),
        ("48", "=SUM(A1)", "line 4 must hold a number in column 3"),
        ("48", "4_8", "line 4 must hold a number in column 3"),
        ("48", "٤٨", "line 4 must hold a number in column 3"),
        ("48", "48 uS", "must have the same unit all along column 3"),
        ("48", "48000000", "units mixed?"),
        ("48", "48,5", "line 4 must have 3 columns, but has 4"),
        ("_uS", "", "must say the unit of `conductance`"),
        ("_uS", "_V", "must tell by its columns"),
        ("1,10,", "1,-10,", "line 4 must have a time of 0 or more"),
        ("48", "4\x008", "line 4 holds bytes that are none"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    path = tmp_path / "w.csv"
    path.write_text(WAITS.replace(old, new))
    with pytest.raises(ValueError) as error:
        read_measured(path)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_converter_at_its_end_is_told_with_the_first_line(
    tmp_path: Path,
) -> None:
    """Half of the readings are exactly the largest; they begin at reading 30, on line 32."""
    rows = "\n".join(f"{n},{min(40 + n, 70)}" for n in range(60))
    (tmp_path / "p.csv").write_text(f"pulse,G_uS\n{rows}\n")
    found = read_measured(tmp_path / "p.csv")
    assert any(
        remark.startswith("line 32: 30 of 60 readings")
        for remark in found.remarks
    )


def test_high_and_low_that_are_exchanged_are_put_right_and_told(
    tmp_path: Path,
) -> None:
    (tmp_path / "e.csv").write_text("cycle,low_uS,high_uS\n1,90,10\n2,91,9\n")
    found = read_measured(tmp_path / "e.csv")
    assert isinstance(found, Endurance)
    np.testing.assert_allclose(found.high / uS, [90, 91])
    assert "exchanged" in found.remarks[0]


def test_a_small_file_that_unpacks_to_much_is_refused(tmp_path: Path) -> None:
    """Gzip, and a packed element of MATLAB."""
    packed = tmp_path / "z.csv.gz"
    packed.write_bytes(gzip.compress(b"0,0\n" * 40_000_000, 1))
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    body = zlib.compress(bytes(200 * 2**20), 9)
    matlab = tmp_path / "z.mat"
    matlab.write_bytes(head + struct.pack("<II", 15, len(body)) + body)
    for path in (packed, matlab):
        with pytest.raises(ValueError, match="96 MiB"):
            read_measured(path)


def test_nothing_outside_of_an_hdf5_file_is_read(tmp_path: Path) -> None:
    """Links, external storage and virtual data of another file are left out, not followed."""
    numbers = np.arange(10.0) + 10
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["conductance_uS"] = numbers
    (tmp_path / "raw").write_bytes(numbers.tobytes())
    layout = h5py.VirtualLayout(shape=(10,), dtype="f8")
    layout[:] = h5py.VirtualSource(
        str(tmp_path / "secret.h5"), "conductance_uS", shape=(10,)
    )
    with h5py.File(tmp_path / "open.h5", "w") as file:
        file["time_s"] = np.arange(10.0)
        file["a_uS"] = h5py.ExternalLink("secret.h5", "conductance_uS")
        file["b_uS"] = h5py.SoftLink("/time_s")
        file.create_virtual_dataset("c_uS", layout)
        file.create_dataset(
            "d_uS", (10,), "f8", external=[(str(tmp_path / "raw"), 0, 80)]
        )
    with pytest.raises(ValueError, match="but has `time"):
        read_measured(tmp_path / "open.h5")


def test_a_table_that_claims_too_many_numbers_is_refused_unread(
    tmp_path: Path,
) -> None:
    with h5py.File(tmp_path / "huge.h5", "w") as file:
        file.create_dataset("x", (10**12,), "f8", chunks=(10**6,))
    with pytest.raises(ValueError, match="1,000,000,000,000"):
        read_measured(tmp_path / "huge.h5")


def test_a_pulse_goes_with_the_reading_after_it_and_several_at_once_with_none(
    tmp_path: Path,
) -> None:
    """Read, pulse, read, two pulses, read: one pulse with a before and an after."""
    kinds = [
        ("current", "<f4"),
        ("voltage", "<f4"),
        ("pulse_width", "<f4"),
        ("read_voltage", "<f4"),
        ("op_type", "<u4"),
    ]
    table = np.array(
        [
            (10e-6, 0.2, 0, 0.2, 1),
            (np.nan, 1.5, 1e-6, np.nan, 2),
            (12e-6, 0.2, 0, 0.2, 1),
            (np.nan, 1.5, 1e-6, np.nan, 2),
            (np.nan, 1.5, 1e-6, np.nan, 2),
            (16e-6, 0.2, 0, 0.2, 1),
        ],
        dtype=kinds,
    )
    with h5py.File(tmp_path / "store.h5", "w") as file:
        file.create_group("crossbar")
        place = file.create_dataset("crosspoints/W01B02/timeseries", data=table)
        place.attrs["NROWS"] = 6
    found = read_measured(tmp_path / "store.h5")
    assert isinstance(found, PulseResponses)
    np.testing.assert_allclose(found.before / uS, [50], rtol=1e-6)
    np.testing.assert_allclose(found.after / uS, [60], rtol=1e-6)
    assert "several pulses" in found.remarks[0]


def test_a_second_run_in_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    """Times that begin again; a file whose second half stands first is sorted as ever."""
    times = np.arange(200) * 1e-3
    file = tmp_path / "runs.csv"

    def write(rows: np.ndarray) -> None:
        readings = 50 + np.sin(np.arange(rows.size))
        lines = [
            f"{t:.3f},{g:.5f}" for t, g in zip(rows, readings, strict=True)
        ]
        file.write_text("\n".join(["time_s,conductance_uS", *lines]))

    for shift in (0.0, 4e-4):
        write(np.concatenate((times, times + shift)))
        with pytest.raises(ValueError, match="in line 202 time begins again"):
            read_measured(file)
    write(np.concatenate((times[100:], times[:100])))
    assert "line 102: time goes back" in str(read_measured(file).remarks)
