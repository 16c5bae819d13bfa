"""Voltages of all nodes: lines eliminated, conjugate gradients, Newton's method."""

from mho.wires.nodal.nodal_solution import WireSolution, currents, solve

__all__ = [
    "WireSolution",
    "currents",
    "solve",
]
