"""Which format a file has."""

from pathlib import Path

from mho.measured.formats.arc_one import arc_one_sheet, is_arc_one
from mho.measured.formats.easyexpert import easyexpert_sheet, is_easyexpert
from mho.measured.formats.hdf5 import read_hdf5
from mho.measured.formats.matlab import read_matlab
from mho.measured.formats.operations import (
    is_operations,
    operations_sheet,
)
from mho.measured.formats.parquet import read_parquet
from mho.measured.sheets import Sheet, read_lines, table_of

_HDF5 = b"\x89HDF\r\n\x1a\n"
_PARQUET = b"PAR1"
_MATLAB = b"MATLAB"


def read_sheet(path: Path, kind: str | None) -> tuple[Sheet, str | None]:
    """The table of a file of any format, and its kind where the format tells it.

    Args:
        path: The file.
        kind: Kind that is asked for; `None` for what there is.

    Raises:
        ValueError: It is of no known format, damaged, too large, or holds no table.
        OSError: It cannot be read.
    """
    start = _start(path)
    if start.startswith(_HDF5) or (
        start.startswith(_MATLAB) and start[512:520] == _HDF5
    ):
        return read_hdf5(path, kind)
    if start.startswith(_PARQUET):
        return read_parquet(path), None
    if start.startswith(b"MATLAB 5") or path.suffix.lower() == ".mat":
        return read_matlab(path), None
    lines, remarks = read_lines(path)
    if is_easyexpert(lines):
        return easyexpert_sheet(path, lines, remarks), None
    if is_operations(lines):
        return operations_sheet(path, lines, remarks)
    sheet = table_of(path, lines, remarks)
    return arc_one_sheet(sheet, kind) if is_arc_one(sheet) else (sheet, None)


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(520)
