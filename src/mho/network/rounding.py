"""Where a network rounds to whole numbers, and the same network without that.

A sum in another order differs by a millionth. Rounded to steps, that is nothing, or a whole step
where the sum lies between two of them: with steps such as 0.01 and 0.05 many do. Comparisons that
look for wrong paths therefore look before the rounding.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch

from mho.network.graph import Graph, Node, Ref
from mho.network.operations import UNROUNDED

_ROUND = "aten.round.default"
_CAST = "aten.to.dtype"
_BETWEEN = frozenset(
    ("aten.add.Tensor", "aten.sub.Tensor", "aten.clamp.default")
)
"""What lies between rounding and whole numbers: a zero point, and bounds."""


@dataclass(frozen=True, slots=True)
class Rounding:
    """Numbers that become whole ones.

    Args:
        rounding: Operation that rounds.
        kept: Its result with zero point and within bounds, still real.
        whole: The operation that makes whole numbers of it.
    """

    rounding: str
    kept: str
    whole: str


def roundings(graph: Graph) -> tuple[Rounding, ...]:
    """Every place where numbers are rounded and become whole ones, in order of execution."""
    found: list[Rounding] = []
    origins: dict[str, str] = {}
    for node in graph.nodes:
        if node.operator == _ROUND:
            origins[node.name] = node.name
            continue
        value = node.arguments.get("self")
        origin = origins.get(value.name) if isinstance(value, Ref) else None
        if origin is None or not isinstance(value, Ref):
            continue
        if node.operator in _BETWEEN:
            origins[node.name] = origin
        elif node.operator == _CAST and _makes_whole(node.arguments):
            found.append(Rounding(origin, value.name, node.name))
    return tuple(found)


def _makes_whole(arguments: Mapping[str, object]) -> bool:
    kind = arguments.get("dtype")
    return isinstance(kind, torch.dtype) and not (
        kind.is_floating_point or kind.is_complex or kind == torch.bool
    )


def without_rounding(graph: Graph) -> Graph | None:
    """The same with real numbers where it rounds; `None` if it does not round."""
    if all(node.operator != _ROUND for node in graph.nodes):
        return None
    whole = {one.whole for one in roundings(graph)}

    def smooth(node: Node) -> Node:
        if node.operator != _ROUND and node.name not in whole:
            return node
        arguments = {"self": node.arguments["self"]}
        return replace(node, operator=UNROUNDED, arguments=arguments)

    return replace(graph, nodes=tuple(map(smooth, graph.nodes)))
