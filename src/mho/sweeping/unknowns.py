"""What nobody states about such chips, with the range in which the truth may lie."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unknown:
    """A default that may be wrong.

    Args:
        sweep: Field and range, as `mho sweep` takes them.
        why: Where default and range come from.
    """

    sweep: str
    why: str


UNKNOWNS: dict[str, Unknown] = {
    "births": Unknown(
        "telegraph.births=0,0.3,0.6,1,1.5,2,3,4",
        "active traps per fresh state: most states need denoising, but not all",
    ),
    "amplitude": Unknown(
        "telegraph.amplitude=0.5uS:20uS:6:log",
        "conductance of an incomplete channel: above 1 µS as a rule, below the conductance quantum",
    ),
    "longest": Unknown(
        "telegraph.longest=10s:100000s:5:log",
        "slowest trap: slower ones look like drift",
    ),
    "asymmetry": Unknown(
        "telegraph.asymmetry=0,0.5,1,2",
        "capture and emission times of one trap differ by a factor nobody states",
    ),
    "cleaning-window": Unknown(
        "telegraph.cleaning_high=0.4:0.9:6",
        "sub-threshold window: below switching, above the onset of boosted fluctuations",
    ),
    "cleaning": Unknown(
        "telegraph.cleaning_probability=0.1:0.7:7",
        "a few sub-threshold cycles suffice, published for another oxide",
    ),
    "spawning": Unknown(
        "telegraph.spawning=0.001:0.1:6:log",
        "denoising pulses may leave new channels; 0.03 would be as likely a guess",
    ),
    "denoise-pulses": Unknown(
        "protocol.denoise.first=1,3,6,12,25,50,100",
        "pulses of a train: 1 to 100, a few cycles according to the one published study",
    ),
    "denoise-width": Unknown(
        "protocol.denoise.width=100ns:1ms:5:log",
        "width of a denoising pulse: one decade or more around write pulses",
    ),
    "denoise-amplitude": Unknown(
        "protocol.denoise.highest=0.61:0.8:6",
        "largest amplitude of a train, in switching voltages: 0.3 to 0.7 if it must not switch",
    ),
    "look": Unknown(
        "protocol.verify.window=0.1s:100s:4:log",
        "noise acceptance: a longer window catches slower traps",
    ),
    "flicker": Unknown(
        "flicker.per_decade=1e-5:3e-4:6:log",
        "1/f remainder of metallic filaments: 0.01 to 1 % integrated over ten decades",
    ),
    "relaxation": Unknown(
        "relaxation.scale=0.1,0.3,1,3",
        "creep after switching: only laws of HfOx cells are published",
    ),
    "step-spread": Unknown(
        "switching.cycle_spread=0.1,0.3,0.6,1",
        "pulse-to-pulse spread of step sizes",
    ),
    "voltage-spread": Unknown(
        "switching.voltage_spread=0.04,0.08,0.15,0.26",
        "cells differ: 8 % in 1T1R, 26 % in passive arrays",
    ),
    "read-bits": Unknown(
        "array.read_bits_off_chip=12,13,14,16,18",
        "off-chip read-out: at least 12 bits follow from the published accuracy",
    ),
    "budget": Unknown(
        "protocol.max_cycles=20,40,80,150,300",
        "retry budget before a cell is given up",
    ),
    "tolerance": Unknown(
        "protocol.tolerance=0.4uS:4uS:6:log",
        "half the spacing of levels: 1 µS is published",
    ),
}
"""Named sweeps."""
