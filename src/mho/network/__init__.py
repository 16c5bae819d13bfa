"""A trained network as a graph of operations and layers; knows no chip, but what to ask of one.

`read_network` takes a PyTorch module and typical inputs, and says of every operation what becomes
of it.
"""

from mho.network.entries import entries_of
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
    KINDS,
    Graph,
    GraphInput,
    GraphOutput,
    Node,
    Ref,
    State,
    replace_refs,
)
from mho.network.network import Network
from mho.network.on_chip import NetworkOnChip
from mho.network.reading import read_network
from mho.network.sequences import run_course
from mho.network.tracing import first_line

__all__ = [
    "ANALOG",
    "BOOLEAN",
    "CHOSEN",
    "DIGITAL",
    "FLOAT",
    "FOLDED",
    "INTEGER",
    "KINDS",
    "REFUSED",
    "Graph",
    "GraphInput",
    "GraphOutput",
    "Network",
    "NetworkOnChip",
    "Node",
    "OperationRecord",
    "Ref",
    "State",
    "entries_of",
    "first_line",
    "read_network",
    "replace_refs",
    "run_course",
]
