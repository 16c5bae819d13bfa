"""Speech-like sound from pulses of a glottis and moving formants, with pauses and noise.

Syllables are a consonant of coloured noise and a vowel that glides from one place to another, ten
milliseconds at a time; pitch falls over a phrase. It says nothing, but it is voiced, articulated
and rhythmical, which is what a detector of voices listens for.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import lfilter
from sklearn.metrics import roc_auc_score

from real.task import Arrays, Samples

_RATE = 16_000
"""Samples a second (1/s)."""
_FRAME = 512
"""Samples that are new in a frame (1)."""
_CONTEXT = 64
"""Samples of the frame before that are shown again (1)."""
_STEP = 160
"""Samples over which formants stand still (1)."""
_SECONDS = 5
"""Length of a recording (s)."""
_BANDWIDTHS = (80, 100, 140, 250)
"""Of the four formants (Hz)."""
_HIGHEST = 3500
"""The fourth formant, which all vowels share (Hz)."""
_VOWELS = np.array(
    (
        (730, 1090, 2440),
        (660, 1720, 2410),
        (530, 1840, 2480),
        (490, 1350, 1690),
        (270, 2290, 3010),
        (570, 840, 2410),
        (300, 870, 2240),
    )
)
"""First three formants (Hz), after Peterson and Barney's means for men."""
_VOICES = (110, 130, 190, 210)
"""Pitch of four speakers (Hz)."""
_NOISE = 0.003
"""Noise of the room, of full scale (1)."""
_LIKELY = 0.5
"""Least probability of a frame that is called speech (1)."""

Sound = NDArray[np.float64]


def frames_of_recordings(number: int, seed: int) -> Samples:
    """Recordings cut into overlapping frames, and the frames in which somebody speaks.

    Args:
        number: Recordings (1).
        seed: Names their randomness.
    """
    generator = np.random.default_rng(seed)
    frames = []
    speaks = []
    for _ in range(number):
        sound, voice = _recording(generator)
        count = len(sound) // _FRAME
        new = sound[: count * _FRAME].reshape(count, _FRAME)
        context = np.zeros((count, _CONTEXT))
        context[1:] = new[:-1, -_CONTEXT:]
        frames.append(np.concatenate([context, new], 1))
        share = voice[: count * _FRAME].reshape(count, _FRAME).mean(1)
        speaks.append(share > 0.5)
    inputs = np.stack(frames).astype(np.float32)
    return Samples({"input": inputs}, np.stack(speaks))


def speech_found(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Area under the curve of hits over false alarms, and the share of frames called rightly."""
    del network
    probability: NDArray[Any] = next(iter(outputs.values())).ravel()
    truth = samples.truth.ravel()
    called = probability > _LIKELY
    return {
        "auc": round(float(roc_auc_score(truth, probability)), 4),
        "frames": round(float((called == truth).mean()), 4),
    }


def _recording(generator: Generator) -> tuple[Sound, Sound]:
    """Sound, and whether somebody speaks at every moment."""
    length = _RATE * _SECONDS
    pitch = float(generator.choice(_VOICES))
    parts: list[Sound] = []
    voiced: list[Sound] = []
    while sum(map(len, parts)) < length:
        pause = np.zeros(int(_RATE * generator.uniform(0.5, 1.2)))
        parts.append(pause)
        voiced.append(pause)
        phrase = _phrase(generator, pitch)
        parts.append(phrase)
        voiced.append(np.ones(len(phrase)))
    sound = np.concatenate(parts)[:length]
    noise = _NOISE * generator.normal(size=length)
    return sound + noise, np.concatenate(voiced)[:length]


def _phrase(generator: Generator, pitch: float) -> Sound:
    """Syllables of falling pitch, with short breaks among them."""
    syllables = int(generator.integers(4, 12))
    start = pitch * generator.uniform(0.9, 1.1)
    parts = []
    for index in range(syllables):
        current = start * (1.15 - 0.3 * index / syllables)
        if generator.random() < 0.7:
            parts.append(_consonant(generator))
        parts.append(
            0.3 * generator.uniform(0.5, 1) * _vowel(generator, current)
        )
        if generator.random() < 0.2:
            parts.append(np.zeros(int(_RATE * 0.04)))
    return np.concatenate(parts)


def _vowel(generator: Generator, pitch: float) -> Sound:
    """A vowel that glides into another."""
    length = int(_RATE * generator.uniform(0.12, 0.25))
    time = np.arange(length) / _RATE
    end = time[-1]
    first, last = _VOWELS[generator.integers(len(_VOWELS), size=2)]
    frequency = pitch * (1 + 0.1 * np.sin(np.pi * time / end))
    turns = np.cumsum(frequency) / _RATE
    pulses = np.diff(np.floor(turns), prepend=0)
    sound = lfilter([1], [1, -0.96], pulses)
    sound += 0.01 * generator.normal(size=length)
    glide = np.arange(0, length, _STEP)[:, None] / length
    formants = first * (1 - glide) + last * glide
    for index, bandwidth in enumerate(_BANDWIDTHS):
        if index < formants.shape[1]:
            centres = formants[:, index]
        else:
            centres = np.full(len(glide), float(_HIGHEST))
        sound = _resonant(sound, centres, bandwidth)
    # lips let no constant pressure out
    sound -= lfilter([0.01], [1, -0.99], sound)
    fade = np.minimum(1, np.minimum(time / 0.02, (end - time) / 0.04))
    loud: Sound = sound / np.abs(sound).max() * fade
    return loud


def _resonant(sound: Sound, centres: Sound, bandwidth: float) -> Sound:
    """Sound behind a resonator whose centre moves (Hz)."""
    radius = np.exp(-np.pi * bandwidth / _RATE)
    found = np.zeros_like(sound)
    state = np.zeros(2)
    for index, centre in enumerate(centres):
        here = slice(index * _STEP, (index + 1) * _STEP)
        turn = 2 * radius * np.cos(2 * np.pi * centre / _RATE)
        gain = 1 - turn + radius**2
        found[here], state = lfilter(
            [gain], [1, -turn, radius**2], sound[here], zi=state
        )
    return found


def _consonant(generator: Generator) -> Sound:
    """A hiss of one colour."""
    length = int(_RATE * generator.uniform(0.03, 0.09))
    turn = 1.8 * np.cos(2 * np.pi * generator.uniform(2500, 5000) / _RATE)
    hiss = lfilter([1], [1, -turn, 0.81], generator.normal(size=length))
    quiet: Sound = 0.05 * hiss / np.abs(hiss).max() * np.hanning(length)
    return quiet
