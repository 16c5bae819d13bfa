"""From equations to their solution on a chip: resumable, step by step."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.files import RunFolder
from mho.ledger import Ledger
from mho.progress import Progress, silent
from mho.runs.equations.described import described
from mho.runs.equations.job import SolveJob
from mho.runs.equations.statistics import statistics_of
from mho.solve import MatrixOnChips
from mho.solve.gallery import Problem
from mho.solve.methods import (
    A100,
    DigitalWork,
    Equations,
    Solution,
    SolveOutcome,
    product_work,
    solve,
)

Array = npt.NDArray[np.float64]

SOLUTION = "solution.npy"
"""File of the solution among the results."""
_ALONE_STEPS = 20
"""Steps of the digital solver beside, at most (1)."""
_ALONE_PRODUCTS = 20_000
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
    operator = _on_chips(job, equations, run, progress)
    start = operator.ledger
    written = operator.programming_cost
    found = solve(
        equations,
        operator,
        job.solving,
        stream=job.stream.child("solving"),
        progress=progress,
        state=run.state("course"),
        counters=lambda: _counters(operator),
        restore=lambda facts: _restore(operator, facts),
    )
    progress("digitally, to compare", 0.0)
    alone = _digital_alone(equations, job)
    progress("digitally, to compare", 1.0)
    result = described(
        job,
        problem,
        equations,
        found,
        operator,
        {"programming": written, "solving": operator.ledger - start},
        alone,
        A100,
    )
    return result, found.x


def _on_chips(
    job: SolveJob, equations: Equations, run: RunFolder, progress: Progress
) -> MatrixOnChips:
    """The chip with the matrix on it."""
    table = statistics_of(job, run.state("statistics"), progress)
    progress("programming the matrix", 0.0)
    operator = MatrixOnChips(
        equations.matrix,
        precision=job.precision,
        chip=job.chip,
        mapping=job.mapping,
        cells=job.cells,
        stream=job.stream.child("chip"),
        protocol=job.protocol(),
        table=table,
        converters=None if job.converters == "ideal" else "chip",
        reads=job.reads,
        tiles=job.tiles,
    )
    progress("programming the matrix", 1.0)
    return operator


def _counters(operator: MatrixOnChips) -> dict[str, Any]:
    """The operator's state as plain values."""
    state = operator.state()
    return {**state, "ledger": asdict(state["ledger"])}


def _restore(operator: MatrixOnChips, facts: dict[str, Any]) -> None:
    operator.restore(
        {
            **facts,
            "products": tuple(facts["products"]),
            "ledger": Ledger(**facts["ledger"]),
        }
    )


def _digital_alone(
    equations: Equations, job: SolveJob
) -> tuple[Solution, DigitalWork] | None:
    """The same solver with exact products, and its work; `None` if it gets nowhere."""
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
    )
    if found.outcome is not SolveOutcome.CONVERGED:
        return None
    work = found.work
    one = product_work(equations.matrix)
    for name in ("operations", "bytes", "products"):
        more = getattr(one, name) * found.products[-1]
        work = replace(work, **{name: getattr(work, name) + more})
    return found, work
