"""When an array pays: wall time of simulating it, and the ledger of what it would take itself.

Part `simulation` holds the two bars: a product of 1,024×1,024 at three pairs of cells a number
within 20 times a product in float64, and its 6.3 million drawn cells within 2 s; beside them a
block programmed pulse by pulse, and what its rate would make of all cells (extrapolated). Part
`ledger` has, for each size, time and energy of a product on the chip by the operator's ledger, a
product in float64 timed here, and after how many products writing has paid in time. Part
`crosssim` times the same product in CrossSim, if `simulator` can be imported: one pair of cells a
number, no errors, single precision, which is its default; and the solver of its tutorial, SciPy's
conjugate gradients on a diagonally dominant matrix, without errors and with them, beside the same
and refinement on ours. Prints one JSON object.

    python benchmarks/solve.py --quick
"""

import argparse
import json
import statistics
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from scipy.sparse.linalg import cg

import mho
from matrix_products import (
    BLOCK,
    SIZE,
    by_pulses,
    products,
    same_threads,
    timed,
)
from mho.solve.methods import Equations, solve

PRODUCT_BAR = 20.0
"""Times a product in float64 (1)."""
WRITE_BAR = 2.0
"""Writing drawn cells (s)."""
ERRORS = (1e-3, 5e-3)
"""Written and fresh errors of CrossSim's cells, in parts of their range (1)."""
SIZES = (64, 256, 1024, 4096)
PAIRS = 3


def main() -> None:
    """Time, read ledgers, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="no pulses")
    options = parser.parse_args()
    same_threads(options.threads)
    table_seconds, _ = timed(lambda: mho.MatrixOnChips([[1.0]]))
    found = {
        "seed": options.seed,
        "threads": options.threads,
        "table_seconds": table_seconds,
        "simulation": simulation(options),
        "ledger": [ledger(size, options) for size in SIZES],
        "crosssim": crosssim(options),
    }
    print(json.dumps(found))


def simulation(options: argparse.Namespace) -> dict[str, Any]:
    """Wall times of simulating one matrix, against the bars."""
    rng = np.random.default_rng(options.seed)
    matrix = rng.standard_normal((SIZE, SIZE))
    seconds, on_chips = timed(lambda: written(matrix, options.seed))
    batches = [
        products(on_chips, matrix, rng.standard_normal((SIZE, batch)), options)
        for batch in (1, 16, 256)
    ]
    found: dict[str, Any] = {
        "cells": on_chips.cells,
        "write_seconds": seconds,
        "write_bar": WRITE_BAR,
        "write_holds": seconds <= WRITE_BAR,
        "products": batches,
        "product_bar": PRODUCT_BAR,
        "product_holds": all(one["ratio"] <= PRODUCT_BAR for one in batches),
    }
    if not options.quick:
        pulses = by_pulses(rng.standard_normal(BLOCK))
        rate = pulses["write_seconds"] / pulses["cells"]
        found["physics"] = {
            **pulses,
            "all_cells_seconds_extrapolated": rate * on_chips.cells,
        }
    return found


def ledger(size: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a chip would take for a matrix of a size, and what float64 takes here."""
    rng = np.random.default_rng(options.seed)
    matrix = rng.standard_normal((size, size))
    vector = rng.standard_normal(size)
    on_chips = written(matrix, options.seed)
    before = on_chips.ledger
    product = on_chips @ vector
    cost = on_chips.ledger - before
    digital = statistics.median(
        timed(lambda: matrix @ vector)[0] for _ in range(options.rounds)
    )
    exact = matrix @ vector
    off = np.linalg.norm(product - exact) / np.linalg.norm(exact)
    writing = on_chips.programming_cost
    saved = digital - cost.seconds
    return {
        "size": size,
        "tiles": on_chips.tiles,
        "relative_error": float(off),
        "product_seconds_on_chip": cost.seconds,
        "product_joules_on_chip": cost.joules,
        "writing_seconds_on_chip": writing.seconds,
        "writing_joules_on_chip": writing.joules,
        "product_seconds_here": digital,
        "products_until_writing_pays": _until(writing.seconds, saved),
        "if_tiles_are_written_at_once": _until(
            writing.seconds / on_chips.tiles, saved
        ),
    }


