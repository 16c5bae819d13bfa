"""Independent components of recordings of the head, and what ICLabel and MEGnet call them.

Features are what mne-icalabel computes: for ICLabel a map, a spectrum in decibels and an
autocorrelation over one second, each with its map turned and mirrored; for MEGnet a coloured
picture and a minute of the course.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import resample_poly

from real.scalp import (
    ELECTRODES,
    Vector,
    flat_places,
    head_map,
    potential,
    radial_field,
    spline_map,
)
from real.task import Arrays, Samples, share
from real.time_courses import (
    RATE,
    Course,
    blinks,
    coloured,
    glances,
    heartbeat,
    rhythm,
    unit,
)

Component = tuple[Vector, Course]
"""What a component leaves on the sensors, and what it does over time."""

_ICLABEL_SECONDS = 120
_MEGNET_SECONDS = 60
_SHRUNK = 0.99
"""What ICLabel multiplies its features by (1)."""
_EYES = ((-0.35, 0.95, -0.3), (0.35, 0.95, -0.3))
"""Where they are under electrodes, of the cap's radius (1): right, front, up."""
_FAR_EYES = ((-0.5, 1.1, -0.4), (0.5, 1.1, -0.4))
"""Where they are under the sensors of fields, of the helmet's radius (1)."""


def _vector(*values: float) -> Vector:
    return np.array(values)


def _brain(generator: Generator) -> Component:
    place = generator.normal(size=3)
    place[2] = abs(place[2])
    place /= np.linalg.norm(place)
    moment = place + 0.6 * generator.normal(size=3)
    course = coloured(generator, _ICLABEL_SECONDS, 1.2)
    alpha = rhythm(generator, _ICLABEL_SECONDS, generator.uniform(9, 11))
    course = course + generator.uniform(0.7, 1.5) * alpha
    return potential(place * generator.uniform(0.55, 0.75), moment), course


def _muscle(generator: Generator) -> Component:
    side = float(generator.choice((-1, 1)))
    place = _vector(0.93 * side, generator.uniform(-0.5, 0.5), -0.15)
    moment = _vector(0.3 * side, 1, generator.normal())
    return potential(place, moment), coloured(generator, _ICLABEL_SECONDS, -0.6)


def _eyes(generator: Generator) -> Component:
    moment = _vector(0, 1, generator.uniform(0, 0.4))
    both = [potential(_vector(*eye), moment) for eye in _EYES]
    return both[0] + both[1], blinks(generator, _ICLABEL_SECONDS)


def _heart(generator: Generator) -> Component:
    moment = _vector(
        generator.uniform(0.6, 1), generator.uniform(-0.8, -0.4), 0
    )
    field = potential(_vector(-0.3, -0.5, -2), moment)
    return field, heartbeat(generator, _ICLABEL_SECONDS)


def _mains(generator: Generator) -> Component:
    time = np.arange(RATE * _ICLABEL_SECONDS) / RATE
    wave = np.sin(2 * np.pi * generator.choice((50, 60)) * time)
    course = 2 * wave + 0.3 * coloured(generator, _ICLABEL_SECONDS, 1.0)
    return generator.normal(size=len(ELECTRODES)), course


def _one_channel(generator: Generator) -> Component:
    field = 0.01 * generator.normal(size=len(ELECTRODES))
    field[generator.integers(len(ELECTRODES))] += 1
    exponent = generator.uniform(0.5, 2)
    course = coloured(generator, _ICLABEL_SECONDS, exponent)
    return field - field.mean(), course / 3


def _mixture(generator: Generator) -> Component:
    field = generator.normal(size=len(ELECTRODES))
    return field, coloured(generator, _ICLABEL_SECONDS, 0.8)


_ICLABEL: tuple[Callable[[Generator], Component], ...] = (
    _brain,
    _muscle,
    _eyes,
    _heart,
    _mains,
    _one_channel,
    _mixture,
)
"""Makers in the order of the network's classes."""


def electric_components(number: int, seed: int) -> Samples:
    """Components of electric recordings, all kinds in turn.

    A sample is a component in four guises, one behind the other.
    """
    generator = np.random.default_rng(seed)
    kinds = np.arange(number) % len(_ICLABEL)
    maps = []
    spectra = []
    correlations = []
    for kind in kinds:
        field, course = _ICLABEL[kind](generator)
        drawn = _SHRUNK * head_map(field)
        mirrored = drawn[:, ::-1]
        maps.append(np.stack([drawn, -drawn, mirrored, -mirrored]))
        spectra.append(_SHRUNK * spectrum(3 * course))
        correlations.append(_SHRUNK * autocorrelation(course))
    return Samples(
        {
            "topo": np.stack(maps).astype(np.float32)[:, :, None],
            "psds": _in_four(spectra),
            "autocorr": _in_four(correlations),
        },
        kinds,
    )


