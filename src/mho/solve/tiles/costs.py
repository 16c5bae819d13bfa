"""What surrounds the cells of a product, and what it costs."""

from dataclasses import dataclass

from mho.chip import Chip
from mho.solve.tiles.converters import Converters


@dataclass(frozen=True, slots=True)
class TileCosts:
    """What one vector costs on a tile.

    Args:
        vector_time: Time to drive and read once (s).
        conversion_energy: Energy of a conversion (J).
        read_voltage: Voltage of the largest input (V).
        low: Conductance of the waiting half of a pair (S).
        span: Largest difference of a pair (S).
    """

    vector_time: float
    conversion_energy: float
    read_voltage: float
    low: float
    span: float


@dataclass(frozen=True, slots=True)
class Circuit:
    """What surrounds the cells.

    Args:
        converters: Converters; inputs and currents as they are if `None`.
        costs: What a vector costs.
        reads: Times that a product is read and averaged (1).
    """

    converters: Converters | None
    costs: TileCosts
    reads: int


def tile_costs(chip: Chip, low: float, high: float) -> TileCosts:
    """What vectors cost on the tiles of a chip.

    Args:
        chip: The chip.
        low: Lowest conductance used (S).
        high: Highest conductance used (S).
    """
    array = chip.published.array
    return TileCosts(
        vector_time=array.vector_time,
        conversion_energy=array.conversion_energy,
        read_voltage=array.read_voltage,
        low=low,
        span=high - low,
    )
