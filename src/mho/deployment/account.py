"""What of a network runs on tiles and what digitally, in multiply-adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.deployment.analog import weight_name
from mho.deployment.graph import Graph, Node, Ref
from mho.deployment.network import Network

ANALOG, DIGITAL = "analog", "digital"


@dataclass(frozen=True, slots=True)
class OperationAccount:
    """One operation of a network.

    Args:
        name: Name of its layer in the user's module, or of the operation.
        kind: What it does, such as `"conv2d"`, `"lstm"` or `"softmax"`.
        analog: Multiply-adds on tiles, per sample (1).
        digital: Multiply-adds done digitally, per sample (1).
        runs: `"analog"` if its weights are on tiles, else `"digital"`.
        layers: Layers that it puts on tiles (1).
    """

    name: str
    kind: str
    analog: int
    digital: int
    runs: str
    layers: int = 0


@dataclass(frozen=True, slots=True)
class ModuleAccount:
    """All operations of a network in order of execution; what is not here was folded away.

    Args:
        operations: One entry for each.
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

    def rows(self) -> list[tuple[str, str, str, int]]:
        """Name, kind, where it runs and multiply-adds of every operation: for a table."""
        return [
            (entry.name, entry.kind, entry.runs, entry.analog + entry.digital)
            for entry in self.operations
        ]

    def summary(self) -> dict[str, int | float]:
        """Plain numbers, for a result."""
        return {"analog": self.analog, "digital": self.digital, "analog_share": self.analog_share}


def account(network: Network, sample: Shaped[Tensor, "..."] | None = None) -> ModuleAccount:
    """Count the multiply-adds of one sample, operation by operation.

    A multiply-add is a product that goes into a sum: those of weights, of matrices of activations
    and of attention. A digital operation that scales (norms, gates, elementwise products) counts
    one for each value. Additions, activations, pooling and reshapes count nothing.

    Args:
        network: The network; it is run once.
        sample: One sample, if its shape is not fixed by the network (1). Zeros if `None`.

    Raises:
        ValueError: The network takes samples of any size, and none is given.
    """
    if sample is None:
        sample = torch.zeros(_fixed(network.sample_shape))
    found: list[OperationAccount] = []

    def watch(node: Node, arguments: Mapping[str, object], result: object) -> None:
        if node.name in network.calls:
            call = network.calls[node.name]
            analog, digital = call.multiply_adds(arguments, network.layers)
            name = network.layers[call.layers[0]].name.removesuffix("[0]")
            kind, layers = call.kind(network.layers), len(call.layers)
            found.append(OperationAccount(name, kind, analog, digital, ANALOG, layers))
        elif not isinstance(result, int):  # sizes are no computation
            kind = node.operator.split(".")[1].removesuffix("_")
            count = _COUNTS.get(kind, _none)(arguments, result)
            found.append(OperationAccount(_name(node, network.graph), kind, 0, count, DIGITAL))

    network.run(sample[None], watch=watch)
    return ModuleAccount(tuple(found))


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


def _none(_: Mapping[str, object], __: object) -> int:
    return 0


def _each(_: Mapping[str, object], result: object) -> int:
    """One for each value."""
    return result.numel() if isinstance(result, Tensor) else 0


def _matrices(arguments: Mapping[str, object], result: object) -> int:
    """Every value of the result is a sum over the last axis of the first factor."""
    first = arguments.get("mat1", arguments["self"])
    assert isinstance(first, Tensor)
    return _each(arguments, result) * first.shape[-1]


def _attention(arguments: Mapping[str, object], _: object) -> int:
    """Scores of all queries with all keys, and as many weighted sums of values."""
    query, key, value = (arguments[name] for name in ("query", "key", "value"))
    assert isinstance(query, Tensor)
    assert isinstance(key, Tensor)
    assert isinstance(value, Tensor)
    return query.shape[:-1].numel() * key.shape[-2] * (query.shape[-1] + value.shape[-1])


_COUNTS: Mapping[str, Callable[[Mapping[str, object], object], int]] = {
    **dict.fromkeys(("matmul", "bmm", "mm", "addmm"), _matrices),
    **dict.fromkeys(("mul", "div", "batch_norm", "layer_norm"), _each),
    **dict.fromkeys(("group_norm", "instance_norm"), _each),
    "scaled_dot_product_attention": _attention,
}
