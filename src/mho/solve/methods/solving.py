"""From equations and a noisy operator to a solution with an explanation."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.files import KeptState
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.solve.methods.choices import Plan, Solving, plans_for
from mho.solve.methods.course import Course
from mho.solve.methods.digital import DigitalWork
from mho.solve.methods.equations import Equations, Relative
from mho.solve.methods.inner import Depth, NoAdjointError, Product
from mho.solve.methods.outcome import SolveOutcome
from mho.solve.methods.probe import Probe, probe, probe_answers
from mho.solve.methods.reasons import Stop, explain
from mho.solve.methods.refine import Refinement, Rules

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What solving ended with.

    Args:
        x: The solution with the least residual that was found, rows counted as they were scaled
            (1). Shape (n,).
        residual: True relative residual of `x` (1).
        outcome: How it ended.
        residuals: True relative residual at the start and after every step, of the equations as
            scaled or as given, whichever is larger (1).
        products: Analog products until then (1).
        solvers: Analog solvers in the order in which they were tried.
        combined: Steps that were combined with earlier ones (1).
        probe: What products were found to be off by.
        work: Digital work.
        explanation: How it ended and why, a sentence each.
        condition: Condition number of the equations as scaled (1); `None` where it takes too long.
        error: How far `x` may be off, in parts of its length (1); `None` as well.
    """

    x: Array
    residual: float
    outcome: SolveOutcome
    residuals: tuple[float, ...]
    products: tuple[int, ...]
    solvers: tuple[str, ...]
    combined: int
    probe: Probe
    work: DigitalWork
    explanation: tuple[str, ...] = field(default=())
    condition: float | None = None
    error: float | None = None

    @property
    def steps(self) -> int:
        """Steps of refinement (1)."""
        return len(self.residuals) - 1


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
        state: Where the course is kept now and then and in the end, and taken up if it is there.
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
        self._plans = plans_for(
            equations, solving, feedback, _adjoint_of(operator)
        )
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
        if not self._probe.usable:
            self._course.note(Relative(1.0, 1.0), self._probe.products)
            return self._solution(SolveOutcome.DIVERGED)

        return self._solution(self._in_turn(progress, state, counters))

    def _in_turn(
        self,
        progress: Progress,
        state: KeptState | None,
        counters: Callable[[], dict[str, Any]],
    ) -> SolveOutcome:
        """How the last plan ended that was tried.

        Raises:
            NoAdjointError: The only plan needs products that the operator does not have.
        """
        stuck = (SolveOutcome.STAGNATED, SolveOutcome.DIVERGED)
        while True:
            plan = self._plans[self._now]
            try:
                outcome = self._refinement(plan).run(
                    progress,
                    f"solving, {plan.name}",
                    state,
                    lambda: self._facts(counters),
                )
            except NoAdjointError:
                if self._plans == (plan,):
                    raise
                self._leave_out(plan)
                continue
            if self._now + 1 == len(self._plans) or outcome not in stuck:
                return outcome
            self._now += 1
            shared = self._plans[self._now].energy == plan.energy
            self._course.turn(shared=shared)

    def _leave_out(self, plan: Plan) -> None:
        """Go on without a plan; if it was the last, with the one before it, which was stuck."""
        self._plans = tuple(one for one in self._plans if one is not plan)
        self._now = min(self._now, len(self._plans) - 1)

    def _refinement(self, plan: Plan) -> Refinement:
        """Refinement around an analog solver, from where the course is."""
        assert self._probe is not None
        rules = Rules(
            self._solving.tolerance,
            self._solving.steps,
            self._solving.combine,
            plan.energy,
            plan.fallen,
            plan.patience,
        )
        return Refinement(
            self._equations,
            lambda vector: np.asarray(self._operator @ vector),
            plan.inner,
            self._depth(self._probe, plan.products),
            rules,
            self._course,
        )

    def _facts(self, counters: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What is kept beside the course."""
        assert self._probe is not None
        facts = counters()
        tensors = facts.pop("tensors", {})
        return {
            "plan": self._now,
            "probe": asdict(self._probe),
            "counters": facts,
            "tensors": tensors,
        }

    def _tried(self) -> Probe:
        """What the analog half is off by."""
        matrix = self._equations.matrix
        if self._feedback is not None:
            return probe_answers(self._feedback, matrix, self._stream)
        return probe(self._operator, matrix, self._stream)

    def _depth(self, measured: Probe, products: int | None) -> Depth:
        """How far an analog pass goes: a single one as far as it gets."""
        single = self._solving.steps == 1
        return Depth(
            drop=self._solving.tolerance if single else self._solving.drop,
            most=products or self._solving.products,
            error=None if single else measured,
        )

    def _solution(self, outcome: SolveOutcome) -> Solution:
        course = self._course
        assert self._probe is not None
        tried = self._plans[: self._now + 1]
        known = self._equations.conditioning
        stop = Stop(
            outcome=outcome,
            residual=course.best,
            tolerance=self._solving.tolerance,
            single=self._solving.steps == 1,
            path=course.path,
            indefinite=course.indefinite and tried[-1].energy,
            probe=self._probe,
            solver=tried[-1].name,
        )
        return Solution(
            x=self._equations.original(course.best_x),
            residual=course.best,
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
            condition=None if known is None else known.number,
            error=self._equations.solution_error(course.best_x),
        )


def _adjoint_of(operator: Any) -> Product:
    """Products with the transposed operator: whether it has any is seen when it is asked."""

    def product(vector: Array) -> Array:
        try:
            return np.asarray(operator.T @ vector)
        # SciPy's operators have a transposed one that cannot multiply
        except (AttributeError, NotImplementedError) as error:
            raise NoAdjointError(
                "Argument `operator` must multiply with its transposed matrix for the method"
                " `cgls`, but does not; take `gmres`."
            ) from error

    return product
