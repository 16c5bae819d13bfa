"""One step of a sequence in three phases, of which only the middle one needs the step before.

What does not depend on states is computed for all steps at once, and so is what no later state
depends on. A chip then gives most products of a sequence in one call; only the recurrence itself
goes step by step.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from mho.network.graph import Graph, GraphInput, GraphOutput, Node


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """The operations of a step, taken apart.

    Args:
        before: What depends on no state.
        loop: What later states depend on, and states.
        after: The rest.
    """

    before: Graph
    loop: Graph
    after: Graph


def phases_of(graph: Graph) -> Phases | None:
    """A step in phases; `None` where there is nothing to gain, or it is not clear.

    Values go from phase to phase only if samples lie on their first axis. Whatever else a phase
    needs, such as a size, is computed in it once more.

    Args:
        graph: One step, with states.
    """
    if any(node.in_place for node in graph.nodes):
        return None
    nodes = {node.name: node for node in graph.nodes}
    depending = _depending(graph)
    recurrent = depending & _behind(
        (
            one.value
            for one in graph.outputs
            if one.name in {state.output for state in graph.states}
        ),
        nodes,
    )
    rest = depending - recurrent
    handed_over = {
        name
        for node in rest
        for name in nodes[node].refs()
        if name in recurrent
    }
    if not all(_by_sample(nodes[name]) for name in handed_over):
        recurrent = depending
        rest = set()
    first = nodes.keys() - depending
    if not first and not rest:
        return None
    states = {state.input for state in graph.states}
    own = {
        "loop": _completed(recurrent, nodes),
        "after": _completed(rest, nodes, recurrent),
    }
    results = [one.value for one in graph.results]
    last_ones = {one.value for one in graph.outputs}
    after = _part(graph, own["after"], results)
    wanted_after = {one.name for one in after.inputs}
    loop = _part(graph, own["loop"], [*last_ones, *wanted_after])
    loop = replace(loop, inputs=_with_states(loop, graph, states))
    wanted_loop = {one.name for one in loop.inputs}
    before = _part(graph, first, [*last_ones, *wanted_loop, *wanted_after])
    return Phases(before, loop, after)


def _depending(graph: Graph) -> set[str]:
    """Operations that depend on a state."""
    found = {state.input for state in graph.states}
    inputs = set(found)
    for node in graph.nodes:
        if found.intersection(node.refs()):
            found.add(node.name)
    return found - inputs


def _behind(values: Iterable[str], nodes: dict[str, Node]) -> set[str]:
    """Operations that values depend on, those that make them included."""
    found = set[str]()
    left = list(values)
    while left:
        name = left.pop()
        if name in nodes and name not in found:
            found.add(name)
            left += nodes[name].refs()
    return found


def _by_sample(node: Node) -> bool:
    """Whether samples lie on the first axis of a result, as far as the recording tells."""
    return bool(node.shape) and node.shape is not None and node.shape[0] is None


def _completed(
    chosen: Collection[str],
    nodes: dict[str, Node],
    given: Collection[str] = (),
) -> set[str]:
    """Operations of a phase, with those that it cannot be handed the results of."""
    found = set(chosen)
    left = [name for one in chosen for name in nodes[one].refs()]
    while left:
        name = left.pop()
        if name not in nodes or name in found or name in given:
            continue
        if not _by_sample(nodes[name]):
            found.add(name)
            left += nodes[name].refs()
    return found


def _part(graph: Graph, names: Collection[str], wanted: Iterable[str]) -> Graph:
    """Some operations as a graph: what they read of others comes in, what others want goes out."""
    own = tuple(node for node in graph.nodes if node.name in names)
    known = {entry.name: entry for entry in graph.inputs}
    shapes = {node.name: node.shape for node in graph.nodes}
    read = dict.fromkeys(name for node in own for name in node.refs())
    inputs = tuple(
        known.get(name) or GraphInput(name, (shapes[name] or (None,))[1:])
        for name in read
        if name not in names and name not in graph.tensors
    )
    outputs = dict.fromkeys(name for name in wanted if name in names)
    return replace(
        graph,
        inputs=inputs,
        nodes=own,
        outputs=tuple(GraphOutput(name, name) for name in outputs),
        states=(),
    )


def _with_states(
    loop: Graph, graph: Graph, states: Collection[str]
) -> tuple[GraphInput, ...]:
    """Inputs of the loop, all states among them."""
    others = [one for one in loop.inputs if one.name not in states]
    own = [one for one in graph.inputs if one.name in states]
    return (*others, *own)
