"""Files of samples that claim too much: measured, and refused before anything is made of them."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mho.data import load_data
from mho.data.npz import ForeignFileError, NpzFile
from mho.files import TooLargeError, allow_memory


def header(shape: tuple[int, ...], descr: str = "|u1") -> bytes:
    """What a `.npy` member begins with."""
    text = repr(
        {"descr": descr, "fortran_order": False, "shape": shape}
    ).encode()
    text += b" " * (117 - len(text)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def packed(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def test_zeros_that_compress_a_thousandfold_are_measured_before_they_are_read(
    tmp_path: Path,
) -> None:
    """32 MiB of zeros in 32 kB, and as double precision eight times as much.

    Under a limit that they do not fit into, less than 1 MiB is ever allocated; under one that
    they fit into, the same file is read.
    """
    shape = (32, 2**20)
    content = header(shape) + bytes(32 * 2**20)
    labels = header((32,), "<i8") + bytes(32 * 8)
    path = packed(tmp_path / "bomb.npz", inputs=content, labels=labels)
    assert path.stat().st_size < 2**16
    tracemalloc.start()
    with (
        allow_memory("256MiB"),
        pytest.raises(TooLargeError, match=r"`inputs` of .* needs 288 MiB"),
    ):
        load_data(str(path))
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()
    with allow_memory("320MiB"):
        assert load_data(str(path)).inputs.shape == shape


def test_arrays_are_added_up(tmp_path: Path) -> None:
    """Two that fit one by one do not fit together. Exact: 2 x 1000 bytes."""
    content = header((1000,)) + bytes(1000)
    path = packed(tmp_path / "two.npz", a=content, b=content)
    with allow_memory(1999), NpzFile(path, "data") as file:
        assert file.read(("a",))["a"].nbytes == 1000
        with pytest.raises(TooLargeError, match="`b` of"):
            file.read(("a", "b"))
    with allow_memory(2000), NpzFile(path, "data") as file:
        assert set(file.read(("a", "b"))) == {"a", "b"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (header((2**40,)) + bytes(100), "does not fit its"),
        (header((7,)) + bytes(8), "does not fit its"),
        (b"1e-4", "has a member `x` that is no array"),
        (b"\x93NUMPY\x09\x00", "unknown version"),
        (header((1,), "|O") + bytes(8), "could run code"),
        (header((-1,)) + bytes(8), "does not fit its"),
    ],
)
def test_a_header_that_promises_something_else_is_refused(
    content: bytes, says: str, tmp_path: Path
) -> None:
    """More than there is, less, no array, an unknown version, objects."""
    path = packed(tmp_path / "x.npz", x=content)
    with (
        NpzFile(path, "data") as file,
        pytest.raises(ForeignFileError, match=says),
    ):
        file.read(("x",))


def test_an_array_comes_as_numpy_saved_it(tmp_path: Path) -> None:
    """Both orders of memory, every kind of number, no dimension. Exact."""
    arrays = {
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "swapped": np.arange(4, dtype=">u2"),
        "scalar": np.array(7),
        "empty": np.zeros((0, 3)),
    }
    np.savez_compressed(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with NpzFile(tmp_path / "a.npz", "data") as file:
        assert file.names == tuple(arrays)
        found = file.read(file.names)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)
