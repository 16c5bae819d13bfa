"""From a module to its recorded operations, with outputs to check the recording against."""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

import torch
from jaxtyping import Shaped
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.utils._pytree import tree_leaves, tree_unflatten

from mho.checks import check_finite
from mho.network.entries import entries_of
from mho.network.exported_program import graph_of_program
from mho.network.graph import KINDS, Graph, kind_of_numbers
from mho.network.plain_layers import graph_of_layers
from mho.samples import (
    Inputs,
    batches,
    changed,
    chosen,
    each_tensor,
    number_of,
    one_of,
)

Call = Callable[[Inputs], object]
"""Runs a network on inputs of the kinds of numbers that it takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A recording and what it must reproduce.

    Args:
        graph: Operations, with all floating-point tensors as float32 copies on the CPU.
        samples: Inputs for checks, all different (1). Shape (batch, ...).
        outputs: What the source makes of them, by name (1); `None` if it cannot be run safely.
    """

    graph: Graph
    samples: Inputs
    outputs: Mapping[str, Shaped[Tensor, "_ ..."]] | None


def trace(
    source: nn.Module | ExportedProgram | Graph,
    example: Inputs,
    *,
    single: bool = False,
) -> Trace:
    """Record a network in evaluation mode; the source itself is left as it was.

    Args:
        source: Module, exported program, or graph that is recorded already.
        example: Typical inputs (1). Shape (batch, ...), at least one sample; by name for a network
            with several inputs.
        single: The source takes samples one by one, without an axis of samples.

    Raises:
        ValueError: The source does not accept the example, or cannot be traced.
    """
    _check_example(example)
    example = changed(example, lambda tensor: tensor.detach().to("cpu"))
    outputs = None
    if isinstance(source, Graph):
        graph = _of_samples(source, single=single)
        samples = _as_taken(graph, example)
    elif isinstance(source, ExportedProgram):
        graph = _of_samples(graph_of_program(source), single=single)
        samples = _as_taken(graph, example)
        outputs = _outputs(_by_place(source, graph), graph, samples)
    else:
        with _evaluating(source):
            call = _by_name(source)
            accepted = _accepted(call, example, single=single)
            recorded = _graph_of_module(source, accepted, single=single)
            graph = _of_samples(recorded, single=single)
            samples = changed(accepted, _different)
            outputs = _outputs(call, graph, samples)
    return Trace(_in_float32(graph), samples, outputs)


def _check_example(example: Inputs) -> None:
    """Refuse an example without samples, or with numbers that are not finite."""
    named = {"example": example} if isinstance(example, Tensor) else example
    for name, tensor in named.items():
        least = 2 if isinstance(example, Tensor) else 1
        if tensor.ndim < least or tensor.shape[0] == 0:
            raise ValueError(
                f"Argument `{name}` must hold at least one sample on its first axis, but has shape"
                f" {tuple(tensor.shape)}."
            )
        if tensor.is_floating_point():
            check_finite(tensor, name, "Pass typical inputs.")
    number_of(example)


def _of_samples(graph: Graph, *, single: bool) -> Graph:
    """A graph that says whether its first axis is one of samples."""
    return graph.of_single_samples() if single and not graph.single else graph


def _as_float32(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32)


def _as_taken(graph: Graph, example: Inputs) -> Inputs:
    """Samples for checks, in the kinds of numbers that a graph takes."""
    entries = entries_of(graph, example, "example")
    samples = {name: _different(entry) for name, entry in entries.items()}
    return samples[graph.input] if isinstance(example, Tensor) else samples


def _different(example: Tensor) -> Tensor:
    """A few samples and two more, as equal ones would hide a mix-up of samples."""
    first = example[:1]
    if not example.is_floating_point():
        # Whole numbers may be indices: the same ones in another order stay within range.
        turned = first.flatten()
        later = turned.roll(1).reshape(first.shape)
        reversed_ = turned.flip(0).reshape(first.shape)
        return torch.cat([example[:4], later, reversed_])
    ramp = torch.linspace(-0.1, 0.1, example[0].numel()).reshape(first.shape)
    return torch.cat([example[:4], first + ramp, first - ramp])


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _accepted(call: Call, example: Inputs, *, single: bool) -> Inputs:
    """An example in numbers that a module accepts: real ones, or whole ones where there are some.

    Files of samples often hold whole numbers where a network computes with real ones; so a single
    input is tried as real numbers first. Several inputs by name are meant as they are.
    """
    real = changed(example, _as_float32)
    plain = changed(
        example, lambda tensor: tensor.to(KINDS[kind_of_numbers(tensor.dtype)])
    )
    tries = [real, plain] if isinstance(example, Tensor) else [plain, real]
    if all(tensor.is_floating_point() for tensor in each_tensor(example)):
        tries = [real]
    refused: ValueError | None = None
    for inputs in tries:
        try:
            _leaves(call, one_of(inputs, 0) if single else inputs)
        except ValueError as error:
            refused = refused or error
        else:
            return inputs
    assert refused is not None
    raise refused


