"""The effective matrix of an array of linear cells, exactly and with gradients.

Blocks are solved and merged at their ports, from single cells up to the whole tile.
"""

from mho.wires.port_merge.merge import effective_matrix

__all__ = [
    "effective_matrix",
]
