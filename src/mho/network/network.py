"""A trained network as layers of weights, and the digital operations between them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod

import torch
from jaxtyping import Float, Shaped
from torch import Tensor, nn
from torch.export import ExportedProgram

from mho.checks import check_finite, one_line
from mho.network.entries import entries_of, outputs_of
from mho.network.fates import (
    CHOSEN,
    FOLDED,
    REFUSED,
    OperationRecord,
    kind_of,
    notes_of,
    origins,
)
from mho.network.graph import Graph, GraphInput, Node
from mho.network.operations import (
    ANALOG,
    AnalogOperation,
    Convolution,
    LayerTable,
    LinearLayer,
    NotOnTilesError,
    Product,
    Rehearsal,
    arguments_of,
    dense_operation,
    evaluate_node,
    last_uses,
    prepare_graph,
    recurrent_operation,
    refusal,
    size_of,
    without_zero_states,
)
from mho.network.operations import RECURRENT_OPERATORS as RECURRENT
from mho.network.passes import as_linear, foldable, kept_digital, without_norms
from mho.network.tracing import Trace, first_line, trace
from mho.samples import (
    Inputs,
    batches,
    joined,
    number_of,
    shape_of_sample,
    without_numbers,
)

__all__ = ["Convolution", "LinearLayer", "Network", "Product", "read_network"]

_AGREEMENT = 1e-5
"""Largest accepted difference of two ways to compute the outputs, of their largest value (1)."""
_TOLD = 8
"""Operations that an error lists at most (1)."""

Watch = Callable[[Node, Mapping[str, object], object], None]
"""Told of every operation: (node, its arguments' values, its result)."""


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
        return self.graph.sample_shape

    @property
    def inputs(self) -> tuple[GraphInput, ...]:
        """What the network takes."""
        return self.graph.inputs

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of what the network returns."""
        return tuple(output.name for output in self.graph.outputs)

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

        Inputs without numbers, on torch's device `meta`, make it a rehearsal: nothing is
        computed, but what would not fit into the memory allowed is refused.

        Args:
            inputs: Samples (1). Shape (batch, ...); by name if the network has several inputs.
            product: Multiplies in place of the digital layers; the bias is added afterwards.
            watch: Told of every operation and its values.

        Raises:
            ValueError: The inputs have other names or shapes, or there are none.
            TooLargeError: In a rehearsal, something would not fit.
        """
        entries = entries_of(self.graph, inputs)
        device = next(iter(entries.values())).device
        values: dict[str, object] = {
            name: tensor.to(device)
            for name, tensor in self.graph.tensors.items()
        }
        values |= entries
        rehearsal = (
            Rehearsal(self.graph, entries) if device.type == "meta" else None
        )
        done_with = last_uses(self.graph)
        for node in self.graph.nodes:
            arguments = arguments_of(node, values)
            if node.name in self.calls:
                result = self.calls[node.name].run(
                    arguments, self.layers, product
                )
            else:
                result = evaluate_node(node, arguments, device)
            values[node.name] = result
            if rehearsal is not None:
                rehearsal.follow(node, result, self._unfolded(node, arguments))
            if watch is not None:
                watch(node, arguments, result)
            for name in done_with.get(node.name, ()):
                values.pop(name, None)
        return outputs_of(self.graph, values)

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


def read_network(
    source: nn.Module | ExportedProgram | Graph,
    example: Inputs,
    digital: Sequence[str] = (),
) -> Network:
    """Take a trained network apart into layers of weights and digital operations.

    The result is compared on the example with the source, with its own im2col path, and with
    itself one sample at a time, before anybody programs a chip from it.

    Args:
        source: Module, program of `torch.export`, or graph read from a `.pt2` file.
        example: Typical inputs (1). Shape (batch, ...), at least one sample; by name for a network
            with several inputs, which a module is given as its arguments of those names.
        digital: Modules that stay digital: names, or patterns such as `"encoder.*"`. The name of
            a module stands for everything inside it.

    Raises:
        TypeError: `digital` is a single text.
        ValueError: The network cannot be traced, uses an unsupported operation, leaves no layer
            to put on a chip, has no module of a name in `digital`, or holds weights that are NaN
            or infinite.
    """
    traced = trace(source, example)
    network = _network(traced.graph, digital)
    try:
        if isinstance(source, Graph):
            _rehearse(network, traced.samples, number_of(example))
        _check_agreement(network, traced)
    except RuntimeError as error:
        raise ValueError(
            "Argument `source` must run on batches of any size, but it fails with"
            f" {first_line(error)}; export it with a dynamic batch dimension."
        ) from error
    return network


def _network(recorded: Graph, digital: Sequence[str]) -> Network:
    graph = as_linear(prepare_graph(without_zero_states(recorded)))
    for name, tensor in graph.tensors.items():
        if tensor.is_floating_point():
            hint = "Train the network again, or repair the file."
            check_finite(tensor, graph.labels.get(name, name), hint)
    chosen = kept_digital(digital, origins(recorded, graph), recorded)
    table = LayerTable()
    special = dict[str, OperationRecord]()
    calls = {
        node.name: call
        for node in graph.nodes
        if (call := _converted(node, graph, table, chosen, special)) is not None
    }
    folds = foldable(graph, calls, chosen)
    for name, fold in folds.items():
        table.rescale(calls[name].layers, fold.scale, fold.shift)
    notes = notes_of(recorded, graph, calls, special)
    if not calls:
        raise ValueError(_nothing_on_tiles(notes))
    for name, fold in folds.items():
        note = replace(notes[fold.norm], runs=FOLDED, why=notes[name].name)
        notes[fold.norm] = note
    return Network(
        tuple(table.layers), without_norms(graph, folds), calls, notes
    )


def _converted(
    node: Node,
    graph: Graph,
    table: LayerTable,
    chosen: Collection[str],
    special: dict[str, OperationRecord],
) -> AnalogOperation | None:
    """What tiles do for an operation; `None` if they do nothing, with a note in `special` why."""
    kind = kind_of(node)
    if node.name in chosen:
        special[node.name] = OperationRecord(node.name, kind, CHOSEN)
    elif node.operator in ANALOG:
        read = (
            recurrent_operation
            if node.operator in RECURRENT
            else dense_operation
        )
        try:
            return read(node, graph, table)
        except NotOnTilesError as error:
            special[node.name] = OperationRecord(
                node.name, kind, REFUSED, error.reason
            )
    elif (reason := refusal(node, graph)) is not None:
        special[node.name] = OperationRecord(node.name, kind, REFUSED, reason)
    return None


def _nothing_on_tiles(notes: Mapping[str, OperationRecord]) -> str:
    """Why there is nothing to put on a chip, module by module."""
    left = [note for note in notes.values() if note.runs in (CHOSEN, REFUSED)]
    if not left:
        return (
            "Argument `source` must hold at least one linear, convolutional or recurrent layer,"
            " but has none; there is nothing to put on a chip."
        )
    told = ", ".join(
        f"`{note.name}` is {note.runs}{f' ({note.why})' if note.why else ''}"
        for note in left[:_TOLD]
    )
    more = (
        f" and {len(left) - _TOLD} others are too" if len(left) > _TOLD else ""
    )
    return (
        f"Argument `source` must leave at least one layer on tiles, but {told}{more}; there is"
        " nothing to put on a chip."
    )


def _rehearse(network: Network, samples: Inputs, count: int) -> None:
    """Run a network from a file on shapes alone, as a few bytes could ask for any amount.

    Args:
        network: The network.
        samples: Inputs for checks.
        count: Samples that it will be calibrated with at once (1).

    Raises:
        TooLargeError: Something would not fit into the memory allowed.
    """
    batch = max(number_of(samples), count)
    network.run(without_numbers(shape_of_sample(samples), batch))


def _check_agreement(network: Network, traced: Trace) -> None:
    """Compare with the source, with products of vectors, and with one sample at a time."""
    outputs = network.outputs(traced.samples)
    if traced.outputs is not None:
        _check_all_close(
            outputs,
            traced.outputs,
            "must compute the same outputs when it is run operation by operation",
        )
    by_products = network.outputs(traced.samples, _exact_product)
    _check_all_close(
        by_products,
        outputs,
        "must compute the same outputs from vectors and weights",
    )
    singly = [network.outputs(sample) for sample in batches(traced.samples, 1)]
    _check_all_close(
        joined(singly), outputs, "must treat every sample of a batch on its own"
    )


def _exact_product(
    _: int, layer: LinearLayer, vectors: Float[Tensor, "vectors in"]
) -> Float[Tensor, "vectors out"]:
    return vectors @ layer.weight.T


def _check_all_close(
    found: Mapping[str, Tensor], wanted: Mapping[str, Tensor], demand: str
) -> None:
    for name, tensor in wanted.items():
        which = f" `{one_line(name)}`" if len(wanted) > 1 else ""
        _check_close(found[name], tensor, demand, which)


def _check_close(
    found: Shaped[Tensor, "..."],
    wanted: Shaped[Tensor, "..."],
    demand: str,
    which: str,
) -> None:
    if found.shape != wanted.shape:
        raise ValueError(
            f"Argument `source` {demand}, but the outputs{which} have shape"
            f" {tuple(found.shape)} instead of {tuple(wanted.shape)}."
        )
    exact = wanted.double()
    largest = float(exact.abs().nan_to_num(0, 0, 0).max())
    margin = _AGREEMENT * max(1.0, largest)
    close = torch.allclose(
        found.double(), exact, rtol=0, atol=margin, equal_nan=True
    )
    if not close:
        worst = float((found.double() - exact).abs().max())
        raise ValueError(
            f"Argument `source` {demand}, but the outputs{which} differ by up to {worst:.2g}."
        )
