"""What a network may do between its analog layers, and how a recording is made to run.

Everything listed here runs digitally, by calling the torch operator of that name. A graph with
any other operator is refused: guessing would change the network.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from mho.checks import one_line
from mho.files import check_memory
from mho.network.graph import KINDS, Graph, Node, replace_refs
from mho.network.operations.digital_operators import (
    ANALOG,
    ASSERTIONS,
    LOOKUPS_OPERATORS,
    NEW_OPERATORS,
    PYTHON_OPERATORS,
    RESHAPES,
    SUPPORTED_OPERATORS,
    UNCHANGED_OPERATORS,
)
from mho.network.operations.recurrent import RECURRENT_OPERATORS, with_states
from mho.network.operations.rehearsal import (
    known_shape,
    size_of,
    without_numbers,
)
from mho.network.sequences import handing_on

_OWN_OPERATORS = (
    "aten.to.dtype",
    "aten.contiguous.default",
    "aten.view.default",
)
"""Operators of torch that are computed in a way of our own."""


def _torch_operator(name: str) -> Callable[..., object]:
    _, base, overload = name.split(".")
    found: Callable[..., object] = getattr(
        getattr(torch.ops.aten, base), overload
    )
    return found


def arguments_of(node: Node, values: Mapping[str, object]) -> dict[str, object]:
    """The arguments of an operation, with values in the place of references.

    Args:
        node: The operation.
        values: Everything computed so far, by name.
    """
    return {
        key: replace_refs(value, values.__getitem__)
        for key, value in node.arguments.items()
    }


def evaluate_node(
    node: Node,
    arguments: Mapping[str, object],
    device: torch.device | None = None,
) -> object:
    """Run one digital operation.

    Args:
        node: Operation that `prepare_graph` has let through.
        arguments: Its arguments, with values in the place of references.
        device: Where new numbers shall lie, whatever the recording says.
    """
    if node.operator in PYTHON_OPERATORS:
        return _of_numbers(node, arguments)
    if node.operator in UNCHANGED_OPERATORS:
        return next(iter(arguments.values()))
    same = known_shape(node, arguments)
    if same is not None:
        return same
    if node.operator == "aten.to.dtype":
        return _cast(**arguments)
    if node.operator == "aten.view.default":
        # Recorded in an order of memory that another device, or shapes alone, need not have.
        return _torch_operator("aten.reshape.default")(*arguments.values())
    if node.operator == "aten.contiguous.default":
        # Without the order of memory, which a file does not tell; later views rely on this one.
        return _torch_operator(node.operator)(arguments["self"])
    return _torch_operator(node.operator)(
        **_as_torch_wants(node, arguments, device)
    )


def plain_operator(node: Node) -> Callable[..., object] | None:
    """The operator of torch that `evaluate_node` calls with the arguments as they are.

    Args:
        node: Operation that `prepare_graph` has let through.

    Returns:
        The operator; `None` where `evaluate_node` does anything else or more.
    """
    changed = (
        *UNCHANGED_OPERATORS,
        *PYTHON_OPERATORS,
        *LOOKUPS_OPERATORS,
        *NEW_OPERATORS,
        *RECURRENT_OPERATORS,
        *_OWN_OPERATORS,
    )
    if node.operator in changed or not node.operator.startswith("aten."):
        return None
    return _torch_operator(node.operator)


def _as_torch_wants(
    node: Node, arguments: Mapping[str, object], device: torch.device | None
) -> Mapping[str, object]:
    """The arguments of torch's own operator where a recording has others."""
    if node.operator in LOOKUPS_OPERATORS:
        # Inputs may be float32, as files of samples are; tokens among them are whole numbers.
        indices = _cast(arguments["indices"], torch.int64)
        _check_indices(node, indices, arguments["weight"])
        arguments = {**arguments, "indices": indices}
    if node.operator in NEW_OPERATORS:
        arguments = {**arguments, "device": device}
    if node.operator in RECURRENT_OPERATORS:
        arguments = with_states(node, arguments)
    return arguments