def _until(seconds: float, saved: float) -> float | None:
    """Products after which as much time is saved (1); `None` if none is."""
    return seconds / saved if saved > 0 else None


def written(matrix: Any, seed: int) -> mho.MatrixOnChips:
    """A matrix on drawn cells, three pairs a number."""
    return mho.MatrixOnChips(matrix, mapping=f"residual:{PAIRS}", seed=seed)


def crosssim(options: argparse.Namespace) -> dict[str, Any]:
    """The same product in CrossSim, with its own defaults."""
    if find_spec("simulator") is None:
        return {"installed": False}
    simulator: Any = import_module("simulator")
    matrix = np.random.default_rng(options.seed).standard_normal((SIZE, SIZE))
    vector = np.ones(SIZE)
    seconds, core = timed(
        lambda: simulator.AnalogCore(
            matrix, params=simulator.CrossSimParameters()
        )
    )
    product = statistics.median(
        timed(lambda: core @ vector)[0] for _ in range(options.rounds)
    )
    exact = matrix @ vector
    off = np.linalg.norm(core @ vector - exact) / np.linalg.norm(exact)
    return {
        "installed": True,
        "write_seconds": seconds,
        "product_seconds": product,
        "relative_error": float(off),
        "solvers": [
            tutorial(simulator, size, options.seed) for size in (10, 256)
        ],
    }


def tutorial(simulator: Any, size: int, seed: int) -> dict[str, Any]:
    """The solver of CrossSim's first tutorial, there and here."""
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((size, size))
    matrix = matrix @ matrix.T
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, np.abs(matrix).sum(axis=1))
    rhs = rng.random(size)
    equations = Equations(matrix, rhs)

    def gradients(operator: Any) -> dict[str, Any]:
        seconds, (x, stuck) = timed(
            lambda: cg(operator, rhs, rtol=1e-5, maxiter=200)
        )
        left = np.linalg.norm(rhs - matrix @ x) / np.linalg.norm(rhs)
        return {
            "seconds": seconds,
            "iterations_ended": not stuck,
            "relative_residual": float(left),
        }

    found: dict[str, Any] = {"size": size}
    for error in (0.0, *ERRORS):
        np.random.seed(seed)  # noqa: NPY002 - the one that CrossSim draws from
        core = simulator.AnalogCore(
            matrix, params=with_errors(simulator, error)
        )
        found[f"crosssim_errors_{error:g}"] = gradients(core)
    found["mho_two_pairs"] = gradients(on_two_pairs(matrix, seed))
    chip = on_two_pairs(matrix, seed)
    seconds, refined = timed(
        lambda: solve(equations, chip, stream=mho.Stream(seed))
    )
    found["mho_refined"] = {
        "seconds": seconds,
        "relative_residual": refined.residual,
        "steps": refined.steps,
        "products": refined.products[-1],
    }
    return found


def with_errors(simulator: Any, error: float) -> Any:
    """CrossSim's defaults, inputs scaled as in its tutorial, errors in parts of the range."""
    params = simulator.CrossSimParameters()
    inputs = params.core.mapping.inputs.mvm
    inputs.min = None
    inputs.max = None
    inputs.percentile = 1.0
    device = params.xbar.device
    for law in (device.programming_error, device.read_noise) if error else ():
        law.enable = True
        law.model = "NormalIndependentDevice"
        law.magnitude = error
    return params


def on_two_pairs(matrix: Any, seed: int) -> mho.MatrixOnChips:
    """A matrix as `mho solve` puts it on drawn cells."""
    return mho.MatrixOnChips(matrix, mapping="residual:2", seed=seed)


if __name__ == "__main__":
    main()
