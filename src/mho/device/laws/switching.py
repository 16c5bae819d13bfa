"""SET and RESET: how far a pulse moves the complete channel, the metallic core of a cell."""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import (
    F,
    Real,
    Record,
    Word,
    exp,
    normal,
    normal_pair,
    normal_purpose,
)

LEAST_VOLTAGE = 0.5
"""Smallest switching voltage of a cell, relative to the median (1)."""


@dataclass(frozen=True, slots=True)
class Switching(Configuration):
    r"""Exponential in voltage, linear in time, slower towards both ends of the range.

    A pulse of amplitude :math:`V` and width :math:`t` moves the core by

    .. math::
        \Delta G = \pm\, \alpha\, \Delta_0\, (t/t_0)\, e^{(|V| - V_s)/V_0}\, w(G)\,
        e^{\sigma z},

    with :math:`w = (G_{on} - G)/G_{span}` for SET and :math:`(G - G_{low})/G_{span}` for RESET,
    cut to 0 … `window_max`. Below `threshold` times the cell's own :math:`V_s` nothing moves:
    that is the sub-threshold region where denoising happens. A SET never passes the compliance
    conductance :math:`G_{on}`, a RESET never passes `low`. The form is a choice that behaves as
    published write-verify data do (Wan 2022, and the exponential voltage dependence common to
    filamentary cells); see the preset for the source of each number.

    Args:
        step: Step of a typical cell at its switching voltage (S).
        width: Pulse width of that statement (s).
        slope: Voltage for a step e times as large (V).
        set_voltage: Median SET voltage of a unit step (V).
        reset_voltage: Median RESET voltage of a unit step, a positive number (V).
        voltage_spread: Relative standard deviation of both between cells (1).
        gain_spread: Standard deviation of the log of the step size between cells (1).
        cycle_spread: The same from pulse to pulse of one cell (1).
        low: Lowest conductance of the core (S).
        high: Highest conductance of the core (S).
        span: Distance from the end of the range at which the window is 1 (S).
        window_max: Largest value of the window (1).
        threshold: Fraction of its switching voltage below which a cell does not switch (1).
        largest_step: Most that one pulse can move (S).
    """

    step: float
    width: float
    slope: float
    set_voltage: float
    reset_voltage: float
    voltage_spread: float
    gain_spread: float
    cycle_spread: float
    low: float
    high: float
    span: float
    window_max: float
    threshold: float
    largest_step: float

    references: ClassVar = ("wan2022",)

    def __post_init__(self) -> None:
        for name, unit in (
            ("step", "S"),
            ("width", "s"),
            ("slope", "V"),
            ("set_voltage", "V"),
            ("reset_voltage", "V"),
            ("low", "S"),
            ("span", "S"),
            ("window_max", "1"),
            ("largest_step", "S"),
        ):
            check_positive(getattr(self, name), name, unit)
        for name in ("voltage_spread", "gain_spread", "cycle_spread"):
            check_not_negative(getattr(self, name), name, "1")
        check_between(self.threshold, "threshold", 0.0, 1.0, "1")
        check_between(self.high, "high", self.low, 1.0, "S")


_VOLTAGES = normal_purpose("switching voltage")
_GAIN = normal_purpose("step gain")
STEP = normal_purpose("step")
"""Purpose of the normal number by which steps of one cell vary."""
_LEAST = F(LEAST_VOLTAGE)


def draw_constants(cell: Record, law: Record, draw: Word) -> None:
    """Give a cell its own voltages and gain, for life."""
    z_set, z_reset = normal_pair(draw, _VOLTAGES, 0)
    relative_set = max(F(1) + law.voltage_spread * z_set, _LEAST)
    relative_reset = max(F(1) + law.voltage_spread * z_reset, _LEAST)
    cell.set_voltage = relative_set * law.set_voltage
    cell.reset_voltage = relative_reset * law.reset_voltage
    cell.gain = exp(law.gain_spread * normal(draw, _GAIN))


def own_voltage(cell: Record, volts: Real) -> Real:
    """The cell's switching voltage of the polarity that a pulse has (V)."""
    return cell.set_voltage if volts > 0 else cell.reset_voltage


def switches(cell: Record, law: Record, volts: Real) -> bool:
    """Whether a pulse reaches the cell's own threshold."""
    reached: bool = abs(volts) >= own_voltage(cell, volts) * law.threshold
    return reached


def step_growth(law: Record, overdrive: Real) -> Real:
    """Size of a step relative to that at the switching voltage (1).

    Args:
        law: The numbers of `Switching`.
        overdrive: How far a pulse goes beyond the cell's switching voltage (V).
    """
    # e³⁰ is more than any cell can take; without the limit it might overflow
    return exp(min(overdrive / law.slope, F(30)))


def moved_core(
    law: Record,
    core: Real,
    volts: Real,
    width: Real,
    compliance: Real,
    size: Real,
    varied: Real,
) -> Real:
    """The core after one pulse that switches (S).

    Args:
        law: The numbers of `Switching`.
        core: The core before (S).
        volts: Voltage of the pulse (V).
        width: Its duration (s).
        compliance: Conductance at which the selector stops a SET (S).
        size: `step_growth` of the pulse times the cell's own gain (1).
        varied: Factor of this pulse alone, e^(σz) (1).
    """
    is_set = volts > 0
    above = compliance - core
    below = core - law.low
    room = above if is_set else below
    # slower towards the end that the pulse drives to
    window = min(max(room / law.span, F(0)), law.window_max)
    size = size * window * (law.step * (width / law.width)) * varied
    # no single pulse crosses the range
    size = min(size, law.largest_step)
    # a core that is already beyond an end of its range stays where it is
    highest = max(core, min(compliance, law.high))
    lowest = min(core, law.low)
    raised = min(core + size, highest)
    lowered = max(core - size, lowest)
    return raised if is_set else lowered
