"""Matrices and right sides from files that people bring: measured before they are read.

Files of NumPy and SciPy are read as plain arrays, never unpickled.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from mho.checks import one_line
from mho.data import ForeignFileError, NpzFile
from mho.files import TooLargeError, check_memory, readable_file
from mho.rng import Stream
from mho.solve.gallery.market import MOST, read_market
from mho.solve.gallery.problems import PREFIX, Problem, built_in

Array = npt.NDArray[np.float64]

_ENTRY = 48
"""Memory for each stored number of a sparse matrix while it is read (bytes)."""
_NUMBER = 16
"""Memory for each number of a dense one (bytes)."""
_NAMES = {"matrix": ("matrix", "A"), "rhs": ("rhs", "b")}
"""Names of arrays in files of several, by the argument."""


def read_problem(word: str, stream: Stream) -> Problem:
    """The matrix that a word names: built in, or a file `.mtx`, `.npz` or `.npy`.

    Args:
        word: Such as `gallery:poisson2d:64` or `A.mtx`.
        stream: Names what is random about built-in ones.

    Raises:
        ValueError: In one sentence: no such thing, damaged, not of numbers, too large.
    """
    if word.startswith(PREFIX):
        return built_in(word.removeprefix(PREFIX), stream)
    reader = _reader(word)
    if reader is None:
        raise ValueError(
            "Argument `matrix` must be a file `.mtx`, `.mtx.gz`, `.npz` or `.npy`, or built in"
            f" such as `{PREFIX}poisson2d:64`, but is `{one_line(word)[:80]}`."
        )
    path = readable_file(word, "matrix")
    matrix = _guarded(reader, path, "matrix")
    if matrix.ndim != 2:
        raise ValueError(
            f"Argument `matrix` must hold rows and columns, but `{path}` has"
            f" {matrix.ndim} dimensions."
        )
    rows, cols = matrix.shape
    name = path.name.split(".")[0] or path.stem
    about = f"`{path.name}`, {rows} x {cols}"
    if matrix.dtype.kind == "c":
        return Problem.complex_one(name, about, matrix)
    return Problem(name, about, matrix, None)


def read_vector(word: str, *, parts: bool = False) -> Array:
    """A right side from a file `.npy`, `.npz` or `.mtx`. Shape (n,).

    Args:
        word: The file.
        parts: Whether real parts shall come first and imaginary ones after them.

    Raises:
        ValueError: In one sentence: damaged, not of numbers, not one column.
    """
    reader = _reader(word)
    if reader is None:
        raise ValueError(
            "Argument `rhs` must be a file `.npy`, `.npz` or `.mtx`, `ones` or `random`, but is"
            f" `{one_line(word)[:80]}`."
        )
    path = readable_file(word, "rhs")
    found = _guarded(reader, path, "rhs")
    if sparse.issparse(found):
        check_memory(
            found.shape[0] * found.shape[1] * _NUMBER, "rhs", f"`{path}`"
        )
        found = found.toarray()
    if found.ndim == 2 and 1 in found.shape:
        found = found.ravel()
    if found.ndim != 1:
        shape = " x ".join(str(length) for length in found.shape)
        raise ValueError(
            f"Argument `rhs` must be one column of numbers, but `{path}` is {shape or 'one'};"
            " solve for one column at a time."
        )
    if parts:
        return np.concatenate((found.real, np.imag(found)))
    if found.dtype.kind == "c":
        raise ValueError(
            f"Argument `rhs` must be real as the matrix is, but `{path}` holds complex numbers;"
            " solve for real and imaginary parts one after the other."
        )
    vector: Array = found
    return vector


def _reader(word: str) -> Callable[[Path, str], Any] | None:
    """Who reads a file of this name; `None` if nobody does."""
    name = word.lower().removesuffix(".gz")
    if name != word.lower() and not name.endswith(".mtx"):
        return None
    return _READERS.get(Path(name).suffix)


def _guarded(
    reader: Callable[[Path, str], Any], path: Path, argument: str
) -> Any:
    """What a reader makes of a file, or one sentence."""
    demand = f"Argument `{argument}` must name a readable file of numbers, but `{path}`"
    try:
        found = reader(path, argument)
    except (ForeignFileError, TooLargeError) as error:
        if isinstance(error, TooLargeError):
            raise
        raise ValueError(f"{demand} {error}.") from error
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        told = one_line(str(error).splitlines()[0] if str(error) else "")
        why = f": {told[:120].rstrip('.')}" if told else ""
        raise ValueError(f"{demand} is damaged{why}.") from error
    kind = found.dtype.kind
    if kind not in "biufc":
        raise ValueError(f"{demand} holds `{found.dtype}`.")
    return found.astype(np.complex128 if kind == "c" else np.float64)


def _read_npy(path: Path, argument: str) -> Any:
    """One array; a map is refused where the file is shorter than its header says."""
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            raise ForeignFileError("is no array of NumPy")
    try:
        found = np.load(path, allow_pickle=False, mmap_mode="r")
    except ValueError as error:
        if "Python objects" in str(error) or "allow_pickle" in str(error):
            raise ForeignFileError(
                "holds Python objects that could run code, so it was not opened"
            ) from error
        raise
    needed = found.nbytes + found.size * _NUMBER
    check_memory(needed, argument, f"`{path}`, of shape {found.shape},")
    return np.asarray(found)


def _read_npz(path: Path, argument: str) -> Any:
    """A sparse matrix that SciPy saved, or the only array there is."""
    with NpzFile(path, argument, _NUMBER) as file:
        if {"data", "format", "shape"} <= set(file.names):
            return _sparse(file.read(file.names), argument)
        wanted = _NAMES.get(argument, ())
        chosen = [name for name in file.names if name in wanted]
        if len(file.names) != 1 and len(chosen) != 1:
            raise ForeignFileError(
                f"holds {len(file.names)} arrays; name one of them `{argument}`"
            )
        name = file.names[0] if len(file.names) == 1 else chosen[0]
        return file.read((name,))[name]


def _sparse(arrays: dict[str, npt.NDArray[Any]], argument: str) -> Any:
    """A sparse matrix from its arrays, every index checked."""
    layout = arrays["format"].item()
    name = layout.decode() if isinstance(layout, bytes) else str(layout)
    shape = tuple(int(length) for length in arrays["shape"].ravel())
    if len(shape) != 2 or min(shape) < 0 or max(shape) > MOST:
        raise ForeignFileError(f"says it has the shape {shape}")
    if name == "coo":
        places = (arrays["row"], arrays["col"])
        found = sparse.coo_array((arrays["data"], places), shape)
    elif name in _COMPRESSED:
        kind = _COMPRESSED[name]
        parts = tuple(arrays[part] for part in ("data", "indices", "indptr"))
        found = kind(parts, shape)
        found.check_format(full_check=True)
    elif name == "dia":
        check_memory(arrays["data"].size * _ENTRY, argument, "the diagonals")
        found = sparse.dia_array((arrays["data"], arrays["offsets"]), shape)
    else:
        raise ForeignFileError(
            f"holds a sparse matrix of the format `{one_line(name)[:20]}`; save it as `csr`"
        )
    return sparse.csr_array(found)


_COMPRESSED = {
    "csr": sparse.csr_array,
    "csc": sparse.csc_array,
    "bsr": sparse.bsr_array,
}
_READERS: dict[str, Callable[[Path, str], Any]] = {
    ".mtx": read_market,
    ".npy": _read_npy,
    ".npz": _read_npz,
}
