"""Whether fitted intervals hold the truth: simulated data of random cells, law by law.

    python benchmarks/fit_recovery.py [--law soft-bound] [--sets 100] [--first 0] [--keep FILE]

Each data set comes from the product's own cells with random numbers, read with noise. Prints one
JSON object: for every number in how many data sets its own 95 % interval held the truth, and how
often the data determined it. Each set is a line of standard error, and of the file that is kept:
begun again with the same file, a run goes on where it was interrupted.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

import fit_recovery_pulses
import fit_recovery_stuck
import fit_recovery_waits
from mho.device import CellModel, Cells
from mho.device.kinds import RampSteps, SoftBound
from mho.device.published import preset
from mho.fitting import FittedLaw
from mho.fitting.ramps import (
    NodeLaw,
    Parts,
    SoftBoundLaw,
    fit_restricted,
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
    found = fit_restricted(law, likeliest(law)[0])
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
    found = fit_restricted(law, likeliest(law)[0])
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


def recovered(law: Callable[[int], Truth], seed: int) -> dict[str, Any]:
    """What one data set says of each of its law's numbers, ready for JSON."""
    started = time.process_time()
    one = law(seed)
    numbers: dict[str, Any] = {}
    for parameter in (p for law in one.fitted for p in law.parameters):
        if parameter.name not in one.numbers:
            continue
        truth = one.numbers[parameter.name]
        numbers[parameter.name] = {
            "truth": truth,
            "value": parameter.value,
            "low": parameter.low,
            "high": parameter.high,
            "held": bool(parameter.low <= truth <= parameter.high),
            "determined": bool(parameter.determined),
        }
    spent = round(time.process_time() - started, 2)
    return {"seed": seed, "numbers": numbers, "seconds": spent}


def kept(file: Path) -> list[dict[str, Any]]:
    """Data sets of runs before, a line each; a line that was cut off is none."""
    found = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def tallies(sets: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """For each number, how often its interval held the truth and how often it was determined.

    Args:
        sets: Data sets of one law, as `recovered` gives them.
    """
    found: dict[str, dict[str, int]] = {}
    for one in sets:
        for name, number in one["numbers"].items():
            tally = found.setdefault(
                name, {"sets": 0, "held": 0, "determined": 0}
            )
            tally["sets"] += 1
            tally["held"] += number["held"]
            tally["determined"] += number["determined"]
    return found


def recovery(
    law: Callable[[int], Truth], sets: int
) -> dict[str, dict[str, int]]:
    """Tallies of the first data sets of a law."""
    return tallies(recovered(law, seed) for seed in range(sets))


def summary(sets: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What data sets of one law say together."""
    numbers = tallies(sets)
    shares = [one["held"] / one["sets"] for one in numbers.values()]
    seconds = [one["seconds"] for one in sets]
    return {
        "sets": len(sets),
        "numbers": numbers,
        "least_share_held": round(min(shares), 4),
        "needed": SHARE,
        "median_processor_seconds": float(np.median(seconds)),
    }


def main() -> None:
    """Run all laws, or one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--law", choices=LAWS)
    parser.add_argument("--sets", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument(
        "--keep", type=Path, help="file that results are appended to"
    )
    asked = parser.parse_args()
    before = kept(asked.keep) if asked.keep else []
    wanted = range(asked.first, asked.first + asked.sets)
    result: dict[str, Any] = {}
    for name, law in LAWS.items():
        if asked.law not in (None, name):
            continue
        found = {one["seed"]: one for one in before if one["law"] == name}
        for seed in wanted:
            if seed not in found:
                found[seed] = {"law": name} | recovered(law, seed)
                line = json.dumps(found[seed])
                print(line, file=sys.stderr, flush=True)
                if asked.keep:
                    with asked.keep.open("a") as file:
                        file.write(line + "\n")
        result[name] = summary([found[seed] for seed in wanted])
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