def _check_indices(node: Node, indices: Tensor, table: object) -> None:
    """Refuse indices of rows that a table does not have.

    Raises:
        ValueError: In the house sentence.
    """
    assert isinstance(table, Tensor)
    if indices.is_meta or indices.numel() == 0:
        return
    rows = table.shape[0]
    low = int(indices.min())
    high = int(indices.max())
    if low < 0 or high >= rows:
        raise ValueError(
            f"Argument `inputs` must hold indices from 0 to {rows - 1} where node"
            f" `{one_line(node.name)}` looks up rows of a table, but holds"
            f" {low if low < 0 else high}; leave out or repair those samples."
        )


def _of_numbers(node: Node, arguments: Mapping[str, object]) -> object:
    """Arithmetic of Python, on numbers alone: a sequence times a number has any length."""
    values = tuple(arguments.values())
    # Picking one of several results is the only thing done to a sequence.
    picks = node.operator == "_operator.getitem"
    sequences = [v for v in values if isinstance(v, str | bytes | tuple | list)]
    if sequences and not picks:
        raise TypeError(
            f"`{node.operator}` computes with numbers, but is given a sequence"
        )

    return PYTHON_OPERATORS[node.operator](*values)


def _cast(self: object, dtype: object, **_: object) -> Tensor:
    """Whole numbers, truths or real numbers; the last are float32, as everything here is."""
    assert isinstance(self, Tensor)
    if dtype in (torch.int64, torch.bool):
        return self.to(dtype)
    return self if self.is_floating_point() else self.float()


def prepare_graph(graph: Graph) -> Graph:
    """Make a recording ready to run on batches of any size.

    Operations without effect are dropped, those that touch no input are computed once, and
    recorded batch sizes are replaced by the batch size of the day.

    Raises:
        ValueError: An operator is unsupported, or the network cannot run sample by sample.
    """
    live = _live(graph)
    tensors = dict(graph.tensors)
    rest = []
    # Memory of the constants computed here (bytes).
    constants = 0
    _check_supported(live)
    for node in live:
        _check_not_training(node)
        _check_no_buffer_changes(node, tensors, graph.labels)
        if _is_constant(node, tensors):
            arguments = arguments_of(node, tensors)
            constants += _checked_size(node, arguments, constants)
            folded = evaluate_node(node, arguments)
            # Sizes and other plain numbers are computed again in every run.
            if isinstance(folded, Tensor):
                tensors[node.name] = folded
                continue
        rest.append(_free_batch(node, graph.batch))
    used = {name for node in rest for name in node.refs()} | graph.returned
    kept = {name: tensor for name, tensor in tensors.items() if name in used}

    return replace(graph, nodes=tuple(rest), tensors=kept)


def _checked_size(
    node: Node, arguments: Mapping[str, object], before: int
) -> int:
    """Memory that a constant will take (bytes), found out without computing it.

    Raises:
        TooLargeError: All constants together would take more than is allowed.
    """
    shapes = {key: without_numbers(value) for key, value in arguments.items()}
    result = evaluate_node(node, shapes, torch.device("meta"))
    size = size_of(result)
    what = f"the constant `{one_line(node.name)}` (`{one_line(node.operator)}`) in it"
    check_memory(before + size, "network", what)
    return size


def check_prepared(graph: Graph) -> None:
    """Refuse a graph that `prepare_graph` would not give, such as one from a stranger's file.

    Raises:
        ValueError: An operator that is not on the list, a value that is read before it is there,
            or one that is made twice.
    """
    known = {*(entry.name for entry in graph.inputs), *graph.tensors}
    _check_supported(graph.nodes)
    for node in graph.nodes:
        _check_not_training(node)
        _check_no_buffer_changes(node, graph.tensors, graph.labels)
        missing = [name for name in node.refs() if name not in known]
        if missing or node.name in known:
            what = (
                f"reads `{missing[0]}` before it is there"
                if missing
                else "is there twice"
            )
            raise ValueError(
                f"Node `{node.name}` must follow its inputs, but {what}."
            )
        known.add(node.name)
    _check_inputs(graph)
    for output in graph.outputs:
        if output.value not in known:
            raise ValueError(
                f"The graph must make its output, but `{output.value}` is not made."
            )


