"""Stages that were programmed, as tensors by name: what interrupted work goes on from."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mho.deployment.stages.parts import part
from mho.ledger import Ledger
from mho.mapping import Placement
from mho.programming import ProgramResult


class FinishedStages:
    """Stages that were programmed, and the plan of the one under way: for interrupted work.

    Args:
        state: What `state` gave; no stage is finished if there is nothing in it.
    """

    def __init__(self, state: Mapping[str, Tensor] | None = None) -> None:
        self._state = dict(state or {})

    @property
    def count(self) -> int:
        """Stages that are finished (1)."""
        found = self._state.get("count")
        return 0 if found is None else int(found)

    @property
    def looks(self) -> Ledger:
        """What looking at finished stages cost."""
        return _ledger_of(self._state.get("looks"))

    def state(self) -> dict[str, Tensor]:
        """All of it by name."""
        return dict(self._state)

    def held(self, placement: Placement) -> Float[Tensor, " cells"]:
        """What was read of cells so far; 0 of those that were not (S)."""
        found = self._state.get("held")
        return torch.zeros_like(placement.target) if found is None else found

    def look(self, held: Float[Tensor, " cells"], cost: Ledger) -> None:
        """Note what was read of cells (S), and what that cost."""
        self._state["held"] = held
        self._state["looks"] = _ledger_numbers(self.looks + cost)

    def plan(self, planned: Placement) -> None:
        """Note what the next stage shall hold."""
        self._state["planned"] = planned.target

    def planned(self, placement: Placement) -> Placement | None:
        """What the stage under way shall hold; `None` if none is under way.

        Args:
            placement: All stages as they were placed.
        """
        target = self._state.get("planned")
        return None if target is None else replace(placement, target=target)

    def add(self, done: Placement, result: ProgramResult) -> None:
        """Note that the stage under way is finished."""
        at = f"{self.count}."
        for name in ("target", "sign"):
            self._state[f"{at}{name}"] = getattr(done, name)
        for number, block in enumerate(done.blocks):
            for name in _tensors(block):
                self._state[f"{at}{number}.{name}"] = getattr(block, name)
        for name in _tensors(result):
            self._state[f"{at}result.{name}"] = getattr(result, name)
        self._state[f"{at}numbers"] = torch.tensor(
            [result.tolerance, float(result.cycles)], dtype=torch.float64
        )
        self._state[f"{at}ledger"] = _ledger_numbers(result.ledger)
        self._state["count"] = torch.tensor(self.count + 1)
        del self._state["planned"]

    def taken_up(
        self, placement: Placement
    ) -> tuple[list[Placement], list[ProgramResult]]:
        """Finished stages with what became of their cells.

        Args:
            placement: All stages as they were placed.

        Raises:
            ValueError: It is the state of another placement.
        """
        try:
            both = [self._one(placement, stage) for stage in range(self.count)]
        except (KeyError, IndexError) as error:
            raise ValueError(
                "Argument `finished` must be of this placement, but is of another one; start anew."
            ) from error
        return [one for one, _ in both], [result for _, result in both]

    def _one(
        self, placement: Placement, stage: int
    ) -> tuple[Placement, ProgramResult]:
        """A finished stage."""
        at = f"{stage}."
        one = part(placement, stage)
        blocks = []
        for number, block in enumerate(one.blocks):
            names = _tensors(block)
            changed: dict[str, Any] = {
                name: self._state[f"{at}{number}.{name}"] for name in names
            }
            blocks.append(replace(block, **changed))
        kept: dict[str, Any] = {
            name: self._state[f"{at}{name}"] for name in ("target", "sign")
        }
        prefix = f"{at}result."
        of_cells: dict[str, Any] = {
            name.removeprefix(prefix): value
            for name, value in self._state.items()
            if name.startswith(prefix)
        }
        tolerance, cycles = self._state[f"{at}numbers"].tolist()
        result = ProgramResult(
            **of_cells,
            tolerance=tolerance,
            cycles=int(cycles),
            ledger=_ledger_of(self._state[f"{at}ledger"]),
        )
        return replace(one, blocks=tuple(blocks), **kept), result


def _tensors(value: Any) -> list[str]:
    """Names of a record's tensors."""
    names = [field.name for field in fields(value)]
    return [name for name in names if isinstance(getattr(value, name), Tensor)]


def _ledger_numbers(ledger: Ledger) -> Float[Tensor, " fields"]:
    """A ledger as numbers: counts are whole below 2⁵³."""
    values = [float(getattr(ledger, field.name)) for field in fields(Ledger)]
    return torch.tensor(values, dtype=torch.float64)


def _ledger_of(numbers: Tensor | None) -> Ledger:
    """A ledger from its numbers; an empty one from none."""
    if numbers is None:
        return Ledger()
    values = numbers.tolist()
    kinds = [type(getattr(Ledger(), field.name)) for field in fields(Ledger)]
    return Ledger(*(kind(v) for kind, v in zip(kinds, values, strict=True)))
