"""HDF5 files: ArC TWO, MATLAB 7.3, and any other with arrays; reading them needs h5py, an extra.

Nothing outside the file is opened: links to other files, data stored elsewhere and virtual data
are left out and told. Sizes are looked at before anything is read.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mho.measured.formats.arc_two import arc_two_sheet
from mho.measured.formats.arrays import Values, as_real, sheet_of
from mho.measured.formats.hdf5_contents import Contents
from mho.measured.sheets import Sheet


def read_hdf5(path: Path, kind: str | None) -> tuple[Sheet, str | None]:
    """The table that an HDF5 file holds, and its kind where the format tells it.

    Args:
        path: The file.
        kind: Kind that is asked for; `None` for what there is.

    Raises:
        ValueError: It is damaged or too large, holds no table, or h5py is missing.
        OSError: It cannot be read.
    """
    try:
        import h5py
    except ImportError:
        raise ValueError(
            f"File `{path}` must be read with h5py, but that is not there; install `mho[lab]`, or"
            " save the table as CSV."
        ) from None
    try:
        with h5py.File(path, "r", locking=False) as file:
            contents = Contents(path, file, h5py)
            if contents.is_arc_two:
                return arc_two_sheet(contents, kind)
            return _any_sheet(contents), None
    except ValueError as error:
        if str(error).startswith(("File `", "Argument `")):
            raise
        raise _damaged(path) from None
    # a damaged file breaks the library in any way
    except Exception as error:
        if isinstance(error, FileNotFoundError | PermissionError):
            raise
        raise _damaged(path) from None


def _damaged(path: Path) -> ValueError:
    return ValueError(
        f"File `{path}` must be a whole HDF5 file, but is damaged or cut off; copy it again, or"
        " close the program that writes it."
    )


def _any_sheet(contents: Contents) -> Sheet:
    """The sheet of a file of any make: MATLAB's, or arrays with units as attributes."""
    arrays: dict[str, Values] = {}
    units: dict[str, str] = {}
    for name, dataset in contents.arrays():
        if _is_empty_of_matlab(dataset):
            continue
        found = contents.read(dataset)
        if found is None:
            continue
        for part, values in _parts(name, np.asarray(found)):
            real = as_real(values)
            if real is not None and real.size:
                is_matlab = "MATLAB_class" in dataset.attrs
                arrays[part] = real.T if is_matlab else real
                units[part] = _unit(dataset)
    named = {name: unit for name, unit in units.items() if unit}
    return sheet_of(contents.path, arrays, named, contents.remarks())


def _is_empty_of_matlab(dataset: Any) -> bool:
    """MATLAB keeps the shape of an empty array, and texts as numbers."""
    kind = dataset.attrs.get("MATLAB_class", b"")
    word = kind.decode("latin-1") if isinstance(kind, bytes) else str(kind)
    return "MATLAB_empty" in dataset.attrs or word in (
        "char",
        "cell",
        "function_handle",
    )


def _parts(name: str, values: Any) -> Iterator[tuple[str, Any]]:
    if values.dtype.names is None:
        yield name, values
        return
    for field in values.dtype.names:
        yield f"{name}/{field}", values[field]


def _unit(dataset: Any) -> str:
    for key in ("units", "unit", "Units", "Unit"):
        value = dataset.attrs.get(key)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")[:20]
        if isinstance(value, str):
            return value[:20]
    return ""
