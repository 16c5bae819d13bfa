"""A graph that grows operation by operation, and the values that operations of a file take.

A value is a constant, known while reading, or the result of a node, known when the network runs.
"""

from mho.network.formats.building.builder import Builder
from mho.network.formats.building.values import (
    Array,
    Constant,
    Size,
    Value,
    array_of,
)

__all__ = [
    "Array",
    "Builder",
    "Constant",
    "Size",
    "Value",
    "array_of",
]
