"""Currents of a crossbar with wire resistance: effective matrix and single vectors, against peers.

Every cell conducts 50 to 4144 µS, every voltage lies within 0.05 to 0.3 V, and every segment has
1 Ω, the ones to drivers and virtual grounds included: the convention of badcrossbar. All methods
get the same numbers, and go from conductances and voltages to currents. Times are wall times, the
least of some repeats; each case runs in a process of its own, and `grown_mib` is how much its peak
of memory exceeds that after the imports. The peers are a sparse LU of the nodal
matrix by SciPy, and badcrossbar where it is installed (`pip install "mho[bench]"`; needs the
headers of cairo).

Prints one JSON object.

    python benchmarks/wires.py --quick
    python benchmarks/wires.py --seed 0
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu
from torch import Tensor

import mho
from mho.units import Ohm, uS
from mho.wires import Sinh, WireModel

WIRE = 1 * Ohm
WIRES = WireModel(word_line=WIRE, bit_line=WIRE, driver=WIRE, sense=WIRE)
VECTORS = (1, 64, 1024)
ACCURACY = 1e-8
"""Relative error asked of the currents of single vectors (1)."""

Found = dict[str, Any]


def main() -> None:
    """Run every case in a process of its own, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, for a look"
    )
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        torch.set_num_threads(options.threads)
        name, *numbers = options.case.split(":")
        before = peak()
        found = CASES[name](mho.Stream(options.seed), *map(int, numbers))
        print(json.dumps(found | {"grown_mib": round(peak() - before, 1)}))
        return
    size, large, tiles = (64, 128, 4) if options.quick else (256, 512, 64)
    sizes = (16, 32, 64) if options.quick else (64, 128, 256, 512, 1024)

    def case(*words: str | int) -> Found:
        return _in_child(options, ":".join(map(str, words)))

    matrix = case("matrix", size)
    single = case("single", size)
    lu = case("lu", size)
    peer = case("badcrossbar", size)
    many = case("matrix", large)
    many.pop("currents")
    print(
        json.dumps(
            {
                "cells": [size, size],
                "wire_ohm": WIRE,
                "seed": options.seed,
                "threads": options.threads,
                "effective_matrix": matrix,
                "gradient": case("gradient", size),
                "effective_matrix_large": {"cells": [large, large]} | many,
                "tiles": case("tiles", size, tiles),
                "single_vector": single,
                "sparse_lu": lu,
                "badcrossbar": peer,
                "sizes": {
                    str(n): {
                        "matrix_ms": case("matrix", n)["matrix_ms"],
                        "single_vector_ms": case("single", n)["currents_ms"],
                    }
                    for n in sizes
                },
                "times_faster": times_faster(matrix, single, lu, peer),
                "largest_difference": differences(matrix, single, lu, peer),
            }
        )
    )


def times_faster(matrix: Found, single: Found, lu: Found, peer: Found) -> Found:
    """Peers' times over ours, all vectors and the matrix included."""
    ratios: Found = {}
    for name, other in (("sparse_lu", lu), ("badcrossbar", peer)):
        for vectors in VECTORS:
            key = f"vectors_{vectors}_ms"
            if key in other:
                ratios[f"matrix, {vectors} vectors, over {name}"] = round(
                    other[key] / matrix[key], 1
                )
        if "vectors_1_ms" in other:
            ratios[f"single vector over {name}"] = round(
                other["vectors_1_ms"] / single["currents_ms"], 1
            )
    return ratios


def differences(matrix: Found, single: Found, lu: Found, peer: Found) -> Found:
    """Largest relative difference of the currents of one vector from those of the matrix."""
    own = np.array(matrix.pop("currents"))
    found = {}
    for name, other in (
        ("single_vector", single),
        ("sparse_lu", lu),
        ("badcrossbar", peer),
    ):
        if "currents" in other:
            found[name] = float(
                np.abs(np.array(other.pop("currents")) / own - 1).max()
            )
    return found


def matrix_case(stream: mho.Stream, size: int) -> Found:
    """Effective matrix, then vectors through it; and what one more vector costs."""
    cells, volts = inputs(stream, size)
    matrix = WIRES.effective_matrix(cells)
    found: Found = {"matrix_ms": timed(lambda: WIRES.effective_matrix(cells))}
    for vectors in VECTORS:
        some = volts[:vectors]
        through, plain = (
            timed(partial(torch.matmul, some, by)) for by in (matrix, cells)
        )
        found[f"vectors_{vectors}_ms"] = round(found["matrix_ms"] + through, 4)
        found[f"further_vector_over_matmul_{vectors}"] = round(
            through / plain, 2
        )
    found["currents"] = (volts[:1] @ matrix)[0].tolist()
    return found


def gradient_case(stream: mho.Stream, size: int) -> Found:
    """Backward pass of the effective matrix for any gradient of it, over the forward pass."""
    cells, volts = inputs(stream, size)
    cells.requires_grad_()
    weight = volts[:size, :size] if size <= len(volts) else volts.T @ volts
    forward = []
    backward = []
    for _ in range(repeats(size)):
        cells.grad = None
        started = time.perf_counter()
        matrix = WIRES.effective_matrix(cells)
        forward.append(time.perf_counter() - started)
        started = time.perf_counter()
        matrix.backward(weight)  # type: ignore[no-untyped-call]
        backward.append(time.perf_counter() - started)
    best = min(forward), min(backward)
    return {
        "forward_ms": round(best[0] * 1e3, 3),
        "backward_ms": round(best[1] * 1e3, 3),
        "backward_over_forward": round(best[1] / best[0], 2),
    }


