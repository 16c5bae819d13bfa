"""Arrays rounded and packed for a page: two bytes a number, all of them compressed together."""

import base64
import math
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]

_NONE = 65535
"""Code of what is no number (1)."""
_MOST = 65534
"""Largest code of a number (1)."""


class Packer:
    """Takes arrays in, and gives all of them as one text.

    An array is told where it begins and how it is coded; every number has two bytes. Low bytes of
    an array stand before its high ones, which compresses better than numbers one after the other.
    """

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def steps(self, values: Values, step: float) -> dict[str, Any]:
        """Numbers to the nearest step above the smallest of them.

        Args:
            values: In their own unit; those that are no numbers stay so. Any shape.
            step: What they are rounded to (their unit); see `step_for`.

        Returns:
            Where they begin, how many, from where in which steps.
        """
        known = values[np.isfinite(values)]
        low = step * math.floor(float(known.min()) / step) if known.size else 0
        code = np.round((values - low) / step)
        return self._kept(code) | {"low": low, "step": step}

    def counts(self, values: Values) -> dict[str, Any]:
        """Whole numbers from zero; those above 65,534 are told as that.

        Args:
            values: Counts (1). Any shape.
        """
        return self._kept(values) | {"low": 0, "step": 1}

    def relative(self, values: Values) -> dict[str, Any]:
        """Numbers of any size to three digits: half precision, which small errors need.

        Args:
            values: In their own unit; those beyond ±65,504 are told as that. Any shape.
        """
        most = float(np.finfo(np.float16).max)
        half = np.clip(values, -most, most).astype(np.float16)
        return self._added(half.view(np.uint16)) | {"half": True}

    def text(self) -> str:
        """All arrays, compressed and in base 64."""
        packed = zlib.compress(b"".join(self._parts), 9)
        return base64.b64encode(packed).decode("ascii")

    def _kept(self, codes: Values) -> dict[str, Any]:
        known = np.isfinite(codes)
        whole = np.clip(np.where(known, codes, 0), 0, _MOST)
        return self._added(np.where(known, whole, _NONE).astype(np.uint16))

    def _added(self, codes: npt.NDArray[np.uint16]) -> dict[str, Any]:
        flat = codes.reshape(-1)
        at = self._size
        low = (flat & 0xFF).astype(np.uint8)
        high = (flat >> 8).astype(np.uint8)
        self._parts += [low.tobytes(), high.tobytes()]
        self._size += 2 * flat.size
        return {"at": at, "count": int(flat.size)}


def step_for(values: Values, fine: float) -> float:
    """What numbers are rounded to: as fine as wanted, or as their range allows.

    Args:
        values: In their own unit. Any shape.
        fine: A step that is fine enough (their unit); more than zero.

    Returns:
        1, 2 or 5 times a power of ten (their unit).

    >>> step_for(np.array([0.0, 4000.0]), 0.013)
    0.1
    >>> step_for(np.array([0.0, 40.0]), 0.013)
    0.01
    """
    known = values[np.isfinite(values)]
    span = float(np.ptp(known)) if known.size else 0.0
    needed = span / (_MOST - 2)
    power = 10.0 ** math.floor(math.log10(fine))
    step = max(one * power for one in (1, 2, 5) if one * power <= fine)
    while step < needed:
        power = 10.0 ** math.floor(math.log10(step) + 1e-9)
        lead = round(step / power)
        step = power * {1: 2, 2: 5, 5: 10}[lead]
    return float(f"{step:.0e}")
