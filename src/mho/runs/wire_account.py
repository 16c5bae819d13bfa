"""What the wires did to a network, what making up for them saved, and what that cost."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.deployment import DeployOptions
from mho.mapping import Placement, each_block, effective_of_each, lay_out
from mho.network import Network
from mho.network.operations import LinearLayer
from mho.runs.judging import digital_outputs
from mho.runs.run_data import WireAccount
from mho.runs.task import Task

Weights = list[Float[Tensor, "_ _"]]


def wire_account(
    task: Task,
    info: BenchInfo,
    *,
    compensated: Placement | None,
    packed: bool = False,
    layout: DeployOptions | None = None,
    tolerance: float | None = None,
) -> WireAccount | None:
    """Effective weights and scores with wires alone: no noise, exact targets and converters.

    Args:
        task: Network, test data and metric.
        info: The bench with its wires.
        compensated: Targets as the mapping made up for them; `None` if it did not.
        packed: Whether layers share tiles.
        layout: How weights became conductances; `DeployOptions()` if `None`.
        tolerance: Half-width of the window of programming (S), which the layout was told.

    Returns:
        `None` if the wires are ideal. Its numbers are the resistances; `current_kept`, what the
        wires leave of the current of the ideal targets; `weight_error`, root mean square over
        the largest weight of a layer, and `accuracy`, or `score` if it is another one, each for
        the targets `as_mapped`, with the best digital `gain` per layer and, if it was done,
        `compensated`; then `signal`,
        mean and smallest share of the signal that compensated outputs keep, and `power`, their
        power over that of the ideal targets.
    """
    if info.wires.ideal:
        return None
    network = task.network
    layout = layout or DeployOptions()
    mapping = layout.weight_mapping(info, tolerance)
    plain = lay_out(network, info, mapping, compensated=False, packed=packed)
    account = _resistances(info)
    weights, current, ideal = _effective(network, plain, info)
    account["current_kept"] = current / ideal
    scaled = [
        seen * float((seen * layer.weight).sum() / seen.square().sum())
        for seen, layer in zip(weights, network.layers, strict=True)
    ]
    kinds = {"as_mapped": weights, "gain": scaled}
    if compensated is not None:
        kinds["compensated"], more, _ = _effective(network, compensated, info)
        pairs = zip(compensated.blocks, plain.blocks, strict=True)
        share = torch.cat([one.scale / other.scale for one, other in pairs])
        account["signal"] = {
            "mean": float(share.mean()),
            "low": float(share.min()),
        }
        account["power"] = more / current
    account[task.metric.key] = {
        name: _score(task, found) for name, found in kinds.items()
    }
    relative = {
        name: _relative(network, found) for name, found in kinds.items()
    }
    wanted = _relative(network, [layer.weight for layer in network.layers])
    account["weight_error"] = {
        name: float((found - wanted).square().mean().sqrt())
        for name, found in relative.items()
    }
    return WireAccount(account, wanted, relative)


def _resistances(info: BenchInfo) -> dict[str, Any]:
    names = ("word_line", "bit_line", "driver", "sense", "access")
    return {f"{name}_ohm": getattr(info.wires, name) for name in names}


def _effective(
    network: Network, placement: Placement, info: BenchInfo
) -> tuple[Weights, float, float]:
    """Weights that targets stand for, wires included (1); sums of W and of G, all tiles (S)."""
    weights = [torch.zeros_like(layer.weight) for layer in network.layers]
    current = ideal = 0.0
    of_blocks = effective_of_each(placement, info)
    for (block, place), seen in zip(
        each_block(placement), of_blocks, strict=True
    ):
        weights[block.layer][block.outputs, block.inputs] += (
            block.difference(seen) / block.scale
        ).T.float()
        current = current + float(seen.sum(0).sum())
        ideal = ideal + float(placement.target[place].double().sum())
    return weights, current, ideal


def _relative(network: Network, found: Weights) -> Float[Tensor, " weights"]:
    """All weights, each over the largest of its layer (1)."""
    parts = [
        (seen / layer.weight.abs().max().clamp(min=1e-30)).flatten()
        for seen, layer in zip(found, network.layers, strict=True)
    ]
    return torch.cat(parts)


def _score(task: Task, found: Weights) -> float:
    """What the metric says of these weights, all else exact (its unit)."""
    outputs = digital_outputs(task.network, task.data.inputs, _with(found))
    return task.metric.score(outputs, task.data)


def _with(weights: Weights) -> Callable[[int, LinearLayer, Tensor], Tensor]:
    def product(index: int, _: LinearLayer, vectors: Tensor) -> Tensor:
        return vectors @ weights[index].T

    return product
