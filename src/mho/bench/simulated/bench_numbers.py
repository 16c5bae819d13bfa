"""What a bench keeps besides its cells, as numbers in one tensor: clock, temperature, costs."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mho.ledger import Ledger

_COUNTS = 4
"""Fields of a ledger that count, the first ones (1)."""

_LARGEST = 2.0**53
"""Largest count that a float64 holds exactly (1)."""


def kept(
    own: Mapping[str, Tensor], cells: Tensor | None, numbers: Tensor
) -> dict[str, Tensor]:
    """Copies of a bench's tensors, of some cells or of all, and its numbers."""
    # not `index_select`, which takes five times as long where columns lie in records
    found = {
        name: tensor.clone() if cells is None else tensor[..., cells]
        for name, tensor in own.items()
    }
    return {**found, "bench": numbers}


def put_back(
    own: Mapping[str, Tensor], state: Mapping[str, Tensor], cells: Tensor
) -> None:
    """Give a bench's tensors the values that `kept` gave, all or nothing.

    Raises:
        ValueError: It is the state of another kind of chip, or one that no chip can be in.
    """
    check_bench_state(state, own, cells.numel())
    for name, tensor in own.items():
        tensor.index_copy_(-1, cells, state[name])


def check_bench_state(
    state: Mapping[str, Tensor], own: Mapping[str, Tensor], cells: int
) -> None:
    """Refuse a state that is none of this bench.

    Args:
        state: What shall be restored, by name.
        own: Tensors of the bench, by name; the last axis are cells.
        cells: Cells that the state is of (1).

    Raises:
        ValueError: In the house sentence.
    """
    shapes = {n: (*t.shape[:-1], cells) for n, t in own.items()}
    if state.keys() != {*own, "bench"} or any(
        tuple(state[n].shape) != shapes[n] or state[n].dtype != own[n].dtype
        for n in own
    ):
        raise ValueError(
            "Argument `state` must be of this chip, but its arrays differ."
        )
    check_bench_numbers(state["bench"])


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


def numbers_of(
    clock: float, multiplies: int, temperature: float, spent: Ledger
) -> Tensor:
    """Clock (s), multiplies so far (1), temperature (K) and costs as one tensor."""
    costs = [float(getattr(spent, name)) for name in Ledger.__slots__]
    return torch.tensor(
        [clock, float(multiplies), temperature, *costs], dtype=torch.float64
    )


def from_numbers(numbers: Tensor) -> tuple[float, int, float, Ledger]:
    """The same four from such a tensor."""
    clock, multiplies, temperature, *costs = numbers.tolist()
    counts = [int(cost) for cost in costs[:_COUNTS]]
    spent = Ledger(*counts, *costs[_COUNTS:])
    return clock, int(multiplies), temperature, spent
