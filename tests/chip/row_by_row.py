"""The effective matrix row by row: the plainest exact way, 2 n⁴ operations; for tests only.

Above each row the tile is a Norton equivalent: bit-line nodes at voltages u receive
J v − P u. A segment r turns it into (1 + P r)⁻¹ (J, P), a row adds its own. No resistance is
ever divided by, but for the length of a word line with two drivers.
"""

import torch
from torch import Tensor

from mho.wires import WireModel


def row_by_row(wires: WireModel, conductance: Tensor) -> Tensor:
    """Matrix W with current = voltage @ W (S); bit lines connected at one side only."""
    assert wires.sense_sides == "one"
    rows, cols = conductance.shape[-2:]
    cell = conductance / (1 + conductance * wires.access)
    word, drive = (
        _each(x, rows, cell) for x in (wires.word_line, wires.driver)
    )
    bit, sense = (_each(x, cols, cell) for x in (wires.bit_line, wires.sense))
    one = torch.eye(cols).to(cell)
    admittance = cell.new_zeros(*cell.shape[:-2], cols, cols)
    current = cell.new_zeros(*cell.shape[:-2], cols, rows)
    for row in range(rows):
        if row:
            below = torch.linalg.inv(one + admittance * bit)
            admittance = below @ admittance
            current = below @ current
        path = _shared(drive[row], word[row], cols, wires.sides == "both")
        own = torch.linalg.solve(
            one + cell[..., row, :, None] * path, cell[..., row, :].diag_embed()
        )
        admittance = admittance + own
        current[..., row] = own.sum(-1)
    return torch.linalg.solve(one + admittance * sense, current).transpose(
        -1, -2
    )


def _shared(drive: Tensor, word: Tensor, cols: int, both: bool) -> Tensor:
    """Voltage lost at one cell for a unit current of another (Ω): the path they share.

    With two drivers, from the left to place x and from the right to x', it is x x' / length.
    """
    from_left = drive + word * torch.arange(cols)
    near = torch.minimum(from_left[:, None], from_left)
    if not both:
        return near
    length = 2 * drive + (cols - 1) * word
    return (
        near * (length - torch.maximum(from_left[:, None], from_left)) / length
    )


def _each(value: object, lines: int, like: Tensor) -> Tensor:
    """One resistance per line (Ω)."""
    return torch.as_tensor(value, dtype=like.dtype).expand(lines)
