"""From equations and a noisy operator to a solution with an explanation."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.checks import Configuration, check_between, check_choice
from mho.files import KeptState
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.solve.methods.course import Course
from mho.solve.methods.digital import DigitalWork
from mho.solve.methods.equations import Equations
from mho.solve.methods.inner import (
    Depth,
    InnerSolver,
    Jacobi,
    OneStep,
    conjugate_gradients,
    generalised_residuals,
)
from mho.solve.methods.outcome import SolveOutcome
from mho.solve.methods.probe import Probe, probe, probe_answers
from mho.solve.methods.reasons import Stop, explain
from mho.solve.methods.refine import Refinement, Rules

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


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What solving ended with.

    Args:
        x: The solution with the least residual that was found (1). Shape (n,).
        outcome: How it ended.
        residuals: True relative residual at the start and after every step (1).
        products: Analog products until then (1).
        solvers: Analog solvers in the order in which they were tried.
        combined: Steps that were combined with earlier ones (1).
        probe: What products were found to be off by.
        work: Digital work.
        explanation: How it ended and why, a sentence each.
    """

    x: Array
    outcome: SolveOutcome
    residuals: tuple[float, ...]
    products: tuple[int, ...]
    solvers: tuple[str, ...]
    combined: int
    probe: Probe
    work: DigitalWork
    explanation: tuple[str, ...] = field(default=())

    @property
    def steps(self) -> int:
        """Steps of refinement (1)."""
        return len(self.residuals) - 1

    @property
    def residual(self) -> float:
        """True relative residual of `x` (1)."""
        return min(self.residuals)


