"""Sung notes with vibrato, and how far off their pitch is named."""

from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from real.task import Arrays, Samples

_RATE = 16_000
"""Samples a second (1/s)."""
_HOP = 256
"""Samples from one pitch to the next (1)."""
_EDGE = 6
"""Pitches at either end that are not judged, as the window leaves the note there (1)."""
_NEAR = 50.0
"""A pitch closer than this is right: half a semitone (cents)."""
_SURE = 0.5
"""Least confidence of a note that is heard (1)."""


def sung_notes(number: int, seed: int, seconds: float = 1.0) -> Samples:
    """Notes between 80 and 800 Hz with overtones, formants, vibrato and a little noise.

    Args:
        number: Notes (1).
        seed: Names their randomness.
        seconds: Length of each (s).
    """
    generator = np.random.default_rng(seed)
    sounds = []
    pitches = []
    for _ in range(number):
        sound, frequency = _note(generator, seconds)
        sounds.append(sound)
        pitches.append(frequency[: len(sound) // _HOP * _HOP : _HOP])
    return Samples({"audio": np.stack(sounds)}, np.stack(pitches))


def _note(
    generator: Generator, seconds: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """A note, and its pitch at every moment (Hz)."""
    time = np.arange(int(_RATE * seconds)) / _RATE
    middle = np.exp(generator.uniform(np.log(80), np.log(800)))
    vibrato = generator.uniform(0, 50)
    rate = generator.uniform(4.5, 6.5)
    turn = generator.uniform(0, 2 * np.pi)
    cents = vibrato * np.sin(2 * np.pi * rate * time + turn)
    frequency = middle * 2 ** (cents / 1200)
    phase = 2 * np.pi * np.cumsum(frequency) / _RATE
    formants = generator.uniform([500, 900, 2200], [900, 1800, 3200])
    sound = np.zeros(len(time))
    for harmonic in range(1, int(7500 / middle) + 1):
        off = (harmonic * middle - formants) / np.array([90, 110, 160])
        strength = (0.02 + (1 / (1 + off**2)).sum()) / harmonic
        shift = generator.uniform(0, 2 * np.pi)
        sound += strength * np.sin(harmonic * phase + shift)
    swell = np.minimum(1, np.minimum(time, seconds - time) / 0.05)
    sound *= 0.3 * swell / np.abs(sound).max()
    sound += generator.normal(0, 0.003, len(time))
    return sound.astype(np.float32), frequency


def pitch_named(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Median error of the pitch (cents), and the share of pitches that are right and heard."""
    del network
    number = samples.number
    inside = slice(_EDGE, -_EDGE)
    pitch = outputs["pitch"].reshape(number, -1)[:, inside]
    confidence = outputs["confidence"].reshape(number, -1)[:, inside]
    error = np.abs(1200 * np.log2(pitch / samples.truth[:, inside]))
    return {
        "median_cents": round(float(np.median(error)), 3),
        "pitches": round(float((error < _NEAR).mean()), 4),
        "heard": round(float((confidence > _SURE).mean()), 4),
    }
