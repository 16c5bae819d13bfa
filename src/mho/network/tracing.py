"""From a module to its recorded operations, with outputs to check the recording against."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import cast

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.export import ExportedProgram

from mho.checks import check_finite, check_shape
from mho.network.graph import Graph, graph_of_program
from mho.network.plain_layers import graph_of_layers


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A recording and what it must reproduce.

    Args:
        graph: Operations, with all floating-point tensors as float32 copies on the CPU.
        samples: Inputs for checks, all different (1). Shape (batch, ...).
        outputs: What the source makes of them (1); `None` if it cannot be run safely.
    """

    graph: Graph
    samples: Float[Tensor, "batch ..."]
    outputs: Float[Tensor, "batch ..."] | None


def trace(
    source: nn.Module | ExportedProgram | Graph,
    example: Shaped[Tensor, "batch ..."],
) -> Trace:
    """Record a network in evaluation mode; the source itself is left as it was.

    Args:
        source: Module, exported program, or graph that is recorded already.
        example: Typical inputs (1). Shape (batch, ...), at least one sample.

    Raises:
        ValueError: The source does not accept the example, or cannot be traced.
    """
    example = example.detach().to("cpu", torch.float32)
    if example.ndim < 2 or example.shape[0] == 0:
        raise ValueError(
            "Argument `example` must hold at least one sample on its first axis, but has shape"
            f" {tuple(example.shape)}."
        )
    check_finite(example, "example", "Pass typical inputs.")
    samples = _different(example)
    if isinstance(source, Graph):
        graph = source
        outputs = None
    elif isinstance(source, ExportedProgram):
        graph = graph_of_program(source)
        outputs = _outputs(source.module(), graph, samples)
    else:
        with _evaluating(source):
            _run(source, example)
            graph = graph_of_layers(source, example) or graph_of_program(
                _export(source, example)
            )
            outputs = _outputs(source, graph, samples)
    check_shape(example, "example", (None, *graph.sample_shape))
    return Trace(_in_float32(graph), samples, outputs)


def _different(example: Tensor) -> Tensor:
    """A few samples and two more, as equal ones would hide a mix-up of samples."""
    ramp = torch.linspace(-0.1, 0.1, example[0].numel()).reshape(
        example[:1].shape
    )
    return torch.cat([example[:4], example[:1] + ramp, example[:1] - ramp])


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def _export(module: nn.Module, example: Tensor) -> ExportedProgram:
    """Trace with a free batch size if the module allows it, else with that of the example."""
    if example.shape[0] > 1:
        return _traced(module, example)
    # torch.export takes a batch of one for a constant, hence the second sample.
    try:
        return _traced(module, torch.cat([example, example]))
    except ValueError:
        return _traced(module, example)


def _traced(module: nn.Module, example: Tensor) -> ExportedProgram:
    automatic = torch.export.Dim.AUTO
    try:
        with warnings.catch_warnings():
            # The exporter warns about its own internals, which a user cannot mend.
            warnings.simplefilter("ignore")
            return torch.export.export(
                module,
                (_in_dtype_of(module, example),),
                dynamic_shapes=({0: automatic},),
                strict=False,
            )
    except Exception as error:
        raise ValueError(
            "Argument `source` must be a module that torch.export can trace, but tracing failed:"
            f" {first_line(error)}"
        ) from error


def _outputs(call: nn.Module, graph: Graph, samples: Tensor) -> Tensor:
    """Outputs of the source itself, in batches of the size that it insists on."""
    if graph.batch is None:
        return _run(call, samples)
    missing = -samples.shape[0] % graph.batch
    padded = torch.cat(
        [samples, samples[-1:].expand(missing, *samples.shape[1:])]
    )
    batches = [_run(call, part) for part in torch.split(padded, graph.batch)]
    return torch.cat(batches)[: samples.shape[0]]


def _run(module: nn.Module, samples: Tensor) -> Tensor:
    call = cast(Callable[[Tensor], object], module)
    try:
        with torch.no_grad():
            outputs = call(_in_dtype_of(module, samples))
    except Exception as error:
        raise ValueError(
            "Argument `source` must accept the example of shape"
            f" {tuple(samples.shape)}, but it raised {first_line(error)}"
        ) from error
    if not isinstance(outputs, Tensor):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            "Argument `source` must return one tensor, but returns a"
            f" {type(outputs).__name__}; wrap it in a module that picks one."
        )
    return outputs.to("cpu", torch.float32)


def _in_dtype_of(module: nn.Module, samples: Tensor) -> Tensor:
    for parameter in module.parameters():
        if parameter.is_floating_point():
            return samples.to(parameter.device, parameter.dtype)
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
