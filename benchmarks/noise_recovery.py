"""Recover two traps from simulated traces, and compare with a plain hidden Markov model.

The traces obey the simulator's own law of watching a cell: 20,000 samples of 1 ms, white noise of
0.2 µS, two traps. Amplitudes are log-uniform from 1 to 20 µS, the two at least 20 % apart.
Capture and emission times are log-uniform from 5 sampling intervals to 1/100 of the trace. With n
dwells even perfect sight gives a mean dwell time to one over √n only; how often four times could
be within 25 % is a property of the data, and it is printed as `statistical_limit`.

The peer is hmmlearn's `GaussianHMM` with four free states, five starts of which the likeliest
counts: its lowest level is both traps filled, the next two are one trap empty each, and the jumps
of each trap are those of the states that belong to it.

Prints one JSON object.

    python benchmarks/noise_recovery.py --traces 50 --seed 0
"""

import argparse
import json
import logging
import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from hmmlearn.hmm import GaussianHMM

import mho
from mho.characterise.telegraph import TelegraphAnalysis, Trace, analyse_noise
from mho.device import Cells
from mho.units import ms, uS

SAMPLES = 20_000
INTERVAL = 1 * ms
NOISE = 0.2 * uS
AMPLITUDES = (1 * uS, 20 * uS)
APART = 1.2
TIMES = (5 * INTERVAL, SAMPLES * INTERVAL / 100)
AMPLITUDE_WITHIN = 0.05
TIME_WITHIN = 0.25

Table = npt.NDArray[np.float64]
"""Amplitude (S), capture time (s) and emission time (s) of each trap. Shape (traps, 3)."""

TRAPS_ALONE = mho.preset("rao2023").replace(
    cell__stuck_fraction=0.0,
    flicker__per_decade=0.0,
    relaxation__scale=0.0,
    retention__scale=0.0,
    telegraph__births=0.0,
)
"""A cell that shows nothing but its traps."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A trace whose traps are known.

    Args:
        truth: The traps, the smaller amplitude first. Shape (2, 3).
        trace: What they make.
    """

    truth: Table
    trace: Trace


