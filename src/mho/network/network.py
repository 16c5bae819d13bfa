"""A trained network as layers of weights, and the digital operations between them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import prod

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.checks import one_line
from mho.network.entries import outputs_of
from mho.network.fates import OperationRecord
from mho.network.graph import Graph, GraphInput, Node
from mho.network.operations import (
    AnalogOperation,
    Convolution,
    LinearLayer,
    Product,
    Rehearsal,
    arguments_of,
    evaluate_node,
    last_uses,
    size_of,
)
from mho.network.sequences import run_course, taken
from mho.network.tracing import first_line
from mho.samples import Inputs

__all__ = ["Convolution", "LinearLayer", "Network", "Product"]

Watch = Callable[[Node, Mapping[str, object], object], None]
"""Told of every operation: (node, its arguments' values, its result)."""


class FailedOperationError(ValueError):
    """torch cannot compute an operation of these samples, such as an index out of range."""


@dataclass(frozen=True, slots=True, eq=False)
class Network:
    """A trained network: layers that go to tiles, and a graph that says what happens between.

    Args:
        layers: Layers in the order of their first use. One used twice appears once.
        graph: All operations, in order of execution.
        calls: The layers of each analog operation and what it does with them, by its name.
        notes: What conversion decided about operations, by their names; empty in images from
            before it was written down.
    """

    layers: tuple[LinearLayer, ...]
    graph: Graph
    calls: Mapping[str, AnalogOperation] = field(repr=False)
    notes: Mapping[str, OperationRecord] = field(
        default_factory=dict, repr=False
    )

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """Outputs and inputs of each layer (1)."""
        sizes = (layer.weight.shape for layer in self.layers)
        return tuple((outputs, inputs) for outputs, inputs in sizes)

    @property
    def sample_shape(self) -> tuple[int | None, ...]:
        """Shape of one sample of the first input, `None` where any size will do."""
        return self.inputs[0].sample_shape

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """What the network takes; of a network with states, sequences: (samples, steps, ...)."""
        return taken(self.graph)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of what the network returns; states are not among them."""
        return tuple(output.name for output in self.graph.results)

    def run(
        self,
        inputs: Inputs,
        product: Product | None = None,
        *,
        watch: Watch | None = None,
    ) -> Shaped[Tensor, "_ ..."]:
        """Compute the first output of a batch, in float32; see `outputs`.

        Args:
            inputs: Samples (1). Shape (batch, ...); by name if the network has several inputs.
            product: Multiplies in place of the digital layers; the bias is added afterwards.
            watch: Told of every operation and its values.

        Raises:
            ValueError: As `outputs`.
            TooLargeError: As `outputs`.
        """
        found = self.outputs(inputs, product, watch=watch)
        return found[self.output_names[0]]

    def outputs(
        self,
        inputs: Inputs,
        product: Product | None = None,
        *,
        watch: Watch | None = None,
    ) -> dict[str, Shaped[Tensor, "_ ..."]]:
        """Compute all outputs of a batch by their names, in float32.

        A network with states goes through sequences step by step: inputs and outputs have shape
        (batch, steps, ...), and a state begins with zeros, or with the input of its name.

        Inputs without numbers, on torch's device `meta`, make it a rehearsal: nothing is
        computed, but what would not fit into the memory allowed is refused.

        Args:
            inputs: Samples (1). Shape (batch, ...); by name if the network has several inputs.
            product: Multiplies in place of the digital layers; the bias is added afterwards.
            watch: Told of every operation and its values.

        Raises:
            ValueError: The inputs have other names or shapes, there are none, or torch cannot
                compute an operation of them, such as a look-up out of range.
            TooLargeError: In a rehearsal, something would not fit.
        """
        return run_course(
            self.graph,
            inputs,
            lambda part, entries: self._once(part, entries, product, watch),
        )

    def in_float64(self) -> "Network":
        """The same network computed in double precision, of the numbers that it has.

        It says how far rounding moves the outputs: of two that compute in float32, the nearer one
        is right. Chips are not asked with it.
        """
        layers = tuple(
            replace(
                layer,
                weight=layer.weight.double(),
                bias=None if layer.bias is None else layer.bias.double(),
            )
            for layer in self.layers
        )
        return replace(self, graph=self.graph.in_float64(), layers=layers)

    def _once(
        self,
        graph: Graph,
        entries: Mapping[str, Tensor],
        product: Product | None,
        watch: Watch | None,
    ) -> dict[str, Tensor]:
        """All outputs of a graph, the network's or a part of it, of inputs that fit it."""
        device = next(iter(entries.values())).device
        values: dict[str, object] = {
            name: tensor.to(device) for name, tensor in graph.tensors.items()
        }
        values |= entries
        rehearsal = Rehearsal(graph, entries) if device.type == "meta" else None
        done_with = last_uses(graph)
        for node in graph.nodes:
            arguments = arguments_of(node, values)
            if node.name in self.calls:
                result = self.calls[node.name].run(
                    arguments, self.layers, product
                )
            else:
                result = _computed(node, arguments, device)
            values[node.name] = result
            if rehearsal is not None:
                rehearsal.follow(node, result, self._unfolded(node, arguments))
            if watch is not None:
                watch(node, arguments, result)
            for name in done_with.get(node.name, ()):
                values.pop(name, None)
        return outputs_of(graph, values)

    def _unfolded(self, node: Node, arguments: Mapping[str, object]) -> int:
        """Memory of a convolution's padded image and of the vectors made of it (bytes)."""
        call = self.calls.get(node.name)
        layer = None if call is None else self.layers[call.layers[0]]
        activation = arguments.get("input")
        if call is None or layer is None or layer.convolution is None:
            return 0
        assert isinstance(activation, Tensor)
        image = layer.convolution.image(activation)
        positions = prod(layer.convolution.positions(tuple(activation.shape)))
        of_each = layer.weight.shape[1] * len(call.layers)
        vectors = activation.shape[0] * positions * of_each
        return size_of(image) + vectors * activation.element_size()


def _computed(
    node: Node, arguments: Mapping[str, object], device: torch.device
) -> object:
    """The result of a digital operation.

    Raises:
        FailedOperationError: The samples are none for it. A rehearsal knows nothing but shapes,
            and whoever makes it says what is wrong with them.
    """
    try:
        return evaluate_node(node, arguments, device)
    except torch.OutOfMemoryError:
        raise
    except (IndexError, RuntimeError) as error:
        if device.type == "meta":
            raise
        raise FailedOperationError(
            f"Argument `inputs` must hold numbers that node `{one_line(node.name)}`"
            f" (`{one_line(node.operator)}`) can compute with, but it fails with"
            f" {first_line(error).rstrip('.')}; check the indices and the shapes of the samples."
        ) from error
