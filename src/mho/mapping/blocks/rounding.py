"""Whole numbers near others, chosen so that the errors of a column cancel."""

import torch
from jaxtyping import Float
from torch import Tensor


def round_together(
    values: Float[Tensor, "inputs outputs"], most: int
) -> Float[Tensor, "inputs outputs"]:
    """Whole numbers near the values, chosen column by column for small errors of products.

    With inputs whose mean is as large as their spread, as behind a rectifier, errors e make a mean
    square error of (Σe)² + Σe². Beginning with the nearest numbers, the element is rounded the
    other way that lowers this most, until none does.

    Args:
        values: What is rounded (1).
        most: Largest size of a number (1).
    """
    rounded = values.round().clamp(-most, most)
    error = rounded - values
    for _ in range(values.shape[0]):
        # rounding an element the other way adds u = ±1 to its error e and to the column's sum S:
        # (S + u)² + (e + u)² − S² − e² = 2 u (S + e) + 2
        other_way = torch.where(error > 0, -1.0, 1.0).to(error)
        column_sum = error.sum(0)
        change = 2 * other_way * (column_sum + error) + 2
        too_large = (rounded + other_way).abs() > most
        change = torch.where(too_large, torch.inf, change)
        best = change.min(0)
        helps = best.values < 0
        if not helps.any():
            break
        best_row = best.indices[None]
        best_way = other_way.gather(0, best_row)[0]
        move = torch.where(helps, best_way, 0.0)
        rounded = rounded.scatter_add(0, best_row, move[None])
        error = rounded - values
    return rounded