def _in_four(features: list[Course]) -> NDArray[np.float32]:
    """Features of all guises, which do not differ. Shape (samples, 4, 1, 1, values)."""
    found = np.stack(features).astype(np.float32)[:, None, None, None]
    return np.repeat(found, 4, 1)


def spectrum(course: Course) -> Course:
    """Median power at 1 to 100 Hz in decibels (twenty to the decade), of the largest (1)."""
    window = np.hamming(RATE)
    starts = range(0, len(course) - RATE + 1, RATE // 2)
    pieces = np.stack([course[start : start + RATE] for start in starts])
    power = np.abs(np.fft.fft(pieces * window)) ** 2
    power = power[:, 1:101] * 2 / (RATE * (window**2).sum())
    decibels = 20 * np.log10(np.median(power, axis=0))
    for frequency in (50, 60):
        around = decibels[[frequency - 2, frequency]]
        # a notch is filled
        if (around - decibels[frequency - 1]).min() > 5:
            decibels[frequency - 1] = around.mean()
    found: Course = decibels / np.abs(decibels).max()
    return found


def autocorrelation(course: Course) -> Course:
    """Correlation with itself up to a second later, at 100 values a second (1)."""
    length = 3 * RATE
    starts = range(0, len(course) - length + 1, length // 2)
    pieces = np.stack([course[start : start + length] for start in starts])
    size = 1 << (2 * length - 1).bit_length()
    power = (np.abs(np.fft.fft(pieces, size)) ** 2).mean(0)
    found = np.fft.ifft(power).real[: RATE + 1]
    overlap = np.arange(length, length - RATE - 1, -1) / length
    resampled: Course = resample_poly(found / (found[0] * overlap), 100, RATE)
    return resampled[1:]


def _magnetic_brain(generator: Generator) -> Component:
    place = generator.normal(size=3)
    place[2] = abs(place[2])
    place /= np.linalg.norm(place)
    along = np.cross(place, generator.normal(size=3))
    course = coloured(generator, _MEGNET_SECONDS, 1.2)
    course = course + rhythm(generator, _MEGNET_SECONDS, 10.0)
    return radial_field(0.7 * place, along), course


def _magnetic_blink(generator: Generator) -> Component:
    moment = _vector(0, generator.uniform(0.1, 0.5), 1)
    both = [radial_field(_vector(*eye), moment) for eye in _FAR_EYES]
    return both[0] + both[1], blinks(generator, _MEGNET_SECONDS)


def _magnetic_heart(generator: Generator) -> Component:
    field = ELECTRODES @ (generator.normal(size=3) * _vector(1, 0.2, 1))
    return field, heartbeat(generator, _MEGNET_SECONDS)


def _magnetic_glance(generator: Generator) -> Component:
    moment = _vector(1, 0.3 * generator.normal(), 0)
    both = [radial_field(_vector(*eye), moment) for eye in _FAR_EYES]
    return both[0] + both[1], glances(generator, _MEGNET_SECONDS)


_MEGNET: tuple[Callable[[Generator], Component], ...] = (
    _magnetic_brain,
    _magnetic_blink,
    _magnetic_heart,
    _magnetic_glance,
)
"""Makers in the order of the network's classes."""


def magnetic_components(number: int, seed: int) -> Samples:
    """Components of magnetic recordings, all kinds in turn."""
    generator = np.random.default_rng(seed)
    kinds = np.arange(number) % len(_MEGNET)
    pictures = []
    courses = []
    for kind in kinds:
        field, course = _MEGNET[kind](generator)
        pictures.append(coloured_map(field))
        courses.append(unit(course))
    return Samples(
        {
            "spatial_input": np.stack(pictures),
            "temporal_input": np.stack(courses).astype(np.float32)[..., None],
        },
        kinds,
    )


def coloured_map(field: Vector) -> NDArray[np.float32]:
    """A map from blue over white to red, black outside the head (of 255). Shape (120, 120, 3)."""
    line = np.linspace(-1, 1, 120)
    right, front = np.meshgrid(line, -line)
    grid = np.stack([right.ravel(), front.ravel()], 1)
    inside = np.linalg.norm(grid, axis=1) <= 1
    heights = spline_map(field, flat_places(1.0), grid)
    heights /= np.abs(heights[inside]).max()
    colours = mpl.colormaps["bwr"]((heights + 1) / 2)[:, :3] * inside[:, None]
    picture: NDArray[np.float32] = np.rint(255 * colours).astype(np.float32)
    return picture.reshape(120, 120, 3)


def labels_agree(
    outputs: Arrays, samples: Samples, network: Path
) -> dict[str, float]:
    """Share of components that are called what they were made as."""
    del network
    scores: NDArray[Any] = next(iter(outputs.values()))
    named = scores.reshape(samples.number, -1).argmax(1)
    return {"labels": share(named == samples.truth)}
