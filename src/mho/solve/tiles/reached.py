"""What writing reached: truth of a simulation beside what was measured."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Reached:
    """How far numbers are off after writing, in parts of the largest of their block.

    Args:
        rms: Root mean square of what they are off (1).
        largest: The farthest one (1).
        typical: Half of them are less far off (1).
        measured: Root mean square of what was measured to be missing (1).
        left: Root mean square of what they are off once errors beyond reach are made up for
            digitally, if they are (1).
    """

    rms: float
    largest: float
    typical: float
    measured: float
    left: float


def reached(
    wanted: Float64[Tensor, "blocks outputs rows"],
    held: Float64[Tensor, "blocks outputs rows"],
    missing: Float64[Tensor, "blocks outputs rows"],
    beyond: Bool[Tensor, "blocks outputs rows"],
) -> Reached:
    """What writing reached.

    Args:
        wanted: Numbers wanted (1).
        held: What cells hold of them (1).
        missing: What was measured to be missing (1).
        beyond: Numbers that are made up for digitally.
    """
    if not wanted.numel():
        return Reached(0.0, 0.0, 0.0, 0.0, 0.0)
    off = held - wanted
    made_up = torch.where(beyond, off + missing, off)
    return Reached(
        rms=_rms(off),
        largest=float(off.abs().max()),
        typical=float(off.abs().flatten().median()),
        measured=_rms(missing),
        left=_rms(made_up),
    )


def _rms(values: Tensor) -> float:
    """Root of the mean square."""
    return float(values.square().mean().sqrt())
