"""What a network may do between its analog layers, and how a recording is made to run.

Everything listed here runs digitally, by calling the torch operator of that name. A graph with
any other operator is refused: guessing would change the network.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from mho.deployment.graph import Graph, Node, replace_refs

ANALOG = frozenset({"aten.linear.default", "aten.conv2d.default", "aten.conv2d.padding"})
"""Operators that multiply by stored weights and therefore run on tiles."""

_TORCH = frozenset(
    f"aten.{name}"
    for name in (
        *(f"{f}.default" for f in ("relu", "tanh", "sigmoid", "silu", "elu", "leaky_relu")),
        *(f"{f}_.default" for f in ("relu", "tanh", "sigmoid", "silu", "elu", "leaky_relu")),
        *(f"{f}.default" for f in ("hardtanh", "hardtanh_", "hardswish", "hardswish_")),
        *(f"{f}.default" for f in ("hardsigmoid", "hardsigmoid_", "gelu", "softplus", "prelu")),
        *(f"{f}.default" for f in ("clamp", "clamp_min", "neg", "abs", "sqrt", "exp")),
        *(f"{f}.default" for f in ("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d")),
        *(f"{f}.default" for f in ("batch_norm", "layer_norm", "pad", "constant_pad_nd")),
        *(f"{f}.default" for f in ("view", "reshape", "unsqueeze", "permute", "cat", "clone")),
        *(f"{f}.Tensor" for f in ("add", "add_", "sub", "sub_", "mul", "mul_", "div", "div_")),
        "softmax.int", "log_softmax.int", "mean.dim", "pow.Tensor_Scalar", "flatten.using_ints",
        "unflatten.int", "squeeze.dim", "squeeze.dims", "transpose.int", "slice.Tensor",
        "select.int", "sym_size.int", "lift_fresh_copy.default",
    )
)  # fmt: skip
_UNCHANGED = frozenset(
    f"aten.{name}.default"
    for name in (
        *("alias", "contiguous", "detach", "detach_", "dropout", "dropout_"),
        *("feature_dropout", "feature_dropout_", "alpha_dropout", "feature_alpha_dropout"),
    )
)
"""Operators whose result is their first argument once a network is no longer trained."""

_INTEGER: dict[str, Callable[[int, int], int]] = {
    "_operator.add": operator.add,
    "_operator.sub": operator.sub,
    "_operator.mul": operator.mul,
    "_operator.floordiv": operator.floordiv,
}
_RESHAPES = {"aten.view.default": "size", "aten.reshape.default": "shape"}
_ASSERTIONS = ("aten._assert", "aten.sym_constrain_range")


@cache
def _torch_operator(name: str) -> Callable[..., object]:
    _, base, overload = name.split(".")
    found: Callable[..., object] = getattr(getattr(torch.ops.aten, base), overload)
    return found


def evaluate(node: Node, values: Mapping[str, object]) -> object:
    """Run one digital operation.

    Args:
        node: Operation that `prepare` has let through.
        values: Everything computed so far, by name.
    """
    arguments = {key: replace_refs(value, values.__getitem__)
                 for key, value in node.arguments.items()}  # fmt: skip
    if node.operator in _INTEGER:
        return _INTEGER[node.operator](*arguments.values())  # type: ignore[arg-type]
    if node.operator in _UNCHANGED or node.operator == "aten.to.dtype":
        return next(iter(arguments.values()))
    return _torch_operator(node.operator)(**arguments)


def prepare(graph: Graph) -> Graph:
    """Make a recording ready to run on batches of any size.

    Operations without effect are dropped, those that touch no input are computed once, and
    recorded batch sizes are replaced by the batch size of the day.

    Raises:
        ValueError: An operator is unsupported, or the network cannot run sample by sample.
    """
    live = _live(graph)
    tensors, rest = dict(graph.tensors), []
    for node in live:
        _check_supported(node)
        _check_not_training(node)
        _check_no_buffer_changes(node, tensors, graph.labels)
        if _is_constant(node, tensors):
            folded = evaluate(node, tensors)
            if isinstance(folded, Tensor):
                tensors[node.name] = folded
                continue
        rest.append(_free_batch(node, graph.batch))
    used = {name for node in rest for name in node.refs()}
    kept = {name: tensor for name, tensor in tensors.items() if name in used}
    return replace(graph, nodes=tuple(rest), tensors=kept)


def check_prepared(graph: Graph) -> None:
    """Refuse a graph that `prepare` would not have given, such as one from a stranger's file.

    Raises:
        ValueError: An operator that is not on the list, a value that is read before it is there,
            or one that is made twice.
    """
    known = {graph.input, *graph.tensors}
    for node in graph.nodes:
        _check_supported(node)
        _check_not_training(node)
        _check_no_buffer_changes(node, graph.tensors, graph.labels)
        missing = [name for name in node.refs() if name not in known]
        if missing or node.name in known:
            what = f"reads `{missing[0]}` before it is there" if missing else "is there twice"
            raise ValueError(f"Node `{node.name}` must follow its inputs, but {what}.")
        known.add(node.name)
    if graph.output not in known:
        raise ValueError(f"The graph must make its output, but `{graph.output}` is not made.")


def _live(graph: Graph) -> list[Node]:
    """Operations that the output depends on, directly or by overwriting."""
    needed, live = {graph.output}, []
    for node in reversed(graph.nodes):
        if node.operator.startswith(_ASSERTIONS):
            continue
        overwrites = node.in_place and node.refs()[:1] and node.refs()[0] not in graph.tensors
        if node.name in needed or overwrites:
            needed.update(node.refs())
            live.append(node)
    # A counter that nobody reads may change; a buffer that is read may not.
    live += [n for n in graph.nodes if n not in live and n.in_place and needed & {*n.refs()[:1]}]
    order = {node.name: place for place, node in enumerate(graph.nodes)}
    return sorted(live, key=lambda node: order[node.name])


def _check_supported(node: Node) -> None:
    known = node.operator in ANALOG | _TORCH | _UNCHANGED or node.operator in _INTEGER
    to_float = node.operator == "aten.to.dtype" and node.arguments.get("dtype") in (
        torch.float32,
        torch.float64,
    )
    if not (known or to_float):
        raise ValueError(
            "Argument `source` must use operators that mho can run, but node"
            f" `{node.name}` calls `{node.operator}`; supported are linear and conv2d layers with"
            " activations, 2-D pooling, batch and layer norm, reshapes and elementwise arithmetic."
        )


def _check_not_training(node: Node) -> None:
    flag = next((node.arguments[key] for key in ("train", "training") if key in node.arguments), 0)
    if flag and ("dropout" in node.operator or "norm" in node.operator):
        raise ValueError(
            "Argument `source` must be in evaluation mode, but node"
            f" `{node.name}` (`{node.operator}`) still trains; call `eval()` before exporting, and"
            " keep running statistics."
        )


def _check_no_buffer_changes(
    node: Node, tensors: Mapping[str, Tensor], labels: Mapping[str, str]
) -> None:
    if node.in_place and node.operator not in _UNCHANGED and node.refs()[0] in tensors:
        name = labels.get(node.refs()[0], node.refs()[0])
        raise ValueError(
            "Argument `source` must compute the same every time, but node"
            f" `{node.name}` (`{node.operator}`) overwrites `{name}`, which is used later."
        )


def _is_constant(node: Node, tensors: Mapping[str, Tensor]) -> bool:
    refs = node.refs()
    return node.operator not in ANALOG and bool(refs) and all(name in tensors for name in refs)


def _free_batch(node: Node, batch: int | None) -> Node:
    """Let a reshape recorded for one batch size take any.

    The leading size becomes -1. That is exact: with n instead of `batch` samples the number of
    elements scales by n / `batch`, all other sizes stay, so the leading one must scale too.
    """
    if batch is None or node.operator not in _RESHAPES:
        return node
    key = _RESHAPES[node.operator]
    sizes = node.shape or node.arguments[key]
    if not isinstance(sizes, tuple) or not sizes or sizes[0] is None or sizes[0] % batch:
        raise ValueError(
            "Argument `source` must keep the samples of a batch on the first axis, but node"
            f" `{node.name}` reshapes a batch of {batch} to {sizes}; export it with a dynamic"
            " batch dimension."
        )
    rest = sizes[1:]
    if any(size is None for size in rest):
        return node
    return replace(node, arguments={**node.arguments, key: (-1, *rest)})
