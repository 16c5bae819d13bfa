"""What became of every operation of a network: on tiles, digital, chosen so, refused or folded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mho.network.account.digital_work import digital_work
from mho.network.fates import (
    ANALOG,
    DIGITAL,
    FOLDED,
    UNUSED,
    OperationRecord,
    kind_of,
)
from mho.network.graph import Graph, Node, Ref
from mho.network.network import Network
from mho.network.operations import weight_name
from mho.network.sequences import first_step
from mho.samples import OneSample, alone, one_of, without_numbers


@dataclass(frozen=True, slots=True)
class ModuleAccount:
    """All operations of a network in order of execution, and every parameter.

    Args:
        operations: One entry for each; what was folded stands behind what it was folded into, and
            what the output does not depend on at the end.
    """

    operations: tuple[OperationRecord, ...]

    @property
    def analog(self) -> int:
        """Multiply-adds on tiles, per sample (1)."""
        return sum(operation.analog for operation in self.operations)

    @property
    def digital(self) -> int:
        """Multiply-adds done digitally, per sample (1)."""
        return sum(operation.digital for operation in self.operations)

    @property
    def analog_share(self) -> float:
        """Share of the multiply-adds that tiles do (1)."""
        return self.analog / (self.analog + self.digital)

    @property
    def parameters(self) -> dict[str, int]:
        """Numbers in parameters (1): `"tiles"`, `"digital"`, `"folded"` and `"unused"`."""
        counts = dict.fromkeys(("tiles", "digital", FOLDED, UNUSED), 0)
        for one in self.operations:
            where = one.runs if one.runs in counts else DIGITAL
            counts["tiles"] += one.on_tiles
            counts[where] += one.size - one.on_tiles
        return counts

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Name, kind, what became of it and multiply-adds of every operation: for a table."""
        return [
            (entry.name, entry.kind, entry.fate, entry.multiply_adds)
            for entry in self.operations
        ]

    def summary(self) -> dict[str, int | float]:
        """Plain numbers, for a result."""
        return {
            "analog": self.analog,
            "digital": self.digital,
            "analog_share": self.analog_share,
        }

    def plain(self) -> list[dict[str, Any]]:
        """Every operation as plain values, for a result."""
        return [operation.plain() for operation in self.operations]


def account(network: Network, sample: OneSample | None = None) -> ModuleAccount:
    """Say of every operation where it runs, and count its multiply-adds for one sample.

    A multiply-add is a product that goes into a sum: those of weights, of matrices of activations
    and of attention. A digital operation that scales (norms, gates, elementwise products) counts
    one for each value. Additions, activations, pooling and reshapes count nothing.

    Args:
        network: The network; it is run once, on shapes alone if no sample is given.
        sample: One sample, if its shape is not fixed by the network (1); of each input by name if
            there are several. Without an axis of samples. Of a sequence for a network with
            states, one step is counted.

    Raises:
        ValueError: The network takes samples of any size, and none is given.
    """
    if sample is None:
        sample = _without_numbers(network)
    elif network.graph.states:
        states = [state.input for state in network.graph.states]
        sample = first_step(sample, states)
    found: list[OperationRecord] = []

    def watch(
        node: Node, arguments: Mapping[str, object], result: object
    ) -> None:
        note = network.notes.get(node.name)
        if node.name in network.calls:
            call = network.calls[node.name]
            analog, digital = call.multiply_adds(arguments, network.layers)
            name = network.layers[call.layers[0]].name.removesuffix("[0]")
            note = note or OperationRecord(name, "", ANALOG)
            worked = replace(
                note,
                kind=call.kind(network.layers),
                analog=analog,
                digital=digital,
                layers=len(call.layers),
            )
            found.append(worked)
        elif not isinstance(result, int):  # sizes are no computation
            note = note or OperationRecord(
                _name(node, network.graph), "", DIGITAL
            )
            digital = digital_work(node, arguments, result)
            found.append(replace(note, kind=kind_of(node), digital=digital))

    network.run(alone(sample), watch=watch)
    for note in network.notes.values():
        if note.runs in (FOLDED, UNUSED):
            names = [entry.name for entry in found]
            place = (
                names.index(note.why) + 1 if note.why in names else len(found)
            )
            found.insert(place, note)
    return ModuleAccount(tuple(found))


def _name(node: Node, graph: Graph) -> str:
    """Name of the module behind a digital operation if it has weights, else of the operation."""
    weight = node.arguments.get("weight")
    return weight_name(weight, graph) if isinstance(weight, Ref) else node.name


def _without_numbers(network: Network) -> OneSample:
    """A sample, or a step of one, with the shape that the network fixes."""
    graph = network.graph
    steps = (1,) if graph.states else ()
    shapes = {
        entry.name: (*steps, *_fixed(entry.sample_shape))
        for entry in graph.entries
    }
    return one_of(without_numbers(shapes, 1), 0)


def _fixed(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    sizes = tuple(size for size in shape if size is not None)
    if len(sizes) < len(shape):
        raise ValueError(
            f"Argument `sample` must be given for a network that takes samples of shape {shape},"
            " but is missing; pass one of the size you mean."
        )
    return sizes
