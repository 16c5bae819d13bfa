"""The effective matrix of an array of linear cells, exactly and with gradients.

Blocks are solved and merged at their ports, from single cells up to the whole tile.
"""

from mho.wires.port_merge.merge import (
    check_conductance,
    effective_matrix,
    port_matrix,
)

__all__ = [
    "check_conductance",
    "effective_matrix",
    "port_matrix",
]
