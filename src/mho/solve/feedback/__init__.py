"""Linear systems in one step: a matrix in the feedback of amplifiers, as a circuit.

What its outputs settle to, whether they do, and how fast, with exact wires and finite gain.
"""

from mho.solve.feedback.amplifier import Amplifier
from mho.solve.feedback.circuit import (
    LAYOUTS,
    Dynamics,
    FeedbackCircuit,
    Stability,
)
from mho.solve.feedback.conductances import (
    FeedbackCells,
    FeedbackOptions,
    WritesPairs,
    feedback_cells,
)
from mho.solve.feedback.one_step import FeedbackAnswer, FeedbackSolver
from mho.solve.feedback.settling import (
    bandwidth,
    settling_time,
    step_response,
)

__all__ = [
    "LAYOUTS",
    "Amplifier",
    "Dynamics",
    "FeedbackAnswer",
    "FeedbackCells",
    "FeedbackCircuit",
    "FeedbackOptions",
    "FeedbackSolver",
    "Stability",
    "WritesPairs",
    "bandwidth",
    "feedback_cells",
    "settling_time",
    "step_response",
]
