"""Products of blocks with the parts of vectors that meet them, added up."""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.solve.tiles.blocks import Cut


class PlacedProducts:
    """Multiplies a matrix in blocks, forwards or transposed.

    A matrix with a block at every place is put together again and multiplied as a whole, which is
    fastest; otherwise blocks are multiplied one by one, each by all vectors that it meets.

    Args:
        where: Where the blocks stand.
    """

    def __init__(self, where: Cut) -> None:
        self._where = where
        self._once = where.which.numel() == where.blocks.shape[0]
        in_order = torch.arange(where.which.numel())
        self._in_order = torch.equal(where.which, in_order)
        self._meeting = [
            (where.which == number).nonzero()[:, 0]
            for number in range(0 if self._once else where.blocks.shape[0])
        ]

    def stored(
        self, blocks: Float[Tensor, "blocks outputs rows"]
    ) -> Float[Tensor, "..."]:
        """Blocks as `sums` wants them."""
        if not self._where.full:
            return blocks.contiguous()
        down, across = self._where.grid
        outputs, rows = self._where.size
        # places of a full grid are in order, but which block stands there is not given
        in_place = blocks[self._where.which]
        grid = in_place.view(down, across, outputs, rows).transpose(1, 2)
        return grid.reshape(down * outputs, across * rows).contiguous()

    def sums(
        self,
        stored: Float[Tensor, "..."],
        vectors: Float[Tensor, "inputs batch"],
        *,
        transposed: bool,
    ) -> Float[Tensor, "outputs batch"]:
        """Sums over all blocks.

        Args:
            stored: Blocks, from `stored`.
            vectors: Vectors of the matrix, or of its transpose.
            transposed: Whether the transpose multiplies.
        """
        where = self._where
        down, across = where.grid
        outputs, rows = where.size
        length = where.shape[1] if transposed else where.shape[0]
        whole = vectors
        taken = down * outputs if transposed else across * rows
        if taken != vectors.shape[0]:
            whole = vectors.new_zeros(taken, vectors.shape[1])
            whole[: vectors.shape[0]] = vectors
        if where.full:
            matrix = stored.T if transposed else stored
            return (matrix @ whole)[:length]
        parts = self._by_place(stored, whole, transposed=transposed)
        place = where.input if transposed else where.output
        count, width = (across, rows) if transposed else (down, outputs)
        found = parts.new_zeros(count, width, vectors.shape[1])
        found.index_add_(0, place, parts)
        return found.view(count * width, -1)[:length]

    def by_place(
        self,
        blocks: Float[Tensor, "blocks outputs rows"],
        vectors: Float[Tensor, "inputs batch"],
        *,
        transposed: bool,
    ) -> Float[Tensor, "places width batch"]:
        """The product at every place, not added up.

        Args:
            blocks: Blocks.
            vectors: Vectors of the matrix, or of its transpose.
            transposed: Whether the transpose multiplies.
        """
        down, across = self._where.grid
        outputs, rows = self._where.size
        taken = down * outputs if transposed else across * rows
        whole = vectors.new_zeros(taken, vectors.shape[1])
        whole[: vectors.shape[0]] = vectors
        return self._by_place(blocks, whole, transposed=transposed)

    def _by_place(
        self, blocks: Tensor, whole: Tensor, *, transposed: bool
    ) -> Tensor:
        """The same of vectors that are filled up."""
        where = self._where
        outputs, rows = where.size
        width = outputs if transposed else rows
        place = where.output if transposed else where.input
        parts = whole.view(-1, width, whole.shape[1])
        matrices = blocks.transpose(1, 2) if transposed else blocks
        if self._in_order:
            return torch.bmm(matrices, parts[place])
        if self._once:
            return torch.bmm(matrices[where.which], parts[place])
        found = whole.new_empty(
            place.numel(), rows if transposed else outputs, whole.shape[1]
        )
        for matrix, meeting in zip(matrices, self._meeting, strict=True):
            beside = parts[place[meeting]].transpose(0, 1).flatten(1)
            product = (matrix @ beside).view(
                -1, meeting.numel(), whole.shape[1]
            )
            found[meeting] = product.transpose(0, 1)
        return found
