"""Programming pulses as piecewise linear sources for circuit simulators."""

from collections.abc import Iterable

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import (
    check_finite,
    check_not_negative,
    check_positive,
    check_shape,
    check_within,
)
from mho.spice.netlist import comment
from mho.units import show


def pulse_train(
    amplitude: Float[Tensor, " pulses"],
    width: Float[Tensor, " pulses"],
    *,
    gap: float,
    rise: float,
) -> tuple[Float[Tensor, " points"], Float[Tensor, " points"]]:
    """Corners of trapezoids, one pulse after the other.

    The width of a pulse is that at half its amplitude, so that its area is amplitude times width
    whatever the edges.

    Args:
        amplitude: Voltage of each pulse (V). Shape (pulses,).
        width: Duration of each pulse (s). Shape (pulses,).
        gap: Time before each pulse, between the ends of edges (s).
        rise: Duration of an edge (s), shorter than every pulse.

    Returns:
        Times (s), rising from 0, and voltages (V). Shapes (points,).

    Raises:
        ValueError: A width or a time that is not positive, or edges longer than a pulse.
    """
    check_shape(width, "width", (amplitude.numel(),))
    check_finite(amplitude, "amplitude", "Every pulse needs a voltage.")
    check_positive(gap, "gap", "s")
    check_positive(rise, "rise", "s")
    check_within(
        width, "width", 0.0, 1e6, unit="s", hint="A pulse lasts some time."
    )
    if width.numel() and not rise < float(width.min()):
        raise ValueError(
            f"Argument `rise` must be shorter than the shortest pulse of"
            f" {show(float(width.min()), 's')}, but is {show(rise, 's')}."
        )
    span = gap + rise + width.double()
    start = torch.cumsum(span, 0) - width - rise
    corners = torch.stack(
        (start, start + rise, start + width, start + width + rise), 1
    )
    level = amplitude.double()
    zero = torch.zeros_like(level)
    volts = torch.stack((zero, level, level, zero), 1)
    origin = torch.zeros(1, dtype=torch.float64)
    return torch.cat((origin, corners.flatten())), torch.cat(
        (origin, volts.flatten())
    )


def pwl_text(
    time: Float[Tensor, " points"], voltage: Float[Tensor, " points"]
) -> str:
    """Two columns, time (s) and voltage (V): what `PWL file=` of most simulators reads."""
    return "\n".join(_pairs(time, voltage)) + "\n"


def pwl_subcircuit(
    time: Float[Tensor, " points"],
    voltages: dict[str, Float[Tensor, " points"]],
    *,
    title: str,
    name: str = "pulses",
) -> str:
    """A subcircuit with one source against ground at each of its ports.

    Args:
        time: Times (s). Shape (points,).
        voltages: Voltages of each port by its name (V). Shapes (points,).
        title: First line.
        name: Name of the subcircuit.

    Raises:
        ValueError: Times and voltages differ in number.
    """
    check_not_negative(float(time.min()), "time", "s")
    lines = [comment(title), f".subckt {name} {' '.join(voltages)}"]
    for port, voltage in voltages.items():
        check_shape(voltage, port, (time.numel(),))
        pairs = (f"+ {pair}" for pair in _pairs(time, voltage))
        lines += [f"v{port} {port} 0 pwl(", *pairs, "+ )"]
    return "\n".join([*lines, f".ends {name}"]) + "\n"


def _pairs(
    time: Float[Tensor, " points"], voltage: Float[Tensor, " points"]
) -> Iterable[str]:
    pairs = zip(time.tolist(), voltage.tolist(), strict=True)
    # twelve digits: a nanosecond edge in a quarter of an hour, and no noise of binary fractions
    return (f"{t:.12g} {v:.7g}" for t, v in pairs)
