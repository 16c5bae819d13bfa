"""What the sources of a recording of brain, muscles, eyes and heart do over time."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import expit

RATE = 250
"""Samples a second (1/s)."""

Course = NDArray[np.float64]


def unit(course: Course) -> Course:
    """A course of mean 0 and standard deviation 1."""
    found: Course = (course - course.mean()) / course.std()
    return found


def coloured(generator: Generator, seconds: int, exponent: float) -> Course:
    """Noise between 1 and 100 Hz whose power falls with the frequency to some exponent (1)."""
    frequency = np.fft.rfftfreq(RATE * seconds, 1 / RATE)
    strength = np.zeros(len(frequency))
    strength[1:] = frequency[1:] ** (-exponent / 2)
    strength *= (frequency >= 1) / (1 + (frequency / 100) ** 8)
    return unit(_drawn(generator, strength, RATE * seconds))


def rhythm(generator: Generator, seconds: int, frequency: float) -> Course:
    """A wave that comes and goes, 0.7 Hz wide, at a frequency (Hz)."""
    frequencies = np.fft.rfftfreq(RATE * seconds, 1 / RATE)
    strength = np.exp(-0.5 * ((frequencies - frequency) / 0.7) ** 2)
    return unit(_drawn(generator, strength, RATE * seconds))


def blinks(generator: Generator, seconds: int) -> Course:
    """A blink every four seconds or so."""
    time = np.arange(RATE * seconds) / RATE
    course = 0.1 * coloured(generator, seconds, 1.5)
    for moment in np.cumsum(generator.exponential(4, seconds // 2)):
        height = generator.uniform(1.4, 2.6)
        course += height * np.exp(-0.5 * ((time - moment) / 0.08) ** 2)
    return without_drift(course)


def heartbeat(generator: Generator, seconds: int) -> Course:
    """Beats: a spike with a dip behind it, and a low wave a quarter of a second later."""
    time = np.arange(RATE * seconds) / RATE
    course = 0.1 * coloured(generator, seconds, 1.0)
    moment = 0.0
    while moment < seconds:
        moment += generator.normal(0.85, 0.03)
        since = time - moment
        course += 3 * np.exp(-0.5 * (since / 0.012) ** 2)
        course -= 0.8 * np.exp(-0.5 * ((since - 0.03) / 0.015) ** 2)
        course += 0.5 * np.exp(-0.5 * ((since - 0.25) / 0.05) ** 2)
    return without_drift(course)


def glances(generator: Generator, seconds: int) -> Course:
    """Eyes that jump from place to place."""
    time = np.arange(RATE * seconds) / RATE
    gaze = np.zeros(len(time))
    for moment in np.cumsum(generator.exponential(1.2, seconds * 2)):
        gaze += generator.normal() * expit((time - moment) / 0.008)
    rest = coloured(generator, seconds, 1.5)
    return unit(without_drift(gaze)) + 0.1 * rest


def without_drift(course: Course) -> Course:
    """A course without what is slower than 1 Hz."""
    frequency = np.fft.rfftfreq(len(course), 1 / RATE)
    kept = np.fft.rfft(course) * (frequency >= 1)
    found: Course = np.fft.irfft(kept, len(course))
    return found


def _drawn(generator: Generator, strength: Course, length: int) -> Course:
    shape = (2, len(strength))
    real, imaginary = generator.normal(size=shape)
    found: Course = np.fft.irfft(strength * (real + 1j * imaginary), length)
    return found
