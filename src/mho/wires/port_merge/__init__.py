"""The effective matrix of an array: blocks merged at their ports, with gradients."""

from mho.wires.port_merge.merge import effective_matrix

__all__ = [
    "effective_matrix",
]
