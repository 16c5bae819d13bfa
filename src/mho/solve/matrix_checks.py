"""What can be put on tiles: checked, and brought to one form."""

from dataclasses import replace
from typing import Any

import numpy as np
import scipy.sparse

from mho.chip import Chip
from mho.wires import WireModel

_MANY = 0.05
"""Share of numbers in part multiplied digitally from which that is worth a word (1)."""


def checked_matrix(matrix: Any) -> Any:
    """A matrix of finite numbers: an array of float64 or complex128, or a sparse one of these.

    Args:
        matrix: Whatever the user calls a matrix.

    Raises:
        ValueError: It has other than two axes, none of a size of 0, or a number is not finite.
        TypeError: It holds no numbers.
    """
    sparse = scipy.sparse.issparse(matrix)
    found = matrix.tocoo() if sparse else np.asarray(matrix)
    if found.ndim != 2 or min(found.shape) < 1:
        raise ValueError(
            "Argument `A` must be a matrix with at least one row and one column, but has the shape"
            f" {tuple(found.shape)}."
        )
    if found.dtype.kind not in "biufc":
        raise TypeError(
            f"Argument `A` must hold numbers, but holds {found.dtype}; convert it to float64."
        )
    kind = np.complex128 if found.dtype.kind == "c" else np.float64
    found = found.astype(kind)
    values = found.data if sparse else found
    bad = int(np.size(values) - np.isfinite(values).sum())
    if bad:
        raise ValueError(
            f"Argument `A` must be finite, but {bad:,} of its numbers are NaN or infinite; leave"
            " such rows out, or repair the matrix."
        )
    return found


def largest_number(matrix: Any) -> float:
    """Largest magnitude of real and imaginary parts; 1 of a matrix of zeros."""
    values = matrix.data if scipy.sparse.issparse(matrix) else matrix
    parts = (
        (values.real, values.imag) if values.dtype.kind == "c" else (values,)
    )
    found = max(float(np.abs(part).max(initial=0.0)) for part in parts)
    return found or 1.0


def as_real(matrix: Any) -> Any:
    """A complex matrix as a real one of twice as many rows: real parts above imaginary ones."""
    if scipy.sparse.issparse(matrix):
        return scipy.sparse.vstack((matrix.real, matrix.imag)).tocoo()
    return np.concatenate((matrix.real, matrix.imag))


def checked_vectors(vectors: Any) -> Any:
    """Vectors as float64 or complex128.

    Args:
        vectors: One vector a column. Shape (inputs, batch).

    Raises:
        ValueError: A number is not finite.
    """
    found = np.asarray(vectors)
    kind = np.complex128 if found.dtype.kind == "c" else np.float64
    found = found.astype(kind)
    if not np.isfinite(found).all():
        raise ValueError(
            "Argument `x` must be finite, but has NaN or infinite numbers; a method that made"
            " them has diverged."
        )
    return found


def chosen_chip(
    chip: Chip | str,
    tile: tuple[int, int] | None,
    wires: WireModel | None,
    cells: str,
) -> Chip:
    """The chip, with tiles and wires of this kind.

    Raises:
        ValueError: A number is out of range, or wires are given where they do nothing.
    """
    chosen = Chip(chip) if isinstance(chip, str) else chip
    if wires is not None:
        if cells == "drawn":
            raise ValueError(
                'Argument `wires` must be left out where cells are "drawn", but is given; take'
                ' `cells="physics"`.'
            )
        chosen = replace(chosen, wires=wires)
    if tile is not None:
        rows, cols = tile
        chosen = replace(chosen, rows=rows, cols=cols)
    return chosen


def about_wires(share: float) -> str:
    """What to change where wires take more than later pairs make up for; empty if they do not.

    Args:
        share: Numbers of which a part is multiplied digitally, in parts of all (1).
    """
    if share <= _MANY:
        return ""
    return (
        f"{share:.0%} of the numbers are multiplied digitally in part: wires take more of the"
        " first pairs than later ones reach; take smaller tiles, such as `tile=(64, 64)`."
    )


def check_tiles(needed: int, there: int | None) -> None:
    """Refuse a matrix that does not fit.

    Raises:
        ValueError: In the house sentence.
    """
    if there is not None and needed > there:
        raise ValueError(
            f"Argument `tiles` must be at least {needed} for this matrix, but is {there}; take"
            " fewer cells a number, or larger tiles."
        )
