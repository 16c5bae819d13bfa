"""Looks at one group of cells after another: hundreds of small groups in one call."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.device.cells import Cells
from mho.device.checked import check_seen


def sample_in_turn(
    cells: Cells,
    groups: Int64[Tensor, "groups cells"],
    moments: Sequence[float],
    integration: float,
) -> Float[Tensor, "groups cells"]:
    """What `Cells.sample` gives for one sample of each group, one after the other (S).

    Args:
        cells: The cells.
        groups: Numbers of the cells of each group.
        moments: Time at which each is looked at, rising (s).
        integration: Integration time (s).
    """
    chosen = groups.contiguous().numpy()
    watch = cells.kernels["watch"]
    words, singles = cells.normal_words
    records = cells.records_with(chosen.reshape(-1))
    found = np.empty(chosen.shape, np.float32)
    for group, now, seen in zip(chosen, moments, found, strict=True):
        look = cells.look(now, integration, integration, 1)
        out = seen[None]
        watch(records, cells.numbers, look, group, words, singles, out)
    check_seen(cells.model, chosen.reshape(-1), found.reshape(1, -1))
    return torch.from_numpy(found)
