"""Simulated pulses with known numbers, for `fit_recovery.py`: the product's own cells."""

import numpy as np
import torch

from mho.device import Cells
from mho.device.published import Preset, preset
from mho.fitting import FittedLaw
from mho.fitting.switching import switching_part
from mho.measured import PulseResponses
from mho.rng import Stream

Known = tuple[tuple[FittedLaw, ...], dict[str, float]]
ROOM = 300.0
QUIET = {
    "telegraph.births": 0.0,
    "telegraph.spawning": 0.0,
    "flicker.per_decade": 1e-15,
    "relaxation.scale": 0.0,
    "retention.scale": 0.0,
    "cell.stuck_fraction": 0.0,
    "array.series_resistance": 0.0,
}
"""A filament of which nothing but the core is seen."""


def changed(base: Preset, numbers: dict[str, float]) -> Preset:
    """A preset with other numbers, by group and field."""
    return base.replace(
        **{name.replace(".", "__"): float(v) for name, v in numbers.items()}
    )


def pulsed(
    kind: Preset,
    cells: int,
    trains: list[tuple[np.ndarray, float]],
    noise: float,
    seed: int,
) -> PulseResponses:
    """Trains of pulses (V, s) on every cell, one after the other, read after each (S)."""
    held = Cells(kind.cell(), cells, Stream(seed).child("cells"), ROOM)
    rng = np.random.default_rng(seed)
    every = torch.arange(cells)
    # a transistor whose compliance is the top of the range, as is taken where a file has no gate
    limit = torch.full((cells,), kind["switching.high"])
    rows: list[list[np.ndarray]] = []

    def read() -> np.ndarray:
        core = held.column("core").numpy().astype(np.float64)
        return core + noise * rng.standard_normal(cells)

    now = 0.0
    for number, (volts, width) in enumerate(trains):
        before = read()
        for one in volts:
            sent = torch.full((1, cells), float(one))
            held.pulse(every, sent, width, limit, now)
            now += 1e-3
            after = read()
            ones = np.ones(cells)
            rows.append(
                [
                    number * ones,
                    np.arange(cells),
                    one * ones,
                    width * ones,
                    before,
                    after,
                ]
            )
            before = after
    table = [np.concatenate(column) for column in zip(*rows, strict=True)]
    ramp, cell, amplitude, widths, before, after = table
    return PulseResponses(
        ramp=(ramp * cells + cell).astype(np.int64),
        cell=cell.astype(np.int64),
        amplitude=amplitude,
        gate=np.full(ramp.size, np.nan),
        width=widths,
        direction=np.sign(amplitude).astype(np.int64),
        before=before,
        after=after,
        source="pulses.csv",
    )


def switching(seed: int, cells: int = 8, trains: int = 2) -> Known:
    """Incremental trains of two widths, up and down in turn."""
    rng = np.random.default_rng(4000 + seed)
    base = changed(preset("rao2023"), QUIET)
    low, high = rng.uniform(5e-6, 30e-6), rng.uniform(300e-6, 900e-6)
    share = base["switching.span"] / (
        base["switching.high"] - base["switching.low"]
    )
    numbers = {
        "switching.low": low,
        "switching.high": high,
        "switching.span": share * (high - low),
        "switching.set_voltage": rng.uniform(0.7, 1.1),
        "switching.reset_voltage": rng.uniform(0.7, 1.1),
        "switching.slope": rng.uniform(0.06, 0.12),
        "switching.threshold": rng.uniform(0.75, 0.95),
        "switching.cycle_spread": rng.uniform(0.15, 0.5),
        "switching.gain_spread": rng.uniform(0.1, 0.4),
        "switching.voltage_spread": rng.uniform(0.02, 0.08),
        "cell.formed": low * 2,
    }
    noise = rng.uniform(0.05e-6, 0.3e-6)
    widths = (1e-7, 1e-6)
    sent = []
    for k in range(trains):
        for sign, name in ((1, "set_voltage"), (-1, "reset_voltage")):
            middle = numbers[f"switching.{name}"]
            ramp = np.linspace(0.6, 1.4, 14) * middle
            sent.append((sign * ramp, widths[k % 2]))
    truth = changed(base, numbers)
    measured = pulsed(truth, cells, sent, noise, seed)
    found = switching_part([measured], base)
    return found.laws, numbers | {"read noise": noise}
