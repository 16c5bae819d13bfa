"""Equations to solve: built-in ones by name, and files of matrices that people bring.

A file is data: it is measured before it is read, never unpickled, and refused in one sentence.
"""

from mho.solve.gallery.matrix_files import read_problem, read_vector
from mho.solve.gallery.problems import KINDS, PREFIX, Problem, built_in

__all__ = [
    "KINDS",
    "PREFIX",
    "Problem",
    "built_in",
    "read_problem",
    "read_vector",
]
