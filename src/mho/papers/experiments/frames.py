"""Frames that an edge filter is shown."""

import torch
from jaxtyping import Float64
from torch import Tensor

_STROKES = (
    (0.08, 0.14, 0.25, 0.75),
    (0.26, 0.32, 0.25, 0.75),
    (0.08, 0.32, 0.67, 0.75),
    (0.38, 0.62, 0.25, 0.33),
    (0.38, 0.62, 0.46, 0.54),
    (0.38, 0.62, 0.67, 0.75),
    (0.38, 0.44, 0.25, 0.50),
    (0.56, 0.62, 0.50, 0.75),
    (0.68, 0.92, 0.25, 0.33),
    (0.68, 0.92, 0.67, 0.75),
    (0.68, 0.74, 0.25, 0.75),
)
"""Strokes of letters: left, right, top and bottom in parts of the frame (1)."""


def photograph() -> Float64[Tensor, "height width"]:
    """A photograph of scikit-learn in grey, 64×78 points between 0 and 1."""
    from sklearn.datasets import load_sample_image

    grey = torch.from_numpy(load_sample_image("china.jpg").copy()).double()
    grey = grey.mean(2)[None, None] / 255
    small = torch.nn.functional.interpolate(
        grey, (64, 78), mode="bilinear", antialias=True
    )
    return small[0, 0]


def letters(size: float = 1.0) -> Float64[Tensor, "height width"]:
    """The letters U, S and C, drawn eight times as fine and averaged to 64×78 points.

    Args:
        size: Their size (1); they stay in the middle of the frame.
    """
    fine = 8
    drawn = torch.zeros(64 * fine, 78 * fine, dtype=torch.float64)
    for left, right, top, bottom in _STROKES:
        rows = _span(top, bottom, size, drawn.shape[0])
        cols = _span(left, right, size, drawn.shape[1])
        drawn[rows, cols] = 1.0
    return torch.nn.functional.avg_pool2d(drawn[None], fine)[0]


def _span(start: float, end: float, size: float, points: int) -> slice:
    """Points from start to end (parts of a frame), drawn nearer to its middle."""
    middle = 0.5 * (1 - size)
    first = round((middle + size * start) * points)
    last = round((middle + size * end) * points)
    return slice(first, last)


def lit(frame: Float64[Tensor, "height width"]) -> float:
    """Part of a frame that is lit (1)."""
    return float(frame.mean())
