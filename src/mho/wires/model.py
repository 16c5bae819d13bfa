"""Wires between the cells of a tile: what is left of the ideal currents, exactly."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from jaxtyping import Float
from torch import Tensor

from mho.checks import Configuration, check_choice
from mho.units import show
from mho.wires.iv_laws import CellLaw
from mho.wires.nodal import WireSolution, currents, solve
from mho.wires.port_merge import effective_matrix, port_matrix

SIDES = ("one", "both")
"""Ends of a line that are connected."""


@dataclass(frozen=True, slots=True)
class WireModel(Configuration):
    """Resistances of the lines of a tile.

    Rows are word lines, driven at column 0; columns are bit lines, summed below the last row.
    Row 0 is the far end of a bit line, column 0 the driven end of a word line. Between
    neighbouring cells lies one segment: cols − 1 on a word line, rows − 1 on a bit line. A
    resistance of one number holds for all lines, of several for one line each; infinite is an
    open line, 0 an ideal one.

    Args:
        word_line: Resistance of a segment of a word line (Ω), one or one per row.
        bit_line: Resistance of a segment of a bit line (Ω), one or one per column.
        driver: Resistance between source and first cell of a word line (Ω), one or one per row.
        sense: Resistance between last cell of a bit line and virtual ground (Ω), one or one per
            column.
        access: Resistance in series with every cell (Ω).
        sides: `"both"` if word lines are driven from both ends, each through `driver`.
        sense_sides: `"both"` if bit lines are held at virtual ground at both ends, each through
            `sense`; a current is then the sum of both ends.

    Raises:
        ValueError: A resistance is negative or not a number.
    """

    word_line: float | Sequence[float] | Tensor = 0.0
    bit_line: float | Sequence[float] | Tensor = 0.0
    driver: float | Sequence[float] | Tensor = 0.0
    sense: float | Sequence[float] | Tensor = 0.0
    access: float = 0.0
    sides: str = "one"
    sense_sides: str = "one"

    def __post_init__(self) -> None:
        check_choice(self.sides, "sides", SIDES)
        check_choice(self.sense_sides, "sense_sides", SIDES)
        for f in fields(self)[:5]:
            value = _plain(getattr(self, f.name))
            object.__setattr__(self, f.name, value)
            for place, one in enumerate(
                value if isinstance(value, tuple) else (value,)
            ):
                if not one >= 0:
                    where = (
                        f"`{f.name}[{place}]`"
                        if isinstance(value, tuple)
                        else f"`{f.name}`"
                    )
                    raise ValueError(
                        f"Argument {where} must be a resistance of 0 Ω or more, but is"
                        f" {show(one, 'Ω')}."
                    )

    @property
    def ideal(self) -> bool:
        """Whether every resistance is 0 Ω."""
        values = [getattr(self, f.name) for f in fields(self)[:5]]
        return all(
            v == 0 if isinstance(v, float) else not any(v) for v in values
        )

    def effective_matrix(
        self, conductance: Float[Tensor, "*tiles rows cols"]
    ) -> Float[Tensor, "*tiles rows cols"]:
        """Matrix W with current = voltage @ W (S), every resistance included, exactly.

        Differentiable, once, with respect to conductance. See docs/explanation/wires.md.

        Args:
            conductance: Conductance of each cell (S), 0 for an open one. Shape (..., rows, cols),
                float32 or float64.

        Raises:
            TypeError: Conductances of another dtype.
            ValueError: A conductance that is NaN, negative or above 1 TS; resistances of another
                number of lines than the tile has.
        """
        return (
            conductance if self.ideal else effective_matrix(self, conductance)
        )

    def port_matrix(
        self, conductance: Float[Tensor, "rows cols"]
    ) -> Float[Tensor, "ports ports"]:
        """Admittance between all terminals (S), the ends of the bit lines not at ground.

        See `mho.wires.port_merge.port_matrix`.
        """
        return port_matrix(self, conductance)

    def solve(
        self,
        voltage: Float[Tensor, "batch rows"],
        conductance: Float[Tensor, "rows cols"],
        law: CellLaw | None = None,
        *,
        tolerance: float = 1e-10,
    ) -> WireSolution:
        """Every voltage and current, vector by vector; see `mho.wires.nodal.solve`."""
        return solve(self, voltage, conductance, law, tolerance=tolerance)

    def currents(
        self,
        voltage: Float[Tensor, "batch rows"],
        conductance: Float[Tensor, "rows cols"],
        law: CellLaw | None = None,
        *,
        tolerance: float = 1e-10,
    ) -> Float[Tensor, "batch cols"]:
        """Currents (A) without the effective matrix; see `mho.wires.nodal.currents`."""
        return currents(self, voltage, conductance, law, tolerance=tolerance)


def _plain(value: Any) -> float | tuple[float, ...]:
    """A resistance as a value that compares and prints: one number, or one per line."""
    if isinstance(value, Tensor):
        value = value.tolist()
    if isinstance(value, Sequence):
        return tuple(float(one) for one in value)
    return float(value) if value is not None else math.nan
