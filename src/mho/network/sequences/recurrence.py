"""Sequences in phases: most of a step for all steps at once, the recurrence step by step."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from mho.checks import one_line
from mho.network.graph import Graph
from mho.network.sequences.phases import Phases, phases_of
from mho.samples import batches, joined

Once = Callable[[Graph, Mapping[str, Tensor]], dict[str, Tensor]]
"""Runs the operations of a graph, or of a part of it, once, on inputs as it takes them."""

_AT_ONCE = 4096
"""Steps of samples that are computed at once (1)."""


def run_in_phases(
    graph: Graph,
    sequences: Mapping[str, Tensor],
    states: Mapping[str, Tensor],
    once: Once,
) -> dict[str, Tensor] | None:
    """Outputs of all steps by name; `None` where a step cannot be taken apart.

    Args:
        graph: One step.
        sequences: Inputs that are no states (1). Shape (samples, steps, ...).
        states: States before the first step (1).
        once: Runs the operations.

    Raises:
        ValueError: A state comes back in another shape.
    """
    phases = phases_of(graph)
    if phases is None:
        return None
    samples, steps = next(iter(sequences.values())).shape[:2]
    rows = samples * steps
    flat = {name: x.flatten(0, 1) for name, x in sequences.items()}
    flat |= _at_once(phases.before, flat, once)
    if any(x.shape[0] != rows for x in flat.values()):
        return None
    early = {
        name: x.reshape(samples, steps, *x.shape[1:])
        for name, x in flat.items()
    }
    looped = _loop(graph, phases, early, states, once)
    if any(x.shape[0] != samples for x in looped.values()):
        return None
    flat |= {name: x.flatten(0, 1) for name, x in looped.items()}
    flat |= _at_once(phases.after, flat, once)
    results = {output.name: flat[output.value] for output in graph.results}
    return {
        name: x.reshape(samples, steps, *x.shape[1:])
        for name, x in results.items()
    }


def _at_once(
    part: Graph, values: Mapping[str, Tensor], once: Once
) -> dict[str, Tensor]:
    """What a phase makes of all steps of all samples, on one axis."""
    if not part.nodes:
        return {}
    entries = {entry.name: values[entry.name] for entry in part.inputs}
    return joined(
        [
            once(part, dict(some))
            for some in batches(entries, _AT_ONCE)
            if not isinstance(some, Tensor)
        ]
    )


def _loop(
    graph: Graph,
    phases: Phases,
    early: Mapping[str, Tensor],
    states: Mapping[str, Tensor],
    once: Once,
) -> dict[str, Tensor]:
    """What the loop and the states are at every step. Shape (samples, steps, ...)."""
    wanted = {entry.name for entry in phases.after.inputs}
    wanted |= {output.value for output in graph.results}
    found: dict[str, list[Tensor]] = {}
    names = {output.name: output.value for output in graph.outputs}
    for step in range(next(iter(early.values())).shape[1]):
        now = {name: x[:, step] for name, x in early.items()}
        now |= states
        entries = {entry.name: now[entry.name] for entry in phases.loop.inputs}
        made = once(phases.loop, entries) if phases.loop.nodes else {}
        for name, value in {**states, **made}.items():
            if name in wanted:
                found.setdefault(name, []).append(value)
        now |= made
        outputs = {
            state.output: now[names[state.output]] for state in graph.states
        }
        states = next_states(graph, states, outputs)
    return {name: torch.stack(values, 1) for name, values in found.items()}


def next_states(
    graph: Graph,
    states: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
) -> dict[str, Tensor]:
    """States after a step.

    Args:
        graph: One step.
        states: States before it (1).
        outputs: Outputs of the step by name, states among them (1).

    Raises:
        ValueError: A state comes back in another shape.
    """
    later = dict[str, Tensor]()
    for state in graph.states:
        before = states[state.input]
        after = outputs[state.output]
        if after.shape != before.shape:
            raise ValueError(
                "Argument `states` must name outputs of the shape of their inputs, but"
                f" `{one_line(state.output)}` has {tuple(after.shape)} where"
                f" `{one_line(state.input)}` has {tuple(before.shape)}."
            )
        later[state.input] = after.to(before.dtype)
    return later
