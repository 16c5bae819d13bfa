"""Networks that hand states on: which inputs are states, and what one step of a sequence is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from mho.checks import one_line
from mho.network.graph import KINDS, Graph, GraphInput, State
from mho.network.sequences.course import fixed
from mho.samples import Inputs, OneSample, number_of


def states_of(names: Mapping[str, str]) -> tuple[State, ...]:
    """States by the names of inputs and outputs.

    Args:
        names: Output that each state's input takes in the next step.
    """
    return tuple(State(entry, output) for entry, output in names.items())


def guessed_states(
    missing: Iterable[GraphInput],
    outputs: Mapping[str, Sequence[int | None]],
) -> dict[str, str]:
    """Which outputs the inputs that nobody gives take in the next step.

    An output is a candidate if it has the shape of the input; among several, one whose name
    begins with that of the input. No two inputs take the same output.

    Args:
        missing: Inputs that the data lack.
        outputs: Shape of one sample of each output, by name.

    Returns:
        Output of each input; empty if it is not clear for every one of them.
    """
    found = dict[str, str]()
    for entry in missing:
        alike = [
            name
            for name, shape in outputs.items()
            if tuple(shape) == tuple(entry.sample_shape)
        ]
        named = [
            name
            for name in alike
            if name.lower().startswith(entry.name.lower())
        ]
        clear = named if len(named) == 1 else alike
        if len(clear) != 1:
            return {}
        found[entry.name] = clear[0]
    unique = len({*found.values()}) == len(found)
    return found if unique else {}


def states_of_graph(graph: Graph, given: Collection[str]) -> dict[str, str]:
    """States among the inputs of a graph that nobody gives; none if that is not clear.

    Args:
        graph: The network.
        given: Names of the inputs that are given.
    """
    missing = [entry for entry in graph.inputs if entry.name not in given]
    shapes = {node.name: node.shape for node in graph.nodes}
    before = 0 if graph.single else 1
    outputs = {
        output.name: shape[before:]
        for output in graph.outputs
        if (shape := shapes.get(output.value)) is not None
    }
    return guessed_states(missing, outputs)


def step_of_graph(
    graph: Graph, example: Inputs, states: Mapping[str, str]
) -> dict[str, Tensor]:
    """One step of sequences as a graph takes it, with states of zeros where none are given.

    Args:
        graph: Its operations.
        example: Sequences (1). Shape (samples, steps, ...).
        states: Output that each state's input takes in the next step.

    Raises:
        ValueError: A state is no input, or has no fixed shape; or there are no steps.
    """
    check_named(states, [entry.name for entry in graph.inputs], "inputs")
    step = one_step(example, states)
    if isinstance(step, Tensor):
        others = [e.name for e in graph.inputs if e.name not in states]
        step = {others[0] if others else graph.input: step}
    count = number_of(step)
    zeros = {
        entry.name: torch.zeros(count, *fixed(entry), dtype=KINDS[entry.kind])
        for entry in graph.inputs
        if entry.name in states and entry.name not in step
    }
    return {**step, **zeros}


def handing_on(graph: Graph, states: Mapping[str, str]) -> Graph:
    """The graph as one step of a sequence.

    Args:
        graph: Its operations.
        states: Output that each state's input takes in the next step.

    Raises:
        ValueError: A name is no input or no output of the network, or no input is left.
    """
    inputs = [entry.name for entry in graph.inputs]
    check_named(states, inputs, "inputs")
    outputs = [output.name for output in graph.outputs]
    check_named(states.values(), outputs, "outputs")
    if states and len(states) == len(inputs):
        raise ValueError(
            "Argument `states` must leave an input that is no state, but names all of them."
        )

    return replace(graph, states=states_of(states))


def check_named(names: Iterable[str], known: Sequence[str], what: str) -> None:
    """Refuse names of states that a network does not have.

    Args:
        names: Names given.
        known: Names that there are.
        what: `"inputs"` or `"outputs"`.

    Raises:
        ValueError: One of them is not there.
    """
    for name in names:
        if name not in known:
            listed = ", ".join(f"`{one_line(one)}`" for one in known)
            raise ValueError(
                f"Argument `states` must name {what} of the network, {listed}, but"
                f" `{one_line(name)}` is none."
            )


def one_step(inputs: Inputs, states: Iterable[str]) -> Inputs:
    """A step from the middle of sequences; states that are given stay as they are.

    Args:
        inputs: Sequences (1). Shape (samples, steps, ...).
        states: Names of states.

    Raises:
        ValueError: There are no steps.
    """
    if isinstance(inputs, Tensor):
        return _middle(inputs, "inputs")
    own = set(states)
    return {
        name: x if name in own else _middle(x, name)
        for name, x in inputs.items()
    }


def first_step(sample: OneSample, states: Iterable[str]) -> OneSample:
    """The first step of one sample, as a sequence of a single step.

    Args:
        sample: A sequence (1). Shape (steps, ...).
        states: Names of states, which are no sequences.
    """
    if isinstance(sample, Tensor):
        return sample[:1]
    own = set(states)
    return {name: x if name in own else x[:1] for name, x in sample.items()}


def _middle(sequence: Tensor, name: str) -> Tensor:
    if sequence.ndim < 2 or sequence.shape[1] == 0:
        raise ValueError(
            f"Argument `{one_line(name)}` must have shape (samples, steps, ...) for a network with"
            f" states, but has {tuple(sequence.shape)}."
        )
    return sequence[:, sequence.shape[1] // 2]
