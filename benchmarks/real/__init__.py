"""Networks that people already have, inputs of their kind, and what becomes of them on chips."""

from real.catalogue import REAL_NETWORKS
from real.markdown_tables import markdown
from real.table import AGREES, Bounds, Row, row
from real.task import DRAWN, NONE, PROGRAMMED, RealNetwork, Samples
from real.wheels import network_file

__all__ = [
    "AGREES",
    "DRAWN",
    "NONE",
    "PROGRAMMED",
    "REAL_NETWORKS",
    "Bounds",
    "RealNetwork",
    "Row",
    "Samples",
    "markdown",
    "network_file",
    "row",
]
