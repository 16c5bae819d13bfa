"""What came of solving equations on a chip, as plain numbers and as rows for people."""

import math
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from scipy import sparse

from mho.ledger import Ledger
from mho.runs.equations.analog import Analog
from mho.runs.equations.job import SolveJob
from mho.solve.gallery import Problem
from mho.solve.methods import (
    DigitalMachine,
    DigitalWork,
    Equations,
    Solution,
    SolveOutcome,
)
from mho.units import show, show_duration

Rows = list[tuple[str, str]]


def described(
    job: SolveJob,
    problem: Problem,
    equations: Equations,
    found: Solution,
    analog: Analog,
    alone: tuple[Solution, DigitalWork],
    machine: DigitalMachine,
) -> dict[str, Any]:
    """The results as plain numbers, units in the names.

    Args:
        job: How it was solved.
        problem: What.
        equations: The same, scaled.
        found: How that ended.
        analog: What solved roughly.
        alone: The same solver with exact products as far as it got, and its work.
        machine: Whose cost digital work is told in.
    """
    matrix = equations.matrix
    stored = matrix.nnz if sparse.issparse(matrix) else matrix.size
    scaling = equations.scaling
    known = equations.conditioning
    return {
        "problem": problem.about,
        "unknowns": equations.unknowns,
        "stored_numbers": int(stored),
        "symmetric": equations.symmetric,
        "scaled_rows_ratio": None if scaling is None else scaling.spread,
        "method": job.solving.method,
        "analog_solvers": list(found.solvers),
        "why": _why(job, equations, found),
        "outcome": found.outcome.word,
        "tolerance": job.solving.tolerance,
        "relative_residual": found.residual,
        "condition": _finite(found.condition),
        "singular": None if known is None else known.singular,
        "solution_error_at_most": _finite(found.error),
        "steps": found.steps,
        "combined_steps": found.combined,
        "residuals": list(found.residuals),
        "products": list(found.products),
        "explanation": [
            *found.explanation,
            *filter(
                None, [problem.remark, analog.remark(), _gave_up(alone[0])]
            ),
        ],
        "product_error": {
            "lasting": found.probe.lasting / found.probe.gain,
            "fresh": found.probe.fresh / found.probe.gain,
            "products": found.probe.products,
        },
        "chip": _chip(job, analog),
        "analog": {
            "programming": _spent(analog.writing),
            "solving": _spent(analog.solving),
        },
        "digital": _digital(found.work, machine),
        "digital_machine": asdict(machine),
        "digital_alone": _alone(alone, machine),
        "version": version("mho"),
    }


def _finite(number: float | None) -> float | None:
    """A number that JSON has; `None` of an infinite one."""
    return number if number is not None and math.isfinite(number) else None


def _alone(
    alone: tuple[Solution, DigitalWork], machine: DigitalMachine
) -> dict[str, Any] | None:
    """What the same takes without a chip; `None` where it got nowhere."""
    found, work = alone
    if found.outcome is not SolveOutcome.CONVERGED:
        return None
    return {**_digital(work, machine), "solver": found.solvers[-1]}


def _gave_up(alone: Solution) -> str:
    """That there is nothing to compare with, if so."""
    if alone.outcome is SolveOutcome.CONVERGED:
        return ""
    return (
        f"With exact products, all digital, the same solver ended as {alone.outcome.word} after"
        f" {alone.products[-1]:,} products, so that its cost is not compared."
    )


def _spent(ledger: Ledger) -> dict[str, Any]:
    return {**asdict(ledger), "joules": ledger.joules}


def _chip(job: SolveJob, analog: Analog) -> dict[str, Any]:
    low, high = job.used_range()
    return {
        "preset": job.chip,
        "seed": job.seed,
        "cells_are": job.cells,
        "range_uS": [low * 1e6, high * 1e6],
        "window_uS": job.protocol().tolerance * 1e6,
        "denoised": job.protocol().denoise is not None,
        "reads": job.reads,
        "converters": job.converters,
        **analog.described(),
    }


