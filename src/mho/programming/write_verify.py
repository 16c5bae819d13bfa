"""Incremental step pulse programming, the reference (key: wan2022)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_between, check_positive
from mho.compiled import Column, Real, Record
from mho.programming.trim import Trim


@dataclass(frozen=True, slots=True)
class WriteVerify(Trim, Configuration):
    """Raise the amplitude while a cell stays on one side of its target; restart on crossing.

    Also known as ISPP. Robust and slow: tens to hundreds of pulses for a narrow window. Use it as
    the reference, or where nothing is known about the cells.

    Args:
        start_voltage: First amplitude after a change of direction (V).
        increment: Added for every further pulse in the same direction (V).
        width: Pulse duration (s).
        gate: Word-line voltage (V).
        cap_pulses: Pulses at the largest amplitude after which a cell counts as stuck (1).
    """

    start_voltage: float = 0.6
    increment: float = 0.02
    width: float = 100e-9
    gate: float = 2.5
    cap_pulses: int = 30

    columns: ClassVar[Mapping[str, Column]] = {
        # last pulse (V); 0 if there was none
        "amplitude": "f4",
        # pulses in a row at the largest amplitude (1)
        "capped": "i4",
    }
    references: ClassVar = ("wan2022",)

    def __post_init__(self) -> None:
        check_between(self.cap_pulses, "cap_pulses", 1, 1_000_000, "1")
        for name, unit in (
            ("start_voltage", "V"),
            ("increment", "V"),
            ("width", "s"),
            ("gate", "V"),
        ):
            check_positive(getattr(self, name), name, unit)

    @staticmethod
    def propose(cell: Record, p: Record) -> Real:
        largest = p.bench.amplitude_max

        # too low: SET (+); too high: RESET (-)
        up = cell.conductance < cell.target
        same_side = cell.amplitude > 0 if up else cell.amplitude < 0
        size = p.start_voltage
        if same_side:
            size = abs(cell.amplitude) + p.increment
        size = min(size, largest)

        cell.capped = cell.capped + 1 if size >= largest else 0
        cell.amplitude = size if up else -size
        return cell.amplitude

    @staticmethod
    def stuck(cell: Record, p: Record) -> bool:
        return bool(cell.capped >= p.cap_pulses)

    @staticmethod
    def clear_suspicion(cell: Record, p: Record) -> None:
        cell.capped = 0
