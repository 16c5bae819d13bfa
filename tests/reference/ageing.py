"""Retention, endurance and temperature of many cells at once."""

import torch
from jaxtyping import Float
from torch import Tensor

from mho.device.laws import Endurance, Retention, Temperature


def lost(
    law: Retention,
    conductance: Float[Tensor, "*looks cells"],
    age: Float[Tensor, "*samples cells"],
    floor: float,
) -> Float[Tensor, "*samples cells"]:
    """Conductance lost since the switching, not negative (S).

    Args:
        law: Its numbers.
        conductance: Conductance without the loss (S). Shape (cells,) or (samples, cells).
        age: Time since the switching, at the reference temperature (s). Shape (cells,) or
            (samples, cells).
        floor: Conductance below which nothing is left to lose (S).
    """
    grown = (age / law.onset).clamp_(min=1).log_().mul_(law.scale * law.loss)
    return torch.minimum(grown, (conductance - floor).clamp_(min=0))


def births_factor(
    law: Endurance, cycles: Float[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    """Factor on the mean number of channels that a step leaves behind (1).

    Args:
        law: Its numbers.
        cycles: Cycles each cell has seen (1). Shape (cells,).
    """
    return (cycles / law.onset).clamp_(min=1).log10_().mul_(law.growth).add_(1)


def warming_factor(
    law: Temperature,
    conductance: Float[Tensor, "*samples cells"],
    draw: Float[Tensor, " cells"],
    temperature: float,
) -> Float[Tensor, "*samples cells"]:
    """Conductance relative to that at the reference (1), never below 0.

    Args:
        law: Its numbers.
        conductance: Conductance at the reference (S). Shape (cells,) or (samples, cells).
        draw: Standard normal number of each cell (1). Shape (cells,).
        temperature: Temperature (K).
    """
    g = conductance.clamp(min=0)
    # +1 far below the crossover, 0 at it, −1 far above
    character = (law.crossover - g) / (law.crossover + g)
    coefficient = character * law.coefficient
    coefficient = coefficient + draw * law.coefficient_spread
    warming = temperature - law.reference
    return torch.clamp(1 + coefficient * warming, min=0)
