"""Analog inner solvers: rough solutions out of noisy products.

Each takes a residual and returns a correction. Their own residuals come from noisy products and
drift away from the true one; they end where they are no longer worth believing. Nothing here
touches the exact matrix.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from mho.solve.methods.digital import DigitalWork, vector_work
from mho.solve.methods.probe import Probe

Array = npt.NDArray[np.float64]
Product = Callable[[Array], Array]

_TINY = 1e-300
BASIS = 200
"""Vectors of a basis at most, where nobody asks for more (1)."""
_GROWN = 2.0
"""Growth of its residual at which a sweep is given up (1)."""


class NoAdjointError(ValueError):
    """An operator that does not multiply with its transposed matrix was asked to."""


@dataclass(frozen=True, slots=True)
class Depth:
    """How far an inner solver goes.

    Args:
        drop: Share of the residual that may be left (1).
        most: Products at most (1).
        error: What products were found to be off by; the solver ends where this is as large as
            its own residual. Not looked at if `None`.
    """

    drop: float = 1e-3
    most: int = 200
    error: Probe | None = None

    def enough(
        self, left: float, start: float, found: "Correction", length: float
    ) -> bool:
        """Whether a residual is small enough, or too small to be believed.

        Args:
            left: Size of the solver's own residual (1).
            start: Size of the residual that it was given (1).
            found: What it has so far.
            length: Length of the correction so far (1).
        """
        if not math.isfinite(left) or left <= self.drop * start:
            return True
        if found.products >= self.most:
            return True
        return self.error is not None and left <= self.error.gap(
            length, found.path
        )


@dataclass(slots=True)
class Correction:
    """What an inner solver found.

    Args:
        x: The correction (1). Shape (n,).
        products: Analog products that it took (1).
        path: Root of the summed squares of all steps (1); read noise adds up along it.
        work: Digital work beside.
    """

    x: Array
    products: int = 0
    path: float = 0.0
    work: DigitalWork = field(default_factory=DigitalWork)


@runtime_checkable
class InnerSolver(Protocol):
    """Anything that solves roughly: analog products, or a circuit that settles."""

    def __call__(
        self, product: Product, residual: Array, depth: Depth
    ) -> Correction:
        """A correction for a residual.

        Args:
            product: The analog product.
            residual: What is left (1). Shape (n,).
            depth: How far to go.
        """
        ...


def conjugate_gradients(
    product: Product, residual: Array, depth: Depth
) -> Correction:
    """Conjugate gradients, flexible: each step is made conjugate to the last as it was.

    With products that differ from look to look the usual formula loses its footing; that of Polak
    and Ribière uses what the residual really did. Ends where a direction has no positive
    curvature: the matrix on the chip is not positive definite there.
    """
    found = Correction(np.zeros_like(residual))
    r = residual.copy()
    p = r.copy()
    rho = float(r @ r)
    start = math.sqrt(rho)
    while True:
        q = product(p)
        found.products += 1
        found.work += vector_work(r.size, 6)
        curvature = float(p @ q)
        if not curvature > _TINY:
            return found if found.products > 1 else _downhill(found, p, q)
        alpha = rho / curvature
        found.x = found.x + alpha * p
        found.path = math.hypot(found.path, alpha * float(np.linalg.norm(p)))
        before = r
        r = r - alpha * q
        length = float(np.linalg.norm(found.x))
        if depth.enough(float(np.linalg.norm(r)), start, found, length):
            return found
        beta = max(float(r @ (r - before)) / rho, 0.0)
        rho = float(r @ r)
        p = r + beta * p


def _downhill(found: Correction, p: Array, q: Array) -> Correction:
    """The step along the first direction that leaves the least residual."""
    square = float(q @ q)
    if square > _TINY:
        found.x = found.x + float(p @ q) / square * p
    return found


def generalised_residuals(
    product: Product, residual: Array, depth: Depth, *, vectors: int = BASIS
) -> Correction:
    """GMRES on noisy products: the least residual that they allow, whatever they were.

    The basis is orthogonalised twice, so that only the products are off and not their sums.

    Args:
        product: The analog product.
        residual: What is left (1). Shape (n,).
        depth: How far to go.
        vectors: Vectors of the basis at most (1): it is kept in memory.
    """
    start = float(np.linalg.norm(residual))
    found = Correction(np.zeros_like(residual))
    most = min(depth.most, vectors, residual.size)
    basis = np.empty((most + 1, residual.size))
    basis[0] = residual / start
    triangle = _Triangle(start, most)
    for number in range(most):
        image = product(basis[number])
        found.products += 1
        column, rest = _orthogonalised(image, basis[: number + 1])
        found.work += vector_work(residual.size, 4 * (number + 1))
        size = float(np.linalg.norm(rest))
        triangle.add(np.append(column, size))
        weights = triangle.weights()
        # the basis is orthonormal: weights are as long as what they make
        found.path = float(np.linalg.norm(weights))
        if size <= _TINY or depth.enough(
            triangle.left, start, found, found.path
        ):
            break
        basis[number + 1] = rest / size
    found.x = weights @ basis[: weights.size]
    return found


def _orthogonalised(image: Array, basis: Array) -> tuple[Array, Array]:
    """Components along the rows of a basis, and what is left."""
    column = basis @ image
    rest = image - column @ basis
    again = basis @ rest
    return column + again, rest - again @ basis


class _Triangle:
    """The least squares of GMRES, column by column: a triangle, by plane rotations.

    Attributes:
        left: Size of the least residual (1).
    """

    def __init__(self, start: float, most: int) -> None:
        self._matrix = np.zeros((most, most))
        self._side = np.zeros(most + 1)
        self._side[0] = start
        self._turns: list[tuple[float, float]] = []
        self.left = start

    def add(self, column: Array) -> None:
        """Add a column, one longer than there will be columns. Shape (columns + 1,)."""
        column = column.copy()
        for row, (cosine, sine) in enumerate(self._turns):
            above = column[row]
            below = column[row + 1]
            column[row] = cosine * above + sine * below
            column[row + 1] = cosine * below - sine * above
        count = len(self._turns)
        above = float(column[count])
        below = float(column[count + 1])
        size = math.hypot(above, below) or _TINY
        cosine = above / size
        sine = below / size
        self._turns.append((cosine, sine))
        self._matrix[:count, count] = column[:count]
        self._matrix[count, count] = size
        self._side[count + 1] = -sine * self._side[count]
        self._side[count] *= cosine
        self.left = abs(float(self._side[count + 1]))

    def weights(self) -> Array:
        """Weights of the columns with the least residual (1). Shape (columns,)."""
        count = len(self._turns)
        found: Array = solve_triangular(
            self._matrix[:count, :count],
            self._side[:count],
            check_finite=False,
        )
        return found


@dataclass(frozen=True, slots=True, eq=False)
class LeastSquares:
    """Conjugate gradients on the normal equations, each iteration a product and an adjoint one.

    Takes condition number times iterations whatever the eigenvalues, where GMRES may take as many
    as there are unknowns. Flexible as `conjugate_gradients` is.

    Args:
        adjoint: The analog product with the transposed matrix.
    """

    adjoint: Product

    references: ClassVar = ("hestenes1952methods",)

    def __call__(
        self, product: Product, residual: Array, depth: Depth
    ) -> Correction:
        """A correction with a small residual."""
        found = Correction(np.zeros_like(residual))
        r = residual.copy()
        start = float(np.linalg.norm(r))
        s = self.adjoint(r)
        p = s
        found.products += 1
        rho = float(s @ s)
        while rho > _TINY:
            q = product(p)
            square = float(q @ q)
            if not square > _TINY:
                return found
            # not ρ/|q|²: what the adjoint was off by must not make the residual grow
            alpha = float(q @ r) / square
            found.x = found.x + alpha * p
            found.path = math.hypot(
                found.path, alpha * float(np.linalg.norm(p))
            )
            r = r - alpha * q
            found.products += 2
            found.work += vector_work(r.size, 8)
            length = float(np.linalg.norm(found.x))
            if depth.enough(float(np.linalg.norm(r)), start, found, length):
                return found
            before = s
            s = self.adjoint(r)
            beta = max(float(s @ (s - before)) / rho, 0.0)
            rho = float(s @ s)
            p = s + beta * p
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Jacobi:
    """Sweeps `x ← x + ω D⁻¹ (r − A x)`, D the diagonal.

    Args:
        inverse: `ω / diagonal` (1). Shape (n,).
    """

    inverse: Array

    def __call__(
        self, product: Product, residual: Array, depth: Depth
    ) -> Correction:
        """Sweeps until the residual is small, or grows."""
        found = Correction(self.inverse * residual)
        found.path = float(np.linalg.norm(found.x))
        start = float(np.linalg.norm(residual))
        best = found.x
        least = math.inf
        while True:
            r = residual - product(found.x)
            found.products += 1
            found.work += vector_work(r.size, 3)
            left = float(np.linalg.norm(r))
            if left < least:
                best = found.x
                least = left
            length = float(np.linalg.norm(found.x))
            done = depth.enough(left, start, found, length)
            if done or left > _GROWN * least:
                found.x = best
                return found
            step = self.inverse * r
            found.x = found.x + step
            found.path = math.hypot(found.path, float(np.linalg.norm(step)))


@dataclass(frozen=True, slots=True, eq=False)
class OneStep:
    """A circuit that settles to a rough solution: one step, no iteration.

    Args:
        answer: Takes a right side and returns the solution that the circuit settles to (1).
            Shapes (n,) and (n,).
    """

    answer: Product

    def __call__(
        self, product: Product, residual: Array, depth: Depth
    ) -> Correction:
        """What the circuit answers."""
        del product, depth
        x = self.answer(residual)
        return Correction(x, products=1, path=float(np.linalg.norm(x)))
