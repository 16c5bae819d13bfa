"""What can be chosen, and which analog solvers a choice means for a matrix."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from mho.checks import Configuration, check_between, check_choice
from mho.solve.methods.equations import Equations
from mho.solve.methods.inner import (
    BASIS,
    InnerSolver,
    Jacobi,
    LeastSquares,
    OneStep,
    Product,
    conjugate_gradients,
    generalised_residuals,
)
from mho.solve.methods.refine import FALLEN

Array = npt.NDArray[np.float64]

METHODS = ("refine", "cg", "gmres", "cgls", "jacobi", "feedback")
"""Ways to solve: what the analog part does; the residual is digital in all of them."""
_WHOLE = 2048
"""Unknowns up to which GMRES may have a basis of as many vectors (1)."""
_INDEPENDENT = 400
"""Unknowns up to which that many steps are waited for, if no other solver is left (1)."""
_SHORT = 4
"""Steps over which the residual has to fall where another solver can follow (1)."""
_HALVED = 0.5
"""Share of the residual that GMRES may leave over so many (1)."""
_TENTH = 0.1
"""The same of least squares, which takes condition times as many products as it is (1)."""


@dataclass(frozen=True, slots=True)
class Solving(Configuration):
    """How equations shall be solved.

    Args:
        method: `refine` chooses the analog solver by the matrix, and another if that one gets
            stuck; `cg`, `gmres`, `cgls` (conjugate gradients on the normal equations) and `jacobi`
            are that solver and no other; `feedback` is a circuit that settles.
        tolerance: True relative residual wanted (1).
        steps: Steps of refinement at most (1); with 1, a single analog pass.
        combine: Earlier steps that a poor step is combined with (1), fewer if they take more than
            256 MiB; 0 for plain refinement.
        drop: Share of what is left at which an analog pass may end (1).
        products: Products of an analog pass at most (1), but for GMRES with a whole basis.

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
    """An analog solver, how its poor steps are combined, and when it is given up.

    Args:
        name: What it is called.
        inner: The solver.
        energy: Combine to the least error in the matrix's own norm.
        fallen: Share of the residual that may be left over its patience (1).
        patience: Steps over which the residual has to fall (1); as suits the equations if `None`.
        products: Products of a pass at most (1); as chosen for all if `None`.
    """

    name: str
    inner: InnerSolver
    energy: bool
    fallen: float = FALLEN
    patience: int | None = None
    products: int | None = None


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
    adjoint: Product,
) -> tuple[Plan, ...]:
    """What to try, in this order.

    Args:
        equations: What shall be solved.
        solving: How.
        feedback: The circuit that answers, for `feedback`.
        adjoint: The analog product with the transposed matrix.

    Raises:
        ValueError: The method cannot work on the matrix, or `feedback` lacks its circuit.
    """
    check_method(equations, solving)
    positive = equations.definite is not False
    if solving.method == "refine":
        return _tried_in_turn(equations, adjoint)
    if solving.method == "cg":
        return (_GRADIENTS,)
    if solving.method == "gmres":
        energy = equations.definite is True
        return tuple(
            replace(plan, energy=energy)
            for plan in (_RESIDUALS, *_whole(equations))
        )
    if solving.method == "cgls":
        return (_squares(adjoint),)
    if solving.method == "jacobi":
        return (Plan("jacobi", _jacobi(equations), energy=positive),)
    if feedback is None:
        raise ValueError(
            "Argument `feedback` must be the circuit that answers for the method `feedback`, but"
            " is missing."
        )
    return (Plan("feedback", OneStep(feedback), energy=False),)


_GRADIENTS = Plan("cg", conjugate_gradients, energy=True)
_RESIDUALS = Plan("gmres", generalised_residuals, energy=False)


def _tried_in_turn(equations: Equations, adjoint: Product) -> tuple[Plan, ...]:
    """The solver that suits a matrix, and those that follow where it gets stuck.

    GMRES may need as many products as there are unknowns even where the matrix is well
    conditioned: if its eigenvalues lie around zero.
    """
    whole = tuple(_patient(plan, equations) for plan in _whole(equations))
    if equations.symmetric:
        first = (_GRADIENTS,) if equations.definite is not False else ()
        return (*first, _RESIDUALS, *whole)
    if equations.unknowns <= BASIS:
        return (_RESIDUALS, *whole)
    return (
        replace(_RESIDUALS, fallen=_HALVED, patience=_SHORT),
        replace(_squares(adjoint), fallen=_TENTH, patience=_SHORT),
        # slowly, if not at once: nothing is left to try
        *(whole or (_RESIDUALS,)),
    )


def _patient(plan: Plan, equations: Equations) -> Plan:
    """A plan that waits until as many independent steps are the solution, if that is not long."""
    unknowns = equations.unknowns
    return (
        replace(plan, patience=unknowns) if unknowns <= _INDEPENDENT else plan
    )


def _squares(adjoint: Product) -> Plan:
    """Conjugate gradients on the normal equations."""
    return Plan("cgls", LeastSquares(adjoint), energy=False)


def _whole(equations: Equations) -> tuple[Plan, ...]:
    """GMRES with as many vectors as unknowns, where that is more than usual and not too many."""
    unknowns = equations.unknowns
    if not BASIS < unknowns <= _WHOLE:
        return ()
    inner = partial(generalised_residuals, vectors=unknowns)
    return (Plan("full gmres", inner, energy=False, products=unknowns),)


def _jacobi(equations: Equations) -> Jacobi:
    """Sweeps damped as far as row sums demand."""
    diagonal = equations.matrix.diagonal()
    sums = np.asarray(abs(equations.matrix).sum(axis=1)).ravel()
    largest = float((sums / abs(diagonal)).max())
    damping = min(1.0, 2.0 / largest) if math.isfinite(largest) else 1.0
    return Jacobi(damping / diagonal)
