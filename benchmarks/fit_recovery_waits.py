"""Simulated waits with known numbers, for `fit_recovery.py`: the product's own laws."""

from dataclasses import fields

import numpy as np

from mho.device.laws import BOLTZMANN, BarrierRelaxation, QuantileRelaxation
from mho.device.published import preset
from mho.fitting import FittedLaw, fit_law
from mho.fitting.waits import (
    ATTEMPTS,
    ONSET,
    BarrierLaw,
    barrier_law,
    changes,
    likeliest,
    wait_part,
    waits_of,
)
from mho.measured import UNKNOWN, Waits
from mho.units import eV

REFERENCE = 300.0
FULL = 100e-6
KEPT = 0.6
"""Correlation of a cell's ranks after two waits (1)."""
_Law = BarrierRelaxation | QuantileRelaxation
Known = tuple[tuple[FittedLaw, ...], dict[str, float]]


def waited(
    law: _Law,
    rows: list[tuple[float, float, float]],
    written: np.ndarray,
    seed: int,
    kept: float = 0.0,
) -> Waits:
    """Cells after waits: time (s), temperature (K) and seconds at the reference per second.

    Args:
        law: Their law.
        rows: The waits.
        written: Conductances that cells are written to (S).
        seed: Of their ranks.
        kept: Correlation of a cell's rank with that after the wait before (1).
    """
    rng = np.random.default_rng(seed)
    parts: list[tuple[np.ndarray, ...]] = []
    rank = np.zeros(written.size)
    for time, heat, pace in rows:
        share = kept if parts else 0.0
        new = rng.standard_normal(written.size)
        rank = share * rank + np.sqrt(1 - share**2) * new
        moved = changes(law, written, time * pace, rank)
        parts.append(
            (
                np.full(written.size, time),
                written + moved,
                np.full(written.size, heat),
            )
        )
    times, read, heats = (
        np.concatenate(one) for one in zip(*parts, strict=True)
    )
    cells = np.tile(np.arange(written.size), len(rows))
    return Waits(
        cells,
        np.full(cells.size, UNKNOWN),
        times,
        read,
        np.tile(written, len(rows)),
        heats,
        "simulated.csv",
    )


def baked(
    seed: int, cells: int = 480, levels: int = 4
) -> tuple[Waits, dict[str, float]]:
    """Bakes at three temperatures, polynomials of the first degree, or the 0th of two levels."""
    rng = np.random.default_rng(4000 + seed)
    energy = rng.uniform(1.2, 1.7) * eV
    numbers = dict.fromkeys(
        (one.name for one in fields(BarrierRelaxation)), 0.0
    )
    numbers |= {
        "scale": 1.0,
        "onset": ONSET,
        "stated": 1e8,
        "renewal_step": 1e-6,
        "median_0": rng.uniform(1e-6, 6e-6),
        "median_1": rng.uniform(-6e-6, -2e-6),
        "up_0": rng.uniform(1.0, 1.8),
        "up_1": rng.uniform(-1.0, 0.0),
        "down_0": rng.uniform(1.0, 1.8),
        "down_1": rng.uniform(-1.0, 0.0),
        "up_tail": rng.uniform(0.5, 1.0),
        "down_tail": rng.uniform(0.5, 1.0),
        "lifetime": np.exp(energy / BOLTZMANN / REFERENCE) / ATTEMPTS,
        "lifetime_slope": rng.uniform(-2.0, 2.0),
        "lifetime_spread": rng.uniform(1.0, 3.0),
        "loss_width": rng.uniform(1.0, 3.0),
    }
    written = np.repeat(np.linspace(20e-6, FULL, levels), cells // levels)
    numbers["full"] = FULL
    if levels < 3:
        numbers |= dict.fromkeys(("median_1", "up_1", "down_1"), 0.0)
    # temperatures at which barriers of the middle are just below, at and above
    middle = (
        np.array((0.8, 0.93, 1.03))
        * energy
        / BOLTZMANN
        / np.log(ATTEMPTS * 5e3)
    )
    rows = []
    for heat in middle:
        pace = np.exp(energy / BOLTZMANN * (1 / REFERENCE - 1 / heat))
        rows.append((5e3, float(heat), float(pace)))
    law = BarrierRelaxation(**{k: float(v) for k, v in numbers.items()})
    measured = waited(law, rows, written, seed)
    truth = {
        f"relaxation.{name}": float(value) for name, value in numbers.items()
    }
    truth["temperature.ion_energy"] = float(energy)
    return measured, truth


def bake_measured(
    seed: int, cells: int = 480
) -> tuple[BarrierLaw, dict[str, float]]:
    """The law of bakes on its own cells, and the truth in its terms."""
    measured, truth = baked(seed, cells)
    law = barrier_law(waits_of([measured]), REFERENCE, ("simulated.csv",))
    # the drift is stated for another time there
    before = np.log1p(truth["relaxation.stated"] / ONSET)
    shift = np.log(np.log1p(law.stated / ONSET) / before)
    for side in ("up", "down"):
        truth[f"relaxation.{side}_0"] += float(shift)
    for power in (0, 1):
        truth[f"relaxation.median_{power}"] *= float(np.exp(shift))
    return law, truth


def bake(seed: int, cells: int = 480) -> Known:
    """The law of bakes, fitted to its own cells."""
    law, truth = bake_measured(seed, cells)
    return (fit_law(law, start=likeliest(law)),), truth


def relaxed(seed: int, cells: int) -> tuple[Waits, dict[str, float]]:
    """Two waits of the law of `wan2022` with random numbers, at one conductance."""
    rng = np.random.default_rng(5000 + seed)
    usual = preset("wan2022").part("relaxation")
    numbers = {
        one.name: getattr(usual, one.name) for one in fields(QuantileRelaxation)
    }
    for word in ("early", "middle", "late"):
        for name in numbers:
            if name.startswith(f"{word}_"):
                numbers[name] = 0.0
        numbers[f"{word}_median_0"] = rng.uniform(-2e-6, 2e-6)
        for side in ("up", "down"):
            numbers[f"{word}_{side}_0"] = rng.uniform(-0.5, 1.0)
            numbers[f"{word}_{side}_tail_0"] = rng.uniform(-0.7, 0.2)
    law = QuantileRelaxation(**numbers)
    rows = [(float(t), np.nan, 1.0) for t in (law.early, law.late)]
    measured = waited(law, rows, np.full(cells, 30e-6), seed, KEPT)
    # first and last of the law's four numbers are three steps apart
    numbers["memory"] = KEPT ** (1 / 3)
    return measured, {
        f"relaxation.{name}": value for name, value in numbers.items()
    }


def relaxation(seed: int, cells: int = 600) -> Known:
    """The law of quantiles, fitted to its own cells."""
    measured, truth = relaxed(seed, cells)
    part = wait_part([measured], preset("wan2022"))
    return part.laws, truth
