"""The seam of a trimming method: how strong the next programming pulse shall be."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from mho.compiled import Column, Real, Record


class Trim(ABC):
    """Chooses pulse amplitudes from errors. Knows cells by their readings alone.

    Implementations are frozen dataclasses, `mho.checks.Configuration` if they want their values
    checked, with the fields `width` (s) and `gate` (V). What they remember of a cell stands in
    `columns`; what they decide, in static methods, plain Python on the numbers of one live cell.
    These are compiled; what cannot be compiled runs as plain Python, slower, and says so.

    `cell` has the method's own columns and those of the loop, among them `conductance`, the last
    reading (S), and `target` (S). `p` has the fields of the method that are numbers, or tuples of
    numbers, by name; `p.tolerance`, half the acceptance window (S); and `p.bench`, the numbers of
    `mho.BenchInfo`, with the typical cell as `p.bench.nominal`.
    """

    __slots__ = ()

    columns: ClassVar[Mapping[str, Column]] = {}
    """What is remembered of a cell, by name; 0 at first. Types as `"f4"`; `("f4", 2)` for two."""

    width: float
    gate: float

    @staticmethod
    def start(cell: Record, p: Record) -> None:
        """Before the first pulse, after the first reading."""

    @staticmethod
    def learn(cell: Record, p: Record) -> None:
        """Take in what the last pulse did. Called before `propose`, once per reading."""

    @staticmethod
    @abstractmethod
    def propose(cell: Record, p: Record) -> Real:
        """Amplitude of the next pulse (V). Called for cells that will be pulsed."""

    @staticmethod
    def count(cell: Record, p: Record) -> int:
        """Pulses of that amplitude, given without looking; one, unless a method says otherwise."""
        return 1

    @staticmethod
    def stuck(cell: Record, p: Record) -> bool:
        """Whether the cell did not answer to strong pulses; never, unless a method says so."""
        return False

    @staticmethod
    def clear_suspicion(cell: Record, p: Record) -> None:
        """Forget what speaks for the cell being stuck: it gets a second chance."""

    @staticmethod
    def switching_voltages(cell: Record, p: Record) -> tuple[Real, Real]:
        """Best knowledge of the cell's SET and RESET voltage (V), both positive.

        Those of the typical cell, unless a method says otherwise.
        """
        law = p.bench.nominal
        return law.set_voltage, law.reset_voltage
