"""From equations to their solution on a chip: resumable, step by step."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.files import RunFolder
from mho.progress import Progress, silent
from mho.runs.equations.analog import Analog, InFeedback, OnChips
from mho.runs.equations.described import described
from mho.runs.equations.job import SolveJob
from mho.runs.equations.statistics import statistics_of
from mho.solve.gallery import Problem
from mho.solve.methods import (
    A100,
    DigitalWork,
    Equations,
    Solution,
    product_work,
    solve,
)

Array = npt.NDArray[np.float64]

SOLUTION = "solution.npy"
"""File of the solution among the results."""
_ALONE_STEPS = 20
"""Steps of the digital solver beside, at most (1)."""
_ALONE_PRODUCTS = 1_000
"""Products of each of these at most (1)."""


def solve_equations(
    job: SolveJob,
    problem: Problem,
    equations: Equations,
    run: RunFolder,
    progress: Progress = silent,
) -> tuple[dict[str, Any], Array]:
    """Program a chip with a matrix and solve on it.

    Args:
        job: How.
        problem: What is solved and what it is called.
        equations: The same, checked and scaled.
        run: Where all that takes time is kept; what it has already is taken up.
        progress: Told what is being done and how far it is; may raise to interrupt.

    Returns:
        The results as plain numbers, and the solution. Shape (n,).

    Raises:
        ValueError: The matrix does not fit, or what was kept is damaged.
        OSError: The folder cannot be written.
    """
    analog = _analog(job, equations, run, progress)
    found = solve(
        equations,
        analog.operator,
        job.solving,
        stream=job.stream.child("solving"),
        feedback=analog.answer,
        progress=progress,
        state=run.state("course"),
        counters=analog.counters,
        restore=analog.restore,
    )
    alone = _digital_alone(equations, job, run, progress)
    result = described(
        job,
        problem,
        equations,
        found,
        analog,
        alone,
        A100,
    )
    return result, found.x


def _analog(
    job: SolveJob, equations: Equations, run: RunFolder, progress: Progress
) -> Analog:
    """The matrix on its cells."""
    table = statistics_of(job, run.state("statistics"), progress)
    if job.solving.method == "feedback":
        return InFeedback(job, equations, table, progress)
    return OnChips(job, equations, table, progress, run.state("programming"))


def _digital_alone(
    equations: Equations, job: SolveJob, run: RunFolder, progress: Progress
) -> tuple[Solution, DigitalWork]:
    """The same solver with exact products as far as it gets, and its work."""
    stage = "digitally, to compare"
    solving = replace(
        job.solving,
        method="refine",
        steps=_ALONE_STEPS,
        products=_ALONE_PRODUCTS,
        drop=max(job.solving.tolerance / 10, 1e-15),
    )
    found = solve(
        equations,
        equations.matrix,
        solving,
        stream=job.stream.child("digital"),
        progress=lambda _, share: progress(stage, share),
        state=run.state("digital"),
    )
    progress(stage, 1.0)
    work = found.work
    one = product_work(equations.matrix)
    for name in ("operations", "bytes", "products"):
        more = getattr(one, name) * found.products[-1]
        work = replace(work, **{name: getattr(work, name) + more})
    return found, work
