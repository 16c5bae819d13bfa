"""Solvers around a noisy analog operator: exact residuals outside, rough analog passes inside.

`Equations` are checked and scaled; an operator holds their matrix; `solve` refines what its
products give until the true residual, in double precision, is small, or says what holds it up.
"""

from mho.solve.methods.choices import METHODS, Solving, check_method
from mho.solve.methods.conditioning import Conditioning, conditioning
from mho.solve.methods.digital import (
    A100,
    DigitalMachine,
    DigitalWork,
    product_work,
    vector_work,
)
from mho.solve.methods.equations import Equations, Relative
from mho.solve.methods.inner import (
    Correction,
    Depth,
    InnerSolver,
    Jacobi,
    LeastSquares,
    OneStep,
    conjugate_gradients,
    generalised_residuals,
)
from mho.solve.methods.outcome import SolveOutcome
from mho.solve.methods.probe import Probe, probe
from mho.solve.methods.reasons import floor_of
from mho.solve.methods.refine import Refinement, Rules
from mho.solve.methods.scaling import Scaling, equilibrate
from mho.solve.methods.solving import Solution, solve

__all__ = [
    "A100",
    "METHODS",
    "Conditioning",
    "Correction",
    "Depth",
    "DigitalMachine",
    "DigitalWork",
    "Equations",
    "InnerSolver",
    "Jacobi",
    "LeastSquares",
    "OneStep",
    "Probe",
    "Refinement",
    "Relative",
    "Rules",
    "Scaling",
    "Solution",
    "SolveOutcome",
    "Solving",
    "check_method",
    "conditioning",
    "conjugate_gradients",
    "equilibrate",
    "floor_of",
    "generalised_residuals",
    "probe",
    "product_work",
    "solve",
    "vector_work",
]