def _graph_of_module(
    module: nn.Module, example: Inputs, *, single: bool
) -> Graph:
    if single:
        return graph_of_program(_traced(module, one_of(example, 0)))
    if isinstance(example, Tensor) and example.is_floating_point():
        plain = graph_of_layers(module, example)
        if plain is not None:
            return plain
    return graph_of_program(_export(module, example))


def _export(module: nn.Module, example: Inputs) -> ExportedProgram:
    """Trace with a free batch size if the module allows it, else with that of the example."""
    if number_of(example) > 1:
        return _traced(module, example)
    # torch.export takes a batch of one for a constant, hence the second sample.
    try:
        return _traced(module, chosen(example, [0, 0]))
    except ValueError:
        return _traced(module, example)


def _traced(module: nn.Module, example: Inputs) -> ExportedProgram:
    automatic = torch.export.Dim.AUTO
    ready = changed(example, lambda tensor: _in_dtype_of(module, tensor))
    by_name = {} if isinstance(ready, Tensor) else dict(ready)
    free: Any = {
        name: {0: automatic} if tensor.ndim else None
        for name, tensor in by_name.items()
    }
    try:
        with warnings.catch_warnings():
            # The exporter warns about its own internals, which a user cannot mend.
            warnings.simplefilter("ignore")
            return torch.export.export(
                module,
                (ready,) if isinstance(ready, Tensor) else (),
                by_name,
                dynamic_shapes=free or ({0: automatic},),
                strict=False,
            )
    except Exception as error:
        raise ValueError(
            "Argument `source` must be a module that torch.export can trace, but tracing failed:"
            f" {first_line(error)}"
        ) from error


def _by_name(module: nn.Module) -> Call:
    """A module that is given its only input, or several by the names of its arguments."""
    call = cast(Callable[..., object], module)

    def run(inputs: Inputs) -> object:
        ready = changed(inputs, lambda tensor: _in_dtype_of(module, tensor))
        return call(ready) if isinstance(ready, Tensor) else call(**ready)

    return run


def _by_place(program: ExportedProgram, graph: Graph) -> Call:
    """A program that is given its inputs where they stood when it was recorded."""
    module = program.module()
    call = cast(Callable[..., object], module)

    def run(inputs: Inputs) -> object:
        named = {graph.input: inputs} if isinstance(inputs, Tensor) else inputs
        ready = [
            _in_dtype_of(module, named[entry.name]) for entry in graph.inputs
        ]
        layout = program.call_spec.in_spec
        arguments, by_name = tree_unflatten(ready, layout)
        return call(*arguments, **by_name)

    return run


def _outputs(call: Call, graph: Graph, samples: Inputs) -> dict[str, Tensor]:
    """Outputs of the source itself, in batches of the size that it insists on."""
    count = number_of(samples)
    if graph.single:
        found = [
            [leaf[None] for leaf in _leaves(call, one_of(samples, place))]
            for place in range(count)
        ]
    else:
        size = graph.batch or count
        # The last sample fills up the last batch.
        places = torch.arange(count + -count % size).clamp(max=count - 1)
        filled = chosen(samples, places)
        found = [_leaves(call, part) for part in batches(filled, size)]
    return {
        output.name: torch.cat([leaves[place] for leaves in found])[:count]
        for place, output in enumerate(graph.outputs)
    }


def _leaves(call: Call, samples: Inputs) -> list[Tensor]:
    """All tensors that a source returns, real numbers as float32."""
    shapes = [tuple(tensor.shape) for tensor in each_tensor(samples)]
    try:
        with torch.no_grad():
            outputs = call(samples)
    except Exception as error:
        told = ", ".join(str(shape) for shape in shapes)
        raise ValueError(
            f"Argument `source` must accept the example of shape {told}, but it raised"
            f" {first_line(error)}"
        ) from error
    leaves = tree_leaves(outputs)
    wrong = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]
    if wrong or not leaves:
        what = f"`{type(wrong[0]).__name__}`" if wrong else "nothing"
        raise ValueError(
            f"Argument `source` must return tensors alone, but returns {what}; wrap it in a module"
            " that picks some."
        )
    return [
        leaf.to("cpu", torch.float32)
        if leaf.is_floating_point()
        else leaf.to("cpu")
        for leaf in leaves
    ]


def _in_dtype_of(module: nn.Module, samples: Tensor) -> Tensor:
    for parameter in module.parameters():
        if parameter.is_floating_point():
            real = samples.is_floating_point()
            dtype = parameter.dtype if real else samples.dtype
            return samples.to(parameter.device, dtype)
    return samples


def _in_float32(graph: Graph) -> Graph:
    """The same graph with tensors of its own, so that training on does not change it."""
    tensors = {
        name: tensor.to(
            "cpu",
            torch.float32 if tensor.is_floating_point() else tensor.dtype,
            copy=True,
        )
        for name, tensor in graph.tensors.items()
    }
    return replace(graph, tensors=tensors)


def first_line(error: BaseException) -> str:
    """Kind and first line of an error, short enough to be quoted in a sentence."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else "no message"
    return f"{type(error).__name__}: {text[:200]}"
