"""What a bench keeps besides its cells, as numbers in one tensor: clock, temperature, costs."""

import torch
from torch import Tensor

from mho.ledger import Ledger

_COUNTS = 4
"""Fields of a ledger that count, the first ones (1)."""

_LARGEST = 2.0**53
"""Largest count that a float64 holds exactly (1)."""


def check_bench_numbers(numbers: Tensor) -> None:
    """Refuse numbers that no bench can have.

    Args:
        numbers: Clock (s), multiplies so far (1), temperature (K), and the ledger. Shape
            (3 + fields of a ledger,).

    Raises:
        ValueError: In the house sentence.
    """
    demand = "Argument `state` must have a clock, a temperature and costs of a bench, but"
    length = 3 + len(Ledger.__slots__)
    if numbers.dtype != torch.float64 or numbers.shape != (length,):
        raise ValueError(
            f"{demand} `bench` is not {length} numbers of 64 bits."
        )
    if not bool((torch.isfinite(numbers) & (numbers >= 0)).all()):
        raise ValueError(
            f"{demand} one of them is not finite or is below zero."
        )
    if float(numbers[2]) == 0:
        raise ValueError(f"{demand} its temperature is 0 K.")
    counts = torch.cat((numbers[1:2], numbers[3 : 3 + _COUNTS]))
    if not bool(((counts == counts.round()) & (counts <= _LARGEST)).all()):
        raise ValueError(f"{demand} one of its counts is no whole number.")
