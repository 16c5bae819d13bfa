"""Refinement: rough corrections by analog products, residuals in digital numbers."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from scipy.sparse.linalg import LinearOperator, cg

from mho.chip import Chip
from mho.papers.claim import Measurement, Setting
from mho.rng import Stream
from mho.solve import BoundedErrors, MatrixOnChips

Array = NDArray[np.float64]
Correct = Callable[[Array], Array]
"""From a residual to a correction."""

ACCURATE = 1e-10
"""Residual, relative to the right-hand side, at which no analog error is left in sight (1)."""
DIVERGED = 1e6
"""Relative residual or error beyond which nothing more is to be expected (1)."""
_BAND = 50
"""Neighbours of either side that an unknown is correlated with (1)."""
_MOST = 200
"""Refinements after which one gives up (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class CourseShown:
    """Residuals refinement by refinement.

    Args:
        residual: Relative residual after each refinement (1).
        alone: The one that corrections without refinement end at (1).
    """

    residual: tuple[float, ...]
    alone: float


@dataclass(frozen=True, slots=True, eq=False)
class BitsShown:
    """What bits buy.

    Args:
        bits: Bits (1).
        found: Error left, or error left by each refinement (1).
        what: Heading of the abscissa.
        ylabel: Heading of the ordinate.
    """

    bits: tuple[int, ...]
    found: tuple[float, ...]
    what: str
    ylabel: str


def covariance(setting: Setting) -> Measurement:
    """Relative residual of a system of 5,000 equations on phase-change cells (1).

    A covariance matrix with growing variances, so that no two blocks are alike, and covariances
    that fall with the square of the distance, scaled to a diagonal of 1. Corrections are eight
    steps of conjugate gradients with analog products; a right-hand side of normal numbers.
    """
    size = setting.size(5000, 1000)
    matrix = _covariance(size)
    draw = setting.stream.child("right").generator()
    right = _normal(size, draw)
    # on the cells every variance is 1: rows and columns are scaled digitally
    scale = 1 / np.sqrt(matrix.diagonal())
    scaling = diags(scale)
    on_chips = MatrixOnChips(
        scaling @ matrix @ scaling,
        chip=Chip(setting.preset),
        mapping="pairs",
        stream=setting.stream.child("chip"),
    )
    found, _ = cg(on_chips, scale * right, rtol=1e-8, maxiter=60)
    alone = right - matrix @ (scale * found)
    left = float(np.linalg.norm(alone) / np.linalg.norm(right))
    rough = _rough(on_chips, 8)
    residuals = refine(
        matrix, right, lambda rest: scale * rough(scale * rest), ACCURATE
    )
    last = residuals[-1]
    devices = 2 * matrix.nnz
    return Measurement(
        value=last,
        low=last,
        high=last,
        interval="one system",
        holds=last <= ACCURATE,
        note=(
            f"{size:,} equations, {devices:,} cells of numbers other than 0; analog products alone"
            f" end at a residual of {left:.1e}, {len(residuals)} refinements at"
            f" {last:.1e}."
        ),
        shown=CourseShown(tuple(residuals), left),
    )


def residual_bits(setting: Setting) -> Measurement:
    """Bits of the answer that a bit of the residual buys (1).

    50 equations of condition number 50, cells of 6 bits, residuals rounded to 12 to 32 bits of
    the right-hand side.
    """
    bits = (12, 16, 20, 24, 28, 32)
    matrix = definite(50, 50.0, setting.stream.child("matrix"))
    wanted = _normal(50, setting.stream.child("answer").generator())
    right = matrix @ wanted
    on_chips = of_bits(matrix, 6, setting.stream.child("chip"))
    floors = [
        _floor(matrix, right, wanted, _rough(on_chips, 10), count)
        for count in bits
    ]
    slope = _slope(bits, floors)
    return Measurement(
        value=-slope,
        low=-slope,
        high=-slope,
        interval="straight line through six floors",
        holds=abs(-slope - 1) <= 0.1 and floors[-1] < 1e-6,
        note=(
            f"Error left with 12 bits {floors[0]:.1e}, with 32 bits {floors[-1]:.1e}."
        ),
        shown=BitsShown(
            bits, tuple(floors), "Bits of the residual", "Error left (1)"
        ),
    )


def solver_bits(setting: Setting) -> Measurement:
    """Bits that a refinement gains for each further bit of the cells (1).

    The inverse of what the cells hold, as a circuit in feedback gives it: what a refinement
    leaves is proportional to the error of the cells and to the condition number.
    """
    bits = (8, 9, 10, 11, 12)
    chips = setting.size(10, 5)
    left = [_left(setting.stream, count, 50.0, chips) for count in bits]
    slope = _slope(bits, left)
    tenfold = [
        _left(setting.stream, 12, kappa, chips) for kappa in (10.0, 100.0)
    ]
    growth = math.log10(tenfold[1] / tenfold[0])
    return Measurement(
        value=-slope,
        low=-slope,
        high=-slope,
        interval=f"straight line through five means of {chips} chips",
        holds=abs(-slope - 1) <= 0.15 and 0.5 <= growth <= 1.2,
        note=(
            f"With 8 bits {left[0]:.2g} of the error is left by each refinement, with 12 bits"
            f" {left[-1]:.2g}; ten times the condition number makes it"
            f" {tenfold[1] / tenfold[0]:.1f} times as much."
        ),
        shown=BitsShown(
            bits,
            tuple(left),
            "Bits of the cells",
            "Error left by a refinement (1)",
        ),
    )


def refine(
    matrix: Array | csr_matrix,
    right: Array,
    correct: Correct,
    target: float,
    *,
    most: int = _MOST,
) -> list[float]:
    """Relative residuals, refinement by refinement, until they are small or grow (1)."""
    found = np.zeros_like(right)
    scale = float(np.linalg.norm(right))
    residual = right
    course = []
    for _ in range(most):
        found = found + correct(residual)
        residual = right - matrix @ found
        course.append(float(np.linalg.norm(residual)) / scale)
        if course[-1] <= target or not course[-1] < DIVERGED:
            break
    return course


def definite(size: int, condition: float, stream: Stream) -> Array:
    """A random symmetric matrix whose eigenvalues fall geometrically from 1."""
    draw = stream.generator()
    orthogonal, _ = np.linalg.qr(_normal(size * size, draw).reshape(size, size))
    eigenvalues = np.geomspace(1, 1 / condition, size)
    made: Array = (orthogonal * eigenvalues) @ orthogonal.T
    return made


def _rough(operator: LinearOperator, steps: int) -> Correct:
    """A few steps of conjugate gradients with analog products."""

    def correct(residual: Array) -> Array:
        found, _ = cg(operator, residual, rtol=0.1, maxiter=steps)
        return np.asarray(found)

    return correct


def of_bits(matrix: Array, bits: int, stream: Stream) -> MatrixOnChips:
    """A matrix on cells verified within half a level.

    Args:
        matrix: The matrix (1).
        bits: Bits of the cells (1).
        stream: Names the cells.
    """
    return MatrixOnChips(
        matrix,
        mapping="pairs",
        errors=BoundedErrors(window=2.0**-bits),
        stream=stream,
    )


def _floor(
    matrix: Array, right: Array, wanted: Array, correct: Correct, bits: int
) -> float:
    """Error relative to the answer that residuals of so many bits leave (1).

    Root mean square of the last twenty refinements: rounding goes on for ever.
    """
    step = 2 * float(np.abs(right).max()) / 2**bits
    found = np.zeros_like(right)
    errors = []
    for _ in range(120):
        residual = step * np.round((right - matrix @ found) / step)
        found = found + correct(residual) if residual.any() else found
        errors.append(float(np.linalg.norm(found - wanted)))
        if not errors[-1] < DIVERGED:
            return DIVERGED
    return float(np.sqrt(np.mean(np.square(errors[-20:])))) / float(
        np.linalg.norm(wanted)
    )


def _left(stream: Stream, bits: int, condition: float, chips: int) -> float:
    """What a refinement leaves of the error, as mean of chips (1)."""
    found = []
    for chip in range(chips):
        matrix = definite(50, condition, stream.child("matrix", chip))
        on_chips = of_bits(matrix, bits, stream.child("chip", chip))
        inverse = np.linalg.inv(on_chips @ np.eye(50))
        right = _normal(50, stream.child("right", chip).generator())
        course = refine(matrix, right, inverse.__matmul__, 0.0, most=4)
        found.append((course[-1] / course[0]) ** (1 / 3))
    return math.exp(float(np.mean(np.log(found))))


def _slope(bits: tuple[int, ...], errors: list[float]) -> float:
    """Bits of error for a bit of precision (1)."""
    fitted = np.polyfit(bits, np.log2(errors), 1)
    return float(fitted[0])


def _covariance(size: int) -> csr_matrix:
    """Variances 1 + √i, covariances 1 / distance² up to the end of the band."""
    distances = range(-_BAND, _BAND + 1)
    lines = [np.full(size - abs(k), 1 / k**2) if k else None for k in distances]
    lines[_BAND] = 1 + np.sqrt(np.arange(1, size + 1))
    return csr_matrix(diags(lines, list(distances)))


def _normal(count: int, generator: torch.Generator) -> Array:
    """Normal numbers."""
    found: Array = torch.randn(
        count,
        generator=generator,
        dtype=torch.float64,
    ).numpy()
    return found
