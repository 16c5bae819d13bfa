"""What writing reached: truth of a simulation beside what was measured."""

from dataclasses import dataclass

from jaxtyping import Float64
from torch import Tensor

from mho.solve.numbers import Numbers


@dataclass(frozen=True, slots=True)
class Reached:
    """How far numbers are off after writing, in parts of the largest of their block.

    Args:
        rms: Root mean square of what they are off (1).
        largest: The farthest one (1).
        typical: Half of them are less far off (1).
        measured: Root mean square of what was measured to be missing (1).
    """

    rms: float
    largest: float
    typical: float
    measured: float


def reached(
    wanted: Float64[Tensor, "blocks outputs rows"], numbers: Numbers
) -> Reached:
    """What writing reached, stuck cells and all; what is made up for digitally counts here too."""
    if not wanted.numel():
        return Reached(0.0, 0.0, 0.0, 0.0)
    off = (numbers.held - wanted).abs()
    return Reached(
        rms=float(off.square().mean().sqrt()),
        largest=float(off.max()),
        typical=float(off.flatten().median()),
        measured=float(numbers.missing.square().mean().sqrt()),
    )
