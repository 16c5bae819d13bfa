"""What conversion decided about every operation that holds parameters or was treated specially."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mho.checks import check_choice
from mho.network.graph import TRANSPOSED, Graph, Node

ANALOG = "analog"
DIGITAL = "digital"
CHOSEN = "digital by choice"
REFUSED = "refused"
FOLDED = "folded"
UNUSED = "unused"
FATES = (ANALOG, DIGITAL, CHOSEN, REFUSED, FOLDED, UNUSED)
"""What can become of an operation."""
SEVERAL = ""
"""What became of a sum of operations with different fates."""

_OF_MODULE = ("weight", "bias", "in_proj_", "running_")
"""How names of tensors begin that need no mention beside the name of their module."""


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """What became of one operation, or of several that are told together.

    Conversion says what it decided; an account adds the work; a table puts operations that are
    alike into one record.

    Args:
        name: Name of its module in the user's network, or of the operation.
        kind: What it does, such as `"conv2d"`, `"lstm"` or `"softmax"`.
        runs: One of `FATES`; `SEVERAL` for a sum of different ones.
        why: Why it was refused, or the name of the layer that it was folded into.
        parameters: Numbers in each of its parameters, by the user's names (1). Parameters that
            an earlier operation has too are left out.
        on_tiles: How many of these are on tiles (1); the rest, such as biases, are not.
        analog: Multiply-adds on tiles, per sample (1).
        digital: Multiply-adds done digitally, per sample (1).
        layers: Layers that it puts on tiles (1).
        count: Operations that are told together (1).
    """

    name: str
    kind: str
    runs: str
    why: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)
    on_tiles: int = 0
    analog: int = 0
    digital: int = 0
    layers: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        check_choice(self.runs, "runs", (*FATES, SEVERAL))

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds per sample, wherever they are done (1)."""
        return self.analog + self.digital

    @property
    def size(self) -> int:
        """Numbers in all its parameters (1)."""
        return sum(self.parameters.values())

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
            "multiply_adds": self.multiply_adds,
            "parameters": dict(self.parameters),
            "parameters_on_tiles": self.on_tiles,
        }

    @classmethod
    def of_plain(cls, told: Mapping[str, Any]) -> "OperationRecord":
        """The record in a result; all its work counts as where it runs.

        Args:
            told: What `plain` gave.
        """
        where = "analog" if told["runs"] == ANALOG else "digital"
        return cls(
            told["name"],
            told["kind"],
            told["runs"],
            told["why"],
            told["parameters"],
            told["parameters_on_tiles"],
            **{where: told["multiply_adds"]},
        )


Origins = Mapping[str, tuple[str, ...]]
"""Names of the recorded tensors behind each operation, by its name."""


def origins(recorded: Graph, prepared: Graph) -> Origins:
    """The recorded tensors that every operation reads, also through constants made of them.

    Args:
        recorded: The network as it was recorded.
        prepared: The same with everything constant computed.
    """
    left = {node.name for node in prepared.nodes}
    behind: dict[str, tuple[str, ...]] = {
        name: (name,) for name in recorded.tensors
    }
    for node in recorded.nodes:
        refs = node.refs()
        if (
            node.name not in left
            and refs
            and all(name in behind for name in refs)
        ):
            behind[node.name] = _once(
                origin for name in refs for origin in behind[name]
            )
    return {
        node.name: _once(
            origin
            for name in node.refs()
            for origin in behind.get(name.removesuffix(TRANSPOSED), ())
        )
        for node in prepared.nodes
    }


def kind_of(node: Node) -> str:
    """What an operation does, in one word."""
    return node.operator.split(".")[1].strip("_")


def module_of(label: str) -> str:
    """The module that owns a tensor; the tensor itself if its name says more than that.

    >>> module_of("encoder.linear1.weight"), module_of("encoder.position")
    ('encoder.linear1', 'encoder.position')
    """
    module, _, own = label.rpartition(".")
    module = module.removesuffix(".parametrizations.weight")
    return (
        module
        if module and own.startswith((*_OF_MODULE, "original"))
        else label
    )


def notes_of(
    recorded: Graph,
    prepared: Graph,
    on_tiles: Collection[str],
    special: Mapping[str, OperationRecord],
) -> dict[str, OperationRecord]:
    """A note on every operation with parameters or a fate of its own, by its name.

    Args:
        recorded: The network as it was recorded.
        prepared: The same with everything constant computed.
        on_tiles: Operations whose weights are on tiles.
        special: Fate of the operations that are neither simply analog nor simply digital; their
            parameters are filled in here.
    """
    behind = origins(recorded, prepared)
    seen = set(recorded.untrained)
    found: dict[str, OperationRecord] = {}
    for node in prepared.nodes:
        labels = [recorded.labels.get(name, name) for name in behind[node.name]]
        new = [name for name in behind[node.name] if name not in seen]
        seen |= set(new)
        own = special.get(node.name) or OperationRecord(
            node.name,
            kind_of(node),
            ANALOG if node.name in on_tiles else DIGITAL,
        )
        if labels or node.name in special:
            # Vectors are biases, and those are added digitally.
            matrices = [name for name in new if recorded.tensors[name].ndim > 1]
            found[node.name] = OperationRecord(
                module_of(labels[0]) if labels else own.name,
                own.kind,
                own.runs,
                own.why,
                _sizes(new, recorded),
                _total(matrices, recorded) if own.runs == ANALOG else 0,
            )
    return found | _unused(
        [name for name in recorded.tensors if name not in seen], recorded
    )


def _unused(
    names: Iterable[str], recorded: Graph
) -> dict[str, OperationRecord]:
    """Notes on modules that the output does not depend on."""
    modules: dict[str, list[str]] = {}
    for name in names:
        modules.setdefault(
            module_of(recorded.labels.get(name, name)), []
        ).append(name)
    return {
        f"unused {module}": OperationRecord(
            module, "parameters", UNUSED, "", _sizes(own, recorded)
        )
        for module, own in modules.items()
    }


def _sizes(names: Iterable[str], recorded: Graph) -> dict[str, int]:
    return {
        recorded.labels.get(n, n): recorded.tensors[n].numel() for n in names
    }


def _total(names: Iterable[str], recorded: Graph) -> int:
    return sum(recorded.tensors[name].numel() for name in names)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
