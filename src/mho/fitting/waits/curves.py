"""Data against fit for waits: how far cells moved, over the conductance that was written."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from mho.compiled import numbers_record
from mho.device.laws import BarrierRelaxation, QuantileRelaxation, rank_at
from mho.fitting.engine import Curve, Row
from mho.fitting.waits.counts import Wait

_MOST = 8
"""Waits that are shown at most (1)."""
_PLACES = 25
_SHOWN = 4000
"""Cells that a figure shows at most (1)."""
_RANKS = (-1.959964, 0.0, 1.959964)
"""Numbers of cells at the edges of a band of 95 %, and in its middle (1)."""


def wait_curves(
    waits: Sequence[Wait],
    law: BarrierRelaxation | QuantileRelaxation,
    paces: Sequence[float],
) -> list[Curve]:
    """Change over conductance after each wait, with median and band of the law.

    Args:
        waits: What was measured.
        law: The fitted law.
        paces: Seconds at the reference that a second of each wait counts as (1).
    """
    found = []
    step = max(1, -(-len(waits) // _MOST))
    for wait, pace in list(zip(waits, paces, strict=True))[::step]:
        ends = np.quantile(wait.written, (0.0, 1.0))
        places = np.linspace(float(ends[0]), float(ends[1]), _PLACES)
        low, middle, high = (
            changes(law, places, wait.time * pace, np.full(_PLACES, rank))
            for rank in _RANKS
        )
        thin = slice(None, None, max(1, wait.written.size // _SHOWN))
        heat = (
            ""
            if np.isnan(wait.temperature)
            else f" at {wait.temperature:.4g} K"
        )
        found.append(
            Curve(
                f"Change after {wait.time:.4g} s{heat}: band of 95 % of the fitted cells",
                "Conductance when written (µS)",
                "Change (µS)",
                wait.written[thin] * 1e6,
                wait.change[thin] * 1e6,
                places * 1e6,
                middle * 1e6,
                low * 1e6,
                high * 1e6,
            )
        )
    return found


def changes(
    law: BarrierRelaxation | QuantileRelaxation,
    core: Row,
    time: float,
    rank: Row,
) -> Row:
    """How far cells of some ranks have moved: the law of the product itself (S).

    Args:
        law: The law.
        core: Conductance of each cell when written (S). Shape (cells,).
        time: Time since then, at the reference (s).
        rank: Standard normal number of each cell at that time (1). Shape (cells,).
    """
    numbers: Any = asdict(law)
    own = numbers_record(numbers | law.derived()).view(np.recarray)[0]
    shift = law.scalar_shift()
    age = np.float32(time)
    kept: Any = np.float32
    if isinstance(law, QuantileRelaxation):
        grown = np.log1p(time / law.onset)
        warped = np.float32(np.log(grown))
        count: Any = law.state_column()[1]
        ones = np.ones(count, np.float32)
        # a cell whose four numbers are alike has this rank
        unit = float(rank_at(own, warped, ones))

        def kept(z: float) -> Any:
            return np.float32(z / unit) * ones

    with np.errstate(all="ignore"):
        return np.array(
            [
                float(shift(own, np.float32(g), age, kept(z)))
                for g, z in zip(core, rank, strict=True)
            ]
        )
