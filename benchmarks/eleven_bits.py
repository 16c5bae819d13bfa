"""What eleven bits are good for: the same solver on cells of 64 levels and on cells of 2,048.

Both kinds are cells of one preset, on its whole range: programmed to within half a spacing of 64
levels without denoising, or to within ±1 µS, half a spacing of 2,048, with it. On each, equations
are solved by mixed-precision refinement with one pair of cells a number or several; iterations,
products, time and energy stand in one row. Then floors: where a single analog pass ends, by the
pairs of a number and by the reads of a product, beside what a dozen products of random vectors
predict, and what the statistics of the cells predict before there is a product. Prints one JSON
object; `--table` prints rows for people instead.

    python benchmarks/eleven_bits.py
    python benchmarks/eleven_bits.py --table --figure floors.png
"""

import argparse
import json
import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

import mho
from mho.bench.simulated import describe_chip
from mho.solve.gallery import built_in
from mho.solve.methods import (
    A100,
    Equations,
    Solution,
    Solving,
    floor_of,
    solve,
)

Array = npt.NDArray[np.float64]

PRESET = "rao2023"
KINDS = {"64 levels": (64, False), "2,048 levels": (2048, True)}
"""Levels over the whole range, and whether cells are denoised."""
PROBLEMS = {
    "random:256:50": 1e-12,
    "random:256:10000": 1e-12,
    "poisson2d:64": 1e-10,
}
"""Built-in equations, and the residual wanted."""
PAIRS = (1, 2)
TILE = 64
FLOOR_PROBLEM = "random:128:30"
FLOOR_PRODUCTS = 120


def table_of(levels: int, *, denoised: bool) -> mho.ErrorTable:
    """Statistics of cells that are programmed to so many levels of the whole range."""
    chip = mho.Chip(PRESET, tiles=1, rows=TILE, cols=TILE)
    info = describe_chip(chip)
    low = info.conductance_low
    high = info.conductance_high
    window = (high - low) / (levels - 1) / 2
    protocol = mho.suited_protocol(info, window, denoise=denoised)
    bench = mho.SimulatedBench(chip, mho.Stream(0).child("statistics"))
    targets = mho.Stream(0).child("table")
    return mho.measure_errors(bench, targets, protocol, low=low, high=high)


def on_chips(
    equations: Equations, table: mho.ErrorTable, pairs: int, reads: int = 1
) -> mho.MatrixOnChips:
    """The matrix on cells of a table."""
    return mho.MatrixOnChips(
        equations.matrix,
        chip=PRESET,
        mapping="pairs" if pairs == 1 else f"residual:{pairs}",
        table=table,
        stream=mho.Stream(1),
        reads=reads,
    )


def row(
    word: str, kind: str, table: mho.ErrorTable, pairs: int
) -> dict[str, Any]:
    """Equations solved on cells of a kind: iterations, time and energy."""
    problem = built_in(word, mho.Stream(0))
    assert problem.rhs is not None
    equations = Equations(problem.matrix, problem.rhs)
    operator = on_chips(equations, table, pairs)
    written = operator.programming_cost
    before = operator.ledger
    started = time.monotonic()
    found = solve(
        equations,
        operator,
        Solving(tolerance=PROBLEMS[word]),
        stream=mho.Stream(2),
    )
    spent = operator.ledger - before
    return {
        "equations": word,
        "cells": kind,
        "pairs": pairs,
        "outcome": found.outcome.word,
        "solvers": list(found.solvers),
        "residual": found.residual,
        "product_error": found.probe.relative,
        "steps": found.steps,
        "analog_products": found.products[-1],
        "digital_products": found.work.products,
        "writing_s": written.seconds,
        "writing_J": written.joules,
        "analog_s": spent.seconds,
        "analog_J": spent.joules,
        "digital_s": A100.seconds(found.work),
        "digital_J": A100.joules(found.work),
        "simulated_in_s": time.monotonic() - started,
    }


def exact_path(matrix: Any, rhs: Array, count: int) -> float:
    """Root of the summed squares of the steps of conjugate gradients without errors (1)."""
    r = rhs.copy()
    p = r.copy()
    total = 0.0
    for _ in range(count):
        q = matrix @ p
        alpha = float(r @ r) / float(p @ q)
        total += alpha**2 * float(p @ p)
        after = r - alpha * q
        if np.linalg.norm(after) < 1e-13 * np.linalg.norm(rhs):
            break
        p = after + float(after @ after) / float(r @ r) * p
        r = after
    return math.sqrt(total)


