"""Why a solution ended as it did: which error sets the floor, and what would lower it."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.solve.methods.conditioning import norm
from mho.solve.methods.equations import Equations, Relative
from mho.solve.methods.outcome import SolveOutcome
from mho.solve.methods.probe import Probe

Array = npt.NDArray[np.float64]

_SPECTRAL = 2.0
"""Spectral norm of a square matrix of independent errors over their length a row (1)."""
_NEAR_ROUNDING = 10.0
"""Residuals up to so many times double precision's own are put down to it (1)."""
_MOSTLY = 2.0
"""Ratio from which one of two errors is called the larger one (1)."""
_DOUBTFUL = 1e-3
"""Share of its length by which a solution may be off before a word is lost about it (1)."""
_HARMLESS = 0.5
"""Condition times error up to which every pass would halve the residual (1)."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a solution stopped.

    Args:
        outcome: How it ended.
        residual: True relative residual of the best solution (1).
        tolerance: What was wanted (1).
        single: Whether it was a single analog pass.
        path: Root of the summed squares of the analog steps (1).
        indefinite: Whether a method for positive definite matrices met another one.
        probe: What products were found to be off by.
        solver: The analog solver that was tried last.
    """

    outcome: SolveOutcome
    residual: float
    tolerance: float
    single: bool
    path: float
    indefinite: bool
    probe: Probe
    solver: str = ""


def floor_of(
    equations: Equations, x: Array, path: float, measured: Probe
) -> float:
    """Relative residual at which a single analog pass ends, predicted (1).

    The residual that the pass sees is zero in the end; the true one is what the products were off
    by on the way: `√((lasting·|x|)² + fresh²·Σ|Δx|²)` over the length of the right side.

    Args:
        equations: What is solved.
        x: The solution (1). Shape (n,).
        path: Root of the summed squares of the steps to it (1).
        measured: Errors of products.
    """
    size = float(np.linalg.norm(equations.rhs))
    return measured.gap(float(np.linalg.norm(x)), path) / size


def explain(
    equations: Equations, x: Array, stop: Stop, operator: Any
) -> tuple[str, ...]:
    """How a solution ended and why, a sentence each.

    Args:
        equations: What was solved.
        x: Solution of the scaled equations (1). Shape (n,).
        stop: Where it stopped.
        operator: May have an `error_floor` that tells read noise, writing and conversion apart.
    """
    ended = (
        f"{stop.outcome.word.capitalize()} at a true relative residual of {stop.residual:.2g},"
        f" wanted {stop.tolerance:.2g}."
    )
    if not stop.probe.usable:
        return (
            ended,
            f"{stop.probe.of} has no finite numbers.",
        )
    told = [ended, _about_products(stop.probe)]
    if equations.scaling is not None:
        told.append(
            "Rows and columns were scaled by powers of two before, as the largest entries of rows"
            f" differed by a factor of {equations.scaling.spread:.2g}."
        )
    if stop.outcome is SolveOutcome.CONVERGED:
        return (*told, *_about_solution(equations, x))
    return (*told, *_why(equations, x, stop, operator))


def _about_solution(equations: Equations, x: Array) -> tuple[str, ...]:
    """That a small residual need not mean a small error, where it does not."""
    known = equations.conditioning
    error = equations.solution_error(x)
    if known is None or error is None:
        return ()
    if known.singular:
        return (
            f"The matrix is singular to double precision, condition {known.number:.2g}: other"
            " solutions have as small a residual, and this may be any of them.",
        )
    if error < _DOUBTFUL:
        return ()
    scaled = equations.relative(equations.rhs - equations.matrix @ x).scaled
    best = error * equations.rounding(x).scaled / scaled
    much = f"{error:.2g} of its length" if error < 1 else "its whole length"
    lower = (
        f"a smaller `tolerance` lowers that, to {best:.1g} at best"
        if best < error / 2
        else "double precision has no more"
    )
    return (
        f"At a condition of {known.number:.2g} the solution may be off by {much} though its"
        f" residual is small; {lower}.",
    )


