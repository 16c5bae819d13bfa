"""A matrix cut into blocks that fit tiles: blocks of zeros take none, equal blocks share one."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Float64, Int64
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Blocks of a matrix and where each of them stands.

    Args:
        shape: Outputs and inputs of the matrix (1).
        blocks: Blocks that differ, filled up with zeros at the edges.
        which: Number of the block at each place (1). Shape (places,).
        output: Number of its row of blocks at each place (1). Shape (places,).
        input: Number of its column of blocks at each place (1). Shape (places,).
    """

    shape: tuple[int, int]
    blocks: Float64[Tensor, "blocks outputs rows"]
    which: Int64[Tensor, " places"]
    output: Int64[Tensor, " places"]
    input: Int64[Tensor, " places"]

    @property
    def size(self) -> tuple[int, int]:
        """Outputs and inputs of a block (1)."""
        _, outputs, rows = self.blocks.shape
        return outputs, rows

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of blocks (1)."""
        outputs, rows = self.size
        return (
            math.ceil(self.shape[0] / outputs),
            math.ceil(self.shape[1] / rows),
        )

    @property
    def full(self) -> bool:
        """Whether there is a block at every place, each standing at one place only."""
        down, across = self.grid
        places = self.which.numel()
        return places == down * across == self.blocks.shape[0]

    @property
    def turns(self) -> int:
        """Times that the block that stands at most places multiplies in a product (1)."""
        if not self.which.numel():
            return 0
        return int(torch.bincount(self.which).max())


def cut(
    matrix: Any,
    most_outputs: int,
    most_rows: int,
    *,
    aligned: bool | None = None,
) -> Cut:
    """Cut a matrix into equal blocks.

    Args:
        matrix: A real matrix, dense or sparse.
        most_outputs: Outputs that fit a tile (1).
        most_rows: Inputs that fit a tile (1).
        aligned: Make blocks a power of two high and wide, so that those of a stencil on a grid
            are alike more often; otherwise as even as can be. For sparse matrices if `None`.
    """
    sparse = scipy.sparse.issparse(matrix)
    even = not (sparse if aligned is None else aligned)
    outputs = _size(matrix.shape[0], most_outputs, even=even)
    rows = _size(matrix.shape[1], most_rows, even=even)
    found = _of_sparse if sparse else _of_dense
    blocks, output, input_ = found(matrix, outputs, rows)
    own, which = _alike(blocks)
    return Cut(
        shape=(matrix.shape[0], matrix.shape[1]),
        blocks=torch.from_numpy(own),
        which=torch.from_numpy(which),
        output=torch.from_numpy(output),
        input=torch.from_numpy(input_),
    )


def _size(length: int, most: int, *, even: bool) -> int:
    """Width or height of blocks (1)."""
    if length <= most:
        return max(length, 1)
    if even:
        return math.ceil(length / math.ceil(length / most))
    return 1 << (most.bit_length() - 1)


def _of_dense(matrix: Any, outputs: int, rows: int) -> tuple[Any, Any, Any]:
    """Blocks with a number other than zero, and where they stand."""
    height, width = matrix.shape
    down = math.ceil(height / outputs)
    across = math.ceil(width / rows)
    # zeros fill up the blocks at the edges
    whole = np.zeros((down * outputs, across * rows))
    whole[:height, :width] = matrix
    strips = whole.reshape(down, outputs, across, rows)
    parts = strips.transpose(0, 2, 1, 3)
    taken: Any = parts.any(axis=(2, 3))
    output, input_ = taken.nonzero()
    return parts[taken], output.astype(np.int64), input_.astype(np.int64)


def _of_sparse(matrix: Any, outputs: int, rows: int) -> tuple[Any, Any, Any]:
    """The same of a sparse matrix, without ever making it a dense one."""
    down = math.ceil(matrix.shape[0] / outputs)
    across = math.ceil(matrix.shape[1] / rows)
    triples = matrix.tocoo()
    whole = scipy.sparse.csr_array(
        (triples.data, (triples.coords[0], triples.coords[1])),
        shape=(down * outputs, across * rows),
        dtype=np.float64,
    )
    whole.sum_duplicates()
    whole.eliminate_zeros()
    parts = whole.tobsr(blocksize=(outputs, rows))
    # blocks come as their first numbers do; where all places are taken they go by their order
    parts.sort_indices()
    counts = np.diff(parts.indptr)
    output = np.repeat(np.arange(down, dtype=np.int64), counts)
    return parts.data, output, parts.indices.astype(np.int64)


def _alike(blocks: Any) -> tuple[Any, Any]:
    """Blocks that differ, and which of them each one is."""
    numbers: dict[bytes, int] = {}
    which = np.empty(len(blocks), np.int64)
    firsts: list[int] = []
    for place, block in enumerate(blocks):
        # −0 and 0 are one number
        name = (block + 0.0).tobytes()
        if name not in numbers:
            numbers[name] = len(firsts)
            firsts.append(place)
        which[place] = numbers[name]
    return np.ascontiguousarray(blocks[firsts]), which
