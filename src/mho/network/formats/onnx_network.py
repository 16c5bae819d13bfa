"""From an ONNX file to a network: how samples go through it, and what it is compared with."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import Tensor

from mho.checks import one_line
from mho.network.batch_axis import samples_on, widened
from mho.network.binding import bound
from mho.network.formats.by_kind import followed, one_axis_more
from mho.network.formats.onnx import (
    OnnxNetwork,
    Wish,
    check_against_reference,
    file_inputs,
    read_onnx_file,
)
from mho.network.formats.signature import Signature
from mho.network.formats.taken_inputs import taken_inputs
from mho.network.graph import Graph
from mho.network.network import Network
from mho.network.sequences import states_of_graph, step_of_graph
from mho.samples import Inputs, each_tensor


def network_of_onnx(
    path: Path, example: Inputs, digital: Sequence[str], meant: Signature
) -> Network:
    """A network from an ONNX file, compared with the standard's own evaluator.

    Where the data lack an input, it is a state: samples are sequences that run step by step, or
    whole, where the file takes sequences whole.

    Args:
        path: The file.
        example: Typical inputs (1).
        digital: Modules that stay digital.
        meant: How inputs and outputs are meant.

    Raises:
        ValueError: In one sentence that names the file.
    """
    axes = file_inputs(path)
    names = [name for name in axes if name not in meant.constants]
    given = taken_inputs(example, names)
    lacking = len(each_tensor(given)) < len(names)
    ways = _ways(meant, lacking=lacking, deeper=one_axis_more(given, axes))
    refused: ValueError | None = None
    for way in ways:
        try:
            return _read_onnx(path, given, digital, meant, way)
        except ValueError as error:
            refused = refused or error
    assert refused is not None
    raise refused


@dataclass(frozen=True, slots=True)
class _Way:
    """How samples go through a file.

    Args:
        single: Its first axis belongs to the sample.
        stepwise: It is one step of a sequence.
    """

    single: bool
    stepwise: bool


def _ways(meant: Signature, *, lacking: bool, deeper: bool) -> list[_Way]:
    """Ways that samples may go, the likelier one first.

    Args:
        meant: How inputs and outputs are meant.
        lacking: Whether the data lack an input.
        deeper: Whether the data have one axis more than the file.
    """
    if meant.batch_axis is not None:
        return [_Way(single=True, stepwise=False)]
    if meant.single or meant.handed_on:
        return [_Way(single=meant.single, stepwise=bool(meant.handed_on))]
    if not deeper:
        return [_Way(single=False, stepwise=False)]
    whole = _Way(single=True, stepwise=False)
    # What is lacking may be a state of one step, or of whole sequences.
    return [_Way(single=False, stepwise=True), whole] if lacking else [whole]


def _read_onnx(
    path: Path,
    given: Inputs,
    digital: Sequence[str],
    meant: Signature,
    way: _Way,
) -> Network:
    alone = meant.batch_axis
    whole = given if alone is None else widened(given, alone)
    source = read_onnx_file(path, _wish(whole, meant, way))
    if alone is not None:
        graph = samples_on(source.graph, alone)
        source = replace(source, graph=graph, alone=alone)
    elif way.single and not way.stepwise:
        source = _with_first_states(source, given)
    _check_given(source.graph, given, meant)
    known = taken_inputs(given, [entry.name for entry in source.graph.inputs])
    network = followed(
        path,
        source.graph,
        known,
        digital,
        replace(meant, outputs=(), batch_axis=None),
    )
    step = known
    plain = network
    if network.graph.states:
        handed_on = {one.input: one.output for one in network.graph.states}
        step = step_of_graph(source.graph, known, handed_on)
        plain = replace(network, graph=replace(network.graph, states=()))
    check_against_reference(path, source, plain, step)
    return network


def _wish(given: Inputs, meant: Signature, way: _Way) -> Wish:
    """Sizes that a file leaves free are those of the data, or of one step of them."""
    own = {*meant.handed_on}

    def shape(name: str, tensor: Tensor) -> tuple[int, ...]:
        if not way.stepwise or name in own:
            return tuple(tensor.shape)
        return (tensor.shape[0], *tensor.shape[2:])

    outputs = meant.outputs
    if outputs:
        outputs = (*outputs, *meant.handed_on.values())
    constants = {n: np.array(x) for n, x in meant.constants.items()}
    if isinstance(given, Tensor):
        only = shape("", given)
        return Wish({}, only, constants, outputs, way.single)
    shapes = {name: shape(name, tensor) for name, tensor in given.items()}
    return Wish(shapes, None, constants, outputs, way.single)


def _with_first_states(source: OnnxNetwork, given: Inputs) -> OnnxNetwork:
    """A file that takes sequences whole, with zeros for the states that nobody gives."""
    graph = source.graph
    names = {graph.input} if isinstance(given, Tensor) else {*given}
    states = states_of_graph(graph, names)
    if not states:
        return source
    zeros = dict.fromkeys(states, 0.0)
    shapes = {one.name: one.sample_shape for one in graph.inputs}
    arrays = {
        name: np.zeros([size or 1 for size in shapes[name]], np.float32)
        for name in states
    }
    return replace(
        source,
        graph=bound(graph, zeros),
        constants={**source.constants, **arrays},
    )


def _check_given(graph: Graph, given: Inputs, meant: Signature) -> None:
    """Refuse data that lack an input which is no state."""
    names = [entry.name for entry in graph.inputs]
    here = {graph.input} if isinstance(given, Tensor) else {*given}
    here |= {*meant.handed_on} | {*states_of_graph(graph, here)}
    missing = [name for name in names if name not in here]
    if missing:
        listed = ", ".join(f"`{one_line(name)}`" for name in names)
        lacking = one_line(missing[0])
        raise ValueError(
            f"Argument `data` must hold every input of the network, {listed}, as many samples of"
            f" each, but lacks `{lacking}`; name its array or its number with `--input"
            f" {lacking}=…`, or the output that it takes in the next step with `--state"
            f" {lacking}=…`."
        )
