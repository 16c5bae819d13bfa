"""An open HDF5 file, of which nothing is read that lies outside of it or is too large."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mho.checks import one_line
from mho.measured.formats.arrays import check_cells

_DEPTH = 8
"""Groups within groups that are followed (1)."""
_MOST_OBJECTS = 20_000
"""Arrays and groups that are looked at, at most (1)."""
_MOST_CHUNK = 256 * 2**20
"""Memory of a piece that is unpacked at a time, at most (bytes)."""


class Contents:
    """What an open file holds, without anything outside of it.

    Args:
        path: The file, for sentences.
        file: The open file.
        h5py: The library.
    """

    def __init__(self, path: Path, file: Any, h5py: Any) -> None:
        self.path = path
        self.file = file
        self.left_out: list[str] = []
        self._h5py = h5py
        self._read = 0

    @property
    def is_arc_two(self) -> bool:
        """Whether it is a store of ArC TWO."""
        names = set(self.file.keys())
        return {"crossbar", "crosspoints"} <= names

    def group(self, name: str) -> Any | None:
        """A group by its path, if it lies in the file itself."""
        place: Any = self.file
        for part in name.split("/"):
            place = self.child(place, part)
            if not isinstance(place, self._h5py.Group):
                return None
        return place

    def child(self, group: Any, name: str) -> Any | None:
        """A member of a group, if it lies in the file itself.

        Args:
            group: The group.
            name: Name of the member.
        """
        link = group.get(name, getlink=True)
        if not isinstance(link, self._h5py.HardLink):
            if link is not None:
                self.left_out.append(f"{name} (a link)")
            return None
        return group.get(name)

    def members(self, group: Any) -> Iterator[tuple[str, Any]]:
        """Members of a group that lie in the file itself.

        Args:
            group: The group.
        """
        for name in group:
            member = self.child(group, name)
            if member is not None:
                yield name, member

    def arrays(self) -> Iterator[tuple[str, Any]]:
        """All arrays of the file, by their paths."""
        seen: set[Any] = set()
        waiting = [("", self.file, 0)]
        count = 0
        while waiting:
            prefix, group, depth = waiting.pop()
            for name, member in self.members(group):
                count += 1
                if count > _MOST_OBJECTS:
                    raise ValueError(
                        f"File `{self.path}` must hold {_MOST_OBJECTS:,} arrays at most, but holds"
                        " more."
                    )
                place = f"{prefix}{name}"
                if isinstance(member, self._h5py.Group):
                    mark = (
                        member.id.fileno,
                        self._h5py.h5o.get_info(member.id).addr,
                    )
                    if depth < _DEPTH and name != "#refs#" and mark not in seen:
                        seen.add(mark)
                        waiting.append((f"{place}/", member, depth + 1))
                elif isinstance(member, self._h5py.Dataset):
                    yield place, member

    def read(self, dataset: Any, rows: int | None = None) -> Any:
        """Numbers of an array, or of a table of named columns, if they are data of this file.

        Args:
            dataset: The array.
            rows: How many of its rows; all if `None`.

        Returns:
            The array; `None` for what is no plain data.
        """
        kept = dataset.id.get_create_plist()
        if (
            dataset.is_virtual
            or kept.get_external_count()
            or dataset.dtype.hasobject
        ):
            self.left_out.append(dataset.name)
            return None
        if dataset.shape is None or dataset.ndim > 4:
            return None
        fields = len(dataset.dtype.names or ("",))
        self._read += int(np.prod(dataset.shape, dtype=np.float64)) * fields
        check_cells(self.path, self._read)
        piece = (
            np.prod(dataset.chunks or (1,), dtype=np.float64)
            * dataset.dtype.itemsize
        )
        if piece > _MOST_CHUNK or dataset.dtype.itemsize > 2**16:
            self.left_out.append(dataset.name)
            return None
        return dataset[()] if rows is None else dataset[: max(0, rows)]

    def remarks(self) -> tuple[str, ...]:
        """What was left out, in a sentence."""
        if not self.left_out:
            return ()
        named = ", ".join(
            f"`{one_line(str(name))[:40]}`" for name in self.left_out[:5]
        )
        return (f"no plain data of this file, left out: {named}",)
