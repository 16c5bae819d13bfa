"""Voltages of all nodes of an array, for any current-voltage law of its cells.

Lines are eliminated, conjugate gradients solve what is left, Newton's method bends the cells.
"""

from mho.wires.nodal.nodal_solution import WireSolution, currents, solve

__all__ = [
    "WireSolution",
    "currents",
    "solve",
]
