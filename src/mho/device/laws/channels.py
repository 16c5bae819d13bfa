"""One cell's incomplete channels: how they come, go, and switch a current on and off.

Scalar functions; the law and its numbers are those of `TelegraphNoise`.
"""

from typing import Any

import numpy as np

from mho.compiled import (
    F,
    Real,
    Record,
    Word,
    at_event,
    child,
    child_purpose,
    child_purposes,
    exp,
    expm1,
    log,
    normal_pair,
    normal_purpose,
    purpose,
    uniform,
    uniform_pair,
    uniform_slot,
)

_MOST_BORN = 8
"""Channels that one step can leave behind (1)."""
_FAST = F(0.5)
"""Integration, in memory times of a trap, from which it may flip more than once (1)."""

_BIRTHS = purpose("births")
_BORN = child_purposes("born", _MOST_BORN + 1)
_CHANNEL_NORMALS = normal_purpose("channel")
_CHANNEL = purpose("channel")
_CLEANING = purpose("cleaning")
_TRAP = purpose("trap")
_INTEGRATION = child_purpose("integration")
_FLIP_MOMENT = purpose("flip moment")
_AVERAGE_NORMALS = normal_purpose("trap average")
_AVERAGE = purpose("trap average")


def births(law: Record, step: Real, worn: Real, draw: Word) -> int:
    """Number of channels that a step of the core leaves behind (1): Poisson, at most 8.

    Args:
        law: The numbers of `TelegraphNoise`.
        step: The step (S).
        worn: Factor on their mean number, see `Endurance` (1).
        draw: Randomness.
    """
    mean = law.births * -expm1(-abs(step) / law.birth_step) * worn
    # the inverse of the cumulative distribution: count the terms that the draw exceeds
    chance = uniform(draw, _BIRTHS)
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
    excess = abs(volts) - law.boost_from
    if excess <= 0:
        return F(0)
    return width * min(expm1(excess / law.boost), F(1e9))


def _filled_after(occupancy: Real, memory: Real, filled: bool) -> Real:
    """Probability that a trap is filled after some time (1); machlup1954noise."""
    rest = occupancy - occupancy * memory
    return rest + memory if filled else rest


def watch_channel(
    cell: Record,
    k: int,
    look: Record,
    waited: Real,
    z: Any,
    out: Any,
    first: int,
) -> None:
    r"""Add what one channel conducts, averaged over each of several integrations.

    With :math:`x = \lambda t`, :math:`d = s - p_\infty`, the filled fraction of an integration has
    mean :math:`p_\infty + d (1 - e^{-x})/x` and variance

    .. math::
        \tfrac{2}{x^2} \left[ p(1-p)(x - 1 + e^{-x}) + d(1-2p)(1 - e^{-x} - x e^{-x})
        - \tfrac{d^2}{2} (1 - e^{-x})^2 \right] ,

    both exact given the state at its start. A slow trap (x < 1/2) flips at most once in practice,
    at a uniform moment; a faster one gets a Beta draw with these two moments.

    Args:
        cell: The cell; its trap moves on.
        k: Slot of the channel (1).
        look: When samples are taken.
        waited: Time until the first integration starts, as traps count it (s).
        z: Numbers that are used up; the first row is written over.
        out: Conductances of samples, added to (S).
        first: Place of this cell's first sample there (1).
    """
    slots = len(cell.amplitude)
    amplitude = cell.amplitude[k]
    capture = cell.capture_time[k]
    emission = cell.emission_time[k]
    filled = cell.filled[k] != 0
    occupancy = emission / (capture + emission)
    rate = F(1) / capture + F(1) / emission
    x = rate * look.trap_integration
    kept = exp(-x)
    kept_before = exp(-rate * waited)
    is_fast = x >= _FAST
    # a chance depends on the state before: follow the states first
    for n in range(look.samples):
        key = at_event(cell.key, cell.event + n)
        during = child(key, _INTEGRATION)
        chance = _filled_after(occupancy, kept_before, filled)
        start = uniform_slot(key, _TRAP, k, slots) <= chance
        chance = _filled_after(occupancy, kept, start)
        filled = uniform_slot(during, _TRAP, k, slots) <= chance
        begun = F(1) if start else F(0)
        if start != filled and not is_fast:
            # filled until that moment if it was filled at the start, from then on if not
            moment = uniform_slot(during, _FLIP_MOMENT, k, slots)
            begun = abs(moment - begun)
        z[0, first + n] = begun
        if n == 0:
            kept_before = exp(-rate * look.trap_pause)
    cell.filled[k] = filled
    if is_fast:
        key = cell.key
        event = cell.event
        for n in range(look.samples):
            during = child(at_event(key, event + n), _INTEGRATION)
            z[0, first + n] = _fast_fraction(
                x, z[0, first + n], occupancy, kept, during, k
            )
    for n in range(look.samples):
        out[first + n] += (F(1) - z[0, first + n]) * amplitude


def _fast_fraction(
    x: Real,
    start: Real,
    occupancy: Real,
    kept: Real,
    draw: Word,
    k: int,
) -> Real:
    """Filled fraction of an integration of a fast trap: a Beta number with the exact moments."""
    mean, variance = filled_moments(x, start, occupancy, kept)
    # sum of the two shapes of the distribution, which grows as the variance falls
    size = mean * (F(1) - mean) / max(variance, F(1e-12)) - F(1)
    size = max(size, F(1e-3))
    # numbers k and slots + k of twice as many: the two halves of one word
    z_x, z_y = normal_pair(draw, _AVERAGE_NORMALS, k)
    u_x, u_y = uniform_pair(draw, _AVERAGE, k)
    log_x = _log_gamma_draw(mean * size, z_x, u_x)
    log_y = _log_gamma_draw((F(1) - mean) * size, z_y, u_y)
    # X/(X + Y), of logarithms, since both may be too small for a number
    return F(1) / (F(1) + exp(log_y - log_x))


def filled_moments(
    x: Real, start: Real, occupancy: Real, kept: Real
) -> tuple[Real, Real]:
    """Mean and variance of the filled fraction of an integration; see `watch_channel`.

    Args:
        x: Integration in units of the trap's memory time (1).
        start: State at its start, 1 if filled (1).
        occupancy: Long-run probability to be filled (1).
        kept: e^−x (1).
    """
    d = start - occupancy
    # the fraction decays from the state at the start to the occupancy
    mean = occupancy + d * (F(1) - kept) / x
    # what a trap in equilibrium has, what the way to it adds, and what the start makes known
    equilibrium = occupancy * (F(1) - occupancy) * (x - F(1) + kept)
    transient = d * (F(1) - F(2) * occupancy) * (F(1) - kept - x * kept)
    known = d * (F(1) - kept)
    known = known * known * F(0.5)
    variance = (equilibrium + transient - known) * F(2) / (x * x)
    return mean, variance


def _log_gamma_draw(shape: Real, z: Real, u: Real) -> Real:
    """Logarithm of a gamma number.

    Gamma(a) is Gamma(a + 1)·U^(1/a), and Gamma(a + 1) by the cube of a normal number (key:
    wilson1931chi), good to 1 % of both moments from a + 1 ≥ 1.
    """
    raised = shape + F(1)
    cube_root = F(1) - F(1) / (F(9) * raised) + z / (F(3) * np.sqrt(raised))
    return log(raised) + F(3) * log(max(cube_root, F(1e-4))) + log(u) / shape


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
