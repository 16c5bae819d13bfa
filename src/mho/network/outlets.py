"""Other outputs than a network has: the graph is cut at named values."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from mho.checks import one_line
from mho.network.graph import Graph, GraphOutput


def with_outputs(graph: Graph, names: Sequence[str]) -> Graph:
    """The graph with some of its outputs, or with values between its operations, as outputs.

    What only the others needed is left out later, as everything that no output depends on.

    Args:
        graph: The network.
        names: Outputs by their public names, or values by theirs; all outputs if there are none.

    Raises:
        ValueError: A name is neither.
    """
    if not names:
        return graph
    public = {output.name: output for output in graph.outputs}
    inner = {node.name for node in graph.nodes}
    found = []
    for name in dict.fromkeys(names):
        if name not in public and name not in inner:
            raise ValueError(_unknown(name, [*public, *inner]))
        found.append(public.get(name, GraphOutput(name, name)))
    return replace(graph, outputs=tuple(found))


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.0)
    hint = f" Did you mean `{one_line(near[0])}`?" if near else ""
    return (
        "Argument `output` must name an output of the network or a value within it, but"
        f" `{one_line(name)}` is neither.{hint}"
    )
