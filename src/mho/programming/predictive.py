"""Predictive trimming: learn each cell's step size, then aim a little short of the target."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_between, check_positive
from mho.compiled import Column, F, Real, Record, log
from mho.programming.trim import Trim

_SILENT = F(0.05)
"""Share of an expected step below which a cell did not answer (1)."""
_LOWEST = F(0.4)
"""Smallest amplitude, relative to the nominal switching voltage (1)."""
_SPREAD = F(0.35)
"""Relative deviation from that voltage that a typical cell may have (1)."""
_NO_STEP = F(1e-9)
"""Smallest step that is told from none (S)."""
_LARGEST_SURPRISE = F(2)
"""Logarithm of answer over expectation that is believed at most (1)."""


@dataclass(frozen=True, slots=True)
class Predictive(Trim, Configuration):
    r"""Estimate the log step gain of each cell and polarity; choose the amplitude from it.

    With the bench's nominal law, a step :math:`s` needs

    .. math:: V = V_s + V_0 \left[\ln \frac{s}{\Delta_0 w(G)} - b\right] ,

    where :math:`b` is the cell's gain for this polarity, corrected after every pulse, the less
    the more telegraph noise could explain the surprise. Takes 5-20 pulses where `WriteVerify`
    takes hundreds, but needs a roughly exponential cell.

    Args:
        aim: Fraction of the error that the expected step covers (1).
        least: Smallest step aimed at (S).
        rate: Share of the surprise taken into the estimate, for large steps (1).
        doubt: Expected step at which that share is halved: telegraph noise could explain it (S).
        telling: Smallest expected step whose absence counts against a cell (S).
        width: Pulse duration (s).
        gate: Word-line voltage (V).
        patience: Strong pulses without an answer after which a cell counts as stuck (1).
    """

    aim: float = 0.7
    least: float = 0.25e-6
    rate: float = 0.6
    doubt: float = 2e-6
    telling: float = 4e-6
    width: float = 100e-9
    gate: float = 2.5
    patience: int = 8

    columns: ClassVar[Mapping[str, Column]] = {
        # estimates of the log step gain for SET and RESET (1)
        "gain": ("f4", 2),
        # signed step expected of the last pulse (S); 0 if there was none
        "expected": "f4",
        # reading before that pulse (S)
        "previous": "f4",
        # strong pulses in a row without an answer (1)
        "silent": "i4",
    }

    def __post_init__(self) -> None:
        check_between(self.aim, "aim", 0.01, 2.0, "1")
        check_between(self.rate, "rate", 0.0, 1.0, "1")
        check_between(self.patience, "patience", 1, 1_000_000, "1")
        for name, unit in (
            ("least", "S"),
            ("doubt", "S"),
            ("telling", "S"),
            ("width", "s"),
            ("gate", "V"),
        ):
            check_positive(getattr(self, name), name, unit)

    @staticmethod
    def start(cell: Record, p: Record) -> None:
        cell.previous = cell.conductance

    @staticmethod
    def learn(cell: Record, p: Record) -> None:
        if cell.expected != 0:
            _compare(cell, p)
        cell.expected = F(0)
        cell.previous = cell.conductance

    @staticmethod
    def propose(cell: Record, p: Record) -> Real:
        law = p.bench.nominal
        error = cell.conductance - cell.target
        step = max(abs(error) * p.aim, p.least)
        up = error < 0

        room = law.ceiling - cell.conductance
        gain = cell.gain[0]
        switching_voltage = law.set_voltage
        if not up:
            room = cell.conductance - law.floor
            gain = cell.gain[1]
            switching_voltage = law.reset_voltage

        # what a pulse at the nominal switching voltage would do here (S)
        window = min(max(room / law.span, F(0.01)), F(2))
        unit_step = window * (law.step * p.width / law.width)
        overdrive = law.slope * (log(step / unit_step) - gain)
        lowest = _LOWEST * min(law.set_voltage, law.reset_voltage)
        size = max(switching_voltage + overdrive, lowest)
        size = min(size, p.bench.amplitude_max)

        cell.expected = step if up else -step
        return size if up else -size

    @staticmethod
    def stuck(cell: Record, p: Record) -> bool:
        return bool(cell.silent >= p.patience)

    @staticmethod
    def clear_suspicion(cell: Record, p: Record) -> None:
        cell.silent = 0

    @staticmethod
    def switching_voltages(cell: Record, p: Record) -> tuple[Real, Real]:
        law = p.bench.nominal
        set_voltage = _near(law.set_voltage, law.slope * cell.gain[0])
        reset_voltage = _near(law.reset_voltage, law.slope * cell.gain[1])
        return set_voltage, reset_voltage


def _compare(cell: Record, p: Record) -> None:
    """Correct the gain by what the last pulse did, and count silence."""
    expected = abs(cell.expected)
    # the step that came, counted in the direction of the one expected (S)
    answer = cell.conductance - cell.previous
    if cell.expected < 0:
        answer = -answer
    surprise = log(max(answer, _NO_STEP) / max(expected, _NO_STEP))
    # one reading must not turn the estimate upside down
    surprise = min(max(surprise, -_LARGEST_SURPRISE), _LARGEST_SURPRISE)
    # the less, the more a trap could explain what came (1)
    trust = expected / (expected + p.doubt)
    polarity = 0 if cell.expected > 0 else 1
    cell.gain[polarity] += p.rate * surprise * trust

    if expected > p.telling:
        answered = answer >= _SILENT * expected
        cell.silent = 0 if answered else cell.silent + 1


def _near(nominal: Real, better: Real) -> Real:
    """A learnt voltage, within what a typical cell has: beyond, the gain says something else."""
    learnt = nominal - better
    highest = nominal * (F(1) + _SPREAD)
    lowest = nominal * (F(1) - _SPREAD)
    return max(min(learnt, highest), lowest)
