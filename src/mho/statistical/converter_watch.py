"""What a layer's converters would see of typical inputs, and the ranges that follow."""

from collections.abc import Callable
from typing import Protocol

import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.nn import functional

from mho.statistical.block_products import BlockProducts


class Account(Protocol):
    """What converters have seen so far, column by column."""

    def add(self, samples: Float[Tensor, "samples cols"]) -> None:
        """Look at some more."""

    def full_scale(self, bits: int) -> Float64[Tensor, " cols"]:
        """Full scale of each column, in the unit of the samples; 0 where all of them are 0."""


Gather = Callable[[int], Account]
"""A fresh account of so many columns."""


class Largest:
    """An account of the largest magnitude alone.

    Args:
        columns: Columns (1).
    """

    def __init__(self, columns: int) -> None:
        self._largest = torch.zeros(columns, dtype=torch.float64)

    def add(self, samples: Float[Tensor, "samples cols"]) -> None:
        """Look at some more."""
        found = samples.abs().amax(0).double().cpu()
        self._largest = torch.maximum(self._largest, found)

    def full_scale(self, bits: int) -> Float64[Tensor, " cols"]:  # noqa: ARG002 - as all accounts
        """The largest."""
        return self._largest


class ConverterWatch:
    """What the converters of one layer see: inputs by group, currents by block and tile.

    Args:
        products: Blocks of the layer.
        matrix: What they shall hold (S). Shape (blocks, outputs, rows).
        gather: How ranges follow from what is seen.
        per_column: Whether every column has a range of its own.
    """

    def __init__(
        self,
        products: BlockProducts,
        matrix: Float[Tensor, "blocks outputs rows"],
        gather: Gather = Largest,
        *,
        per_column: bool = False,
    ) -> None:
        division = products.division
        self.called = False
        self._products = products
        self._matrix = matrix
        self._lines = 1 if per_column else division.lines
        self._outputs = division.outputs
        self._inputs = gather(division.groups)
        parts = -(-division.outputs // self._lines)
        self._currents = [gather(parts) for _ in range(division.all_blocks)]

    def seen(self, activation: Float[Tensor, "batch ..."]) -> Tensor:
        """Sums of all blocks without converters or noise; what these will need is noted (S)."""
        self.called = True
        products = self._products
        self._inputs.add(products.by_group(activation))
        sums = products.sums(products.driven(activation), self._matrix)
        for block, account in enumerate(self._currents):
            account.add(self._by_tile(products.of_block(sums, block)))
        return sums

    def _by_tile(
        self, currents: Float[Tensor, "vectors outputs"]
    ) -> Float[Tensor, "samples tiles"]:
        """Currents of the outputs of each tile, one below the other."""
        missing = -self._outputs % self._lines
        whole = functional.pad(currents, (0, missing))
        tiles = whole.reshape(whole.shape[0], -1, self._lines)
        return tiles.transpose(1, 2).flatten(0, 1)

    def ranges(
        self, input_code: float, output_code: float
    ) -> tuple[Float[Tensor, " groups"], Float[Tensor, "blocks outputs"]]:
        """Full scale of the drivers of each group, and of the converters of each column.

        A range of nothing but zeros may be any.

        Args:
            input_code: Largest code of a driver (1).
            output_code: Largest code of a converter (1).
        """
        inputs = self._inputs.full_scale(_bits(input_code))
        found = [
            account.full_scale(_bits(output_code)).repeat_interleave(
                self._lines
            )
            for account in self._currents
        ]
        outputs = torch.stack(found)[:, : self._outputs]
        loudest = outputs.amax(1, keepdim=True)
        outputs = torch.where(outputs > 0, outputs, loudest)
        some = torch.where(outputs > 0, outputs, 1.0)
        return torch.where(inputs > 0, inputs, 1.0), some


def _bits(largest_code: float) -> int:
    return int(largest_code + 1).bit_length() - 1
