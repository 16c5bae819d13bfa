"""Numbers that ONNX's evaluator rounds to the next step, because they lie between two.

Whoever sums in another order, as everybody does, may round such a number the other way, and all
that follows differs. So each rounding is compared by itself, and what follows it goes on with the
evaluator's numbers.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mho.network.graph import Node
from mho.network.network import Network
from mho.network.rounding import Rounding, roundings

Array = npt.NDArray[Any]

_NEAR = 1e-4
"""Farthest from the middle of two steps at which either may be taken, of the largest number (1).

It is how far outputs may differ from the evaluator's everywhere else.
"""
_NEAREST = 0.05
"""The same for however large numbers (steps): nine in ten wrong ones are found even then."""


def settled_outputs(
    network: Network,
    samples: Mapping[str, Tensor],
    names: Mapping[str, str],
    values: Mapping[str, Array],
) -> dict[str, Array] | None:
    """Outputs where every rounding but one between two steps agrees with the evaluator.

    Args:
        network: The network.
        samples: Its inputs (1). Shape (batch, ...).
        names: Name in the network of each value of the file.
        values: What the evaluator has for the file's values, by their names.

    Returns:
        Outputs by name (1). Shape (batch, ...). `None` where a rounding differs otherwise, and
        where values of file and network cannot be compared one by one.
    """
    graph = network.graph
    if graph.single or graph.separate or graph.states:
        return None
    theirs = {
        names[name]: torch.tensor(value.astype(np.int64))
        for name, value in values.items()
        if name in names and value.dtype.kind in "iu"
    }
    shapes = _shapes(network, samples)
    known = {
        one.whole: one
        for one in roundings(graph)
        if one.whole in theirs
        and theirs[one.whole].shape == shapes.get(one.whole)
    }
    if not known:
        return None
    settled = replace(
        graph,
        nodes=tuple(node for node in graph.nodes if node.name not in known),
        tensors={**graph.tensors, **{name: theirs[name] for name in known}},
    )
    watch = _Watch({one.kept: one for one in known.values()}, theirs)
    found = replace(network, graph=settled).outputs(samples, watch=watch)
    if not watch.agrees:
        return None
    return {name: output.numpy() for name, output in found.items()}


def _shapes(
    network: Network, samples: Mapping[str, Tensor]
) -> dict[str, torch.Size]:
    shapes: dict[str, torch.Size] = {}

    def watch(node: Node, _: Mapping[str, object], result: object) -> None:
        if isinstance(result, Tensor):
            shapes[node.name] = result.shape

    network.outputs(samples, watch=watch)
    return shapes


class _Watch:
    """Compares what is rounded with what the evaluator has for it.

    Args:
        kept: Roundings by the values that are compared.
        theirs: The evaluator's whole numbers (1), by the network's names.
    """

    def __init__(
        self, kept: Mapping[str, Rounding], theirs: Mapping[str, Tensor]
    ) -> None:
        self.kept = kept
        self.theirs = theirs
        self.exact: dict[str, Tensor] = {}
        self.agrees = True

    def __call__(
        self, node: Node, arguments: Mapping[str, object], result: object
    ) -> None:
        """Keep what is rounded, and compare its result."""
        given = arguments.get("self")
        if node.operator == "aten.round.default" and isinstance(given, Tensor):
            self.exact[node.name] = given
        one = self.kept.get(node.name)
        if one is None or not isinstance(result, Tensor):
            return
        exact = self.exact[one.rounding].double()
        step = (result.double() - self.theirs[one.whole].double()).abs()
        margin = min(_NEAR * max(1.0, float(exact.abs().max())), _NEAREST)
        between = (exact - exact.floor() - 0.5).abs() <= margin
        good = (step == 0) | ((step == 1) & between)
        self.agrees = self.agrees and bool(good.all())
