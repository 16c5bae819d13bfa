"""Wires between the cells of a tile."""

from dataclasses import dataclass, fields

from jaxtyping import Float
from torch import Tensor

from mho.units import show


@dataclass(frozen=True, slots=True)
class WireModel:
    """Resistances of the lines of a tile; for now ideal, every resistance 0 Ω.

    Rows are word lines, driven at column 0; columns are bit lines, summed below the last row.

    Args:
        word_line: Resistance of a word-line segment between neighbouring cells (Ω).
        bit_line: Resistance of a bit-line segment between neighbouring cells (Ω).
        driver: Resistance between source and first cell of a word line (Ω).
        sense: Resistance between last cell of a bit line and virtual ground (Ω).
    """

    word_line: float = 0.0
    bit_line: float = 0.0
    driver: float = 0.0
    sense: float = 0.0

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if value != 0:
                raise ValueError(
                    f"Argument `{f.name}` must be 0 Ω, but is {show(value, 'Ω')}; this version"
                    " has ideal wires only."
                )

    def effective_matrix(
        self, conductance: Float[Tensor, "*tiles rows cols"]
    ) -> Float[Tensor, "*tiles rows cols"]:
        """Matrix W with current = voltage @ W (S): the conductances themselves, here."""
        return conductance