def floor(
    kind: str, table: mho.ErrorTable, pairs: int, reads: int
) -> dict[str, Any]:
    """Where a single pass ends, and where it was predicted to."""
    problem = built_in(FLOOR_PROBLEM, mho.Stream(0))
    draws = np.random.default_rng(7)
    rhs = draws.standard_normal(problem.matrix.shape[0])
    equations = Equations(problem.matrix, rhs)
    operator = on_chips(equations, table, pairs, reads)
    seen = operator.error_floor
    exact = np.linalg.solve(problem.matrix, rhs)
    path = exact_path(problem.matrix, rhs, FLOOR_PRODUCTS)
    lasting = seen.write * float(np.linalg.norm(exact))
    predicted = math.hypot(lasting, seen.noise * path) / float(
        np.linalg.norm(rhs)
    )
    how = Solving(method="cg", steps=1, products=FLOOR_PRODUCTS)
    found: Solution = solve(equations, operator, how, stream=mho.Stream(3))
    by_trial = floor_of(equations, exact, path, found.probe)
    return {
        "cells": kind,
        "pairs": pairs,
        "reads": reads,
        "predicted_by_statistics": predicted,
        "ratio_to_statistics": found.residual / predicted,
        "predicted": by_trial,
        "found": found.residual,
        "ratio": found.residual / by_trial,
        "predicted_lasting": seen.write,
        "found_lasting": found.probe.lasting,
        "predicted_fresh": seen.noise,
        "found_fresh": found.probe.fresh,
    }


def draw(floors: list[dict[str, Any]], path: str) -> None:
    """Found floors over predicted ones."""
    from matplotlib.figure import Figure

    from mho.files import write_whole
    from mho.report.figures import BLACK, BLUE, VERMILLION, draw_png, new_figure

    def figure() -> Figure:
        made = new_figure(4.2)
        axes = made.subplots()
        marks = {"64 levels": (VERMILLION, "s"), "2,048 levels": (BLUE, "o")}
        for kind, (colour, mark) in marks.items():
            ones = [one for one in floors if one["cells"] == kind]
            axes.loglog(
                [one["predicted"] for one in ones],
                [one["found"] for one in ones],
                mark,
                color=colour,
                label=kind,
            )
        ends = [min(one["predicted"] for one in floors) / 2, 2.0]
        axes.loglog(ends, ends, color=BLACK, linewidth=1)
        for factor in (1.5, 1 / 1.5):
            axes.loglog(
                ends,
                [end * factor for end in ends],
                color=BLACK,
                linewidth=0.8,
                linestyle=":",
            )
        axes.set_xlabel("Floor predicted from a dozen trial products (1)")
        axes.set_ylabel("True relative residual after one pass (1)")
        axes.legend(loc="upper left")
        return made

    from pathlib import Path

    write_whole(Path(path), draw_png(figure))


def show_rows(found: dict[str, Any]) -> None:
    """Rows for people."""
    for one in found["rows"]:
        print(
            f"{one['equations']:17} {one['cells']:13} {one['pairs']} {one['outcome']:12}"
            f" {one['residual']:8.1e} {one['steps']:4} {one['analog_products']:6}"
            f" {one['digital_products']:5} {one['analog_s'] * 1e6:9.1f} µs"
            f" {one['analog_J'] * 1e6:9.2f} µJ {one['digital_s'] * 1e6:8.2f} µs"
            f" {one['digital_J'] * 1e3:8.2f} mJ {one['writing_s']:9.0f} s"
            f" {one['writing_J'] * 1e3:8.1f} mJ"
        )
    for one in found["floors"]:
        print(
            f"{one['cells']:13} {one['pairs']} pairs {one['reads']:3} reads"
            f" predicted {one['predicted']:.2e} found {one['found']:.2e}"
            f" ratio {one['ratio']:.2f}, by statistics"
            f" {one['predicted_by_statistics']:.2e}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--figure")
    parser.add_argument("--only", help="one of the equations")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tables = {
        kind: table_of(levels, denoised=denoised)
        for kind, (levels, denoised) in KINDS.items()
    }
    words = [options.only] if options.only else list(PROBLEMS)
    rows = [
        row(word, kind, table, pairs)
        for word in words
        for kind, table in tables.items()
        for pairs in PAIRS
    ]
    floors = [
        floor(kind, table, pairs, reads)
        for kind, table in tables.items()
        for pairs, reads in ((1, 1), (2, 1), (3, 1), (3, 16), (3, 256))
    ]
    found = {
        "preset": PRESET,
        "rows": rows,
        "floors": floors,
        "worst_ratio": max(
            max(one["ratio"], 1 / one["ratio"]) for one in floors
        ),
    }
    if options.figure:
        draw(floors, options.figure)
    if options.table:
        show_rows(found)
    else:
        print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
