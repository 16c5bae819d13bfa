"""What goes into a graph and what comes out of it: inputs and outputs by their names."""

from collections.abc import Mapping

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.checks import check_shape, one_line
from mho.network.graph import DOUBLE, FLOAT, KINDS, Graph, GraphInput
from mho.samples import Inputs, number_of


def entries_of(
    graph: Graph, inputs: Inputs, label: str = "inputs"
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """Inputs as a graph takes them: one of every name, of the right shape and kind of numbers.

    They are copies, as a recording may overwrite its inputs.

    Args:
        graph: The network.
        inputs: Samples (1). Shape (batch, ...).
        label: What a single tensor is called in sentences.

    Raises:
        ValueError: An input is missing or unknown, has another shape or kind of numbers, or there
            is no sample.
    """
    if isinstance(inputs, Tensor):
        _check_one_input(graph)
        named = {graph.input: inputs}
        labels = {graph.input: label}
    else:
        named = dict(inputs)
        labels = {name: name for name in named}
        _check_names(graph, named)
    entries = {
        entry.name: _entry(entry, named[entry.name], labels[entry.name])
        for entry in graph.inputs
    }
    if number_of(entries) == 0:
        raise ValueError(
            "Argument `inputs` must hold at least one sample, but is empty."
        )
    return entries


def _check_one_input(graph: Graph) -> None:
    if len(graph.inputs) > 1:
        raise ValueError(
            "Argument `inputs` must hold a tensor for each input by its name, as the network takes"
            f" {_listed(graph)}, but is one tensor."
        )


def _check_names(graph: Graph, named: Mapping[str, Tensor]) -> None:
    known = {entry.name for entry in graph.inputs}
    missing = sorted(known - named.keys())
    unknown = sorted(named.keys() - known)
    if missing or unknown:
        what = (
            f"lacks `{one_line(missing[0])}`"
            if missing
            else f"holds `{one_line(unknown[0])}`, which is none of them"
        )
        raise ValueError(
            "Argument `inputs` must hold a tensor for each input by its name, as the network takes"
            f" {_listed(graph)}, but {what}."
        )


def _listed(graph: Graph) -> str:
    return ", ".join(f"`{one_line(entry.name)}`" for entry in graph.inputs)


def _entry(entry: GraphInput, tensor: Tensor, label: str) -> Tensor:
    """One input, checked and converted."""
    whole = not (tensor.is_floating_point() or tensor.is_complex())
    if entry.kind not in (FLOAT, DOUBLE) and not whole:
        tensor = _as_whole(tensor, label)
    check_shape(tensor, label, (None, *entry.sample_shape))
    return tensor.to(KINDS[entry.kind], copy=True)


def _as_whole(tensor: Tensor, label: str) -> Tensor:
    """Whole numbers that were given as real ones.

    Raises:
        ValueError: One of them is not whole.
    """
    # Numbers of a rehearsal are not there to be looked at.
    if not tensor.is_meta and not bool((tensor == tensor.round()).all()):
        raise ValueError(
            f"Argument `{one_line(label)}` must hold whole numbers, as the network takes indices"
            f" there, but has type {tensor.dtype} with fractions."
        )
    return tensor.to(torch.int64)


def outputs_of(
    graph: Graph, values: Mapping[str, object]
) -> dict[str, Shaped[Tensor, "_ ..."]]:
    """The outputs by their public names.

    Args:
        graph: The network.
        values: Values of the graph by name, the outputs' among them.
    """
    found = dict[str, Tensor]()
    for output in graph.outputs:
        value = values[output.value]
        assert isinstance(value, Tensor)
        found[output.name] = value
    return found
