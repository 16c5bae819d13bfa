"""All layers of a network on the tiles of a bench: placed, compensated, rounded."""

from dataclasses import replace

import torch

from mho.bench import BenchInfo
from mho.mapping.blocks import Placement, stage_numbers
from mho.mapping.place import check_range, place
from mho.mapping.targets import compensate, second_pair_targets, to_levels
from mho.mapping.tiles import FaultMap
from mho.mapping.weights import WeightMapping, suited_pairs
from mho.network import Network


def lay_out(
    network: Network,
    info: BenchInfo,
    mapping: WeightMapping | None = None,
    *,
    compensated: bool = True,
    packed: bool | None = None,
    spares: int = 0,
    faults: FaultMap | None = None,
) -> Placement:
    """Place all layers of a network, within a range the bench can hold.

    Args:
        network: The network.
        info: The bench.
        mapping: Weights to conductances; pairs in the bench's recommended range if `None`, with
            the scale that suits the weights.
        compensated: Make up for the wires that the bench says it has.
        packed: Let layers share tiles; only if the bench has too few for one each if `None`.
        spares: Spare rows, and lines of columns, of each part of a layer (1).
        faults: Stuck cells and broken lines to map around, from `survey`.

    Raises:
        ValueError: The range or the number of tiles does not fit the bench.
    """
    weights = [layer.weight for layer in network.layers]
    mapping = mapping or suited_pairs(weights, info)
    check_range(mapping, info)
    placement = place(
        weights,
        info,
        mapping,
        packed=packed,
        spares=spares,
        faults=faults,
    )
    if compensated:
        placement = compensate(placement, info, mapping)
    rounded = to_levels(placement, mapping)
    if rounded is placement:
        return placement
    # further pairs also hold what rounding takes from the earlier ones; they are rounded last
    target = rounded.target
    last = max(stage_numbers(placement.blocks), default=0)
    for stage in range(1, last + 1):
        free = second_pair_targets(placement, target, info, stage=stage).target
        moved = free != placement.target
        target = torch.where(moved, free, target)
    return replace(rounded, target=target)
