"""Where a deployed network goes wrong: the error of each analog layer, alone and accumulated."""

import math
import re
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from mho.deployment.deployed import DeployedNetwork
from mho.network.operations import LinearLayer
from mho.samples import Inputs, batches

_GROUP = re.compile(r"\[\d+\]$")
"""Ends the name of one of a layer's groups of channels."""
_BATCH = 32
"""Samples whose products are held at once (1)."""


@dataclass(frozen=True, slots=True)
class LayerError:
    """Error of the products of one layer, without its bias.

    Root mean square of the difference from the digital network's products, over that of those, for
    all uses and groups of channels of the layer together; where those are zero, the error itself.

    Args:
        name: Name of the layer.
        alone: With the exact inputs that the layer has in the digital network (1).
        accumulated: With the inputs that the chip itself makes in the layers before (1).
        vectors: Vectors that went through it (1).
    """

    name: str
    alone: float
    accumulated: float
    vectors: int

    @property
    def described(self) -> dict[str, Any]:
        """Plain values, for a result: an error that is infinite or NaN is `None`."""
        return {
            "name": self.name,
            "alone": _finite(self.alone),
            "accumulated": _finite(self.accumulated),
            "vectors": self.vectors,
        }


def layer_errors(
    deployed: DeployedNetwork, inputs: Inputs
) -> tuple[LayerError, ...]:
    """Compare the products of every layer with those of the digital network.

    Every layer is used twice for each sample, which costs the chip as much as two evaluations.

    Args:
        deployed: The network on its bench, whose clock goes on.
        inputs: Samples (1). Shape (batch, ...), by name if the network has several inputs.

    Returns:
        One entry for each layer, in network order; groups of channels are one layer.
    """
    names = [_whole(layer.name) for layer in deployed.network.layers]
    by_name = {name: _Sums() for name in names}
    sums = [by_name[name] for name in names]
    for batch in batches(inputs, _BATCH):
        wanted = _alone(deployed, batch, sums)
        _accumulated(deployed, batch, sums, wanted)
    return tuple(own.error(name) for name, own in by_name.items())


def _whole(name: str) -> str:
    """The layer that a group of channels is a part of.

    >>> _whole("conv2[3]"), _whole("dense")
    ('conv2', 'dense')
    """
    return _GROUP.sub("", name)


def _alone(
    deployed: DeployedNetwork, batch: Inputs, sums: list["_Sums"]
) -> list[Tensor]:
    """Count what layers make of exact inputs; the products wanted, in the order of use."""
    wanted: list[Tensor] = []

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        goal = vectors @ layer.weight.T
        found = deployed.product(index, layer, vectors)
        own = sums[index]
        own.vectors += goal.shape[0]
        own.wanted += _power(goal)
        own.alone += _power(found - goal)
        wanted.append(goal)
        return goal

    deployed.network.outputs(batch, product)
    return wanted


def _accumulated(
    deployed: DeployedNetwork,
    batch: Inputs,
    sums: list["_Sums"],
    wanted: list[Tensor],
) -> None:
    """Count what layers make of the inputs that the chip itself makes."""
    goals = iter(wanted)

    def product(index: int, layer: LinearLayer, vectors: Tensor) -> Tensor:
        found = deployed.product(index, layer, vectors)
        error = found - next(goals)
        sums[index].accumulated += _power(error)
        return found

    deployed.network.outputs(batch, product)


class _Sums:
    """Sums of squares of one layer, in double precision."""

    def __init__(self) -> None:
        self.vectors = 0
        self.wanted = 0.0
        self.alone = 0.0
        self.accumulated = 0.0

    def error(self, name: str) -> LayerError:
        """The errors relative to what was wanted."""
        whole = self.wanted or 1.0
        return LayerError(
            name,
            (self.alone / whole) ** 0.5,
            (self.accumulated / whole) ** 0.5,
            self.vectors,
        )


def _finite(error: float) -> float | None:
    return error if math.isfinite(error) else None


def _power(values: Tensor) -> float:
    return float(values.double().square().sum())
