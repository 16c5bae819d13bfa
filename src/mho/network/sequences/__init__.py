"""How samples go through a graph: at once, one by one, or as sequences that hand states on."""

from mho.network.sequences.course import run_course, taken
from mho.network.sequences.steps import (
    first_step,
    handing_on,
    one_step,
    states_of_graph,
    step_of_graph,
)

__all__ = [
    "first_step",
    "handing_on",
    "one_step",
    "run_course",
    "states_of_graph",
    "step_of_graph",
    "taken",
]