def tiles_case(stream: mho.Stream, size: int, tiles: int) -> Found:
    """Many tiles in one call."""
    cells = torch.stack(
        [inputs(stream.child("tile", k), size)[0] for k in range(tiles)]
    )
    started = time.perf_counter()
    WIRES.effective_matrix(cells)
    return {"tiles": tiles, "seconds": round(time.perf_counter() - started, 3)}


def single_case(stream: mho.Stream, size: int) -> Found:
    """One vector without the matrix: currents, everything, gradient, and non-linear cells."""
    cells, volts = inputs(stream, size)
    one = volts[:1]
    currents = WIRES.currents(one, cells, tolerance=ACCURACY)
    asked = cells.clone().requires_grad_()
    weight = torch.ones_like(currents)
    output = WIRES.currents(one, asked, tolerance=ACCURACY)
    law = Sinh(6.0)
    return {
        "currents_ms": timed(
            lambda: WIRES.currents(one, cells, tolerance=ACCURACY)
        ),
        "solve_ms": timed(lambda: WIRES.solve(one, cells, tolerance=ACCURACY)),
        "iterations": WIRES.solve(one, cells, tolerance=ACCURACY).iterations,
        "backward_ms": timed(
            lambda: torch.autograd.grad(
                output, asked, weight, retain_graph=True
            )
        ),
        "sinh_cells_ms": timed(
            lambda: WIRES.currents(one, cells, law, tolerance=ACCURACY)
        ),
        "currents": currents[0].tolist(),
    }


def lu_case(stream: mho.Stream, size: int) -> Found:
    """Nodal matrix, its sparse LU by SciPy, and solves."""
    cells, volts = inputs(stream, size)
    given = volts.numpy()
    conductance = cells.numpy()
    found: Found = {}
    for vectors in VECTORS[:2]:
        found[f"vectors_{vectors}_ms"] = timed(
            partial(nodal, conductance, given[:vectors]), once=size > 128
        )
    return found | {"currents": nodal(conductance, given[:1])[0].tolist()}


def badcrossbar_case(stream: mho.Stream, size: int) -> Found:
    """The same by badcrossbar, currents of the outputs only."""
    if importlib.util.find_spec("badcrossbar") is None:
        return {"not_run": "badcrossbar is not installed"}
    import badcrossbar

    cells, volts = inputs(stream, size)
    resistances = (1 / cells).numpy()

    def compute(given: Tensor) -> Any:
        return badcrossbar.compute(
            given.T.numpy(),
            resistances,
            r_i=WIRE,
            node_voltages=False,
            all_currents=False,
        )

    found: Found = {}
    for vectors in VECTORS:
        found[f"vectors_{vectors}_ms"] = timed(
            partial(compute, volts[:vectors]), once=size > 128
        )
    return found | {
        "currents": np.ravel(compute(volts[:1]).currents.output).tolist()
    }


def nodal(conductance: np.ndarray, voltage: np.ndarray) -> np.ndarray:
    """Currents (vectors, cols) by sparse LU of the nodal matrix."""
    rows, cols = conductance.shape
    word = np.arange(rows * cols).reshape(rows, cols)
    bit = word + rows * cols
    wire = np.ones_like(conductance) / WIRE
    pairs = (
        (word[:, 1:], word[:, :-1], wire[:, 1:]),
        (bit[1:], bit[:-1], wire[1:]),
        (word, bit, conductance),
    )
    one, other, value = (
        np.concatenate([np.ravel(p[k]) for p in pairs]) for k in range(3)
    )
    ends = np.concatenate((word[:, 0], bit[-1]))
    end_value = np.full(len(ends), 1 / WIRE)
    matrix = coo_matrix(
        (
            np.concatenate((value, value, -value, -value, end_value)),
            (
                np.concatenate((one, other, one, other, ends)),
                np.concatenate((one, other, other, one, ends)),
            ),
        )
    ).tocsc()
    right = np.zeros((2 * rows * cols, len(voltage)))
    right[word[:, 0]] = voltage.T / WIRE
    return np.asarray(splu(matrix).solve(right)[bit[-1]].T / WIRE)


def inputs(stream: mho.Stream, size: int) -> tuple[Tensor, Tensor]:
    """Conductances (S) and voltages (V) of every method."""
    generator = stream.child("inputs", size).generator()
    cells = torch.rand(size, size, generator=generator, dtype=torch.float64)
    volts = torch.rand(
        VECTORS[-1], size, generator=generator, dtype=torch.float64
    )
    return (50 + 4094 * cells) * uS, 0.05 + 0.25 * volts


def timed(job: Callable[[], object], once: bool = False) -> float:
    """Time of a job (ms): the least of as many repeats as fit into two seconds."""
    times: list[float] = []
    while not times or (not once and sum(times) < 2 and len(times) < 40):
        started = time.perf_counter()
        job()
        times.append(time.perf_counter() - started)
    return round(min(times) * 1e3, 4)


def peak() -> float:
    """Most memory that this process has had (MiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def repeats(size: int) -> int:
    """Repeats of a case whose parts are timed one by one (1)."""
    return 10 if size <= 128 else 4


def _in_child(options: argparse.Namespace, case: str) -> Found:
    command = [
        sys.executable,
        __file__,
        "--case",
        case,
        "--seed",
        str(options.seed),
    ]
    command += ["--threads", str(options.threads)]
    threads = {"OMP_NUM_THREADS": str(options.threads)}
    done = subprocess.run(
        command,
        env=os.environ | threads,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    found: Found = json.loads(done.stdout.splitlines()[-1])
    return found


CASES: dict[str, Callable[..., Found]] = {
    "matrix": matrix_case,
    "gradient": gradient_case,
    "tiles": tiles_case,
    "single": single_case,
    "lu": lu_case,
    "badcrossbar": badcrossbar_case,
}

if __name__ == "__main__":
    main()
