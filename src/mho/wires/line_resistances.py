"""Lines of a tile as tensors: one resistance per line, and what an open line leaves connected."""

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

if TYPE_CHECKING:
    from mho.wires.model import WireModel

OPEN = 1e9
"""Resistance that stands for an open line (Ω); a larger one would only cost digits."""


class LineResistances(NamedTuple):
    """Resistances of a tile, none of them infinite.

    Args:
        word: Of a segment of each word line (Ω).
        driver: Of the driver of each word line (Ω).
        bit: Of a segment of each bit line (Ω).
        sense: Of the sense of each bit line (Ω).
        both_drivers: Whether word lines have a driver at both ends.
        both_senses: Whether bit lines have a sense at both ends.
        reached: Cells at pieces of line that lead to a driver and a sense; `None` if all are.
        connected: Cells whose word line has a driver and whose bit line has a sense; `None` if
            all do.
    """

    word: Float[Tensor, " rows"]
    driver: Float[Tensor, " rows"]
    bit: Float[Tensor, " cols"]
    sense: Float[Tensor, " cols"]
    both_drivers: bool
    both_senses: bool
    reached: Bool[Tensor, "rows cols"] | None
    connected: Bool[Tensor, "rows cols"] | None

    @property
    def before(self) -> Float[Tensor, "rows cols"]:
        """Resistance left of each cell, on its word line (Ω)."""
        rows = len(self.word)
        cols = len(self.bit)
        return torch.cat(
            [self.driver[:, None], self.word[:, None].expand(rows, cols - 1)], 1
        )

    @property
    def below(self) -> Float[Tensor, "rows cols"]:
        """Resistance below each cell, on its bit line (Ω)."""
        rows = len(self.word)
        cols = len(self.bit)
        return torch.cat([self.bit.expand(rows - 1, cols), self.sense[None]], 0)


def lines_of(
    wires: "WireModel", like: Float[Tensor, "*tiles rows cols"]
) -> LineResistances:
    """Lines of tiles of a size, dtype and device.

    Raises:
        ValueError: A sequence of resistances with another number of lines.
    """
    rows, cols = like.shape[-2:]
    word = per_line(wires.word_line, "word_line", "row", rows)
    driver = per_line(wires.driver, "driver", "row", rows)
    bit = per_line(wires.bit_line, "bit_line", "column", cols)
    sense = per_line(wires.sense, "sense", "column", cols)
    both_drivers = wires.sides == "both"
    both_senses = wires.sense_sides == "both"
    reached = torch.ones(rows, cols, dtype=torch.bool)
    reached[word.isinf(), 1 : cols - both_drivers] = False
    reached[int(both_senses) : rows - 1, bit.isinf()] = False
    if math.isinf(wires.access):
        reached[:] = False
    connected = ~(driver.isinf()[:, None] | sense.isinf())
    finite = [x.clamp(max=OPEN).to(like) for x in (word, driver, bit, sense)]
    return LineResistances(
        finite[0],
        finite[1],
        finite[2],
        finite[3],
        both_drivers,
        both_senses,
        None if reached.all() else reached.to(like.device),
        None if connected.all() else connected.to(like.device),
    )


def per_line(
    value: object, name: str, line: str, count: int
) -> Float[Tensor, " lines"]:
    """One resistance per line (Ω).

    Args:
        value: One for all, or one for each.
        name: The argument that says so.
        line: `"row"` or `"column"`.
        count: Lines (1).

    Raises:
        ValueError: A sequence of another length.
    """
    many = torch.as_tensor(value, dtype=torch.float64)
    if many.ndim and len(many) != count:
        raise ValueError(
            f"Argument `{name}` must be one resistance, or one for each {line}, here {count}, but"
            f" is {len(many)} resistances; give as many as the tile has {line}s."
        )
    return many.expand(count)
