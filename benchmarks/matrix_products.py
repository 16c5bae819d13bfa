"""Writing and multiplying a matrix on chips, three pairs of cells a number, against numpy.

A matrix of 1,024×1,024 normal numbers stands on tiles with drawn cells: `write_seconds` is what
writing its 6.3 million cells takes once the errors of the chip's cells are known, which
`table_seconds` is for. Products take turns with those of numpy in float64, round by round;
`ratio` is the median of the ratios of a round. Unless `--quick` is given, a block of 64×128
numbers is programmed pulse by pulse beside it. Both sides have as many threads as `--threads`
says: numpy would take one for each core otherwise. Prints one JSON object.

    python benchmarks/matrix_products.py --quick
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch

import mho
from mho.wires import WireModel

SIZE = 1024
BATCHES = (1, 16, 256)
BLOCK = (64, 128)
IDEAL = WireModel(word_line=0.0, bit_line=0.0)


def main() -> None:
    """Write, let products take turns, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--quick", action="store_true", help="no pulses")
    options = parser.parse_args()
    same_threads(options.threads)
    rng = np.random.default_rng(options.seed)

    seconds, _ = timed(lambda: mho.MatrixOnChips([[1.0]]))
    found: dict[str, Any] = {
        "seed": options.seed,
        "threads": options.threads,
        "table_seconds": seconds,
    }
    matrix = rng.standard_normal((SIZE, SIZE))
    seconds, on_chips = timed(
        lambda: mho.MatrixOnChips(
            matrix, mapping="residual:3", seed=options.seed
        )
    )
    found["cells"] = on_chips.cells
    found["write_seconds"] = seconds
    found["relative_error_predicted"] = on_chips.error_floor.relative
    found["products"] = [
        products(on_chips, matrix, rng.standard_normal((SIZE, batch)), options)
        for batch in BATCHES
    ]
    if not options.quick:
        found["physics"] = by_pulses(rng.standard_normal(BLOCK))
    print(json.dumps(found))


def products(
    on_chips: mho.MatrixOnChips,
    matrix: Any,
    vectors: Any,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """Times of one batch, and how far its products are off."""
    chips = []
    numpy = []
    ours: Any = None
    theirs: Any = None
    for _ in range(options.rounds):
        seconds, ours = timed(lambda: on_chips @ vectors)
        chips.append(seconds)
        seconds, theirs = timed(lambda: matrix @ vectors)
        numpy.append(seconds)
    pairs = zip(chips, numpy, strict=True)
    return {
        "batch": vectors.shape[1],
        "seconds": statistics.median(chips),
        "numpy_seconds": statistics.median(numpy),
        "ratio": statistics.median(one / other for one, other in pairs),
        "relative_error": float(
            np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)
        ),
    }


def by_pulses(matrix: Any) -> dict[str, Any]:
    """What every pulse of a block takes."""
    seconds, on_chips = timed(
        lambda: mho.MatrixOnChips(
            matrix, mapping="residual:3", cells="physics", wires=IDEAL
        )
    )
    return {
        "cells": on_chips.cells,
        "write_seconds": seconds,
        "pulses": on_chips.programming_cost.pulses,
        "seconds_on_chip": on_chips.programming_cost.seconds,
    }


def same_threads(threads: int) -> None:
    """As many threads for torch as for numpy from now on."""
    torch.set_num_threads(threads)
    pools: Any = import_module("threadpoolctl")
    pools.threadpool_limits(threads)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """How long a call takes (s), and what it gives."""
    start = time.perf_counter()
    found = call()
    return time.perf_counter() - start, found


if __name__ == "__main__":
    main()
