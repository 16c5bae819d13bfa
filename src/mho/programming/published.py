"""Protocols as published, with their own settings."""

from mho.programming.protocol import ProgramProtocol
from mho.programming.verify import Verify
from mho.programming.write_verify import WriteVerify
from mho.units import V, uS, us


def neurram_protocol() -> ProgramProtocol:
    """Write-verify with the settings of the released NeuRRAM control code (key: wan2022).

    Pulses of 1 µs start at 1.2 V and rise by 0.1 V while a cell stays on one side of its target;
    the ramp starts anew at every change of direction; the 30th pulse at the largest amplitude is
    the last. A cell is accepted within ±1 µS; nothing is denoised.

    A verification there takes eight reads, drops the first three and averages five; a cell that
    passes is read again and must pass twice. Here the short read after every pulse is the first of
    the two and `Verify` the second, at once, each with five samples: a cell that fails the second
    goes on being pulsed. The dropped reads let the circuit settle, which is not simulated. The
    budget of 500 cycles stands for 50 changes of direction.

    >>> neurram_protocol().trim.start_voltage
    1.2
    """
    return ProgramProtocol(
        tolerance=1 * uS,
        trim=WriteVerify(
            start_voltage=1.2 * V,
            increment=0.1 * V,
            width=1 * us,
            gate=3.0 * V,
            cap_pulses=30,
        ),
        denoise=None,
        verify=Verify(
            window=8 * us,
            samples=5,
            margin=1.0,
            every=1,
        ),
        trim_window=1.0,
        samples=5,
        max_cycles=500,
    )
