"""Generated words, recognised behind a rough transform."""

import math

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from mho.papers.claim import Measurement, Setting
from mho.papers.experiments.fused_transform import (
    POINTS,
    RATE,
    STRIDE,
    ByteArray,
    magnitudes,
    rough_array,
    transform,
)


def words(setting: Setting) -> Measurement:
    """Accuracy lost by the array in front of a classifier of eight generated words (points).

    Each word is a pair of formants that glide; the classifier is trained on exact spectrograms.
    """
    draw = setting.stream.child("words").generator()
    count = setting.size(8000, 4000)
    sounds, labels = _spoken(count, draw)
    exact = _features(sounds, transform())
    half = count // 2
    weights = _trained(exact[:half], labels[:half])
    told = _told(exact[half:], weights)
    digital = float((told == labels[half:]).double().mean())
    lost = []
    for number in range(setting.size(8, 4)):
        array = rough_array(setting.stream.child("array", number))
        heard = _told(_features(sounds[half:], array), weights)
        lost.append(digital - float((heard == labels[half:]).double().mean()))
    points = 100 * float(np.mean(lost))
    return Measurement(
        value=points,
        low=100 * min(lost),
        high=100 * max(lost),
        interval=f"lowest and highest of {len(lost)} arrays",
        holds=points <= 1.5,
        note=f"{100 * digital:.1f} % without the array; {count - half:,} words.",
    )


def _spoken(
    count: int, draw: torch.Generator
) -> tuple[Float64[Tensor, "words samples"], Tensor]:
    """Words of a tenth of a second, two gliding formants each, and their numbers."""
    labels = torch.randint(0, 8, (count,), generator=draw)
    time = torch.arange(640, dtype=torch.float64) / RATE
    # formants of each word (Hz): both gliding, one up where the other falls
    low = 300 + 110 * (labels % 4)
    high = 1100 + 350 * (labels // 4) + 90 * (labels % 3)
    direction = labels % 2 * 2 - 1
    glide = 1 + 0.25 * direction[:, None] * time / 0.1
    # no two speakers have the same voice
    wander = 1 + 0.06 * torch.randn(count, 2, generator=draw).double()
    lower = (low * wander[:, 0])[:, None]
    upper = (high * wander[:, 1])[:, None]
    first = torch.sin(2 * math.pi * (lower * glide * time))
    second = torch.sin(2 * math.pi * (upper * (2 - glide) * time))
    noise = 0.3 * torch.randn(count, 640, generator=draw).double()
    return first + 0.7 * second + noise, labels


def _features(
    sounds: Float64[Tensor, "words samples"], by: Tensor | ByteArray
) -> Float64[Tensor, "words features"]:
    """Spectrogram of each word, its slices one after the other, as logarithms."""
    parts = sounds.unfold(1, POINTS, STRIDE)
    flat = parts.reshape(-1, POINTS)
    product = by(flat) if isinstance(by, ByteArray) else flat @ by
    return torch.log1p(magnitudes(product)).view(len(sounds), -1)


def _trained(
    features: Float64[Tensor, "words features"], labels: Tensor
) -> Float64[Tensor, "known classes"]:
    """A linear classifier by ridge regression, a constant feature among the others."""
    known = _with_one(features)
    aims = torch.nn.functional.one_hot(labels, 8).double()
    normal = known.T @ known
    ridge = 0.01 * len(known) * torch.eye(len(normal), dtype=torch.float64)
    weights: Tensor = torch.linalg.solve(normal + ridge, known.T @ aims)
    return weights


def _told(features: Tensor, weights: Tensor) -> Tensor:
    """Class that each word is taken for."""
    return (_with_one(features) @ weights).argmax(1)


def _with_one(features: Tensor) -> Tensor:
    """Features with a constant one."""
    return torch.cat([features, torch.ones_like(features[:, :1])], 1)
