"""Arrays that users bring in NumPy's files."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from jaxtyping import Float
from torch import Tensor

from mho.data import ForeignFileError, NpzFile
from mho.files import TooLargeError, check_memory

_MAGIC = b"\x93NUMPY"
_DOUBLE = 8
"""Memory that a number takes in double precision (bytes)."""


def load_arrays(
    path: str, name: str, key: str
) -> dict[str, Float[Tensor, "..."]]:
    """Arrays of a `.npy` or `.npz` file as numbers in double precision; no code in it is run.

    Args:
        path: The file.
        name: Name of the option, for errors.
        key: Name of the array wanted; a `.npy` file has only this one, and so has a `.npz` file
            with one array of whatever name.

    Raises:
        ValueError: The file is damaged, holds something else than numbers, or lacks the array.
        OSError: It cannot be read.
    """
    demand = f"Argument `{name}` must name a `.npy` or `.npz` file of real numbers, but `{path}`"
    with Path(path).open("rb") as file:
        start = file.read(len(_MAGIC))
    if start != _MAGIC and not start.startswith(b"PK"):
        raise ValueError(f"{demand} is none; save it with `numpy.save`.")
    arrays = _guarded(path, name, key, demand, packed=start != _MAGIC)
    if key not in arrays and len(arrays) == 1:
        arrays = {key: next(iter(arrays.values()))}
    if key not in arrays:
        raise ValueError(
            f"{demand} has no array `{key}`; save it under that name."
        )
    for array in arrays.values():
        if array.dtype.kind not in "buif":
            raise ValueError(
                f"{demand} holds {array.dtype}; save real numbers."
            )
    return {
        n: torch.from_numpy(a.astype(np.float64)) for n, a in arrays.items()
    }


def _guarded(
    path: str, argument: str, key: str, demand: str, *, packed: bool
) -> dict[str, npt.NDArray[Any]]:
    try:
        return _read(path, argument, key, packed=packed)
    except ForeignFileError as error:
        raise ValueError(
            f"{demand} {error}; save plain numbers with `numpy.savez`."
        ) from error
    except TooLargeError:
        raise
    # A hostile file can break every assumption about it, hence every kind of error.
    except Exception as error:
        if "Python objects" in str(error) or "allow_pickle" in str(error):
            raise ValueError(
                f"{demand} holds Python objects that could run code, so it was not opened; save"
                " plain numbers."
            ) from error
        raise ValueError(f"{demand} is damaged; save it again.") from error


def _read(
    path: str, argument: str, key: str, *, packed: bool
) -> dict[str, npt.NDArray[Any]]:
    if packed:
        with NpzFile(Path(path), argument, _DOUBLE) as file:
            return file.read(file.names)
    # a map is refused where the file is shorter than its header says
    array = np.load(path, allow_pickle=False, mmap_mode="r")
    needed = array.nbytes + array.size * _DOUBLE
    check_memory(
        needed, argument, f"the array in `{path}`, of shape {array.shape},"
    )
    return {key: array}
