"""Fields that change in time: diffusion, waves and a step of magnetohydrodynamics.

Each takes an operator, such as a matrix on chips, and steps it. What is solved for in a step is
refined; what is only multiplied carries the error of a product.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

import mho
from mho.solve.methods import Equations, Solving, solve

Array = npt.NDArray[np.float64]


def diffusion(
    laplacian: Any,
    chips: Callable[[Any], Any],
    start: Array,
    share: float,
    steps: int,
) -> Array:
    """Backward Euler: (1 + share · L) u⁺ = u, solved on one chip for all steps.

    Args:
        laplacian: L, positive definite, times the squared distance of points. Shape (n, n).
        chips: Puts a matrix on chips.
        start: The field at first. Shape (n,).
        share: Diffusivity times the step over the squared distance of points (1).
        steps: Steps (1).
    """
    matrix = sparse.eye_array(start.size) + share * laplacian
    first = Equations(matrix, start)
    analog = chips(first.matrix)
    field = start
    for step in range(steps):
        found = solve(
            Equations(matrix, field),
            analog,
            Solving(tolerance=1e-10),
            stream=mho.Stream(step),
        )
        field = found.x
    return field


def wave(laplacian: Any, start: Array, courant: float, steps: int) -> Array:
    """Leapfrog: u⁺ = 2u − u⁻ − courant² · L u, from rest, a product a step.

    Args:
        laplacian: L on chips, or exact. Shape (n, n).
        start: The field at first. Shape (n,).
        courant: Speed times the step over the distance of points (1).
        steps: Steps (1).
    """
    squared = courant**2
    before = start
    field = start - squared / 2 * np.asarray(laplacian @ start)
    for _ in range(steps - 1):
        after = 2 * field - before - squared * np.asarray(laplacian @ field)
        before = field
        field = after
    return field


def mhd_step(
    vorticity: Array,
    flux: Array,
    laplacian: Any,
    stream_of: Callable[[Array], Array],
    step: float,
    distance: float,
) -> tuple[Array, Array]:
    """A step of reduced magnetohydrodynamics in a square box of ideal walls.

    ∂ω/∂t = [ω, φ] − [j, ψ], ∂ψ/∂t = [ψ, φ], with −∇²φ = ω and j = −∇²ψ; [a, b] are the brackets
    ∂ₓa ∂ᵧb − ∂ᵧa ∂ₓb. Two solutions of Poisson's equation and two products: Heun's method.

    Args:
        vorticity: ω at the inner points. Shape (points, points).
        flux: ψ there. Shape (points, points).
        laplacian: −∇² times the squared distance, on chips or exact. Shape (points², points²).
        stream_of: Solves with the same: takes ω times the squared distance and returns φ.
        step: The step in time (1).
        distance: Distance of points (1).
    """

    def change(omega: Array, psi: Array) -> tuple[Array, Array]:
        side = distance**2 * omega.ravel()
        phi = stream_of(side).reshape(omega.shape)
        current = np.asarray(laplacian @ psi.ravel()) / distance**2
        of_omega = brackets(omega, phi, distance) - brackets(
            current.reshape(psi.shape), psi, distance
        )
        return of_omega, brackets(psi, phi, distance)

    first = change(vorticity, flux)
    second = change(vorticity + step * first[0], flux + step * first[1])
    return (
        vorticity + step / 2 * (first[0] + second[0]),
        flux + step / 2 * (first[1] + second[1]),
    )


def brackets(a: Array, b: Array, distance: float) -> Array:
    """∂ₓa ∂ᵧb − ∂ᵧa ∂ₓb by central differences, zero at the walls. Shape (points, points)."""
    a_x, a_y = slopes(a, distance)
    b_x, b_y = slopes(b, distance)
    return a_x * b_y - a_y * b_x


def slopes(field: Array, distance: float) -> tuple[Array, Array]:
    """Central differences along both axes, the field zero at the walls."""
    whole = np.pad(field, 1)
    along = (whole[2:, 1:-1] - whole[:-2, 1:-1]) / (2 * distance)
    across = (whole[1:-1, 2:] - whole[1:-1, :-2]) / (2 * distance)
    return along, across
