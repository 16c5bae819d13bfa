"""What became of every operation of a network: on tiles, digital, chosen so, refused or folded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.network.account.digital_work import digital_work
from mho.network.fates import ANALOG, DIGITAL, FOLDED, UNUSED, Note, kind_of
from mho.network.graph import Graph, Node, Ref
from mho.network.network import Network
from mho.network.operations import weight_name


@dataclass(frozen=True, slots=True)
class OperationAccount:
    """One operation of a network.

    Args:
        name: Name of its module in the user's network, or of the operation.
        kind: What it does, such as `"conv2d"`, `"lstm"` or `"softmax"`.
        analog: Multiply-adds on tiles, per sample (1).
        digital: Multiply-adds done digitally, per sample (1).
        runs: `"analog"` if its weights are on tiles, `"digital"`, `"digital by choice"`,
            `"refused"` if it could be expected on tiles, `"folded"` into another operation, or
            `"unused"` by the output.
        layers: Layers that it puts on tiles (1).
        why: Why it was refused, or the name of the operation that it was folded into.
        parameters: Numbers in each of its parameters, by the user's names (1); empty if an
            earlier operation has the same ones.
        on_tiles: How many of these are on tiles (1).
    """

    name: str
    kind: str
    analog: int
    digital: int
    runs: str
    layers: int = 0
    why: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    on_tiles: int = 0

    @property
    def fate(self) -> str:
        """What became of it, in words: `"folded into norm1"`."""
        joint = " into " if self.runs == FOLDED else ": "
        return f"{self.runs}{joint}{self.why}" if self.why else self.runs

    def plain(self) -> dict[str, Any]:
        """The same as plain values, for a result."""
        return {
            "name": self.name,
            "kind": self.kind,
            "runs": self.runs,
            "why": self.why,
            "multiply_adds": self.analog + self.digital,
            "parameters": dict(self.parameters),
            "parameters_on_tiles": self.on_tiles,
        }


@dataclass(frozen=True, slots=True)
class ModuleAccount:
    """All operations of a network in order of execution, and every parameter.

    Args:
        operations: One entry for each; what was folded stands behind what it was folded into, and
            what the output does not depend on at the end.
    """

    operations: tuple[OperationAccount, ...]

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
            counts[where] += sum(one.parameters.values()) - one.on_tiles
        return counts

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Name, kind, what became of it and multiply-adds of every operation: for a table."""
        return [
            (entry.name, entry.kind, entry.fate, entry.analog + entry.digital)
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


def account(
    network: Network, sample: Shaped[Tensor, "..."] | None = None
) -> ModuleAccount:
    """Say of every operation where it runs, and count its multiply-adds for one sample.

    A multiply-add is a product that goes into a sum: those of weights, of matrices of activations
    and of attention. A digital operation that scales (norms, gates, elementwise products) counts
    one for each value. Additions, activations, pooling and reshapes count nothing.

    Args:
        network: The network; it is run once, on shapes alone if no sample is given.
        sample: One sample, if its shape is not fixed by the network (1).

    Raises:
        ValueError: The network takes samples of any size, and none is given.
    """
    if sample is None:
        sample = torch.zeros(_fixed(network.sample_shape), device="meta")
    found: list[OperationAccount] = []

    def watch(node: Node, arguments: Mapping[str, object], result: object) -> None:
        note = network.notes.get(node.name)
        if node.name in network.calls:
            call = network.calls[node.name]
            work = call.multiply_adds(arguments, network.layers)
            name = network.layers[call.layers[0]].name.removesuffix("[0]")
            note = note or Note(name, "", ANALOG)
            found.append(
                _entry(note, call.kind(network.layers), work, len(call.layers))
            )
        elif not isinstance(result, int):  # sizes are no computation
            note = note or Note(_name(node, network.graph), "", DIGITAL)
            work = (0, digital_work(node, arguments, result))
            found.append(_entry(note, kind_of(node), work))

    network.run(sample[None], watch=watch)
    for note in network.notes.values():
        if note.runs in (FOLDED, UNUSED):
            names = [entry.name for entry in found]
            place = names.index(note.why) + 1 if note.why in names else len(found)
            found.insert(place, _entry(note, note.kind, (0, 0)))
    return ModuleAccount(tuple(found))


def _entry(
    note: Note, kind: str, work: tuple[int, int], layers: int = 0
) -> OperationAccount:
    return OperationAccount(
        note.name,
        kind,
        *work,
        note.runs,
        layers,
        note.why,
        note.parameters,
        note.on_tiles,
    )


def _name(node: Node, graph: Graph) -> str:
    """Name of the module behind a digital operation if it has weights, else of the operation."""
    weight = node.arguments.get("weight")
    return weight_name(weight, graph) if isinstance(weight, Ref) else node.name


def _fixed(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    sizes = tuple(size for size in shape if size is not None)
    if len(sizes) < len(shape):
        raise ValueError(
            f"Argument `sample` must be given for a network that takes samples of shape {shape},"
            " but is missing; pass one of the size you mean."
        )
    return sizes
