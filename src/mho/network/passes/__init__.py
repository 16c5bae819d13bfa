"""Rewritings of a network: batch norms folded, products as layers, modules kept digital.

A pass takes a graph and gives a graph that computes the same.
"""

from mho.network.passes.fold_batch_norm import foldable, without_norms
from mho.network.passes.keep_digital import kept_digital
from mho.network.passes.products_as_linear import as_linear

__all__ = [
    "as_linear",
    "foldable",
    "kept_digital",
    "without_norms",
]