def main() -> None:
    """Simulate, analyse both ways, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--traces", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    logging.getLogger("hmmlearn").setLevel(logging.ERROR)
    stream = mho.Stream(options.seed)
    cases = [simulate(stream.child("trace", k)) for k in range(options.traces)]
    started = time.perf_counter()
    found = [analyse_noise(case.trace) for case in cases]
    seconds = time.perf_counter() - started
    tables = [
        np.array(
            [
                [t.amplitude.value, t.capture_time.value, t.emission_time.value]
                for t in reversed(analysis.traps)
            ]
        ).reshape(-1, 3)
        for analysis in found
    ]
    started = time.perf_counter()
    plain = [free_states(case.trace) for case in cases]
    plain_seconds = time.perf_counter() - started
    result = {
        "traces": options.traces,
        "seed": options.seed,
        "two_traps": sum(len(table) == 2 for table in tables) / len(cases),
        **score(cases, tables),
        "intervals_cover": coverage(cases, found),
        "statistical_limit": sum(map(possible, cases)) / len(cases),
        "seconds_per_trace": round(seconds / len(cases), 2),
        "free_states": {
            **score(cases, plain),
            "seconds_per_trace": round(plain_seconds / len(cases), 2),
        },
    }
    print(json.dumps(result))


def simulate(stream: mho.Stream) -> Case:
    """Draw two traps and watch them."""
    draws = stream.child("traps").generator()

    def spread(low: float, high: float) -> torch.Tensor:
        return low * torch.exp(
            math.log(high / low) * torch.rand(2, 1, generator=draws)
        )

    amplitude = spread(*AMPLITUDES)
    while float(amplitude.max() / amplitude.min()) < APART:
        amplitude = spread(*AMPLITUDES)
    amplitude = amplitude.sort(0).values
    capture = spread(*TIMES)
    emission = spread(*TIMES)
    filled = torch.rand(2, 1, generator=draws) < emission / (capture + emission)
    cell = Cells(TRAPS_ALONE.cell(), 1, stream.child("watch"), 300.0)
    cell.column("core").zero_()
    cell.column("amplitude")[:2] = amplitude
    cell.column("capture_time")[:2] = capture
    cell.column("emission_time")[:2] = emission
    cell.column("filled")[:2] = filled.to(torch.uint8)
    seen = cell.sample(torch.arange(1), 0.0, INTERVAL, INTERVAL, SAMPLES)
    noise = torch.randn(SAMPLES, generator=draws, dtype=torch.float64) * NOISE
    truth = torch.cat((amplitude, capture, emission), 1).double().numpy()
    return Case(truth, Trace(100 * uS + seen[:, 0].double() + noise, INTERVAL))


def free_states(trace: Trace) -> Table:
    """Two traps from a hidden Markov model whose four states know nothing of traps."""
    values = trace.conductance.numpy()[:, None] / NOISE
    best = None
    best_score = -math.inf
    for start in range(5):
        model = GaussianHMM(
            4,
            "tied",
            n_iter=50,
            tol=0.02,
            random_state=start,
            implementation="log",
        ).fit(values)
        if (fit := float(model.score(values))) > best_score:
            best = model
            best_score = fit
    assert best is not None
    order = np.argsort(best.means_[:, 0])
    level = best.means_[order, 0] * NOISE
    weight = best.get_stationary_distribution()[order]
    flow = weight[:, None] * best.transmat_[np.ix_(order, order)]
    rows = []
    for empty, amplitude in (
        ((1, 3), level[1] - level[0]),
        ((2, 3), level[2] - level[0]),
    ):
        filled = [k for k in range(4) if k not in empty]
        fills = flow[np.ix_(empty, filled)].sum() / weight[list(empty)].sum()
        empties = flow[np.ix_(filled, empty)].sum() / weight[filled].sum()
        rows.append(
            [
                amplitude,
                INTERVAL / max(fills, 1e-9),
                INTERVAL / max(empties, 1e-9),
            ]
        )
    return np.array(rows)


def score(cases: list[Case], tables: list[Table]) -> dict[str, float]:
    """Share of traces with all amplitudes, and with all times, near the truth (1)."""
    errors = [
        np.abs(table / case.truth - 1)
        if table.shape == case.truth.shape
        else np.full((2, 3), 9.0)
        for case, table in zip(cases, tables, strict=True)
    ]
    return {
        "amplitudes_within_5%": sum(
            bool((e[:, 0] <= AMPLITUDE_WITHIN).all()) for e in errors
        )
        / len(errors),
        "times_within_25%": sum(
            bool((e[:, 1:] <= TIME_WITHIN).all()) for e in errors
        )
        / len(errors),
    }


def coverage(cases: list[Case], found: list[TelegraphAnalysis]) -> float:
    """Share of all numbers whose interval holds the truth (1); 0.95 is meant."""
    held: list[bool] = []
    for case, analysis in zip(cases, found, strict=True):
        for truth, trap in zip(
            case.truth, reversed(analysis.traps), strict=False
        ):
            parts = (trap.amplitude, trap.capture_time, trap.emission_time)
            held += [
                part.low <= t <= part.high
                for t, part in zip(truth, parts, strict=True)
            ]
    return sum(held) / max(len(held), 1)


def possible(case: Case) -> float:
    """Probability that four means over the expected numbers of dwells are all within 25 % (1)."""
    chances = []
    for _, capture, emission in case.truth.tolist():
        spread = math.sqrt((capture + emission) / (SAMPLES * INTERVAL))
        ends = [
            math.erf(math.log(1 + s * TIME_WITHIN) / spread / math.sqrt(2))
            for s in (1, -1)
        ]
        chances.append(((ends[0] - ends[1]) / 2) ** 2)
    return math.prod(chances)


if __name__ == "__main__":
    main()
