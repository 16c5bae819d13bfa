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
FALLEN = 0.9
"""Share of the residual that may be left after so many steps (1), where nobody asks for less."""
_FEW = 200
"""Unknowns up to which as many steps are waited for (1)."""
_IN_A_ROW = 2
"""Poor steps after which another is expected (1)."""
_PASSES = 2
"""Times that a step is made orthogonal to earlier ones (1)."""
_MEMORY = 1 << 28
"""Memory for earlier steps (bytes)."""
_ROUNDING = 1e-10
"""Share of a product of lengths below which its sign may be rounding (1)."""
_NEAR_ROUNDING = 10.0
"""Residuals up to so many times double precision's own are its noise (1)."""
_NEAR_DIGITS = 1e-9
"""Residuals above are not compared with double precision's own, which takes a product (1)."""
_NOTHING = 1e-13
"""Share of an image that is rounding where earlier ones already span it (1)."""
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
        fallen: Share of the residual that may be left over the steps of its patience (1).
        patience: Steps over which the residual has to fall (1); as suits the equations if `None`.
    """

    tolerance: float = 1e-10
    steps: int = 500
    combine: int = 400
    energy: bool = False
    fallen: float = FALLEN
    patience: int | None = None


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
            state: Where to keep the course now and then, and in the end.
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
        if state is not None:
            self.course.keep(state, beside())

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
        true = course.residuals[-1]
        if true <= self._rules.tolerance:
            course.prefer(true)
            return SolveOutcome.CONVERGED
        # steps lower what the chip sees; rows as given may be anywhere meanwhile
        now = course.scaled[-1]
        if not math.isfinite(now) or now > _LOST * min(course.scaled):
            return self._lost()
        if course.steps >= self._rules.steps:
            return SolveOutcome.OUT_OF_STEPS
        if self._rules.energy and course.indefinite:
            return SolveOutcome.STAGNATED
        if self._stands(self._patience):
            grown = now > course.scaled[-1 - self._patience] and now > 1.0
            return self._lost() if grown else SolveOutcome.STAGNATED
        if self._stands(_PATIENCE[False]) and self._at_rounding:
            return SolveOutcome.STAGNATED
        return None

    def _stands(self, patience: int) -> bool:
        """Whether the residual did not fall over so many steps."""
        late = self.course.scaled[self.course.began :][-1 - patience :]
        least = self._rules.fallen * late[0]
        return len(late) > patience and min(late[1:]) > least

    @property
    def _at_rounding(self) -> bool:
        """Whether no step can lower what is left, as double precision has no more."""
        course = self.course
        least = min(course.scaled)
        if least > _NEAR_DIGITS:
            return False
        return least <= self._equations.rounding(course.best_x).scaled

    def _lost(self) -> SolveOutcome:
        """What a residual that grew is called: at the floor of rounding, steps are noise."""
        course = self.course
        rounding = self._equations.rounding(course.best_x)
        if min(course.scaled) <= _NEAR_ROUNDING * rounding.scaled:
            return SolveOutcome.STAGNATED
        return SolveOutcome.DIVERGED

    def _step(self) -> None:
        """One correction, and the true residual after it."""
        course = self.course
        size = float(np.linalg.norm(self._residual))
        # the chip's inputs have one scale, whatever is left
        found = self._inner(self._product, self._residual / size, self._depth)
        step = found.x * size
        course.work += found.work
        course.path = math.hypot(course.path, found.path * size)
        # a difference of residuals is a product for nothing, but has fewer digits
        image = self._image(step) if course.poor >= _IN_A_ROW else None
        moved = course.x + step
        if image is None:
            left = self._true_residual(moved)
            image = self._residual - left
        else:
            left = self._residual - image
        poor = float(np.linalg.norm(left)) > _HALVED * size
        if poor and self._rules.combine:
            moved = course.x + self._combined(step, image)
            course.combined += 1
        else:
            self._remember(step, image)
        if poor or course.poor >= _IN_A_ROW:
            left = self._true_residual(moved)
        course.poor = course.poor + 1 if poor and self._rules.combine else 0
        course.x = moved
        self._residual = left
        course.note(self._equations.relative(left), found.products)

    def _combined(self, step: Array, image: Array) -> Array:
        """The combination of a step and earlier ones that leaves the least."""
        self._remember(step, image)
        course = self.course
        if not course.directions:
            return step
        directions = np.stack(course.directions)
        tested = directions
        if not self._rules.energy:
            tested = np.stack(course.images)
        course.work += vector_work(step.size, 2 * len(directions))
        total: Array = (tested @ self._residual) @ directions

        return total

    def _remember(self, step: Array, image: Array) -> None:
        """Keep what a step has beyond earlier ones, for steps to come to be combined with.

        Images are orthonormal; or, where the matrix's own norm counts, each direction is to the
        image of itself, and orthogonal to those of others.
        """
        course = self.course
        most = self._room
        if not most:
            return
        whole = float(np.linalg.norm(image))
        if course.directions:
            directions = np.stack(course.directions)
            images = np.stack(course.images)
            # once is not enough where little is left
            for _ in range(_PASSES):
                shares = images @ (step if self._rules.energy else image)
                step = step - shares @ directions
                image = image - shares @ images
            course.work += vector_work(step.size, 6 * len(directions))
        left = float(np.linalg.norm(image))
        if not left > _NOTHING * whole:
            return
        square = float((step if self._rules.energy else image) @ image)
        if not (math.isfinite(square) and square > 0):
            self._judge(step)
            return
        size = math.sqrt(square)
        course.directions.append(step / size)
        course.images.append(image / size)
        del course.directions[:-most]
        del course.images[:-most]

    def _judge(self, step: Array) -> None:
        """See whether a step's curvature is negative, with all digits that it has."""
        if not self._rules.energy:
            return
        image = self._image(step)
        lengths = float(np.linalg.norm(step) * np.linalg.norm(image))
        if float(step @ image) < -_ROUNDING * lengths:
            self.course.indefinite = True

    @property
    def _room(self) -> int:
        """Earlier steps that are kept (1): as many as wanted, and as memory has room for."""
        each = 2 * 8 * self._equations.unknowns
        return min(self._rules.combine, max(_MEMORY // each, 1))

    @property
    def _patience(self) -> int:
        """Steps over which the residual has to fall (1)."""
        if self._rules.patience is not None:
            return self._rules.patience
        unknowns = self._equations.unknowns
        usual = _PATIENCE[self._rules.energy]
        # so many independent steps, combined, are the solution
        few = unknowns <= min(self._rules.combine, _FEW)
        return usual + unknowns if few else usual

    def _image(self, step: Array) -> Array:
        """The exact matrix times a step (1). Shape (n,)."""
        matrix = self._equations.matrix
        self.course.work += product_work(matrix)
        image: Array = matrix @ step
        return image

    def _true_residual(self, x: Array) -> Array:
        """What the solution leaves, in double precision (1). Shape (n,)."""
        equations = self._equations
        self.course.work += product_work(equations.matrix)
        self.course.work += vector_work(x.size)
        residual: Array = equations.rhs - equations.matrix @ x
        return residual
