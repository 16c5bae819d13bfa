"""Arrays of `.npz` files, measured before they are read; no code in them is run.

A `.npz` file is a zip of `.npy` members. Zeros compress a thousandfold, so a small file can hold
any amount of numbers: the directory of the zip and the header of each member say how many there
will be, and both are looked at first.
"""

import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import one_line
from mho.files import TooLargeError, check_memory

_SUFFIX = ".npy"
_MAGIC = np.lib.format.MAGIC_PREFIX
_LONGEST_NAME = 60
"""Characters of a name from the file that a sentence shows (1)."""
_SHORT_HEADER = (1, 0)
"""Version whose headers have 64 KiB at most."""
_READ_HEADER: dict[tuple[int, int], Callable[..., Any]] = {
    _SHORT_HEADER: np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class ForeignFileError(ValueError):
    """A file is not what it should be; carries the rest of a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a `.npz` file says of one of its arrays.

    Args:
        name: Name of the array.
        shape: Shape.
        dtype: Type of the numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def count(self) -> int:
        """Numbers (1)."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Memory of the array itself (bytes)."""
        return self.count * self.dtype.itemsize


class NpzFile:
    """An open `.npz` file, to be used in a `with` statement.

    Args:
        path: The file.
        argument: Name of the argument that names it, for sentences.
        extra: Memory needed for each number besides the array itself (bytes).

    Raises:
        ForeignFileError: It is no such file.
    """

    __slots__ = ("_archive", "_argument", "_extra", "_places", "path")

    def __init__(self, path: Path, argument: str, extra: int = 0) -> None:
        self.path = path
        self._argument = argument
        self._extra = extra
        try:
            self._archive = zipfile.ZipFile(path)
        # A hostile file can break every assumption about it, hence every kind of error.
        except Exception as error:
            raise ForeignFileError(_damaged(error)) from error
        self._places = {
            info.filename.removesuffix(_SUFFIX): info
            for info in self._archive.infolist()
        }

    def __enter__(self) -> "NpzFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._archive.close()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all arrays, in the order of the file."""
        return tuple(self._places)

    def read(self, names: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
        """Read some arrays, once it is clear that all of them fit into memory.

        Args:
            names: Which ones.

        Raises:
            ForeignFileError: One of them is damaged, or holds Python objects.
            TooLargeError: They need more memory than is allowed.
        """
        needed = 0
        for name in names:
            member = self._guarded(name, self._measured)
            needed += member.size + member.count * self._extra
            what = (
                f"the array `{one_line(name)[:_LONGEST_NAME]}` of `{self.path}`"
            )
            check_memory(
                needed, self._argument, f"{what}, of shape {member.shape},"
            )
        return {name: self._guarded(name, self._array) for name in names}

    def _guarded(self, name: str, step: Callable[[str], Any]) -> Any:
        try:
            return step(name)
        except (ForeignFileError, TooLargeError):
            raise
        # As above.
        except Exception as error:
            raise ForeignFileError(_damaged(error)) from error

    def _measured(self, name: str) -> Member:
        """The header of a member, which must promise as much as the zip holds."""
        place = self._places[name]
        shown = one_line(name)[:_LONGEST_NAME]
        with self._archive.open(place) as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                raise ForeignFileError(
                    f"has a member `{shown}` that is no array"
                )
        with self._archive.open(place) as file:
            version = np.lib.format.read_magic(file)
            if version not in _READ_HEADER:
                raise ForeignFileError(
                    f"has an array of the unknown version {version}"
                )
            if version != _SHORT_HEADER:
                # Such a header may be as long as the whole member.
                what = f"the array `{shown}` of `{self.path}`"
                check_memory(place.file_size, self._argument, what)
            shape, _, dtype = _READ_HEADER[version](file)
            start = file.tell()
        if dtype.hasobject:
            raise ForeignFileError(
                "holds Python objects that could run code, so it was not opened"
            )
        member = Member(name, shape, dtype)
        if member.size != place.file_size - start:
            raise ForeignFileError(
                f"is damaged: the shape {shape} of `{shown}` does not fit its"
                f" {place.file_size} bytes"
            )
        return member

    def _array(self, name: str) -> npt.NDArray[Any]:
        with self._archive.open(self._places[name]) as file:
            array = np.lib.format.read_array(file, allow_pickle=False)
            # The check sum of a member is compared at its end.
            file.read(1)
        return array


def _damaged(error: Exception) -> str:
    return f"is damaged ({type(error).__name__})"
