"""The effective matrix row by row: the plainest exact way, 2 n⁴ operations.

Above each row the tile is a Norton equivalent: bit-line nodes at voltages u receive
J v − P u. A segment r turns it into (1 + P r)⁻¹ (J, P), a row adds its own. No resistance is
ever divided by.
"""

from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

if TYPE_CHECKING:
    from mho.chip.wires import WireModel


def effective_matrix(
    wires: "WireModel", conductance: Float[Tensor, "*tiles rows cols"]
) -> Float[Tensor, "*tiles rows cols"]:
    """Matrix W with current = voltage @ W (S); lines connected at one side only."""
    if wires.sides == "both" or wires.sense_sides == "both":
        raise NotImplementedError
    rows, cols = conductance.shape[-2:]
    cell = conductance / (1 + conductance * wires.access)
    word, drive = (_each(x, rows, cell) for x in (wires.word_line, wires.driver))
    bit, sense = (_each(x, cols, cell) for x in (wires.bit_line, wires.sense))
    place = torch.arange(cols)
    shared = torch.minimum(place[:, None], place[None, :]).to(cell)
    one = torch.eye(cols).to(cell)
    admittance = cell.new_zeros(*cell.shape[:-2], cols, cols)
    current = cell.new_zeros(*cell.shape[:-2], cols, rows)
    for row in range(rows):
        if row:
            below = torch.linalg.inv(one + admittance * bit)
            admittance, current = below @ admittance, below @ current
        path = drive[row] + word[row] * shared
        own = torch.linalg.solve(
            one + cell[..., row, :, None] * path, cell[..., row, :].diag_embed()
        )
        admittance = admittance + own
        current[..., row] = own.sum(-1)
    return torch.linalg.solve(one + admittance * sense, current).transpose(-1, -2)


def _each(value: Any, lines: int, like: Tensor) -> Tensor:
    """One resistance per line (Ω)."""
    return torch.as_tensor(value, dtype=like.dtype).expand(lines)
