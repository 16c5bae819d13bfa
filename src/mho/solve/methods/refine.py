"""Mixed-precision refinement: an exact residual around an analog solver.

Source: legallo2018. The residual is computed in double precision outside every step, from the
exact matrix and the solution as it is; the chip only ever solves roughly for what is left, so that
its errors set the pace and not the end.

A step that does not halve the residual is combined with earlier ones, to the least residual or,
for a positive definite matrix, to the least error in the matrix's own norm. That makes flexible
GMRES or flexible conjugate gradients of it, with the analog solver as their preconditioner.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.files import KeptState
from mho.progress import Progress, silent
from mho.solve.methods.course import Course
from mho.solve.methods.digital import product_work, vector_work
from mho.solve.methods.equations import Equations
from mho.solve.methods.inner import Depth, InnerSolver, Product
from mho.solve.methods.outcome import SolveOutcome

Array = npt.NDArray[np.float64]

_HALVED = 0.5
"""Share of the residual above which a step is combined with earlier ones (1)."""
_PATIENCE = {False: 12, True: 25}
"""Steps over which the residual has to fall (1); in the matrix's own norm it may rise at first."""
_FALLEN = 0.9
"""Share of the residual that may be left after so many steps (1)."""
_LOST = 1e4
"""Growth over the least residual that counts as divergence (1)."""


@dataclass(frozen=True, slots=True)
class Rules:
    """When to stop, and what to make of a poor step.

    Args:
        tolerance: True relative residual wanted (1).
        steps: Steps at most (1).
        combine: Earlier steps that a poor step is combined with (1); 0 for plain refinement, in
            which each correction is added as it comes.
        energy: Combine to the least error in the matrix's own norm, which takes a positive
            definite matrix, and not to the least residual.
    """

    tolerance: float = 1e-10
    steps: int = 500
    combine: int = 100
    energy: bool = False


class Refinement:
    """Steps of refinement, one after another.

    Args:
        equations: What to solve.
        product: The analog product.
        inner: Who solves roughly.
        depth: How far.
        rules: When to stop.
        course: Where to go on from.
    """

    references = ("legallo2018",)

    def __init__(
        self,
        equations: Equations,
        product: Product,
        inner: InnerSolver,
        depth: Depth,
        rules: Rules,
        course: Course,
    ) -> None:
        self._equations = equations
        self._product = product
        self._inner = inner
        self._depth = depth
        self._rules = rules
        self.course = course
        # what was taken up has been paid for
        before = course.work
        self._residual = self._true_residual(course.x)
        if course.residuals:
            course.work = before
        else:
            course.note(equations.relative(self._residual), 0)

    def run(
        self,
        progress: Progress = silent,
        stage: str = "solving",
        state: KeptState | None = None,
        beside: Callable[[], dict[str, Any]] = dict,
    ) -> SolveOutcome:
        """Go on until a rule stops it.

        Args:
            progress: Told how far the residual has come, in powers of ten; may raise to
                interrupt.
            stage: Name of the work, for `progress`.
            state: Where to keep the course now and then.
            beside: Facts to keep with it.

        Raises:
            OSError: The state cannot be written.
        """
        progress(stage, self._share)
        while (outcome := self._outcome()) is None:
            self._step()
            if state is not None and state.due:
                self.course.keep(state, beside())
            progress(stage, self._share)
        return outcome

    @property
    def _share(self) -> float:
        """How far the residual has come, in powers of ten (1)."""
        best = self.course.best
        if best <= self._rules.tolerance:
            return 1.0
        return max(math.log(best) / math.log(self._rules.tolerance), 0.0)

    def _outcome(self) -> SolveOutcome | None:
        """How it ended; `None` while it has not."""
        course = self.course
        now = course.residuals[-1]
        if now <= self._rules.tolerance:
            return SolveOutcome.CONVERGED
        if not math.isfinite(now) or now > _LOST * course.best:
            return SolveOutcome.DIVERGED
        if course.steps >= self._rules.steps:
            return SolveOutcome.OUT_OF_STEPS
        patience = _PATIENCE[self._rules.energy]
        late = course.residuals[course.began :][-1 - patience :]
        if len(late) > patience and min(late[1:]) > _FALLEN * late[0]:
            grown = now > late[0] and now > 1.0
            return SolveOutcome.DIVERGED if grown else SolveOutcome.STAGNATED
        return None

    def _step(self) -> None:
        """One correction, and the true residual after it."""
        course = self.course
        size = float(np.linalg.norm(self._residual))
        # the chip's inputs have one scale, whatever is left
        found = self._inner(self._product, self._residual / size, self._depth)
        step = found.x * size
        course.work += found.work
        course.path = math.hypot(course.path, found.path * size)
        moved = course.x + step
        left = self._true_residual(moved)
        image = self._residual - left
        good = float(np.linalg.norm(left)) <= _HALVED * size
        if self._rules.combine and not good:
            moved = course.x + self._combined(step, image)
            left = self._true_residual(moved)
            course.combined += 1
        else:
            self._remember(step, image)
        course.x = moved
        self._residual = left
        course.note(self._equations.relative(left), found.products)

    def _combined(self, step: Array, image: Array) -> Array:
        """The combination of a step and earlier ones that leaves the least."""
        course = self.course
        for old, seen in zip(course.directions, course.images, strict=True):
            share = self._part(old, seen, step, image)
            step = step - share * old
            image = image - share * seen
        self._remember(step, image)
        total = np.zeros_like(step)
        residual = self._residual
        for old, seen in zip(course.directions, course.images, strict=True):
            tested = old if self._rules.energy else seen
            share = float(tested @ residual) / float(tested @ seen)
            total = total + share * old
            residual = residual - share * seen
        course.work += vector_work(step.size, 8 * len(course.directions))
        return total

    def _part(
        self, old: Array, seen: Array, step: Array, image: Array
    ) -> float:
        """How much of an earlier step there is in a step (1)."""
        if self._rules.energy:
            return float(seen @ step) / float(seen @ old)
        return float(seen @ image) / float(seen @ seen)

    def _remember(self, step: Array, image: Array) -> None:
        """Keep a step that steps to come may be combined with."""
        size = float(np.linalg.norm(image))
        if not self._rules.combine or not (math.isfinite(size) and size > 0):
            return
        # the exact matrix is not positive definite along this one
        if self._rules.energy and not float(step @ image) > 0:
            return
        course = self.course
        course.directions.append(step / size)
        course.images.append(image / size)
        del course.directions[: -self._rules.combine]
        del course.images[: -self._rules.combine]

    def _true_residual(self, x: Array) -> Array:
        """What the solution leaves, in double precision (1). Shape (n,)."""
        equations = self._equations
        self.course.work += product_work(equations.matrix)
        self.course.work += vector_work(x.size)
        residual: Array = equations.rhs - equations.matrix @ x
        return residual