def _check_inputs(graph: Graph) -> None:
    """Refuse a graph without inputs or outputs, or with two of the same name."""
    for what, found in (("input", graph.inputs), ("output", graph.outputs)):
        names = {one.name for one in found}
        if not found or len(names) < len(found):
            raise ValueError(
                f"The graph must have {what}s, each with a name of its own, but has"
                f" {len(found)} with {len(names)} names."
            )
    for entry in graph.inputs:
        if entry.kind not in KINDS:
            raise ValueError(
                f"Input `{entry.name}` must be of a kind of numbers that is known, but is not."
            )
    handing_on(graph, {one.input: one.output for one in graph.states})


def _live(graph: Graph) -> list[Node]:
    """Operations that the outputs depend on, directly or by overwriting."""
    needed = set(graph.returned)
    live = []
    for node in reversed(graph.nodes):
        if node.operator.startswith(ASSERTIONS):
            continue
        changed = node.refs()[:1] if node.in_place else ()
        overwrites = changed and changed[0] not in graph.tensors
        if node.name in needed or overwrites:
            needed.update(node.refs())
            live.append(node)
    # A counter that nobody reads may change; a buffer that is read may not.
    there = {id(node) for node in live}
    for node in graph.nodes:
        changed = node.refs()[:1] if node.in_place else ()
        if id(node) not in there and needed.intersection(changed):
            live.append(node)
    order = {node.name: place for place, node in enumerate(graph.nodes)}
    return sorted(live, key=lambda node: order[node.name])


def _check_supported(nodes: Sequence[Node]) -> None:
    refused = [node for node in nodes if not _is_supported(node)]
    if refused:
        node = refused[0]
        others = ", ".join(
            sorted(
                {f"`{n.operator}`" for n in refused} - {f"`{node.operator}`"}
            )
        )
        raise ValueError(
            "Argument `source` must use operators that mho can run, but node"
            f" `{node.name}` calls `{node.operator}`{f' (and others {others})' if others else ''};"
            " supported are linear, convolutional and recurrent layers, attention, embedding,"
            " activations, pooling, norms, reshapes and elementwise arithmetic."
        )


def _is_supported(node: Node) -> bool:
    if node.operator == "aten.to.dtype":
        return node.arguments.get("dtype") in (
            torch.float32,
            torch.float64,
            torch.int64,
            torch.bool,
        )
    return node.operator in SUPPORTED_OPERATORS


def _check_not_training(node: Node) -> None:
    flag = next(
        (
            node.arguments[key]
            for key in ("train", "training")
            if key in node.arguments
        ),
        0,
    )
    if flag and ("dropout" in node.operator or "norm" in node.operator):
        raise ValueError(
            "Argument `source` must be in evaluation mode, but node"
            f" `{node.name}` (`{node.operator}`) still trains; call `eval()` before exporting, and"
            " keep running statistics."
        )


def _check_no_buffer_changes(
    node: Node, tensors: Mapping[str, Tensor], labels: Mapping[str, str]
) -> None:
    if (
        node.in_place
        and node.operator not in UNCHANGED_OPERATORS
        and node.refs()[0] in tensors
    ):
        name = labels.get(node.refs()[0], node.refs()[0])
        raise ValueError(
            "Argument `source` must compute the same every time, but node"
            f" `{node.name}` (`{node.operator}`) overwrites `{name}`, which is used later."
        )


def _is_constant(node: Node, tensors: Mapping[str, Tensor]) -> bool:
    refs = node.refs()
    return (
        node.operator not in ANALOG
        and bool(refs)
        and all(name in tensors for name in refs)
    )


def _free_batch(node: Node, batch: int | None) -> Node:
    """Let a reshape recorded for one batch size take any.

    The leading size becomes -1. That is exact: with n instead of `batch` samples the number of
    elements scales by n / `batch`, all other sizes stay, so the leading one must scale too.
    """
    if batch is None or node.operator not in RESHAPES:
        return node
    key = RESHAPES[node.operator]
    sizes = node.shape or node.arguments[key]
    if (
        not isinstance(sizes, tuple)
        or not sizes
        or sizes[0] is None
        or sizes[0] % batch
    ):
        raise ValueError(
            "Argument `source` must keep the samples of a batch on the first axis, but node"
            f" `{node.name}` reshapes a batch of {batch} to {sizes}; export it with a dynamic"
            " batch dimension."
        )
    rest = sizes[1:]
    if any(size is None for size in rest):
        return node
    return replace(node, arguments={**node.arguments, key: (-1, *rest)})
