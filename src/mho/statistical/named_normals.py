"""Normal numbers with names: row n of a layer meets the same ones whatever comes with it.

The numbers are computed from their names by a hash, in operations of torch alone. So they are the
same in any batch, after a state was saved and loaded, and in a compiled or an exported network;
and they are made wherever the network's tensors are. Sixteen bits of a hash choose one of 65,536
quantiles, and two of these are rotated into two numbers, as `mho.chip.VectorDraws` does.
"""

import math

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from mho.chip import NORMAL_TANGENT, normal_quantiles

_GOLDEN = -0x61C8864680B583EB
_MIX_1 = -0x40A7B892E31B1A47
_MIX_2 = -0x6B2FB644ECCEEE15
"""Words of SplitMix64, as the signed integers that torch stores."""
_IN_WORD = 4
"""Numbers of sixteen bits in a word (1)."""
_MIDDLE = 1 << 15


class NamedNormals(nn.Module):
    """A source of rows of standard normal numbers; several layers may share one."""

    references = ("steele2014splitmix",)

    def __init__(self) -> None:
        super().__init__()
        quantiles = normal_quantiles().clone()
        self.register_buffer("quantiles", quantiles, persistent=False)

    def forward(
        self,
        key: Int64[Tensor, ""],
        first: Int64[Tensor, ""],
        rows: int,
        width: int,
    ) -> Float[Tensor, "rows width"]:
        """Rows `first`, `first` + 1, … of those that a key names (1).

        Args:
            key: Word that stands for whose numbers these are.
            first: Number of the first row (1).
            rows: Rows (1).
            width: Numbers of a row (1).
        """
        quantiles = self.get_buffer("quantiles")
        if torch.compiler.is_compiling():
            found: Tensor = _as_operator(key, first, quantiles, rows, width)
            return found
        return _rows(key, first, quantiles, rows, width)


def _rows(
    key: Tensor, first: Tensor, quantiles: Tensor, rows: int, width: int
) -> Tensor:
    words = math.ceil(width / _IN_WORD)
    number = first + torch.arange(rows, device=key.device)
    row = _mix_(number.mul_(_GOLDEN).add_(key))
    lane = torch.arange(1, words + 1, device=key.device).mul_(_GOLDEN)
    bits = _mix_(row[:, None] + lane)
    # a word is read as four whole numbers from -32,768 on
    place = bits.view(torch.int16).to(torch.int32).add_(_MIDDLE)
    chosen = quantiles.index_select(0, place.flatten())
    one, other = chosen.view(rows, 2, -1).unbind(1)
    rotated = (
        torch.add(one, other, alpha=NORMAL_TANGENT),
        torch.sub(other, one, alpha=NORMAL_TANGENT),
    )
    return torch.cat(rotated, 1)[:, :width]


@torch.library.custom_op("mho::named_normals", mutates_args=())
def _as_operator(
    key: Tensor, first: Tensor, quantiles: Tensor, rows: int, width: int
) -> Tensor:
    """The same as an operator of torch that compilers do not look into.

    They would compute the hash as if it were an index, in numbers that do not wrap round.
    """
    return _rows(key, first, quantiles, rows, width).contiguous()


@_as_operator.register_fake
def _shape_of_rows(
    key: Tensor,  # noqa: ARG001 - as the operator
    first: Tensor,  # noqa: ARG001 - as the operator
    quantiles: Tensor,
    rows: int,
    width: int,
) -> Tensor:
    return quantiles.new_empty(rows, width)


def _mix_(words: Tensor) -> Tensor:
    """Scramble words in place (SplitMix64 finaliser); torch shifts arithmetically."""
    shifted = torch.bitwise_right_shift(words, 30)
    words.bitwise_xor_(shifted.bitwise_and_((1 << 34) - 1)).mul_(_MIX_1)
    torch.bitwise_right_shift(words, 27, out=shifted)
    words.bitwise_xor_(shifted.bitwise_and_((1 << 37) - 1)).mul_(_MIX_2)
    torch.bitwise_right_shift(words, 31, out=shifted)
    return words.bitwise_xor_(shifted.bitwise_and_((1 << 33) - 1))
