"""Data against fit for traces."""

from collections.abc import Sequence

import numpy as np

from mho.fitting.engine import Curve
from mho.fitting.traces.channels import ChannelLaw
from mho.fitting.traces.looks import Look
from mho.fitting.traces.noises import FlickerSize

_PLACES = 60


def amplitude_curve(
    looks: Sequence[Look], law: ChannelLaw, numbers: Sequence[float]
) -> Curve:
    """Share of the channels seen that are smaller than some size, and what the law says of it.

    Args:
        looks: Stretches of all traces.
        law: The law of channels.
        numbers: Its four numbers.
    """
    seen = sorted((one.amplitude, k.weight) for k in looks for one in k.seen)
    size = np.exp([one for one, _ in seen])
    weight = np.array([w for _, w in seen])
    share = (np.cumsum(weight) - weight / 2) / weight.sum()
    where = np.geomspace(size[0] / 1.5, size[-1] * 1.5, _PLACES)
    return Curve(
        "Conductance of channels that were seen",
        "Conductance of a channel (µS)",
        "Share that is smaller (1)",
        size * 1e6,
        share,
        where * 1e6,
        np.array([_smaller(looks, law, numbers, one) for one in where]),
        np.empty(0),
        np.empty(0),
    )


def _smaller(
    looks: Sequence[Look],
    law: ChannelLaw,
    numbers: Sequence[float],
    size: float,
) -> float:
    """Share of channels smaller than a size among those that the traces show (1)."""
    _, median, spread, asymmetry = (complex(one) for one in numbers)
    weight = np.array([look.weight for look in looks])
    all_of_them = law.shown(median, spread, asymmetry).real
    above = _cut(law, looks, size).shown(median, spread, asymmetry).real
    most = float((weight * all_of_them).sum())
    return 1.0 - float((weight * above).sum()) / max(most, 1e-300)


def _cut(law: ChannelLaw, looks: Sequence[Look], size: float) -> ChannelLaw:
    """The law for stretches that show what is above a size alone."""
    higher = [
        Look(
            look.weight,
            max(look.smallest, size),
            look.shortest,
            look.longest,
            look.seen,
        )
        for look in looks
    ]
    return ChannelLaw(higher, law.times, law.known, law.data)


def flicker_curve(
    sizes: Sequence[FlickerSize], relative: float, knee: float
) -> Curve:
    """1/f noise of each trace over its conductance, and what the law says.

    Args:
        sizes: What traces say.
        relative: The law's number (1).
        knee: Conductance below which relative noise rises (S).
    """
    order = sorted(sizes, key=lambda one: one.conductance)
    place = np.array([one.conductance for one in order])
    where = np.linspace(place[0] * 0.9, place[-1] * 1.1, _PLACES)
    law = relative * np.sqrt(where * np.maximum(where, knee))

    return Curve(
        "1/f noise of a decade",
        "Conductance (µS)",
        "Standard deviation (nS)",
        place * 1e6,
        np.array([one.deviation for one in order]) * 1e9,
        where * 1e6,
        law * 1e9,
        np.empty(0),
        np.empty(0),
    )
