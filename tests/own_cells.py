"""Kinds of cells as users write them: for tests, and as text for files."""
# ruff: noqa: ARG004 - a law has all its parameters, whatever it uses of them

from dataclasses import dataclass
from typing import ClassVar

import mho
from mho.compiled import F, Real, Record, Word, exp, normal, normal_purpose
from mho.device import Shot

STEP = normal_purpose("step")


@dataclass(frozen=True, slots=True)
class Soft(mho.CellModel):
    """Steps in proportion to the voltage that shrink towards the end of the range."""

    low: float = 1e-6
    high: float = 20e-6
    step: float = 0.01
    noise: float = 0.3
    columns: ClassVar = {"conductance": "f4"}

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        cell.conductance = p.low

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        size = p.step * abs(shot.volts) * (F(1) + p.noise * normal(draw, STEP))
        if shot.volts > 0:
            cell.conductance += size * (p.high - cell.conductance)
        else:
            cell.conductance -= size * (cell.conductance - p.low)
        cell.conductance = min(max(cell.conductance, p.low), p.high)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        return cell.conductance


@dataclass(frozen=True, slots=True)
class Steep(mho.CellModel):
    """Steps that grow e times every `slope` volts, alike at any conductance."""

    low: float = 1e-6
    high: float = 20e-6
    step: float = 1e-6
    voltage: float = 1.2
    slope: float = 0.1
    noise: float = 0.3
    columns: ClassVar = {"conductance": "f4"}

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        cell.conductance = p.low

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        strength = exp((abs(shot.volts) - p.voltage) / p.slope)
        size = p.step * strength * (F(1) + p.noise * normal(draw, STEP))
        change = size if shot.volts > 0 else -size
        moved = cell.conductance + change
        cell.conductance = min(max(moved, p.low), p.high)

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        return cell.conductance


@dataclass(frozen=True, slots=True)
class Faulty(mho.CellModel):
    """A pulse adds `change`, and a look sees `share` of what is there."""

    low: float = 1e-6
    high: float = 20e-6
    change: float = 0.0
    share: float = 1.0
    offset: float = 0.0
    columns: ClassVar = {"conductance": "f4"}

    @staticmethod
    def born(cell: Record, p: Record, draw: Word) -> None:
        cell.conductance = p.low

    @staticmethod
    def pulse(cell: Record, p: Record, shot: Shot, draw: Word) -> None:
        cell.conductance += p.change * shot.volts

    @staticmethod
    def read(cell: Record, p: Record, now: float, draw: Word) -> Real:
        return cell.conductance * p.share / p.share + p.offset


TEXT = '''
from dataclasses import dataclass
from typing import ClassVar

import mho
from mho.compiled import exp, normal, normal_purpose

STEP = normal_purpose("step")


@dataclass(frozen=True, slots=True)
class Soft(mho.CellModel):
    """Steps that shrink towards the end of the range."""

    low: float = 1e-6
    high: float = 20e-6
    step: float = 0.02
    offset: float = 0.0
    columns: ClassVar = {"conductance": "f4"}

    @staticmethod
    def born(cell, p, draw):
        cell.conductance = p.low

    @staticmethod
    def pulse(cell, p, shot, draw):
        # a comment
        size = p.step * abs(shot.volts) * (1 + 0.3 * normal(draw, STEP))
        if shot.volts > 0:
            cell.conductance += size * (p.high - cell.conductance)
        else:
            cell.conductance -= size * (cell.conductance - p.low)
        cell.conductance = min(max(cell.conductance, p.low), p.high)

    @staticmethod
    def read(cell, p, now, draw):
        return cell.conductance
'''
"""A file with a kind, as a user writes it."""
