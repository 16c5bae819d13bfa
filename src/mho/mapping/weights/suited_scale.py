"""Whether outputs of a layer share a scale of weights, where nobody has said so."""

from collections.abc import Sequence

from jaxtyping import Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.weights.pairs import DifferentialPairs

FAR_BELOW = 1 / 8
"""Largest weight of a layer's median output, of the layer's largest, below which sharing a scale
costs that output more than three bits, of the eight or so that a cell holds (1)."""


def output_share(weight: Float[Tensor, "out in_"]) -> float:
    """How much of the range of cells half of a layer's outputs use at most, if they share it (1).

    Args:
        weight: Weights (1). Outputs without any do not count.
    """
    largest = weight.abs().amax(1) if weight.numel() else weight.new_zeros(1)
    used = largest[largest > 0]
    if used.numel() == 0:
        return 1.0
    return float(used.median() / used.max())


def suited_scale(weights: Sequence[Float[Tensor, "_ _"]]) -> str:
    """What shares a scale, one of `SCALES`: each output has its own where sharing costs much.

    The error of a cell is a share of its range, whatever it holds. If one output of a layer has
    weights a hundred times larger than the others, these use a hundredth of the range, and their
    products are lost in the errors of their cells. Folding a norm into a layer can make it so.

    Args:
        weights: Weights of each layer (1). Shapes (out, in).

    >>> import torch
    >>> flat = torch.ones(5, 3)
    >>> steep = flat * torch.tensor([1.0, 1, 1, 1, 100])[:, None]
    >>> suited_scale([flat]), suited_scale([flat, steep])
    ('layer', 'column')
    """
    far = any(output_share(weight) < FAR_BELOW for weight in weights)
    return "column" if far else "layer"


def suited_pairs(
    weights: Sequence[Float[Tensor, "_ _"]], info: BenchInfo
) -> DifferentialPairs:
    """Pairs in the range that a bench recommends, with the scale that suits a network.

    Args:
        weights: Weights of each layer (1). Shapes (out, in).
        info: The bench.
    """
    scale = suited_scale(weights)
    return DifferentialPairs(info.array_low, info.array_high, scale)
