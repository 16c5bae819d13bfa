"""Normal numbers of products, drawn for some products ahead: solvers ask for one at a time."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.statistical import NamedNormals

_AHEAD = 16
"""Products whose numbers are drawn together (1)."""
_MOST = 1 << 20
"""Numbers drawn together at most (1)."""


class NoiseAhead:
    """Rows of normal numbers by the number of their product.

    Drawing one row takes as long as drawing a few: most of it is calling. Which rows are drawn
    together follows from their numbers alone, so that they have the same bits whatever was asked
    for before.
    """

    def __init__(self) -> None:
        self._normals = NamedNormals()
        self._kept: tuple[tuple[int, int, int], Tensor] | None = None

    def __call__(
        self, key: Int64[Tensor, ""], first: int, rows: int, width: int
    ) -> Float[Tensor, "rows width"]:
        """Rows `first`, `first` + 1, … of those that a key names (1).

        Args:
            key: Word that stands for whose numbers these are.
            first: Number of the first row (1).
            rows: Rows (1).
            width: Numbers of a row (1).
        """
        if rows != 1 or width * _AHEAD > _MOST:
            return self._drawn(key, first, rows, width)
        together, place = divmod(first, _AHEAD)
        name = (int(key), together, width)
        if self._kept is None or self._kept[0] != name:
            drawn = self._drawn(key, together * _AHEAD, _AHEAD, width)
            self._kept = (name, drawn)
        return self._kept[1][place : place + 1]

    def _drawn(self, key: Tensor, first: int, rows: int, width: int) -> Tensor:
        found: Tensor = self._normals(key, torch.tensor(first), rows, width)
        return found
