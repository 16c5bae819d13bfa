"""One-step solutions: closed forms of one amplifier, the limit of stability, converters."""

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from mho.rng import Stream
from mho.solve.feedback import (
    LAYOUTS,
    Amplifier,
    FeedbackCells,
    FeedbackCircuit,
    FeedbackOptions,
    FeedbackSolver,
    bandwidth,
    feedback_cells,
    settling_time,
    step_response,
)
from mho.wires import WireModel

CELL = 60e-6
INPUT = 90e-6


def one(value: float) -> Tensor:
    return torch.tensor([[value]], dtype=torch.float64)


def system(size: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """A matrix with a strong diagonal and a right-hand side."""
    draw = torch.Generator().manual_seed(seed)
    noise = torch.randn(size, size, generator=draw, dtype=torch.float64)
    matrix = torch.eye(size, dtype=torch.float64) + 0.3 / size**0.5 * noise
    return matrix, torch.randn(size, generator=draw, dtype=torch.float64)


def test_one_amplifier_has_its_textbook_pole() -> None:
    """One exponential: dx/dt = −ω₀ (x + A (G x + g v) / (G + g)), all in closed form."""
    amplifier = Amplifier(gain=1e4, gain_bandwidth=1e6)
    made = FeedbackCircuit(
        one(CELL), input_conductance=INPUT, amplifier=amplifier
    )
    source = torch.tensor([0.3], dtype=torch.float64)
    load = CELL + INPUT
    pole = amplifier.pole * (1 + amplifier.gain * CELL / load)
    rest = -amplifier.gain * INPUT * 0.3 / (load + amplifier.gain * CELL)
    assert float(made.at_rest(source)) == pytest.approx(rest, rel=1e-12)
    assert made.stability.margin == pytest.approx(pole, rel=1e-12)
    # Exact at points of time; between two of them an exponential is assumed, as it is one.
    time = settling_time(made, source, tolerance=1e-4)
    assert time == pytest.approx(math.log(1e4) / pole, rel=1e-6)
    assert bandwidth(made, source) == pytest.approx(
        pole / (2 * math.pi), rel=1e-6
    )
    times, outputs = step_response(made, source, span=3 / pole, steps=7)
    wanted = rest * (1 - torch.exp(-pole * times))
    assert torch.allclose(outputs[:, 0], wanted, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize(("beyond", "stable"), [(0.99, True), (1.01, False)])
def test_the_limit_of_stability_is_one_over_the_gain(
    beyond: float, stable: bool
) -> None:
    """With an inverter, det > 0 of the two states is 1 + A (P − κN) / (P + N + g) > 0.

    κ = A / (A + 2) is what the inverter leaves of its gain of one. N is put on either side of
    the limit by a hundredth of the distance, and the trace is negative anyhow.
    """
    gain = 50.0
    kept = gain / (gain + 2)
    # 1 + A (P − κN) / (P + N + g) = 0, solved for N.
    limit = (CELL * (1 + gain) + INPUT) / (gain * kept - 1)
    balanced = CELL / kept
    negative = balanced + beyond * (limit - balanced)
    made = FeedbackCircuit(
        one(CELL),
        one(negative),
        input_conductance=INPUT,
        amplifier=Amplifier(gain=gain),
    )
    found = made.stability
    assert found.stable is stable
    assert (float(found.loop.real.min()) > found.limit) is stable
    time = settling_time(made, torch.tensor([0.1], dtype=torch.float64))
    assert math.isfinite(time) is stable


def test_capacitance_at_the_inputs_limits_the_gain_bandwidth() -> None:
    """Slow amplifiers come to rest; those that inputs cannot follow swing up.

    The loop through both outputs and an inverter has six lags.
    """
    matrix = torch.tensor([[1.0, -3.0], [3.0, 1.0]], dtype=torch.float64)
    cells = feedback_cells(matrix)

    def stable(gain_bandwidth: float) -> bool:
        amplifier = Amplifier(
            gain_bandwidth=gain_bandwidth, input_capacitance=20e-12
        )
        return FeedbackSolver(
            cells, amplifier=amplifier
        ).circuit.stability.stable

    assert stable(1e5)
    assert not stable(1e8)
    told = FeedbackSolver(
        cells, amplifier=Amplifier(gain_bandwidth=1e8, input_capacitance=20e-12)
    ).solve(torch.ones(2, dtype=torch.float64))
    assert "lower `gain_bandwidth`" in told.note


@pytest.mark.parametrize("layout", LAYOUTS)
def test_one_step_solves_to_the_gain_of_its_amplifiers(layout: str) -> None:
    """Relative error is the loop's 1/(A λ) times the norm of the load: below 100 / gain here."""
    matrix, right = system(16)
    wanted = torch.linalg.solve(matrix, right)
    errors = []
    for gain in (1e3, 1e4, 1e5):
        solver = FeedbackSolver(
            feedback_cells(matrix),
            FeedbackOptions(layout=layout),
            amplifier=Amplifier(gain=gain),
        )
        answer = solver.solve(right)
        error = float((answer.x - wanted).norm() / wanted.norm())
        assert error == pytest.approx(answer.gain_error, rel=1e-6)
        errors.append(error)
    # First order in 1/gain; the second order is the error itself, relative.
    assert errors[0] / errors[1] == pytest.approx(10, rel=2 * errors[0])
    assert errors[1] / errors[2] == pytest.approx(10, rel=2 * errors[1])
    assert errors[2] < 100 / 1e5


def test_wires_are_told_apart_from_gain() -> None:
    matrix, right = system(8)
    cells = feedback_cells(matrix)
    bare = FeedbackSolver(cells).solve(right)
    wired = FeedbackSolver(cells, wires=WireModel(5.0, 5.0)).solve(right)
    assert bare.wire_error == 0.0
    assert wired.wire_error > 10 * wired.gain_error
    assert wired.gain_error == pytest.approx(bare.gain_error, rel=0.1)


def test_sources_are_halved_until_outputs_fit() -> None:
    """An output of 5 × 0.2 V × g/G at full sources needs three halvings to stay below 0.2 V."""
    cells = FeedbackCells(one(20e-6), None, 20e-6)
    solver = FeedbackSolver(cells, amplifier=Amplifier(swing=0.2))
    answer = solver.solve(torch.tensor([7.0], dtype=torch.float64))
    # 100 µS / 20 µS × 0.2 V = 1 V, 0.5 V, 0.25 V, 0.125 V
    assert answer.tries == 4
    assert float(answer.outputs.abs()) == pytest.approx(0.125, rel=1e-3)
    assert float(answer.x) == pytest.approx(7.0, rel=1e-3)
    assert answer.ledger.conversions == 8


def test_converters_leave_half_a_step() -> None:
    """Sources and outputs are rounded by half a step at most; the inverse carries it on."""
    matrix, right = system(8)
    exact = FeedbackSolver(feedback_cells(matrix)).solve(right)
    answer = FeedbackSolver(
        feedback_cells(matrix), FeedbackOptions(bits=8)
    ).solve(right)
    half = 0.5 / 127
    inverse = torch.linalg.inv(matrix).abs().sum(1)
    # Outputs lie in the upper half of their range: its end is at most twice the largest.
    allowed = (
        half * right.abs().max() * inverse + 2 * half * exact.x.abs().max()
    )
    assert ((answer.x - exact.x).abs() <= 1.01 * allowed).all()
    assert (answer.x != exact.x).any()


def test_what_does_not_come_to_rest_is_told_with_a_remedy() -> None:
    matrix, right = system(8)
    answer = FeedbackSolver(feedback_cells(-matrix)).solve(right)
    assert not answer.stable
    assert answer.x.isnan().all()
    assert "does not come to rest" in answer.note
    assert "AᵀA" in answer.note


def test_offsets_belong_to_their_stream() -> None:
    matrix, right = system(8)

    def solve(seed: int) -> Tensor:
        amplifier = Amplifier(offset=1e-3)
        return (
            FeedbackSolver(
                feedback_cells(matrix),
                amplifier=amplifier,
                stream=Stream(seed),
            )
            .solve(right)
            .x
        )

    assert torch.equal(solve(0), solve(0))
    assert not torch.equal(solve(0), solve(1))


def test_nothing_on_the_right_is_nothing() -> None:
    matrix, _ = system(4)
    answer = FeedbackSolver(feedback_cells(matrix)).solve(torch.zeros(4))
    assert answer.x.abs().max() == 0
    assert answer.ledger.seconds == 0


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda: feedback_cells(torch.ones(2, 3)), "`matrix` must be square"),
        (lambda: feedback_cells(torch.zeros(2, 2)), "has no inverse"),
        (
            lambda: feedback_cells(torch.full((2, 2), math.nan)),
            "`matrix` must be finite",
        ),
        (
            lambda: FeedbackSolver(feedback_cells(torch.eye(3))).solve(
                torch.ones(2)
            ),
            r"`right` must have shape \(3\)",
        ),
        (
            lambda: FeedbackCircuit(-torch.eye(2), input_conductance=1e-4),
            "`positive` must lie within",
        ),
        (
            lambda: FeedbackSolver(
                feedback_cells(torch.eye(2)), wires=WireModel(1.0, sides="both")
            ).solve(torch.ones(2)),
            "`wires` must have lines with one terminal each",
        ),
        (
            lambda: FeedbackSolver(
                feedback_cells(torch.eye(2)), amplifier=Amplifier(offset=1e-3)
            ),
            "`stream` must be given",
        ),
        (
            lambda: FeedbackOptions(low=2e-4, high=1e-4),
            "`low` must be below `high`",
        ),
    ],
)
def test_bad_input_is_one_sentence(act: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        act()  # type: ignore[operator]


def test_errors_of_writing_belong_to_the_cell_that_holds_the_number() -> None:
    """A pair written 1 % of the range too far, whatever its sign; its partner stays at `low`."""

    class TooFar:
        def write(self, wanted: Tensor, stream: Stream) -> Pairs:
            del stream
            return Pairs(wanted + 0.01 * wanted.sign())

    matrix = torch.tensor([[2.0, -1.0], [0.0, 1.0]])
    options = FeedbackOptions(low=10e-6, high=110e-6)
    found = feedback_cells(matrix, options, errors=TooFar(), stream=Stream(0))
    assert found.negative is not None
    wanted = torch.tensor([[111e-6, 10e-6], [10e-6, 61e-6]]).double()
    assert torch.allclose(found.positive, wanted, atol=1e-12)
    wanted = torch.tensor([[10e-6, 10e-6], [61e-6, 10e-6]]).double()
    assert torch.allclose(found.negative, wanted, atol=1e-12)
    assert found.scale == pytest.approx(50e-6)


@dataclass(frozen=True)
class Pairs:
    """What pairs hold."""

    held: Tensor
