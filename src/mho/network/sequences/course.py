"""How a run goes through samples and steps: all samples at once, one by one, or step by step."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.checks import one_line
from mho.files import check_memory
from mho.network.entries import entries_of
from mho.network.graph import KINDS, Graph, GraphInput
from mho.network.sequences.recurrence import Once, next_states, run_in_phases
from mho.samples import Inputs, joined, number_of

Entries = Mapping[str, Shaped[Tensor, "_ ..."]]


def taken(graph: Graph) -> tuple[GraphInput, ...]:
    """What a network takes, as its users see it: of one with states, sequences of any length.

    Args:
        graph: Its operations.
    """
    if not graph.states:
        return graph.inputs
    return tuple(
        replace(entry, sample_shape=(None, *entry.sample_shape))
        for entry in graph.entries
    )


def run_course(
    graph: Graph, inputs: Inputs, once: Once, *, whole: bool = False
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """All outputs of a network by name.

    Args:
        graph: Its operations.
        inputs: Samples (1). Shape (batch, ...), or (batch, steps, ...) with states.
        once: Runs the operations.
        whole: Whether only the whole graph can be run, and no part of it.

    Raises:
        ValueError: The inputs do not fit, or a state comes back in another shape.
        TooLargeError: In a rehearsal, the outputs of all steps would not fit.
    """
    if graph.states:
        return _through_steps(graph, inputs, once, whole=whole)
    return _through_samples(graph, entries_of(graph, inputs), once)


def _through_samples(
    graph: Graph, entries: Entries, once: Once
) -> dict[str, Tensor]:
    if not (graph.single or graph.separate):
        return once(graph, entries)
    count = number_of(entries)
    rehearsed = next(iter(entries.values())).is_meta
    found = []
    for place in range(1 if rehearsed else count):
        if graph.single:
            outputs = once(
                graph, {name: x[place] for name, x in entries.items()}
            )
            found.append({name: x[None] for name, x in outputs.items()})
        else:
            some = slice(place, place + 1)
            found.append(
                once(graph, {name: x[some] for name, x in entries.items()})
            )
    if rehearsed:
        # All samples have the same shape.
        return {
            name: x.expand(count, *x.shape[1:]) for name, x in found[0].items()
        }
    return joined(found)


def _through_steps(
    graph: Graph, inputs: Inputs, once: Once, *, whole: bool
) -> dict[str, Tensor]:
    """Outputs of every step, on an axis behind that of the samples."""
    begun = _without_sequences(graph, inputs)
    sequences = entries_of(
        replace(graph, inputs=taken(graph), states=()),
        _sequences(graph, inputs),
    )
    steps = _steps(sequences)
    states = _first_states(graph, begun, number_of(sequences), sequences)
    rehearsed = next(iter(sequences.values())).is_meta
    if steps > 1 and not (whole or rehearsed or graph.single or graph.separate):
        found = run_in_phases(graph, sequences, states, once)
        if found is not None:
            return found
    names = [output.name for output in graph.results]
    parts: dict[str, list[Tensor]] = {name: [] for name in names}
    for step in range(1 if rehearsed else steps):
        entries = {name: x[:, step] for name, x in sequences.items()}
        outputs = _through_samples(graph, {**entries, **states}, once)
        states = next_states(graph, states, outputs)
        for name in names:
            parts[name].append(outputs[name])
    if rehearsed:
        return _repeated(parts, steps)
    return {name: torch.stack(own, 1) for name, own in parts.items()}


def _repeated(
    found: Mapping[str, list[Tensor]], steps: int
) -> dict[str, Tensor]:
    """Outputs of a rehearsal: every step is as the first one."""
    total = steps * sum(
        x[0].numel() * x[0].element_size() for x in found.values()
    )
    check_memory(total, "network", f"the outputs of {steps} steps")
    return {
        name: x[0][:, None].expand(x[0].shape[0], steps, *x[0].shape[1:])
        for name, x in found.items()
    }


def _without_sequences(graph: Graph, inputs: Inputs) -> dict[str, Tensor]:
    """First states that were given by name."""
    if isinstance(inputs, Tensor):
        return {}
    states = {state.input for state in graph.states}
    return {name: x for name, x in inputs.items() if name in states}


def _sequences(graph: Graph, inputs: Inputs) -> Inputs:
    """Inputs that are no states."""
    if isinstance(inputs, Tensor):
        return inputs
    states = {state.input for state in graph.states}
    return {name: x for name, x in inputs.items() if name not in states}


def _steps(sequences: Entries) -> int:
    """Number of steps, the same of all inputs (1)."""
    counts = {name: x.shape[1] for name, x in sequences.items()}
    if len({*counts.values()}) != 1 or 0 in counts.values():
        told = ", ".join(f"{n} of `{one_line(k)}`" for k, n in counts.items())
        raise ValueError(
            "Argument `inputs` must hold as many steps of every input, at least one, but holds"
            f" {told}."
        )
    return next(iter(counts.values()))


def _first_states(
    graph: Graph, begun: Entries, count: int, like: Entries
) -> dict[str, Tensor]:
    """States before the first step: zeros, or what was given."""
    device = next(iter(like.values())).device
    entries = {entry.name: entry for entry in graph.inputs}
    states = dict[str, Tensor]()
    for state in graph.states:
        entry = entries[state.input]
        if state.input in begun:
            only = replace(graph, inputs=(entry,), states=())
            states |= entries_of(only, {state.input: begun[state.input]})
        else:
            states[state.input] = torch.zeros(
                count, *fixed(entry), dtype=KINDS[entry.kind], device=device
            )
    number_of({**like, **states})
    return states


def fixed(entry: GraphInput) -> tuple[int, ...]:
    """Shape of a state, which must be known before anything is computed.

    Args:
        entry: The input that takes it.

    Raises:
        ValueError: A size of it is free.
    """
    sizes = tuple(size for size in entry.sample_shape if size is not None)
    if len(sizes) < len(entry.sample_shape):
        raise ValueError(
            "Argument `states` must name inputs of a fixed shape, but"
            f" `{one_line(entry.name)}` has {entry.sample_shape}; give its first value under that"
            " name in the data."
        )
    return sizes
