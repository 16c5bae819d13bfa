"""Products of a simulated chip: from cells at crossings, with their wires, to digitised currents.

What cells conduct at a moment and what wires make of it, for one product, for many blocks in one
call, and for products that are known to come; what each costs.
"""

from mho.bench.simulated.products.crossings import (
    Crossings,
    checked_full_scale,
)
from mho.bench.simulated.products.met_cells import READ_NOISES
from mho.bench.simulated.products.products import Products
from mho.bench.simulated.products.tile_matrices import (
    driven_together,
    tile_matrices,
)

__all__ = [
    "READ_NOISES",
    "Crossings",
    "Products",
    "checked_full_scale",
    "driven_together",
    "tile_matrices",
]
