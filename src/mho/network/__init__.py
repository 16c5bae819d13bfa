"""A trained network, as a graph of operations and layers; knows no chip."""

from mho.network.fates import FOLDED
from mho.network.graph import Graph, Node, Ref
from mho.network.network import Network, read_network
from mho.network.tracing import first_line

__all__ = [
    "FOLDED",
    "Graph",
    "Network",
    "Node",
    "Ref",
    "first_line",
    "read_network",
]
