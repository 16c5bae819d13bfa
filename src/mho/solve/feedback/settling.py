"""How outputs of a feedback circuit move: step response, settling time, bandwidth."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_between, check_finite, check_positive, check_shape
from mho.solve.feedback.circuit import Dynamics, FeedbackCircuit

_STEPS = 2048
"""Points of time at which a step response is looked at (1)."""
_DECADES = 12
"""Decades below the fastest pole in which the bandwidth is looked for (1)."""


def step_response(
    circuit: FeedbackCircuit,
    source: Float[Tensor, " n"],
    *,
    span: float,
    steps: int = _STEPS,
) -> tuple[Float[Tensor, " times"], Float[Tensor, "times n"]]:
    """Outputs after the sources are switched on, all voltages zero before (V).

    Exact at every point: each step is the exponential of the circuit's matrix.

    Args:
        circuit: The circuit; one that does not come to rest runs away, as its outputs here do.
        source: Voltages of the sources from time zero on (V).
        span: Time that is looked at (s).
        steps: Steps into which it is divided (1).

    Returns:
        Times (s), and outputs at them (V).

    Raises:
        ValueError: Another number of sources, no numbers, a span that is not positive.
    """
    check_shape(source, "source", (circuit.size,))
    check_finite(source, "source", "Give every source a voltage.")
    check_positive(span, "span", "s")
    check_between(steps, "steps", 1, 10**6, "1")
    moved = circuit.dynamics
    states = len(moved.matrix)
    # A constant input is one more state that does not move.
    whole = torch.zeros(states + 1, states + 1, dtype=torch.float64)
    whole[:states, :states] = moved.matrix
    whole[:states, states] = moved.drive @ source.double() + moved.offsets
    step = torch.linalg.matrix_exp(whole * (span / steps))
    state = torch.zeros(states + 1, dtype=torch.float64)
    state[states] = 1.0
    found = [state]
    for _ in range(steps):
        state = step @ state
        found.append(state)
    times = torch.linspace(0.0, span, steps + 1, dtype=torch.float64)
    return times, torch.stack(found)[:, : circuit.size]


def settling_time(
    circuit: FeedbackCircuit,
    source: Float[Tensor, " n"],
    *,
    tolerance: float = 1e-3,
) -> float:
    """Time after which every output stays near its place of rest (s); infinite if it has none.

    Args:
        circuit: The circuit.
        source: Voltages of the sources, switched on at time zero (V).
        tolerance: How near, relative to the largest output (1).

    Raises:
        ValueError: A tolerance that is not above 0 and below 1.
    """
    check_between(tolerance, "tolerance", 1e-12, 0.5, "1")
    stability = circuit.stability
    if not stability.stable:
        return math.inf
    rest = circuit.at_rest(source)
    allowed = tolerance * float(rest.abs().max())
    if allowed == 0:
        return 0.0
    span = 1.5 * math.log(1 / tolerance) / stability.margin
    while True:
        times, outputs = step_response(circuit, source, span=span)
        away = (outputs - rest).abs().amax(1)
        outside = (away > allowed).nonzero()
        last = int(outside[-1]) if len(outside) else 0
        if last == len(times) - 1:
            span *= 2
        elif last < _STEPS // 16 and last > 0:
            # The slowest pole hardly takes part: look closer.
            span = float(times[last + 1])
            span *= 2
        else:
            return _crossing(times, away, last, allowed)


def _crossing(times: Tensor, away: Tensor, last: int, allowed: float) -> float:
    """When a distance that decays exponentially between two points comes within bounds (s)."""
    if float(away[last]) <= allowed:
        return float(times[last])
    before = math.log(float(away[last]) / allowed)
    after = math.log(allowed / max(float(away[last + 1]), 1e-300))
    width = float(times[last + 1] - times[last])
    return float(times[last]) + width * before / (before + after)


def bandwidth(circuit: FeedbackCircuit, source: Float[Tensor, " n"]) -> float:
    """Frequency above which the outputs are down by 3 dB (Hz).

    Sources swing together, each with its own amplitude; what falls is the root mean square of the
    outputs. The first such frequency counts.

    Args:
        circuit: The circuit.
        source: Amplitudes of the sources (V).

    Raises:
        ValueError: Another number of sources, or no numbers; sources that are all 0 V.
    """
    check_shape(source, "source", (circuit.size,))
    check_finite(source, "source", "Give every source an amplitude.")
    if not source.any():
        raise ValueError(
            "Argument `source` must have an amplitude, but all are 0 V; set one."
        )
    moved = circuit.dynamics
    forced = moved.drive @ source.double()
    wanted = _response(moved, forced, 0.0, circuit.size) / math.sqrt(2)
    fastest = float(circuit.stability.poles.abs().max())
    below = above = fastest * 10.0**-_DECADES
    while _response(moved, forced, above, circuit.size) > wanted:
        below = above
        above *= 2
    for _ in range(50):
        middle = math.sqrt(below * above)
        if _response(moved, forced, middle, circuit.size) > wanted:
            below = middle
        else:
            above = middle
    return above / (2 * math.pi)


def _response(
    moved: Dynamics, forced: Tensor, angular: float, size: int
) -> float:
    """Root mean square of the outputs at an angular frequency (V)."""
    one = torch.eye(len(forced), dtype=torch.complex128)
    system = 1j * angular * one - moved.matrix
    found = torch.linalg.solve(system, forced.to(torch.complex128))
    return float(found[:size].abs().square().mean().sqrt())
