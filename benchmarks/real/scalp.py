"""A head in electrodes: where they sit, what sources leave on them, the maps drawn from that."""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_ELECTRODES = 64
_LOWEST = 110.0
"""Angle from the crown down to the lowest electrode (degrees)."""
_HEAD = 0.5
"""Radius of the head on a map (1)."""


def electrodes() -> NDArray[np.float64]:
    """Electrodes spread evenly over a cap of radius 1: right, front, up. Shape (electrodes, 3)."""
    index = np.arange(_ELECTRODES) + 0.5
    height = 1 - (1 - np.cos(np.radians(_LOWEST))) * index / _ELECTRODES
    around = np.pi * (1 + 5**0.5) * index
    radius = np.sqrt(1 - height**2)
    return np.stack(
        [radius * np.cos(around), radius * np.sin(around), height], 1
    )


ELECTRODES = electrodes()


def potential(place: Vector, moment: Vector) -> Vector:
    """Potential of a current dipole, less its mean (1). Shape (electrodes,)."""
    away = ELECTRODES - place
    field = away @ moment / np.linalg.norm(away, axis=1) ** 3
    found: Vector = field - field.mean()
    return found


def radial_field(place: Vector, moment: Vector) -> Vector:
    """Field of a current dipole, as far as it points out of the head (1). Shape (sensors,)."""
    away = ELECTRODES - place
    turning = np.cross(moment, away)
    out = np.einsum("ij,ij->i", turning, ELECTRODES)
    found: Vector = out / np.linalg.norm(away, axis=1) ** 3
    return found


def flat_places(rim: float) -> NDArray[np.float64]:
    """Electrodes on a map, distance from the crown kept; the lowest at a rim (1).

    Shape (electrodes, 2).
    """
    below = np.arccos(ELECTRODES[:, 2])
    around = np.arctan2(ELECTRODES[:, 1], ELECTRODES[:, 0])
    distance = below / below.max() * rim
    return np.stack([distance * np.cos(around), distance * np.sin(around)], 1)


def spline_map(
    values: Vector, places: NDArray[np.float64], grid: NDArray[np.float64]
) -> Vector:
    """Sandwell's biharmonic spline through values at places, at the points of a grid (1).

    Args:
        values: Values (1). Shape (electrodes,).
        places: Where they are (1). Shape (electrodes, 2).
        grid: Where to look (1). Shape (points, 2).
    """
    weights = np.linalg.solve(_green(places, places), values)
    found: Vector = _green(grid, places) @ weights
    return found


def _green(
    ends: NDArray[np.float64], starts: NDArray[np.float64]
) -> NDArray[np.float64]:
    distance = np.linalg.norm(ends[:, None] - starts, axis=2)
    apart = distance > 0
    logarithm = np.log(distance, where=apart, out=np.zeros_like(distance))
    found: NDArray[np.float64] = distance**2 * (logarithm - 1)
    return found


def head_map(values: Vector) -> NDArray[np.float64]:
    """What ICLabel is shown: 32×32 points, front up, 0 outside the head, largest value 1."""
    line = np.linspace(-_HEAD, _HEAD, 32)
    right, front = np.meshgrid(line, line)
    grid = np.stack([right.ravel(), front.ravel()], 1)
    found = spline_map(values, flat_places(_HEAD / 1.02), grid)
    found[np.linalg.norm(grid, axis=1) > _HEAD] = 0
    picture: NDArray[np.float64] = found / np.abs(found).max()
    return picture.reshape(32, 32)
