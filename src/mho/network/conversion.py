"""From a recorded graph to layers of weights and digital operations between them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mho.checks import check_finite, one_line
from mho.network.fates import (
    CHOSEN,
    DIGITAL,
    FOLDED,
    REFUSED,
    OperationRecord,
    kind_of,
    notes_of,
    origins,
)
from mho.network.graph import Graph, Node
from mho.network.network import Network
from mho.network.operations import (
    ANALOG,
    UNROUNDED,
    AnalogOperation,
    LayerTable,
    NotOnTilesError,
    dense_operation,
    prepare_graph,
    recurrent_operation,
    refusal,
    without_zero_states,
)
from mho.network.operations import RECURRENT_OPERATORS as RECURRENT
from mho.network.passes import as_linear, foldable, kept_digital, without_norms

_CHOOSES = "aten.where.self"
"""The operation that takes each of its numbers from one of two tensors."""
_NOT_ROUNDED = "kept in float32, where the file rounds to whole numbers"
_TOLD = 8
"""Operations that an error lists at most (1)."""


def network_of_graph(recorded: Graph, digital: Sequence[str]) -> Network:
    """Take a graph apart; nothing is compared with anything.

    Args:
        recorded: The network as it was recorded.
        digital: Modules that stay digital; see `read_network`.

    Raises:
        TypeError: `digital` is a single text.
        ValueError: An operation is unsupported, or no layer can be put on a chip.
    """
    graph = as_linear(prepare_graph(without_zero_states(recorded)))
    _check_numbers(graph)
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


def _check_numbers(graph: Graph) -> None:
    """Refuse weights that are not finite; elsewhere an infinite number may be meant.

    Networks mask what shall not be looked at by adding minus infinity, and choose NaN where there
    is no value.
    """
    weights = set[str]()
    computed_with = set[str]()
    for node in graph.nodes:
        if node.operator in ANALOG:
            weights.update(node.refs())
        if node.operator != _CHOOSES:
            computed_with.update(node.refs())
    hint = "Train the network again, or repair the file."
    for name, tensor in graph.tensors.items():
        only_chosen = name not in computed_with
        if tensor.is_floating_point() and not only_chosen:
            label = one_line(graph.labels.get(name, name))
            masks = name not in weights
            seen = tensor.masked_fill(tensor.isinf(), 0) if masks else tensor
            check_finite(seen, label, hint)


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
    elif node.operator == UNROUNDED:
        special[node.name] = OperationRecord(
            node.name, kind, DIGITAL, _NOT_ROUNDED
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
