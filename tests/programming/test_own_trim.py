"""A trimming method that a user brings: compiled if it can be, plain Python if not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.compiled import Column, Real, Record, log
from mho.programming import (
    Outcome,
    ProgramProtocol,
    ProgramResult,
    Trim,
    program,
)
from mho.rng import Stream
from mho.units import uS

TARGET = torch.linspace(60, 900, 48) * uS


@dataclass(frozen=True, slots=True)
class Typical(Trim):
    """The pulse that would move a typical cell by a share of its error."""

    share: float = 0.5
    patience: int = 100
    width: float = 100e-9
    gate: float = 2.5

    columns: ClassVar[Mapping[str, Column]] = {"tried": "i4"}

    @staticmethod
    def propose(cell: Record, p: Record) -> Real:
        cell.tried += 1
        return typical_pulse(cell, p)

    @staticmethod
    def stuck(cell: Record, p: Record) -> bool:
        return bool(cell.tried >= p.patience)


def typical_pulse(cell: Record, p: Record) -> Real:
    """What the typical cell needs (V)."""
    law = p.bench.nominal
    error = cell.target - cell.conductance
    size = law.set_voltage + law.slope * log(p.share * abs(error) / law.step)
    size = min(max(size, 0.4), p.bench.amplitude_max)
    return size if error > 0 else -size


@dataclass(frozen=True, slots=True)
class Written(Typical):
    """The same, in Python that no compiler takes."""

    @staticmethod
    def propose(cell: Record, p: Record) -> Real:
        cell.tried += 1
        by_name: dict[str, Any] = {"cell": cell, "p": p}
        return typical_pulse(**by_name)


def programmed(trim: Trim, denoises: bool = True) -> ProgramResult:
    bench = SimulatedBench(Chip("rao2023", rows=3, cols=16), Stream(3))
    protocol = ProgramProtocol(3 * uS, trim, max_cycles=40)
    if not denoises:
        protocol = ProgramProtocol(3 * uS, trim, None, max_cycles=40)
    return program(bench, TARGET, protocol)


def numbers(result: ProgramResult) -> Tensor:
    own = (result.outcome, result.pulses, result.denoise_pulses, result.reads)
    return torch.stack([each.long() for each in own])


def test_an_own_method_is_compiled_and_programs() -> None:
    """In silence; a typical pulse of half the error reaches most targets in 40 cycles."""
    assert float(programmed(Typical()).converged.double().mean()) > 0.5


@pytest.mark.parametrize("denoises", [True, False])
def test_what_cannot_be_compiled_runs_as_plain_python_and_says_so_once(
    denoises: bool,
) -> None:
    """And decides the same; the laws of this kind are warned of in the first run alone."""

    @dataclass(frozen=True, slots=True)
    class Own(Written):
        pass

    with pytest.warns(UserWarning, match="`Own` runs as plain Python") as said:
        first = programmed(Own(), denoises)
    # warnings are errors here
    again = programmed(Own(), denoises)
    assert len(said) == 1
    assert "test_own_trim.py, line" in str(said[0].message)
    assert torch.equal(numbers(first), numbers(programmed(Typical(), denoises)))
    assert torch.equal(numbers(first), numbers(again))


def test_what_a_method_counts_can_end_a_cell() -> None:
    """With patience for two pulses, a second chance that is not taken, and no denoising: stuck."""
    result = programmed(Typical(patience=2), denoises=False)
    assert bool((result.outcome == Outcome.STUCK).any())
    assert int(result.pulses.max()) == 2


def test_a_column_that_there_is_not_is_named_with_its_line() -> None:
    """Such a law runs nowhere: there is no falling back to plain Python."""

    @dataclass(frozen=True, slots=True)
    class Misspelt(Typical):
        @staticmethod
        def propose(cell: Record, p: Record) -> Real:
            return cell.target * p.bench.nominal.set_volts

    with pytest.raises(
        ValueError,
        match=r"`propose` \(test_own_trim.py, line \d+\).*no `set_volts`",
    ):
        programmed(Misspelt())


def test_a_column_of_the_loops_own_name_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Clashing(Typical):
        columns: ClassVar[Mapping[str, Column]] = {"target": "f4"}

    with pytest.raises(ValueError, match=r"Argument `trim` must .*`target`"):
        ProgramProtocol(trim=Clashing())
