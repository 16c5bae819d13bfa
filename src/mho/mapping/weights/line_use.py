"""Which lines of tiles a way from weights to conductances takes."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class LineUse(Protocol):
    """What says how many lines weights take: a mapping, a kind of them, or lines by name."""

    @property
    def paired(self) -> bool:
        """Whether lines are pairs of columns; otherwise each is one column."""

    def lines(self, outputs: int, /) -> int:
        """Lines of a tile that a part of a layer with so many outputs takes (1)."""

    def most_outputs(self, lines: int, /) -> int:
        """Outputs that fit on so many lines (1)."""
