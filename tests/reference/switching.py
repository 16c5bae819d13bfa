"""SET and RESET of many cells at once; the law is `mho.device.laws.Switching`."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.device.laws import LEAST_VOLTAGE, Switching
from mho.rng import CellStream


@dataclass(frozen=True, slots=True, eq=False)
class SwitchingConstants:
    """What differs between cells and stays for life.

    Args:
        set_voltage: SET amplitude of a unit step (V). Shape (cells,).
        reset_voltage: RESET amplitude of a unit step, a positive number (V). Shape (cells,).
        gain: Size of a step relative to the typical cell (1). Shape (cells,).
    """

    set_voltage: Float[Tensor, " cells"]
    reset_voltage: Float[Tensor, " cells"]
    gain: Float[Tensor, " cells"]

    def take(self, cells: Int64[Tensor, " chosen"]) -> "SwitchingConstants":
        """Constants of some of the cells."""
        return SwitchingConstants(
            set_voltage=self.set_voltage.index_select(0, cells),
            reset_voltage=self.reset_voltage.index_select(0, cells),
            gain=self.gain.index_select(0, cells),
        )


def constants(law: Switching, stream: CellStream) -> SwitchingConstants:
    """Draw every cell's own constants. A switching voltage stays above half the median."""
    spread = law.voltage_spread * stream.normal("switching voltage", 2)
    relative = (1 + spread).clamp_(min=LEAST_VOLTAGE)
    gain = torch.exp(law.gain_spread * stream.normal("step gain")[0])
    return SwitchingConstants(
        set_voltage=relative[0] * law.set_voltage,
        reset_voltage=relative[1] * law.reset_voltage,
        gain=gain,
    )


def window(
    law: Switching,
    core: Float[Tensor, " cells"],
    amplitude: Float[Tensor, " cells"],
    compliance: Float[Tensor, " cells"],
) -> Float[Tensor, " cells"]:
    """Slowing-down towards the end of the range that the pulse drives to (1)."""
    room = torch.where(amplitude > 0, compliance - core, core - law.low)
    return room.div_(law.span).clamp_(0.0, law.window_max)


def subthreshold(
    law: Switching,
    amplitude: Float[Tensor, "*train cells"],
    constants: SwitchingConstants,
) -> Float[Tensor, "*train cells"]:
    """Amplitude as a fraction of the cell's own threshold, 1 and above switches (1)."""
    voltage = _switching_voltage(amplitude, constants)
    return amplitude.abs().div_(voltage.mul_(law.threshold))


def mean_step(
    law: Switching,
    core: Float[Tensor, " cells"],
    amplitude: Float[Tensor, " cells"],
    width: float,
    compliance: Float[Tensor, " cells"],
    constants: SwitchingConstants,
) -> Float[Tensor, " cells"]:
    """Median size of the step, without sign and without the pulse-to-pulse factor (S)."""
    overdrive = amplitude.abs().sub_(_switching_voltage(amplitude, constants))
    # e³⁰ is more than any cell can take; without the limit it might overflow
    size = overdrive.div_(law.slope).clamp_(max=30.0).exp_()
    size.mul_(constants.gain)
    # slower towards the end that the pulse drives to
    size.mul_(window(law, core, amplitude, compliance))
    size.mul_(law.step * width / law.width)

    # below the threshold nothing moves
    switches = subthreshold(law, amplitude, constants) >= 1
    return torch.where(switches, size, 0.0)


def moved(
    law: Switching,
    core: Float[Tensor, " cells"],
    amplitude: Float[Tensor, " cells"],
    width: float,
    compliance: Float[Tensor, " cells"],
    constants: SwitchingConstants,
    stream: CellStream,
) -> Float[Tensor, " cells"]:
    """Core after one pulse (S).

    Args:
        law: Its numbers.
        core: Core before the pulse (S). Shape (cells,).
        amplitude: Voltage at the cell (V); positive SETs. Shape (cells,).
        width: Duration (s).
        compliance: Conductance at which the selector stops a SET (S). Shape (cells,).
        constants: The cells' own constants.
        stream: Randomness of the pulse-to-pulse factor.
    """
    size = mean_step(law, core, amplitude, width, compliance, constants)
    pulse_factor = stream.normal("step")[0].mul_(law.cycle_spread).exp_()
    size.mul_(pulse_factor)
    # no single pulse crosses the range
    size.clamp_(max=law.largest_step)
    # a core that is already beyond an end of its range stays where it is
    ceiling = torch.maximum(core, compliance.clamp(max=law.high))
    floor = core.clamp(max=law.low)

    raised = torch.minimum(core + size, ceiling)
    lowered = torch.maximum(core - size, floor)
    return torch.where(amplitude > 0, raised, lowered)


def _switching_voltage(
    amplitude: Float[Tensor, "*train cells"], constants: SwitchingConstants
) -> Float[Tensor, "*train cells"]:
    """The cells' own voltage of the polarity that a pulse has (V)."""
    return torch.where(
        amplitude > 0, constants.set_voltage, constants.reset_voltage
    )
