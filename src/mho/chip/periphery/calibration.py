"""What is measured on converters: the range that suits data, and their transfer curve."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_choice, check_finite
from mho.chip.periphery.converters import UniformConverter

RANGE_METHODS = ("max", "percentile", "mse")
_FLOOR = 2.0**-12
"""Smallest full scale that is tried, as a share of the largest sample (1)."""


def fit_full_scale(
    samples: Float[Tensor, "*shape"],
    bits: int,
    *,
    method: str = "max",
    percentile: float = 99.9,
    dim: int | None = None,
) -> Float[Tensor, "*kept"]:
    """Full scale of a `SignedConverter` that suits these samples, in their unit.

    Args:
        samples: What the converter will see.
        bits: Bits of its magnitude (1).
        method: `"max"`, the largest magnitude; `"percentile"`, the smallest magnitude that so
            many percent of the samples do not exceed; or `"mse"`, the full scale of least
            mean square error, rounding and clipping together (max1960, for distributions).
        percentile: Percent of samples within the range, for that method (1).
        dim: Axis along which samples lie; every place on the others gets a full scale of its own.
            All samples share one if `None`.

    Returns:
        The full scale, in the shape of the samples without `dim`. Where all samples are 0 it is
        the largest of the others.

    Raises:
        ValueError: No sample differs from 0, one is not finite, or a number is out of range.

    >>> fit_full_scale(torch.tensor([0.5, -2.0, 1.0]), bits=7)
    tensor(2.)
    """
    check_between(bits, "bits", 1, 24, "1")
    check_choice(method, "method", RANGE_METHODS)
    check_between(percentile, "percentile", 0.001, 100, "1")
    check_finite(samples, "samples", "Leave such samples out.")
    if samples.numel() == 0 or not samples.any():
        raise ValueError(
            "Argument `samples` must have an element other than 0 to set a range by, but has none;"
            " pass outputs of typical inputs."
        )
    moved = samples.reshape(-1) if dim is None else samples.movedim(dim, 0)
    magnitude = moved.detach().abs().double().reshape(moved.shape[0], -1)
    if method == "max":
        scale = magnitude.amax(0)
    elif method == "percentile":
        rank = math.ceil(percentile / 100 * magnitude.shape[0] * (1 - 1e-12))
        scale = magnitude.kthvalue(rank, 0).values
    else:
        scale = _least_error(magnitude, 2**bits - 1)
    scale = torch.where(scale > 0, scale, scale.max())
    return scale.to(samples.dtype).reshape(moved.shape[1:])


def range_error(
    samples: Float[Tensor, "samples cols"],
    bits: int,
    full_scale: Float[Tensor, " cols"],
) -> Float[Tensor, " cols"]:
    """Mean square error of conversion, rounding and clipping together (unit of samples squared).

    Args:
        samples: What the converter sees.
        bits: Bits of its magnitude (1).
        full_scale: Its largest magnitude, one for each column.
    """
    return _error(samples.abs(), full_scale / (2**bits - 1), 2**bits - 1)


def _error(magnitude: Tensor, lsb: Tensor, top: int) -> Tensor:
    """Mean square error; at 0 LSB everything is clipped to 0."""
    made = (
        (magnitude / lsb.clamp(min=1e-300)).round_().clamp_(max=top).mul_(lsb)
    )
    return made.sub_(magnitude).square_().mean(0)


def _least_error(magnitude: Tensor, top: int) -> Tensor:
    """Full scale of least error: a grid, then a finer one around its best.

    For fixed codes the error is a parabola in the LSB; each try moves to its vertex, where
    rounding again only helps.
    """
    count = magnitude.shape[0]
    largest = magnitude.amax(0)
    best = largest / top
    error = _error(magnitude, largest / top, top)
    energy = magnitude.square().sum(0)
    codes = torch.empty_like(magnitude)
    product = torch.empty_like(magnitude)

    def look(lsb: Tensor) -> None:
        nonlocal best, error
        torch.div(magnitude, lsb.clamp(min=1e-300), out=codes).round_().clamp_(
            max=top
        )
        cross = torch.mul(magnitude, codes, out=product).sum(0)
        moved = cross / codes.square_().sum(0).clamp_(min=1e-300)
        found = (energy - cross * moved).clamp_(min=0) / count
        best = torch.where(found < error, moved, best)
        error = torch.minimum(found, error)

    for share in torch.logspace(
        math.log2(_FLOOR), 0, 129, 2.0, dtype=torch.float64
    ):
        look(largest / top * share)
    centre = best
    for share in torch.logspace(-0.1, 0.1, 65, 2.0, dtype=torch.float64):
        look(centre * share)
    return best * top


def measure_inl(
    converter: UniformConverter,
    *,
    samples_per_code: int = 64,
    generator: torch.Generator | None = None,
) -> tuple[float, ...]:
    """Integral non-linearity of every code, from the lowest (LSB), by a ramp.

    Codes that a slow ramp gives are counted; how many lie below a code says where its transition
    is. Of a digital-to-analog converter the levels are read. Offset and gain error are those of
    the straight line through the first and the last transition or level, and do not count; an
    `adc` has no transition into its lowest code, which gets 0.

    Args:
        converter: The converter under test.
        samples_per_code: Points of the ramp for each code, or readings of each level (1); the
            result of an `adc` is good to one part in so many.
        generator: Source of its noise.

    Raises:
        ValueError: The converter has noise, but there is no generator.
    """
    check_between(samples_per_code, "samples_per_code", 1, 1e6, "1")
    first, last = converter.code_range
    codes = torch.arange(first, last + 1, dtype=torch.float64)
    nominal = codes * converter.lsb + converter.origin
    if converter.kind == "dac":
        repeats = samples_per_code if converter.noise_lsb else 1
        signal = nominal.repeat(repeats, 1)
        return _from_ends(converter(signal, generator).mean(0))
    beyond = abs(converter.offset) + converter.lsb * (
        2 + max(map(abs, converter.inl), default=0.0) + 6 * converter.noise_lsb
    )
    slope = 1 + converter.gain_error
    low = (float(nominal[0]) - beyond) / slope
    high = (float(nominal[-1]) + beyond) / slope
    step = converter.lsb / slope / samples_per_code
    ramp = torch.arange(low, high, step, dtype=torch.float64)
    counts = torch.bincount(
        converter.codes(ramp, generator).sub(first), minlength=codes.numel()
    )
    edges = low + counts.cumsum(0)[:-1].double() * step
    return (0.0, *_from_ends(edges))


def _from_ends(places: Tensor) -> tuple[float, ...]:
    """Distance from the line through the first and the last place, in steps of that line."""
    count = places.numel() - 1
    if count < 1:
        return (0.0,) * places.numel()
    step = (places[-1] - places[0]) / count
    return tuple(
        ((places - places[0]) / step - torch.arange(count + 1)).tolist()
    )
