"""One cell's incomplete channels: how they come, go, and switch a current on and off.

Scalar functions; the law and its numbers are those of `TelegraphNoise`.
"""

from mho.compiled import (
    F,
    Real,
    Record,
    Word,
    child,
    child_purposes,
    exp,
    expm1,
    normal_pair,
    normal_purpose,
    purpose,
    uniform,
    uniform_pair,
    uniform_slot,
)

_MOST_BORN = 8
"""Channels that one step can leave behind (1)."""

BIRTHS = purpose("births")
"""Purpose of the uniform number by which channels that a step leaves are counted."""
_BORN = child_purposes("born", _MOST_BORN + 1)
_CHANNEL_NORMALS = normal_purpose("channel")
_CHANNEL = purpose("channel")
_CLEANING = purpose("cleaning")


def births(law: Record, step: Real, worn: Real, draw: Word) -> int:
    """Number of channels that a step of the core leaves behind (1): Poisson, at most 8.

    Args:
        law: The numbers of `TelegraphNoise`.
        step: The step (S).
        worn: Factor on their mean number, see `Endurance` (1).
        draw: Randomness.
    """
    mean = usual_births(law, step) * worn
    return births_of(mean, uniform(draw, BIRTHS))


def usual_births(law: Record, step: Real) -> Real:
    """Mean number of channels that a step leaves behind in a fresh cell (1)."""
    return law.births * -expm1(-abs(step) / law.birth_step)


def births_of(mean: Real, chance: Real) -> int:
    """Number of channels by their mean number and a uniform number (1).

    The inverse of the cumulative distribution: the terms that the uniform number exceeds.
    """
    # e^−mean is not below 1 − mean: mostly there is nothing to count
    if chance <= F(1) - mean:
        return 0
    term = exp(-mean)
    cumulative = term
    number = 0
    while number < _MOST_BORN and chance > cumulative:
        number += 1
        term = term * mean / F(number)
        cumulative += term
    return number


def add_channels(cell: Record, law: Record, number: int, draw: Word) -> None:
    """Give a cell new channels; where all slots are taken the weakest joins the core."""
    # either polarity cleans, so the cleaning voltage follows the one that switches more easily
    easier_voltage = min(cell.set_voltage, cell.reset_voltage)
    for nth in range(number):
        slot = _weakest(cell)
        cell.core += cell.amplitude[slot]
        _draw_channel(cell, law, slot, easier_voltage, child(draw, _BORN[nth]))


def _weakest(cell: Record) -> int:
    """The first of the slots with the smallest channel; an empty one has amplitude 0."""
    slot = 0
    for k in range(1, len(cell.amplitude)):
        if cell.amplitude[k] < cell.amplitude[slot]:
            slot = k
    return slot


def _draw_channel(
    cell: Record, law: Record, slot: int, easier_voltage: Real, draw: Word
) -> None:
    """Put a fresh channel into a slot."""
    z_amplitude, z_asymmetry = normal_pair(draw, _CHANNEL_NORMALS, 0)
    # three numbers of two words: low halves first
    u_time, u_filled = uniform_pair(draw, _CHANNEL, 0)
    u_cleaning, _ = uniform_pair(draw, _CHANNEL, 1)

    size = law.amplitude * exp(law.amplitude_spread * z_amplitude)
    # geometric mean of the two time constants, log-uniform (s)
    centre = law.shortest * exp(law.e_folds * u_time)
    half_ratio = exp(F(0.5) * law.asymmetry * z_asymmetry)
    capture_time = centre * half_ratio
    emission_time = centre / half_ratio
    fraction = (
        law.cleaning_low + (law.cleaning_high - law.cleaning_low) * u_cleaning
    )

    cell.amplitude[slot] = min(size, law.amplitude_max)
    cell.capture_time[slot] = capture_time
    cell.emission_time[slot] = emission_time
    cell.cleaning_voltage[slot] = fraction * easier_voltage
    # in equilibrium from the start
    occupancy = emission_time / (capture_time + emission_time)
    cell.filled[slot] = u_filled <= occupancy


def has_channels(cell: Record) -> bool:
    """Whether a cell has an incomplete channel."""
    for k in range(len(cell.amplitude)):  # noqa: SIM110 - compiled: no generators
        if cell.amplitude[k] > 0:
            return True
    return False


def resolve_channels(
    cell: Record, law: Record, volts: Real, width: Real, draw: Word
) -> None:
    """A sub-threshold pulse completes channels (SET polarity) or dissolves them (RESET)."""
    slots = len(cell.amplitude)
    for k in range(slots):
        if cell.amplitude[k] > 0:
            below_onset = (
                cell.cleaning_voltage[k] - abs(volts)
            ) / law.cleaning_slope
            # 0 far below the onset, 1 far above
            drive = F(1) / (F(1) + exp(below_onset))
            chance = -expm1(law.survival * width * drive)
            if uniform_slot(draw, _CLEANING, k, slots) <= chance:
                if volts > 0:
                    cell.core += cell.amplitude[k]
                cell.amplitude[k] = F(0)
                cell.filled[k] = 0


def boosted_time(law: Record, volts: Real, width: Real) -> Real:
    """Further time at the read voltage that ages traps as much as a pulse does (s)."""
    # nothing below: e⁰ − 1 is 0
    excess = max(abs(volts) - law.boost_from, F(0))
    return width * min(expm1(excess / law.boost), F(1e9))


def channel_moments(cell: Record, k: int, look: Record) -> tuple[Real, Real]:
    r"""Long-run mean (S) and variance (S²) of a channel's conductance over an integration.

    A channel of amplitude :math:`A`, filled with probability :math:`p`, contributes the mean
    :math:`A(1-p)` and, averaged over an integration of :math:`x = t (1/\tau_c + 1/\tau_e)`, the
    variance :math:`A^2 p (1-p) \, 2 (x - 1 + e^{-x}) / x^2` (key: machlup1954noise).
    """
    amplitude = cell.amplitude[k]
    capture = cell.capture_time[k]
    emission = cell.emission_time[k]
    filled = emission / (capture + emission)
    x = (F(1) / capture + F(1) / emission) * look.trap_integration
    # share of the variance of an instant that the average over the integration keeps
    if x < F(0.02):
        # the series, where the difference would round to nothing
        kept = F(1) - x / F(3) + x * x / F(12)
    else:
        kept = F(2) * (x - F(1) + exp(-x)) / (x * x)
    mean = amplitude * (F(1) - filled)
    return mean, amplitude * amplitude * filled * (F(1) - filled) * kept