def solve(
    equations: Equations,
    operator: Any,
    solving: Solving | None = None,
    *,
    stream: Stream,
    feedback: Callable[[Array], Array] | None = None,
    progress: Progress = silent,
    state: KeptState | None = None,
    counters: Callable[[], dict[str, Any]] = dict,
    restore: Callable[[dict[str, Any]], None] = lambda _: None,
) -> Solution:
    """Solve equations with the products of a noisy operator.

    Args:
        equations: What to solve.
        operator: Holds `equations.matrix`, with errors and noise; anything that takes `@`. Not
            asked for `feedback`.
        solving: How.
        stream: Names the vectors that the operator is tried with.
        feedback: For `feedback`: takes a right side and returns what the circuit settles to.
        progress: Told what is being done and how far it is; may raise to interrupt.
        state: Where the course is kept now and then, and taken up if it is there.
        counters: Plain facts about the operator that are kept with it; tensors by name under
            `tensors`.
        restore: Takes such facts when the course is taken up.

    Raises:
        ValueError: The operator has another shape, or the method does not fit.
        OSError: The state cannot be written.

    >>> import numpy as np
    >>> matrix = np.diag([4.0, 5.0, 6.0]) - np.ones((3, 3))
    >>> coarse = np.round(8 * matrix) / 8 + 0.05
    >>> found = solve(Equations(matrix, [1.0, 2.0, 3.0]), coarse, stream=Stream(0))
    >>> found.outcome.word, found.residual < 1e-10
    ('converged', True)
    """
    solving = solving or Solving()
    shape = (equations.unknowns, equations.unknowns)
    circuit = solving.method == "feedback"
    if not circuit and tuple(operator.shape) != shape:
        raise ValueError(
            f"Argument `operator` must have the shape {shape} of the equations, but has"
            f" {tuple(operator.shape)}."
        )
    return _Plans(equations, operator, solving, stream, feedback).run(
        progress, state, counters, restore
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """An analog solver, and how its poor steps are combined."""

    name: str
    inner: InnerSolver
    energy: bool


class _Plans:
    """The analog solvers that are tried one after another, and the state of it all."""

    def __init__(
        self,
        equations: Equations,
        operator: Any,
        solving: Solving,
        stream: Stream,
        feedback: Callable[[Array], Array] | None,
    ) -> None:
        self._equations = equations
        self._operator = operator
        self._solving = solving
        self._stream = stream
        self._plans = _plans(equations, solving, feedback)
        circuit = solving.method == "feedback"
        self._feedback = feedback if circuit else None
        self._now = 0
        self._probe: Probe | None = None
        self._course = Course.begun(equations.unknowns)

    def run(
        self,
        progress: Progress,
        state: KeptState | None,
        counters: Callable[[], dict[str, Any]],
        restore: Callable[[dict[str, Any]], None],
    ) -> Solution:
        """Try one plan after another until one ends well."""
        held = Course.taken_up(state) if state is not None else None
        if held is not None:
            self._course, facts = held
            self._now = int(facts["plan"])
            self._probe = Probe(**facts["probe"])
            restore({**facts["counters"], "tensors": facts["tensors"]})
        if self._probe is None:
            self._probe = self._tried()
        measured = self._probe
        if not measured.usable:
            course = self._course
            course.note(1.0, measured.products)
            return self._solution(SolveOutcome.DIVERGED)

        def beside() -> dict[str, Any]:
            facts = counters()
            tensors = facts.pop("tensors", {})
            return {
                "plan": self._now,
                "probe": asdict(measured),
                "counters": facts,
                "tensors": tensors,
            }

        while True:
            plan = self._plans[self._now]
            rules = Rules(
                self._solving.tolerance,
                self._solving.steps,
                self._solving.combine,
                plan.energy,
            )
            refinement = Refinement(
                self._equations,
                lambda vector: np.asarray(self._operator @ vector),
                plan.inner,
                self._depth(measured),
                rules,
                self._course,
            )
            outcome = refinement.run(
                progress, f"solving, {plan.name}", state, beside
            )
            last = self._now + 1 == len(self._plans)
            stuck = (SolveOutcome.STAGNATED, SolveOutcome.DIVERGED)
            if last or outcome not in stuck:
                return self._solution(outcome)
            self._now += 1
            self._course.turn()

    def _tried(self) -> Probe:
        """What the analog half is off by."""
        matrix = self._equations.matrix
        if self._feedback is not None:
            return probe_answers(self._feedback, matrix, self._stream)
        return probe(self._operator, matrix, self._stream)

    def _depth(self, measured: Probe) -> Depth:
        """How far an analog pass goes: a single one as far as it gets."""
        single = self._solving.steps == 1
        return Depth(
            drop=self._solving.tolerance if single else self._solving.drop,
            most=self._solving.products,
            error=None if single else measured,
        )

    def _solution(self, outcome: SolveOutcome) -> Solution:
        course = self._course
        assert self._probe is not None
        tried = self._plans[: self._now + 1]
        stop = Stop(
            outcome=outcome,
            residual=course.best,
            tolerance=self._solving.tolerance,
            single=self._solving.steps == 1,
            path=course.path,
            indefinite=course.indefinite and tried[-1].energy,
            probe=self._probe,
        )
        return Solution(
            x=self._equations.original(course.best_x),
            outcome=outcome,
            residuals=tuple(course.residuals),
            products=tuple(course.products),
            solvers=tuple(plan.name for plan in tried),
            combined=course.combined,
            probe=self._probe,
            work=course.work,
            explanation=explain(
                self._equations, course.best_x, stop, self._operator
            ),
        )


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


def _plans(
    equations: Equations,
    solving: Solving,
    feedback: Callable[[Array], Array] | None,
) -> tuple[_Plan, ...]:
    """What to try, in this order."""
    check_method(equations, solving)
    positive = equations.definite is not False
    gradients = _Plan("cg", conjugate_gradients, energy=True)
    residuals = _Plan("gmres", generalised_residuals, energy=False)
    if solving.method == "refine":
        return (gradients, residuals) if positive else (residuals,)
    if solving.method == "cg":
        return (gradients,)
    if solving.method == "gmres":
        return (replace(residuals, energy=equations.definite is True),)
    if solving.method == "jacobi":
        return (_Plan("jacobi", _jacobi(equations), energy=positive),)
    if feedback is None:
        raise ValueError(
            "Argument `feedback` must be the circuit that answers for the method `feedback`, but"
            " is missing."
        )
    return (_Plan("feedback", OneStep(feedback), energy=False),)


def _jacobi(equations: Equations) -> Jacobi:
    """Sweeps damped as far as row sums demand."""
    diagonal = equations.matrix.diagonal()
    sums = np.asarray(abs(equations.matrix).sum(axis=1)).ravel()
    largest = float((sums / abs(diagonal)).max())
    damping = min(1.0, 2.0 / largest) if math.isfinite(largest) else 1.0
    return Jacobi(damping / diagonal)
