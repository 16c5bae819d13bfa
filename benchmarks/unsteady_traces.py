"""Find jumps and traps in traces that settle, wander and jump, and none in noise alone.

Simulated traces of 100,000 samples have white noise of deviation 1, 1/f noise of 0.3 to 1.5, none
to two traps of 2.5 to 8 with mean dwells of 5 to 8,000 samples, three to eight jumps of 6 to 30,
settling by up to 40 within up to 2,000 samples, a drift of up to 3, and codes of 0.1 to 0.8. A
jump counts as found if one of its sign is reported within ten samples of it, and at most once.
Jumps while a trace settles are not counted, for it settles by steps.

Noise alone is white, 1/f of three strengths, or both.

Prints one JSON object: recall and precision of jumps, share of traces of noise alone without a
trap, and seconds for a trace.

    python benchmarks/unsteady_traces.py --traces 40 --quiet 100 --seed 0
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

import mho

SAMPLES = 100_000
INTERVAL = 2.5e-3
UNIT = 1e-6
OFFSET = 600.0
WITHIN = 10

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A trace whose jumps are known.

    Args:
        values: The trace, in units of its white noise. Shape (samples,).
        jumps: Sample and size of each jump.
    """

    values: Array
    jumps: list[tuple[int, float]]


def flicker(rng: np.random.Generator, deviation: float) -> Array:
    """Gaussian noise of density 1/f."""
    frequency = np.fft.rfftfreq(SAMPLES)
    amplitude = np.zeros(len(frequency))
    amplitude[1:] = frequency[1:] ** -0.5
    real, imaginary = rng.normal(size=(2, len(frequency)))
    made = np.fft.irfft(amplitude * (real + 1j * imaginary), SAMPLES)
    scaled: Array = deviation * made / made.std()
    return scaled


def trap(rng: np.random.Generator) -> Array:
    """A state of 0 and its amplitude, with exponential dwells."""
    amplitude = rng.uniform(2.5, 8)
    high = 10 ** rng.uniform(1.3, 3.3)
    low = high * 10 ** rng.uniform(-0.6, 0.6)
    state = np.zeros(SAMPLES)
    is_high = rng.random() < 0.5
    begin = 0.0
    while begin < SAMPLES:
        end = begin + rng.exponential(high if is_high else low)
        if is_high:
            state[int(begin) : int(end) + 1] = amplitude
        begin = end
        is_high = not is_high
    return state


def eventful(seed: int) -> Case:
    """A trace with everything."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=SAMPLES) + flicker(rng, rng.uniform(0.3, 1.5))
    for _ in range(rng.integers(0, 3)):
        values += trap(rng)
    jumps = []
    slots = np.arange(2000, SAMPLES - 2000, 500)
    for slot in np.sort(rng.choice(slots, rng.integers(3, 9), replace=False)):
        place = int(slot + rng.integers(0, 400))
        size = float(rng.choice([-1, 1]) * rng.uniform(6, 30))
        values[place:] += size
        jumps.append((place, size))
    settling = 10 ** rng.uniform(2, 3.3)
    values += rng.uniform(-40, 40) * np.exp(-np.arange(SAMPLES) / settling)
    values += rng.uniform(-3, 3) * np.arange(SAMPLES) / SAMPLES
    return Case(coded(values, rng.uniform(0.1, 0.8)), jumps)


def noise_alone(seed: int) -> Array:
    """White noise, 1/f noise, or both, in every fourth trace as codes of a converter."""
    rng = np.random.default_rng(seed)
    white = (0.0, 0.3, 1.0)[seed % 3]
    strength = (1.0, 3.0, 0.0)[seed // 3 % 3]
    if white == 0.0 and strength == 0.0:
        white = 1.0
    values = white * rng.normal(size=SAMPLES)
    if strength > 0:
        values += flicker(rng, strength)
    return coded(values, 0.3) if seed % 4 == 0 else values


def coded(values: Array, step: float) -> Array:
    """What a converter of this step makes of values."""
    rounded: Array = np.round(values / step) * step
    return rounded


def history(values: Array) -> mho.TraceHistory:
    """What is found in a trace."""
    conductance = torch.from_numpy((values + OFFSET) * UNIT)
    return mho.trace_history(mho.Trace(conductance, INTERVAL))


def found_of(case: Case, found: mho.TraceHistory) -> tuple[int, int]:
    """Jumps that were found, and reports that are none of them."""
    reports = [jump for jump in found.jumps if not jump.settling]
    left = list(reports)
    hits = 0
    for place, size in case.jumps:
        near = [
            jump
            for jump in left
            if abs(jump.time / INTERVAL - place) <= WITHIN
            and jump.change * size > 0
        ]
        if near:
            left.remove(near[0])
            hits += 1
    return hits, len(left)


def main() -> None:
    """Analyse all traces and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--traces", type=int, default=40)
    parser.add_argument("--quiet", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    jumps = 0
    hits = 0
    false = 0
    seconds = []
    for number in range(given.traces):
        case = eventful(given.seed + number)
        started = time.perf_counter()
        found = history(case.values)
        seconds.append(time.perf_counter() - started)
        right, wrong = found_of(case, found)
        jumps += len(case.jumps)
        hits += right
        false += wrong
    without = 0
    for number in range(given.quiet):
        found = history(noise_alone(given.seed + number))
        without += not any(stretch.traps for stretch in found.stretches)
    print(
        json.dumps(
            {
                "samples": SAMPLES,
                "traces": given.traces,
                "jumps": jumps,
                "recall": round(hits / max(jumps, 1), 4),
                "precision": round(hits / max(hits + false, 1), 4),
                "quiet_traces": given.quiet,
                "quiet_without_traps": without,
                "seconds_median": round(statistics.median(seconds), 2),
                "seconds_largest": round(max(seconds), 2),
            }
        )
    )


if __name__ == "__main__":
    main()
