"""Partial differential equations whose matrices stand on chips: Poisson's, and a plasma's."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, gmres
from torch import Tensor

from mho.papers.claim import Measurement, Setting
from mho.papers.experiments.several_devices import FACTOR, geometric_fall
from mho.rng import Stream
from mho.solve import BoundedErrors, MatrixOnChips

Array = NDArray[np.float64]

WINDOW = 1 / 128
"""Window in which devices are verified, in parts of their range (1)."""
ERROR = 1e-15
"""Error that is reported (1)."""
_DEVICES = 7
"""Devices a number at most: 1e-15 by the table of errors (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class FallShown:
    """Error of a solution against cells per number.

    Args:
        what: Which equation.
        cells: Pairs of cells per number (1).
        error: Error relative to the solution in double precision (1).
        law: Lowered by the ratio of scales with each further cell (1).
    """

    what: str
    cells: tuple[int, ...]
    error: Float[Tensor, " cells"]
    law: Float[Tensor, " cells"]


def poisson(setting: Setting) -> Measurement:
    """Error of the potential of two charges with seven devices a number (1).

    The five-point stencil on a square with grounded edges; the system on the cells is solved by
    GMRES with analog products alone, no residual is computed digitally.
    """
    side = setting.size(16, 8)
    matrix = _laplacian(side)
    charges = np.zeros((side, side))
    charges[side // 4, side // 4] = 1.0
    charges[3 * side // 4, side // 2] = -0.7
    right = charges.reshape(-1)
    wanted = np.linalg.solve(matrix, right)
    counts = tuple(range(1, _DEVICES + 1))
    errors = []
    for count in counts:
        on_chips = _on_chips(matrix, count, setting.stream.child("poisson"))
        found, _ = gmres(
            on_chips, right, rtol=1e-16, restart=side**2, maxiter=2
        )
        off = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
        errors.append(float(off))
    condition = float(np.linalg.cond(matrix))
    allowed = ERROR * condition
    return Measurement(
        value=errors[-1],
        low=errors[-1],
        high=errors[-1],
        interval="one solution",
        holds=errors[-1] <= allowed,
        note=(
            f"{side}×{side} points, condition number {condition:.0f}, so at most {allowed:.1e} is"
            f" to be expected; one device leaves {errors[0]:.1e}."
        ),
        shown=_fall("Poisson's equation", counts, torch.tensor(errors)),
    )


def magnetohydrodynamics(setting: Setting) -> Measurement:
    """Factor by which a further device lowers the error, over the ratio of scales (1).

    One-dimensional turbulence of a conducting fluid, velocity v and field b on a ring:
    dv/dt = −v v′ + b b′ + ν v″, db/dt = −v b′ + b v′ + η b″. Both derivatives stand on chips, in
    Runge-Kutta steps of fourth order; all else is digital. Errors are told after the last step.
    """
    points = 64
    steps = setting.size(200, 25)
    chips = setting.size(4, 2)
    counts = tuple(range(1, 7))
    slope, bend = _derivatives(points)
    start = _waves(points)
    wanted = _evolve(slope, bend, start, steps)
    scale = np.linalg.norm(wanted)
    errors = torch.zeros(chips, len(counts), dtype=torch.float64)
    for chip in range(chips):
        for place, count in enumerate(counts):
            stream = setting.stream.child("ring", chip)
            found = _evolve(
                _on_chips(slope, count, stream.child("slope")),
                _on_chips(bend, count, stream.child("bend")),
                start,
                steps,
            )
            errors[chip, place] = float(np.linalg.norm(found - wanted) / scale)
    error = errors.square().mean(0).sqrt()
    fall = geometric_fall(error) * WINDOW
    each = [geometric_fall(one) * WINDOW for one in errors]
    return Measurement(
        value=fall,
        low=min(fall, *each),
        high=max(fall, *each),
        interval="chips one by one",
        holds=1 / FACTOR <= fall <= FACTOR,
        note=(
            f"After {steps} steps the error is {error[0]:.1e} with one device a number and"
            f" {error[-1]:.1e} with six; root mean square of {chips} chips."
        ),
        shown=_fall("fluid in a magnetic field", counts, error),
    )


def _on_chips(matrix: Array, count: int, stream: Stream) -> LinearOperator:
    """A matrix on verified devices, so many a number."""
    return MatrixOnChips(
        matrix,
        mapping=f"residual:{count}",
        errors=BoundedErrors(window=WINDOW),
        stream=stream.child("devices", count),
    )


def _fall(
    what: str, counts: tuple[int, ...], error: Float[Tensor, " cells"]
) -> FallShown:
    """Errors beside a law through the first one."""
    further = torch.arange(len(counts), dtype=torch.float64)
    law = error[0].double() * WINDOW**further
    return FallShown(what, counts, error.double(), law)


def _laplacian(side: int) -> Array:
    """Five-point stencil of a square grid with grounded edges, on a unit grid."""
    line = 2 * np.eye(side) - np.eye(side, k=1) - np.eye(side, k=-1)
    return np.kron(line, np.eye(side)) + np.kron(np.eye(side), line)


def _derivatives(points: int) -> tuple[Array, Array]:
    """First and second derivative on a ring of length 2π, by central differences."""
    width = 2 * np.pi / points
    after = np.roll(np.eye(points), 1, axis=1)
    slope = (after - after.T) / (2 * width)
    bend = (after - 2 * np.eye(points) + after.T) / width**2
    return slope, bend


def _waves(points: int) -> Array:
    """Velocity and field at the beginning, a column each."""
    angle = 2 * np.pi * np.arange(points) / points
    velocity = np.sin(angle) + 0.3 * np.cos(3 * angle)
    field = 0.5 * np.cos(2 * angle) + 0.2
    return np.stack([velocity, field], axis=1)


def _evolve(
    slope: Array | LinearOperator,
    bend: Array | LinearOperator,
    start: Array,
    steps: int,
) -> Array:
    """Velocity and field after the last step."""
    step = 5e-3
    viscosity = 0.1

    def change(state: Array) -> Array:
        velocity, field = state[:, :1], state[:, 1:]
        slopes = slope @ state
        spread = viscosity * (bend @ state)
        along = -velocity * slopes[:, :1] + field * slopes[:, 1:]
        across = -velocity * slopes[:, 1:] + field * slopes[:, :1]
        return np.concatenate([along, across], axis=1) + spread

    state = start
    for _ in range(steps):
        first = change(state)
        second = change(state + step / 2 * first)
        third = change(state + step / 2 * second)
        fourth = change(state + step * third)
        state = state + step / 6 * (first + 2 * second + 2 * third + fourth)
    return state
