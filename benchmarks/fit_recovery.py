"""Whether fitted intervals hold the truth: simulated data of random cells, law by law.

    python benchmarks/fit_recovery.py [--law soft-bound] [--sets 100] [--first 0]

Each data set comes from the product's own cells with random numbers, read with noise. Prints one
JSON object: for every number in how many data sets its own 95 % interval held the truth, and how
often the data were said not to determine it. A line of standard error for every set says which
intervals missed, so that a run which is interrupted has told what it found.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

import fit_recovery_pulses
import fit_recovery_stuck
import fit_recovery_waits
from mho.device import CellModel, Cells
from mho.device.kinds import RampSteps, SoftBound
from mho.device.published import preset
from mho.fitting import FittedLaw, fit_law
from mho.fitting.ramps import (
    NodeLaw,
    Parts,
    SoftBoundLaw,
    likeliest,
    ramps_of,
    simulated_ramps,
)
from mho.fitting.traces import trace_part
from mho.measured import PulseResponses, Trace
from mho.rng import Stream

SHARE = 0.90
"""Share of intervals that must hold the truth (1)."""


@dataclass(frozen=True)
class Truth:
    """A data set's law and the numbers behind it."""

    fitted: tuple[FittedLaw, ...]
    numbers: Mapping[str, float]


def pulsed(
    kind: CellModel,
    cells: int,
    pulses: int,
    noise: float,
    seed: int,
    above: float = 0.0,
) -> PulseResponses:
    """A ramp up and a ramp down of every cell, read with noise (S).

    They begin so far above the lowest conductance (S).
    """
    low = float(vars_of(kind)["low"])
    signs = np.repeat((1.0, -1.0), pulses)
    stream = Stream(seed).child("cells")
    begun = np.full(cells, low + above)
    held = simulated_ramps(kind, begun, signs, stream)
    rng = np.random.default_rng(seed)
    seen = held + noise * rng.standard_normal(held.shape)
    count = 2 * pulses
    number = np.repeat(np.arange(cells), count)
    unknown = np.full(number.size, np.nan)
    return PulseResponses(
        ramp=number,
        cell=number,
        amplitude=unknown,
        gate=unknown,
        width=unknown,
        direction=np.tile(signs.astype(np.int64), cells),
        before=seen[:-1].T.ravel(),
        after=seen[1:].T.ravel(),
        source="simulated.csv",
    )


def vars_of(kind: CellModel) -> dict[str, Any]:
    """Numbers of a kind by name."""
    named: Any = kind
    return {one.name: getattr(kind, one.name) for one in fields(named)}


def lent() -> dict[str, float]:
    """Numbers that ramps of unit pulses do not touch."""
    return {
        "width": 1e-7,
        "voltage": 1.0,
        "scale": 0.1,
        "threshold": 0.5,
        "voltage_spread": 0.0,
        "stuck_fraction": 0.0,
        "stuck_high": 0.5,
    }


def soft_measured(
    seed: int, cells: int = 12
) -> tuple[SoftBoundLaw, dict[str, float]]:
    """Soft bounds whose ramps come to rest at both ends."""
    rng = np.random.default_rng(1000 + seed)
    step = rng.uniform(0.04, 0.08)
    kind = SoftBound(
        low=rng.uniform(5e-6, 20e-6),
        high=rng.uniform(60e-6, 120e-6),
        step=step,
        symmetry_point=rng.uniform(0.35, 0.65),
        gamma_up=rng.uniform(0.2, 0.9),
        gamma_down=rng.uniform(0.2, 0.9),
        cycle_spread=rng.uniform(0.05, 0.4),
        gain_spread=rng.uniform(0.05, 0.2),
        bias_spread=rng.uniform(0.02, 0.1),
        gamma_spread=0.0,
        low_spread=0.0,
        high_spread=0.0,
        rest=0.0,
        leak=0.0,
        **lent(),
    )
    noise = rng.uniform(0.002, 0.01) * (kind.high - kind.low)
    measured = pulsed(kind, cells, int(4.5 / step), noise, seed)
    law = SoftBoundLaw(
        Parts(ramps_of([measured]), slow=False, cells=True, ends=True)
    )
    truth = {f"cell.{k}": float(v) for k, v in vars_of(kind).items()}
    return law, truth | {"read noise": noise}


def soft_bound(seed: int, cells: int = 12) -> Truth:
    """A ramp up and a ramp down of cells with such bounds."""
    law, truth = soft_measured(seed, cells)
    found = fit_law(law, start=likeliest(law)[0])
    return Truth((found,), truth)


def steps_measured(
    seed: int, cells: int = 12
) -> tuple[NodeLaw, dict[str, float]]:
    """Steps at nodes that the law has as well, which hang on how far a ramp has come."""
    rng = np.random.default_rng(2000 + seed)
    span = rng.uniform(50e-6, 100e-6)
    low = rng.uniform(5e-6, 100e-6)
    up = rng.uniform(0.006, 0.012, RampSteps.nodes) * span
    down = rng.uniform(0.006, 0.012, RampSteps.nodes) * span
    numbers: dict[str, float] = {f"up_{k}": float(x) for k, x in enumerate(up)}
    numbers |= {f"down_{k}": float(x) for k, x in enumerate(down)}
    pulses = 60
    kind = RampSteps(
        low=low,
        high=low + 3 * span,
        spread_up=rng.uniform(0.001, 0.003) * span,
        spread_down=rng.uniform(0.001, 0.003) * span,
        reversal=1.0,
        pulses_up=float(pulses),
        pulses_down=float(pulses),
        gain_spread=rng.uniform(0.03, 0.15),
        bias_spread=rng.uniform(0.02, 0.1),
        ramp_spread=0.0,
        **numbers,
        **lent(),
    )
    noise = rng.uniform(0.001, 0.003) * span
    # no ramp comes to the ends, where every law of steps is another one
    measured = pulsed(kind, cells, pulses, noise, seed, above=span)
    law = NodeLaw(
        Parts(ramps_of([measured]), slow=False, cells=True), RampSteps.nodes
    )
    truth = {f"cell.{k}": float(v) for k, v in vars_of(kind).items()}
    return law, truth | {"read noise": noise}


