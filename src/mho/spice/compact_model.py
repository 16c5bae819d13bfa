"""A typical cell of a chip as a compact model: the numbers that circuit simulators are given.

A simulator follows a cell in time, so the step of a pulse becomes a rate: the core moves by
``step · exp((|V| − V_s)/slope) · window`` per `width`. As long as a pulse moves the cell by little
of `span`, that is the step of `mho.device.switching.Switching`.
"""

from dataclasses import dataclass

from mho.chip import Chip, NoSelector, Selector
from mho.device.filament import CellParameters
from mho.device.laws import Flicker, Switching

LEFT_OUT = (
    "Left out: telegraph noise and denoising, relaxation and retention, endurance, temperature,",
    "differences between cells and from pulse to pulse, the limit of one pulse's step.",
)
"""What of the cell's physics a compact model does not have."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a compact model.

    Args:
        name: Its name there.
        value: The number, SI.
        meaning: What it is, with its unit.
    """

    name: str
    value: float
    meaning: str


def compact_parameters(
    chip: Chip, start: float | None = None
) -> tuple[Parameter, ...]:
    """The numbers of the typical cell and its selector.

    Args:
        chip: The chip.
        start: Conductance at the start (S); that of a freshly formed cell if `None`.

    Raises:
        ValueError: Its cells have no filament: the compact model is of cells that do.
    """
    cell = chip.cell
    if not isinstance(cell, CellParameters):
        raise ValueError(  # noqa: TRY004 - the chip is of the right type
            f"Argument `chip` must have cells with a filament, of which the compact model is, but"
            f" `{chip.published.name}` has others; take `rao2023` or another preset of that kind."
        )
    formed = cell.formed if start is None else start
    return (
        Parameter("g0", formed, "conductance at the start (S)"),
        *_of_switching(cell.switching),
        *_of_current(cell),
        *_of_selector(chip.selector),
        *_of_noise(cell.flicker),
    )


def _of_switching(law: Switching) -> tuple[Parameter, ...]:
    """What pulses do to the typical cell."""
    return (
        Parameter(
            "gain", 1.0, "size of a step relative to the typical cell (1)"
        ),
        Parameter(
            "set_voltage", law.set_voltage, "SET voltage of a unit step (V)"
        ),
        Parameter(
            "reset_voltage",
            law.reset_voltage,
            "RESET voltage of a unit step (V)",
        ),
        Parameter("step", law.step, "unit step (S)"),
        Parameter("width", law.width, "pulse width of that statement (s)"),
        Parameter(
            "slope", law.slope, "voltage for a step e times as large (V)"
        ),
        Parameter("low", law.low, "lowest conductance (S)"),
        Parameter("high", law.high, "highest conductance (S)"),
        Parameter(
            "span", law.span, "distance from the end where the window is 1 (S)"
        ),
        Parameter("window_max", law.window_max, "largest window (1)"),
        Parameter(
            "threshold",
            law.threshold,
            "share of the voltage below which nothing moves (1)",
        ),
    )


def _of_current(cell: CellParameters) -> tuple[Parameter, ...]:
    """How the current bends with the voltage."""
    return (
        Parameter(
            "curvature",
            cell.curvature,
            "cubic coefficient of the current at 0 S (1/V^2)",
        ),
        Parameter(
            "linear_above",
            cell.linear_above,
            "conductance where it has vanished (S)",
        ),
    )


def _of_selector(selector: Selector | NoSelector) -> tuple[Parameter, ...]:
    """What limits the current of a SET."""
    slope, threshold = _gate(selector)
    return (
        Parameter(
            "series_resistance",
            selector.series_resistance,
            "felt by pulses (Ohm)",
        ),
        Parameter("gate_slope", slope, "compliance per volt of gate (S/V)"),
        Parameter("gate_threshold", threshold, "gate voltage that opens (V)"),
        Parameter("gate_max", selector.gate_max, "largest gate voltage (V)"),
    )


def _of_noise(flicker: Flicker) -> tuple[Parameter, ...]:
    """The 1/f noise of a read."""
    return (
        Parameter(
            "per_decade", flicker.per_decade, "1/f noise, dG/G per decade (1)"
        ),
        Parameter(
            "knee", flicker.knee, "conductance below which that rises (S)"
        ),
    )


def _gate(selector: Selector | NoSelector) -> tuple[float, float]:
    """Compliance per volt of gate (S/V) and the voltage that opens (V)."""
    if isinstance(selector, Selector):
        return selector.slope, selector.threshold
    return (
        selector.ceiling,
        -1.0,
    )  # the ceiling at a gate of 0 V, where a passive cell has none
