"""Conductance maps of a run, cell by cell, for a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Tensor

from mho.programming import Outcome
from mho.report.explorable.packing import Packer, Values, step_for
from mho.report.wording import CLIP
from mho.runs import LayerMap, RunData
from mho.units import uS

MOST_CELLS = 2**20
"""Cells that a page holds (1): eight bytes each or so."""
USUAL = 0.995
"""Fraction of the targets that the colours of conductance tell apart (1)."""
_FINE = 0.02
"""What targets are rounded to, over the tolerance (1)."""
_SPENT = ("pulses", "denoise_pulses", "reads")


@dataclass(frozen=True, slots=True)
class Maps:
    """Maps for a page.

    Args:
        content: What scripts draw, plain values.
        names: Layers that are shown, in order.
        left_out: Number of layers that would not fit (1).
    """

    content: Mapping[str, Any]
    names: tuple[str, ...]
    left_out: int


def maps_shown(data: RunData, packer: Packer) -> Maps | None:
    """All cells of the layers of a run; of the largest layers, where a page cannot hold all.

    Args:
        data: A deployment.
        packer: Takes the arrays.

    Returns:
        The maps; `None` if there is no cell.
    """
    chosen = _chosen([layer.target.numel() for layer in data.layers])
    if not chosen:
        return None
    tolerance = data.tolerance / uS
    layers = [_layer(data.layers[n], tolerance, packer) for n in chosen]
    content = {
        "layers": layers,
        "scale": usual_range(data),
        "clip": CLIP * tolerance or 1.0,
        "tolerance": tolerance,
        "outcomes": [one.name.lower().replace("_", " ") for one in Outcome],
        "marked": [int(Outcome.STUCK), int(Outcome.OUT_OF_CYCLES)],
    }
    names = tuple(data.layers[number].name for number in chosen)
    return Maps(content, names, len(data.layers) - len(chosen))


def usual_range(data: RunData) -> tuple[float, float]:
    """Lowest and highest usual target of the whole run (µS).

    A cell that makes up for a stuck partner may have a target many times the others', and a
    scale up to that would show all others in one colour.

    Args:
        data: A deployment.
    """
    targets = [_finite(_to_uS(layer.target)) for layer in data.layers]
    known = np.concatenate([np.zeros(0), *targets])
    if not known.size:
        return 0.0, 1.0
    low, high = (float(end) for end in np.quantile(known, (0.0, USUAL)))
    if low < high:
        return low, high
    # all alike: a scale from zero shows that they are not nothing
    return 0.0, max(1.0, high)


def _chosen(sizes: list[int]) -> list[int]:
    """Numbers of the layers that are shown: the largest that fit, in their order."""
    left = MOST_CELLS
    chosen = []
    for number in sorted(range(len(sizes)), key=lambda n: -sizes[n]):
        if 0 < sizes[number] <= left:
            chosen.append(number)
            left -= sizes[number]
    return sorted(chosen)


def _layer(layer: LayerMap, tolerance: float, packer: Packer) -> dict[str, Any]:
    target = _to_uS(layer.target)
    rows, cols = target.shape
    step = step_for(target, _FINE * tolerance or 0.01)
    arrays = {
        "target": packer.steps(target, step),
        "error": packer.relative(_to_uS(layer.readback) - target),
        "outcome": packer.counts(_counted(layer.outcome)),
    }
    if layer.spent is not None:
        for name, counts in zip(_SPENT, layer.spent, strict=True):
            arrays[name] = packer.counts(_counted(counts))
    return {"name": layer.name, "rows": rows, "cols": cols, "arrays": arrays}


def _to_uS(values: Tensor) -> Values:  # noqa: N802
    array: Values = values.detach().cpu().double().numpy()
    return array / uS


def _counted(values: Int[Tensor, "rows cols"]) -> Values:
    array: Values = values.detach().cpu().double().numpy()
    return array


def _finite(values: Values) -> Values:
    return values[np.isfinite(values)]
