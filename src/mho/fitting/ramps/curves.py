"""Data against fit for ramps: every ramp, and the step at every conductance."""

import numpy as np

from mho.device import CellModel
from mho.fitting.engine import Curve, Row
from mho.fitting.ramps.data import Ramps
from mho.fitting.ramps.filter import FIRST
from mho.fitting.ramps.simulate import simulated_ramps
from mho.rng import Stream

_COPIES = 40
"""Cells that each ramp's start is given to (1)."""
_SHOWN = 4000
"""Readings that a figure shows at most (1)."""
_WORDS = {1: "up", -1: "down"}


def ramp_curves(
    ramps: Ramps, kind: CellModel, read_noise: float, stream: Stream
) -> list[Curve]:
    """Ramps of either direction against cells of the fitted kind that begin where they did.

    Args:
        ramps: What was measured.
        kind: The fitted kind of cell.
        read_noise: Standard deviation of a reading (S).
        stream: Randomness of the cells.
    """
    found = []
    for sign, word in _WORDS.items():
        numbers, readings, starts = _plain(ramps, sign)
        if starts.size == 0:
            continue
        signs = np.full(int(numbers.max()), float(sign))
        begun = np.repeat(starts, _COPIES)
        seen = simulated_ramps(kind, begun, signs, stream.child(word))
        noise = np.random.default_rng(stream.child(word, "reads").word)
        seen = seen + read_noise * noise.standard_normal(seen.shape)
        low, high = np.quantile(seen, (0.025, 0.975), axis=1)
        thin = slice(None, None, max(1, numbers.size // _SHOWN))
        found.append(
            Curve(
                f"Ramps {word}: band of 95 % of the fitted cells",
                "Pulse (count)",
                "Conductance (µS)",
                numbers[thin],
                readings[thin] * 1e6,
                np.arange(signs.size + 1.0),
                seen.mean(1) * 1e6,
                low * 1e6,
                high * 1e6,
            )
        )
    return found


def _plain(ramps: Ramps, sign: int) -> tuple[Row, Row, Row]:
    """Pulse number and reading of all ramps that go one way alone, and where they begin."""
    numbers: list[Row] = []
    readings: list[Row] = []
    starts: list[float] = []
    for number in np.unique(ramps.ramp):
        own = ramps.ramp == number
        codes = ramps.code[own]
        if not np.all((codes == sign) | (codes == FIRST)) or codes.size < 2:
            continue
        readings.append(ramps.reading[own])
        numbers.append(np.arange(float(codes.size)))
        starts.append(float(readings[-1][0]))
    if not starts:
        nothing = np.empty(0)
        return nothing, nothing, nothing
    return np.concatenate(numbers), np.concatenate(readings), np.array(starts)
