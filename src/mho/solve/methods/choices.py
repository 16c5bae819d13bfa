"""What can be chosen, and which analog solvers a choice means for a matrix."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mho.checks import Configuration, check_between, check_choice
from mho.solve.methods.equations import Equations
from mho.solve.methods.inner import (
    InnerSolver,
    Jacobi,
    OneStep,
    conjugate_gradients,
    generalised_residuals,
)

Array = npt.NDArray[np.float64]

METHODS = ("refine", "cg", "gmres", "jacobi", "feedback")
"""Ways to solve: what the analog part does; the residual is digital in all of them."""


@dataclass(frozen=True, slots=True)
class Solving(Configuration):
    """How equations shall be solved.

    Args:
        method: `refine` chooses the analog solver by the matrix, and another if that one gets
            stuck; `cg`, `gmres` and `jacobi` are that solver and no other; `feedback` is a circuit
            that settles.
        tolerance: True relative residual wanted (1).
        steps: Steps of refinement at most (1); with 1, a single analog pass.
        combine: Earlier steps that a poor step is combined with (1), fewer if they take more than
            256 MiB; 0 for plain refinement.
        drop: Share of what is left at which an analog pass may end (1).
        products: Products of an analog pass at most (1).

    Raises:
        ValueError: A number is out of range, or there is no such method.
    """

    method: str = "refine"
    tolerance: float = 1e-10
    steps: int = 500
    combine: int = 400
    drop: float = 1e-3
    products: int = 200

    def __post_init__(self) -> None:
        check_choice(self.method, "method", METHODS)
        check_between(self.tolerance, "tolerance", 1e-15, 0.5, "1")
        check_between(self.steps, "steps", 1, 100_000, "1")
        check_between(self.combine, "combine", 0, 1000, "1")
        check_between(self.drop, "drop", 1e-15, 0.9, "1")
        check_between(self.products, "products", 1, 100_000, "1")


@dataclass(frozen=True, slots=True)
class Plan:
    """An analog solver, and how its poor steps are combined."""

    name: str
    inner: InnerSolver
    energy: bool


def check_method(equations: Equations, solving: Solving) -> None:
    """Refuse a method that cannot work on a matrix.

    Args:
        equations: What shall be solved.
        solving: How.

    Raises:
        ValueError: In one sentence, with a method that can.
    """
    if solving.method == "cg" and equations.definite is False:
        lacks = "positive definite" if equations.symmetric else "symmetric"
        raise ValueError(
            f"Argument `method` must not be `cg` for a matrix that is not {lacks}, which it takes;"
            " take `gmres`."
        )
    if solving.method == "jacobi":
        zeros = np.flatnonzero(equations.matrix.diagonal() == 0)
        if zeros.size:
            raise ValueError(
                "Argument `method` must not be `jacobi` for a matrix with zeros on its diagonal,"
                f" such as in row {int(zeros[0]) + 1}; take `gmres`."
            )


def plans_for(
    equations: Equations,
    solving: Solving,
    feedback: Callable[[Array], Array] | None,
) -> tuple[Plan, ...]:
    """What to try, in this order."""
    check_method(equations, solving)
    positive = equations.definite is not False
    gradients = Plan("cg", conjugate_gradients, energy=True)
    residuals = Plan("gmres", generalised_residuals, energy=False)
    if solving.method == "refine":
        return (gradients, residuals) if positive else (residuals,)
    if solving.method == "cg":
        return (gradients,)
    if solving.method == "gmres":
        return (replace(residuals, energy=equations.definite is True),)
    if solving.method == "jacobi":
        return (Plan("jacobi", _jacobi(equations), energy=positive),)
    if feedback is None:
        raise ValueError(
            "Argument `feedback` must be the circuit that answers for the method `feedback`, but"
            " is missing."
        )
    return (Plan("feedback", OneStep(feedback), energy=False),)


def _jacobi(equations: Equations) -> Jacobi:
    """Sweeps damped as far as row sums demand."""
    diagonal = equations.matrix.diagonal()
    sums = np.asarray(abs(equations.matrix).sum(axis=1)).ravel()
    largest = float((sums / abs(diagonal)).max())
    damping = min(1.0, 2.0 / largest) if math.isfinite(largest) else 1.0
    return Jacobi(damping / diagonal)