def _why(
    equations: Equations, x: Array, stop: Stop, operator: Any
) -> tuple[str, ...]:
    """What holds a solution up that did not converge."""
    if stop.single:
        floor = _about_floor(equations, x, stop)
        return floor, _remedy(stop, operator)
    if stop.outcome is SolveOutcome.OUT_OF_STEPS:
        return (f"{stop.outcome.remedy.capitalize()}.",)
    if stop.indefinite:
        return (
            "The matrix is not positive definite, which this method takes; take `gmres`.",
        )
    known = equations.conditioning
    if known is not None and known.singular:
        return (
            f"The matrix is singular to double precision, condition {known.number:.2g}: there is"
            " no solution, or no single one, for most right sides.",
        )
    if stop.solver == "jacobi" and not equations.symmetric:
        share = _dominance(equations.matrix)
        if share < 1:
            return (
                "Sweeps of `jacobi` are sure to converge only where diagonals outweigh the rest of"
                f" their rows, of which the weakest has {share:.2g}; take `gmres`.",
            )
    rounding = equations.rounding(x)
    if stop.residual <= _NEAR_ROUNDING * rounding.larger:
        return (_about_rounding(rounding),)
    return _about_contraction(equations, stop, operator)


def _dominance(matrix: Any) -> float:
    """Least share that a diagonal has in the rest of its row (1)."""
    diagonal = abs(matrix.diagonal())
    rest = np.asarray(abs(matrix).sum(axis=1)).ravel() - diagonal
    return float((diagonal / np.maximum(rest, 1e-300)).min())


def _about_products(measured: Probe) -> str:
    lasting = measured.lasting / measured.gain
    fresh = measured.fresh / measured.gain
    return (
        f"{measured.of} is off by {measured.relative:.2g} of its length: {lasting:.2g} the"
        f" same every time (writing and converters), {fresh:.2g} new every time (read noise)."
    )


def _about_floor(equations: Equations, x: Array, stop: Stop) -> str:
    floor = floor_of(equations, x, stop.path, stop.probe)
    return (
        f"A single analog pass ends at its own error, here predicted as {floor:.2g}; refinement,"
        " `steps` above 1, goes below it."
    )


def _about_rounding(rounding: Relative) -> str:
    if rounding.given > _MOSTLY * rounding.scaled:
        return (
            f"This is the floor of double precision itself, {rounding.given:.2g} for this solution"
            f" with rows as given and {rounding.scaled:.2g} with rows scaled; divide rows and"
            " their right sides by the size of the rows, or ask for a larger `tolerance`."
        )
    return (
        f"This is the floor of double precision itself, {rounding.larger:.2g} for this solution;"
        " ask for a larger `tolerance`."
    )


def _about_contraction(
    equations: Equations, stop: Stop, operator: Any
) -> tuple[str, ...]:
    """Condition times error, on which refinement stands or falls, and a cure."""
    known = equations.conditioning
    cure = _remedy(stop, operator)
    if known is None:
        return (
            "Refinement needs condition times error below 1; the condition of so large a matrix is"
            " not estimated.",
            cure,
        )
    size = _SPECTRAL / norm(equations.matrix)
    error = size * stop.probe.lasting
    product = known.number * error
    both = (
        known.number * size * math.hypot(stop.probe.lasting, stop.probe.fresh)
    )
    if both < _HARMLESS and stop.solver != "feedback":
        return (
            f"Condition {known.number:.2g} times error is {both:.2g}, so that refinement would get"
            f" there; but a pass of `{stop.solver}` ends before it has got anywhere: take another"
            " method, or precondition the equations.",
        )
    needs = "below 1, as refinement needs it"
    if product >= 1:
        needs = (
            "1 or more: where the matrix is weakest the chip holds another matrix, so that its"
            " corrections need not help"
        )
    return (
        f"The condition {known.number:.2g} times the lasting error {error:.2g} of the matrix on"
        f" the chip is {product:.2g}, {needs}.",
        cure,
    )


def _remedy(stop: Stop, operator: Any) -> str:
    """What would lower the error that counts."""
    lasting = stop.probe.lasting
    fresh = stop.probe.fresh
    if lasting < _MOSTLY * fresh and fresh < _MOSTLY * lasting:
        which = "Both kinds of error count"
    elif lasting > fresh:
        which = "What lasts counts most"
    else:
        which = "Read noise counts most"
    cures = []
    if lasting * _MOSTLY > fresh:
        cures.append(_against_lasting(operator))
    if fresh * _MOSTLY > lasting:
        cures.append(
            "read longer, or denoise the cells when they are programmed"
        )
    cures.append("or precondition the equations")
    return f"{which}: {', '.join(cures)}."


def _against_lasting(operator: Any) -> str:
    """Writing and conversion have cures of their own, where the operator tells them apart."""
    floor = getattr(operator, "error_floor", None)
    write = getattr(floor, "write", None)
    conversion = getattr(floor, "conversion", None)
    if write is not None and conversion is not None and conversion > write:
        return f"more bits of the converters ({conversion:.2g} against {write:.2g} by writing)"
    return "more cells for each number, or a closer window when they are programmed"