def ramp_steps(seed: int, cells: int = 12) -> Truth:
    """A ramp up and a ramp down of cells with such steps."""
    law, truth = steps_measured(seed, cells)
    found = fit_law(law, start=likeliest(law)[0])
    return Truth((found,), truth)


def telegraph(seed: int, cells: int = 20, samples: int = 8_000) -> Truth:
    """Traces of fresh cells, whose channels come and go with nothing but 1/f and white noise."""
    rng = np.random.default_rng(3000 + seed)
    interval = 1e-3
    numbers = {
        "telegraph.births": rng.uniform(0.5, 1.5),
        "telegraph.amplitude": rng.uniform(1.5e-6, 4e-6),
        "telegraph.amplitude_spread": rng.uniform(0.3, 0.7),
        "telegraph.asymmetry": rng.uniform(0.5, 1.2),
        "flicker.per_decade": rng.uniform(3e-4, 1e-3),
        # no decade of 1/f noise is taken to be white, as in measured traces
        "flicker.split": interval,
        "telegraph.shortest": 2e-3,
        "telegraph.longest": 5.0,
        "cell.stuck_fraction": 0.0,
        "relaxation.scale": 0.0,
        "retention.scale": 0.0,
    }
    changed = {k.replace(".", "__"): float(v) for k, v in numbers.items()}
    base = preset("rao2023").replace(**changed)
    held = Cells(base.cell(), cells, Stream(seed).child("traces"), 300.0)
    every = torch.arange(cells)
    seen = held.sample(every, 0.0, interval, interval, samples).double()
    noise = rng.uniform(0.1e-6, 0.3e-6)
    seen = seen + noise * torch.from_numpy(rng.standard_normal(seen.shape))
    traces = [
        Trace(seen[:, k].contiguous(), interval, source=f"trace_{k}.csv")
        for k in range(cells)
    ]
    found = trace_part(traces, base)
    return Truth(found.laws, numbers | {"array.read_noise_off_chip": noise})


def relaxation(seed: int, cells: int = 600) -> Truth:
    """Two waits of a law of quantiles, at one conductance."""
    return Truth(*fit_recovery_waits.relaxation(seed, cells))


def bake(seed: int, cells: int = 480) -> Truth:
    """Three temperatures of drift and loss."""
    return Truth(*fit_recovery_waits.bake(seed, cells))


def switching(seed: int) -> Truth:
    """Trains of pulses of many amplitudes and two widths, on eight cells."""
    return Truth(*fit_recovery_pulses.switching(seed))


def stuck_map(seed: int) -> Truth:
    """Two maps of an array, some of whose cells are stuck."""
    return Truth(*fit_recovery_stuck.stuck_map(seed))


def endurance(seed: int) -> Truth:
    """Endurance of cells of which some are stuck."""
    return Truth(*fit_recovery_stuck.endurance(seed))


LAWS: dict[str, Callable[[int], Truth]] = {
    "soft-bound": soft_bound,
    "ramp-steps": ramp_steps,
    "telegraph": telegraph,
    "relaxation": relaxation,
    "bake": bake,
    "switching": switching,
    "stuck-map": stuck_map,
    "endurance": endurance,
}


def recovery(
    law: Callable[[int], Truth],
    sets: int,
    first: int = 0,
    tell: Callable[[int, list[str]], None] | None = None,
) -> dict[str, dict[str, int]]:
    """For each number, how often its interval held the truth and how often it was determined.

    Args:
        law: Makes and fits a data set of a seed.
        sets: Data sets (1).
        first: Seed of the first of them.
        tell: Told of each data set which intervals missed, if anybody is.
    """
    found: dict[str, dict[str, int]] = {}
    for seed in range(first, first + sets):
        one = law(seed)
        missed: list[str] = []
        asked = [p for law in one.fitted for p in law.parameters]
        for parameter in asked:
            if parameter.name not in one.numbers:
                continue
            tally = found.setdefault(
                parameter.name, {"held": 0, "determined": 0}
            )
            truth = one.numbers[parameter.name]
            inside = parameter.low <= truth <= parameter.high
            tally["held"] += bool(inside)
            missed += [] if inside else [parameter.name]
            tally["determined"] += bool(parameter.determined)
        if tell is not None:
            tell(seed, missed)
    return found


def told(law: str) -> Callable[[int, list[str]], None]:
    """Writes a line of JSON for each data set."""

    def tell(seed: int, missed: list[str]) -> None:
        line = {"law": law, "seed": seed, "missed": missed}
        print(json.dumps(line), file=sys.stderr, flush=True)

    return tell


def main() -> None:
    """Run all laws, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--law", choices=LAWS)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    result: dict[str, Any] = {"sets": asked.sets}
    for name, law in LAWS.items():
        if asked.law in (None, name):
            started = time.monotonic()
            tallies = recovery(law, asked.sets, asked.first, told(name))
            result[name] = {
                "numbers": tallies,
                "least_held": min(one["held"] for one in tallies.values()),
                "needed": SHARE * asked.sets,
                "seconds": round(time.monotonic() - started, 1),
            }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