def _digital(work: DigitalWork, machine: DigitalMachine) -> dict[str, Any]:
    return {
        **asdict(work),
        "seconds": machine.seconds(work),
        "joules": machine.joules(work),
    }


def _why(job: SolveJob, equations: Equations, found: Solution) -> str:
    """Why the analog solver was chosen."""
    if job.solving.method != "refine":
        return "as asked for"
    first, *later = found.solvers
    chosen = f"{first}, as the matrix {_seen(equations)}"
    if later:
        return f"{chosen}; then {' and '.join(later)}, as {first} got stuck"
    return chosen


def _seen(equations: Equations) -> str:
    """What was seen of a matrix."""
    if not equations.symmetric:
        return "is not symmetric"
    if equations.definite is False:
        return "is not positive definite"
    if equations.definite:
        return "is positive definite by its rows"
    return "is symmetric with a positive diagonal"


def solution_rows(result: dict[str, Any]) -> Rows:
    """What was solved and how that ended: name and value.

    Args:
        result: What `described` returned.
    """
    chip = result["chip"]
    error = result["product_error"]
    low, high = chip["range_uS"]
    return [
        ("equations", result["problem"]),
        ("unknowns", f"{result['unknowns']:,}"),
        ("outcome", result["outcome"]),
        (
            "true relative residual",
            f"{result['relative_residual']:.2g}, wanted {result['tolerance']:.2g}",
        ),
        ("error of the solution", _solution_error(result)),
        (
            "method",
            f"{result['method']}: {' then '.join(result['analog_solvers'])} ({result['why']})",
        ),
        (
            "steps",
            f"{result['steps']:,}, {result['combined_steps']:,} of them combined with earlier"
            " ones",
        ),
        ("analog products", f"{result['products'][-1]:,}"),
        ("digital products", f"{result['digital']['products']:,}"),
        (
            f"{_one(result)} is off by",
            f"{error['lasting']:.2g} the same every time, {error['fresh']:.2g} new every time",
        ),
        (
            "cells",
            f"{chip['cells']:,} of {chip['preset']}, {chip['pairs_per_number']} pairs a number on"
            f" {chip['tiles']} tiles",
        ),
        (
            "their range and window",
            f"{low:g} to {high:g} µS, ±{chip['window_uS']:.3g} µS",
        ),
    ]


def _solution_error(result: dict[str, Any]) -> str:
    """What the condition allows, in words."""
    condition = result["condition"]
    error = result["solution_error_at_most"]
    if result["singular"]:
        return "not known: the matrix is singular to double precision"
    if condition is None:
        return "not known: the condition would take long to estimate"
    much = "it may be as large as the solution"
    if error is not None and error < 1:
        much = f"at most {error:.2g} of its length"
    return f"{much}, at a condition of {condition:.2g}"


def _one(result: dict[str, Any]) -> str:
    """What the chip does at a time."""
    return "an answer" if result["method"] == "feedback" else "a product"


def cost_rows(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Time and energy of each part: name, time, energy.

    Args:
        result: What `described` returned.
    """
    analog = result["analog"]
    digital = result["digital"]
    name = result["digital_machine"]["name"]
    rows = [
        _cost("writing the matrix, once", analog["programming"]),
        _cost("analog, solving", analog["solving"]),
        _cost(f"digital beside, on an {name} at best", digital),
    ]
    if (alone := result["digital_alone"]) is not None:
        rows.append(
            _cost(f"all digital, {alone['solver']} on an {name} at best", alone)
        )
    return rows


def _cost(name: str, spent: dict[str, Any]) -> tuple[str, str, str]:
    seconds = spent["seconds"]
    time = show(seconds, "s", 3) if seconds < 60 else show_duration(seconds, 3)
    return name, time, show(spent["joules"], "J", 3)
