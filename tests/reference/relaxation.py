"""Creep of many cells at once; the laws are `Relaxation` and `FittedRelaxation`."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mho.device.laws import FittedRelaxation, Relaxation


def deviation(
    law: Relaxation | FittedRelaxation,
    conductance: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
) -> Float[Tensor, "*samples cells"]:
    """Standard deviation over cells, a time `age` (s) after the switching (S)."""
    if isinstance(law, FittedRelaxation):
        return _fitted_deviation(law, conductance, age)
    return _deviation(law, conductance, age)


def shift(
    law: Relaxation | FittedRelaxation,
    conductance: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
    strength: Float[Tensor, " cells"],
) -> Float[Tensor, "*samples cells"]:
    """Deviation of each cell (S), given its own standard normal number (1)."""
    if isinstance(law, FittedRelaxation):
        return _fitted_shift(law, conductance, age, strength)
    return _deviation(law, conductance, age).mul_(strength)


def renewed(
    law: Relaxation | FittedRelaxation, step: Float[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    """Fraction of the relaxing state that a step of this size renews (1)."""
    return -torch.expm1(-step.abs() / law.renewal_step)


def _deviation(
    law: Relaxation,
    conductance: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
) -> Float[Tensor, "*samples cells"]:
    """Standard deviation over cells, a time `age` (s) after the switching (S)."""
    if law.scale == 0:
        return torch.zeros_like(age)
    # from 0 at the switching to 1 after a second
    in_a_second = math.log1p(1 / law.onset)
    progress = torch.log1p(age / law.onset).div_(in_a_second).clamp_(max=1)
    after_a_second = conductance * law.relative + law.absolute

    # nothing within the first second
    growth = age.clamp(min=1).log_().mul_(law.growth)
    growth.add_(progress.mul_(after_a_second))
    return growth.mul_(law.scale)


def _fitted_deviation(
    law: FittedRelaxation,
    conductance: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
) -> Float[Tensor, "*samples cells"]:
    """Standard deviation over cells, a time `age` (s) after the switching (S)."""
    # from 0 at the switching to 1 at the first fit
    at_early = math.log1p(law.early / law.onset)
    start = torch.log1p(age / law.onset).div_(at_early).clamp_(max=1)
    # from 0 at the first fit to 1 at the second
    decades = math.log(law.late / law.early)
    growth = age.clamp(min=law.early).div_(law.early).log_()
    growth = growth.div_(decades).clamp_(max=1)

    x = (conductance / law.full).clamp_(0, 1)
    early = _fit(law, "early", x)
    late = _fit(law, "late", x)

    # the fits need not be positive everywhere
    sigma = early * start + (late - early) * growth
    return sigma.clamp_(min=0).mul_(law.scale)


def _fitted_shift(
    law: FittedRelaxation,
    conductance: Float[Tensor, " cells"],
    age: Float[Tensor, "*samples cells"],
    strength: Float[Tensor, " cells"],
) -> Float[Tensor, "*samples cells"]:
    """Deviation of each cell (S), given its own standard normal number (1)."""
    base = conductance.clamp(min=1e-12)
    relative = _fitted_deviation(law, conductance, age) / base
    # of the logarithm, so that mean and deviation of the conductance are as fitted
    variance = torch.log1p(relative.square())
    shift = base * torch.expm1(variance.sqrt() * strength - variance / 2)
    return torch.maximum(shift, -conductance)


def _fit(
    law: FittedRelaxation, name: str, x: Float[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    value = torch.zeros_like(x)
    for power in range(4, -1, -1):
        value = value * x + getattr(law, f"{name}_{power}")
    return value
