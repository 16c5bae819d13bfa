"""A trained network as a graph of operations and layers; knows no chip.

`read_network` takes a PyTorch module and typical inputs, and says of every operation what becomes
of it.
"""

from mho.network.fates import (
    ANALOG,
    CHOSEN,
    DIGITAL,
    FOLDED,
    REFUSED,
    OperationRecord,
)
from mho.network.graph import (
    BOOLEAN,
    FLOAT,
    INTEGER,
    Graph,
    GraphInput,
    GraphOutput,
    Node,
    Ref,
)
from mho.network.network import Network, read_network
from mho.network.tracing import first_line

__all__ = [
    "ANALOG",
    "BOOLEAN",
    "CHOSEN",
    "DIGITAL",
    "FLOAT",
    "FOLDED",
    "INTEGER",
    "REFUSED",
    "Graph",
    "GraphInput",
    "GraphOutput",
    "Network",
    "Node",
    "OperationRecord",
    "Ref",
    "first_line",
    "read_network",
]
