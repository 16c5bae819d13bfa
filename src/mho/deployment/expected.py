"""Currents that blocks are expected to give, for the ranges of their converters."""

import math

from jaxtyping import Float
from torch import Tensor

from mho.deployment.effective import each_block
from mho.deployment.mapping import Placement
from mho.deployment.network import Network

_SPREADS = 3.0
"""Standard deviations of a random sum that a converter shall hold (1)."""


def expected(
    network: Network, placement: Placement
) -> list[tuple[Float[Tensor, "rows cols"], float | Float[Tensor, " cols"], float]]:
    """Matrix and scale of what each block's converters see, and what may come on top (S).

    Pairs that hold weights alone are taken from the weights, as the wires leave nothing else.
    Columns against a reference give currents of one sign, those of their targets. Pairs that
    correct others have room for errors that nobody knows yet, which add up at random: the last
    number is three standard deviations of a cell's, if they fill that room evenly.

    Args:
        network: The trained network.
        placement: Where it lies.
    """
    found: list[tuple[Tensor, float | Tensor, float]] = []
    largest: list[float] = []
    corrected = {block.corrects for block in placement.blocks}
    for number, (block, place) in enumerate(each_block(placement)):
        target = placement.target[place]
        difference = block.difference(target)
        largest.append(float(difference.abs().max()))
        if block.minus is None:
            held = target[0].clone()
            held[:, :-1] += 0.0 if block.excess is None else block.excess
            found.append((held, 1.0, 0.0))
        elif block.corrects is not None:
            room = max(0.0, largest[block.corrects] - largest[number])
            found.append((difference, 1.0, _SPREADS * room / math.sqrt(3)))
        elif number in corrected:
            found.append((difference, 1.0, 0.0))
        else:
            weight = network.layers[block.layer].weight[block.outputs, block.inputs]
            found.append((weight.T, block.scale, 0.0))
    return found
