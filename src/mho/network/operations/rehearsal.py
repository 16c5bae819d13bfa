"""How large the results of operations will be, found out before any of them is computed.

torch can run an operation on tensors that have a shape but no numbers (its device `meta`). That
costs nothing but the time to work out a shape, so it is done first wherever a network comes from
a file: a few bytes of it can ask for any amount of numbers.
"""

from collections.abc import Mapping

from torch import Tensor

from mho.checks import one_line
from mho.files import check_memory
from mho.network.graph import Graph, Node

_SHAPE_KEPT = frozenset(
    f"aten.{name}.default"
    for name in (
        *(
            "relu",
            "sigmoid",
            "tanh",
            "silu",
            "elu",
            "leaky_relu",
            "hardtanh",
            "selu",
        ),
        *(
            "hardswish",
            "hardsigmoid",
            "relu6",
            "gelu",
            "softplus",
            "mish",
        ),
        *(
            "neg",
            "abs",
            "sqrt",
            "exp",
            "log",
            "sin",
            "cos",
            "erf",
            "rsqrt",
            "square",
        ),
        *("reciprocal", "clamp"),
    )
)
"""Operators of one tensor whose result has its shape and, of real numbers, its type."""
_POOLING = "aten.max_pool2d.default"
_BATCH_NORM = "aten.batch_norm.default"
_LINEAR = "aten.linear.default"


def known_shape(node: Node, arguments: Mapping[str, object]) -> Tensor | None:
    """The result of an operation that keeps the shape of a tensor without numbers, or nearly so.

    torch works these out by a formula of many operations, which takes it milliseconds, and a
    second for the first; a file of twenty thousand of them would take a minute. `None` for every
    other operation.

    Args:
        node: The operation.
        arguments: Its arguments, with values in the place of references.
    """
    if node.operator == _BATCH_NORM:
        return _normalized(arguments)
    if node.operator == _LINEAR:
        return _multiplied(arguments)
    value = arguments.get("self")
    if not isinstance(value, Tensor) or not value.is_meta:
        return None
    if node.operator == _POOLING:
        return _pooled(value, arguments)
    if node.operator not in _SHAPE_KEPT:
        return None
    if not value.is_floating_point():
        return None
    return value.new_empty_strided(value.shape, value.stride())


def _normalized(arguments: Mapping[str, object]) -> Tensor | None:
    """Result of a batch norm whose numbers fit; torch would load its compiler to say so."""
    value = arguments.get("input")
    if not isinstance(value, Tensor) or not value.is_meta or value.ndim < 2:
        return None
    channels = value.shape[1:2]
    rest = ("weight", "bias", "running_mean", "running_var")
    given = [arguments.get(name) for name in rest]
    fits = all(
        one is None or (isinstance(one, Tensor) and one.shape == channels)
        for one in given
    )
    if not fits or arguments.get("training") or given[-1] is None:
        return None
    return value.new_empty(value.shape)


def _multiplied(arguments: Mapping[str, object]) -> Tensor | None:
    """Result of a fully connected layer whose numbers fit; torch loads 800 modules to say so."""
    value = arguments.get("input")
    weight = arguments.get("weight")
    bias = arguments.get("bias")
    if not isinstance(value, Tensor) or not value.is_meta or value.ndim < 2:
        return None
    if not isinstance(weight, Tensor) or weight.ndim != 2:
        return None
    outputs, inputs = weight.shape
    fits = bias is None or (
        isinstance(bias, Tensor) and bias.shape == (outputs,)
    )
    if not fits or value.shape[-1] != inputs or value.dtype != weight.dtype:
        return None
    return value.new_empty(*value.shape[:-1], outputs)


def _pooled(image: Tensor, arguments: Mapping[str, object]) -> Tensor | None:
    """Result of a pooling that has only a kernel and a stride; `None` for any other."""
    if arguments.keys() != {"self", "kernel_size", "stride"} or image.ndim != 4:
        return None
    sizes = []
    for size, *pair in zip(
        image.shape[2:],
        *(_pair(arguments[name]) for name in ("kernel_size", "stride")),
        strict=True,
    ):
        kernel, stride = pair
        if not 1 <= kernel <= size or stride < 1:
            return None
        sizes.append((size - kernel) // stride + 1)
    return image.new_empty(*image.shape[:2], *sizes)


def _pair(value: object) -> tuple[int, int]:
    """Two whole numbers; zeros, which no pooling has, for anything else."""
    if (
        isinstance(value, tuple)
        and len(value) == 2
        and all(type(one) is int for one in value)
    ):
        return value
    return (0, 0)


def without_numbers(value: object) -> object:
    """The same with every tensor in it replaced by one that has only a shape."""
    if isinstance(value, Tensor):
        return value.to("meta")
    if isinstance(value, tuple):
        return tuple(without_numbers(item) for item in value)
    return value


def size_of(value: object) -> int:
    """Memory that a result takes if it is written out (bytes); a view counts in full.

    A view takes no memory of its own, but whoever reads it computes as long as if it did.
    """
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    if isinstance(value, tuple | list):
        return sum(size_of(item) for item in value)
    return 0


class Rehearsal:
    """Follows a run on tensors without numbers, and adds up what a real one would hold.

    Args:
        graph: The network.
        entries: Its inputs by name, without numbers.
    """

    __slots__ = ("_alive", "_last_uses", "_total")

    def __init__(self, graph: Graph, entries: Mapping[str, Tensor]) -> None:
        self._last_uses = last_uses(graph)
        self._alive = {name: size_of(entry) for name, entry in entries.items()}
        self._total = sum(self._alive.values())

    def follow(self, node: Node, result: object, besides: int) -> None:
        """Take note of an operation.

        Args:
            node: The operation.
            result: Its result, without numbers.
            besides: Memory that it needs only while it is computed (bytes).

        Raises:
            TooLargeError: With it, more would be held than is allowed.
        """
        size = size_of(result)
        self._alive[node.name] = size
        self._total += size
        shape = (
            f" of shape {tuple(result.shape)}"
            if isinstance(result, Tensor)
            else ""
        )
        name = one_line(node.name)
        kind = one_line(node.operator)
        what = f"running it up to node `{name}` (`{kind}`) with a result{shape}"
        check_memory(self._total + besides, "network", what)
        # What nobody reads any more is given back.
        for name in self._last_uses.get(node.name, ()):
            self._total -= self._alive.pop(name, 0)


def last_uses(graph: Graph) -> dict[str, tuple[str, ...]]:
    """Values that nobody reads after an operation, by the name of the operation.

    Stored tensors and outputs are never among them.
    """
    last = {name: node.name for node in graph.nodes for name in node.refs()}
    # What is made and never read is done with at once.
    last = {node.name: node.name for node in graph.nodes} | last
    for name in graph.returned:
        last.pop(name, None)
    groups: dict[str, list[str]] = {}
    for name, reader in last.items():
        if name not in graph.tensors:
            groups.setdefault(reader, []).append(name)
    return {reader: tuple(names) for reader, names in groups.items()}
