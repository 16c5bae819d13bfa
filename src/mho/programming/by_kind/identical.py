"""Trimming by numbers of pulses: as many alike as the error takes, then a smaller one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_between, check_positive
from mho.compiled import Column, F, Real, Record, exp, log
from mho.programming.trim import Trim

_SILENT = F(0.05)
"""Share of an expected change below which a cell did not answer (1)."""
_BELIEVED = F(4)
"""Factor by which a change tells at most that steps are larger or smaller than thought (1)."""
_SMALLEST = F(0.1)
"""Smallest pulse, relative to the typical step (1)."""
_FLOOR = F(0.1)
"""Smallest estimate of a step, relative to the typical one (1)."""
_TELLING = F(0.5)
"""Smallest expected change whose absence counts, relative to the window's half-width (1)."""


@dataclass(frozen=True, slots=True)
class IdenticalPulses(Trim, Configuration):
    r"""Count pulses instead of choosing amplitudes: for steps that hardly depend on them.

    Every pulse has the amplitude of the bench's typical cell. With :math:`\Delta` the step that a
    pulse was found to make, an error :math:`e` takes :math:`a |e| / \Delta` pulses, given as one
    train; an error of less than one step takes one pulse that is as much smaller. What a train
    did corrects :math:`\Delta`, the less, the more noise of the window's size could explain it.

    Args:
        aim: Fraction of the error that the expected change covers (1).
        rate: Share of the surprise taken into the estimate, for large changes (1).
        longest: Pulses of a train at most (1).
        width: Pulse duration (s).
        gate: Word-line voltage (V).
        patience: Changes of half the tolerance or more that were expected in a row and did not
            come, after which a cell counts as stuck: it may be at its end (1).
    """

    aim: float = 0.8
    rate: float = 0.7
    longest: int = 1024
    width: float = 100e-9
    gate: float = 2.5
    patience: int = 4

    columns: ClassVar[Mapping[str, Column]] = {
        # estimates of the step of a pulse for SET and RESET (S)
        "step": ("f4", 2),
        # signed change expected of the last train (S); 0 if there was none
        "expected": "f4",
        # reading before that train (S)
        "previous": "f4",
        # pulses of the next one (1), and expected changes in a row that did not come
        "count": "i4",
        "silent": "i4",
    }

    def __post_init__(self) -> None:
        check_between(self.aim, "aim", 0.01, 2.0, "1")
        check_between(self.rate, "rate", 0.0, 1.0, "1")
        check_between(self.longest, "longest", 1, 1_000_000, "1")
        check_between(self.patience, "patience", 1, 1_000_000, "1")
        check_positive(self.width, "width", "s")
        check_positive(self.gate, "gate", "V")

    @staticmethod
    def start(cell: Record, p: Record) -> None:
        law = p.bench.nominal
        usual = law.step * (p.width / law.width)
        cell.step[0] = usual
        cell.step[1] = usual
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
        up = error < 0
        size = law.set_voltage
        step = cell.step[0]
        if not up:
            size = law.reset_voltage
            step = cell.step[1]

        wanted = abs(error) * p.aim / step
        cell.count = 1
        change = step
        if wanted >= 1:
            cell.count = int(min(wanted, F(p.longest)))
            change = step * F(cell.count)
        else:
            part = max(wanted, _SMALLEST)
            # steps grow as a power of the voltage: in proportion, or more steeply
            size *= exp(law.slope / size * log(part))
            change = step * part
        cell.expected = change if up else -change
        size = min(size, p.bench.amplitude_max)
        return size if up else -size

    @staticmethod
    def count(cell: Record, p: Record) -> int:
        return int(cell.count)

    @staticmethod
    def stuck(cell: Record, p: Record) -> bool:
        return bool(cell.silent >= p.patience)

    @staticmethod
    def clear_suspicion(cell: Record, p: Record) -> None:
        cell.silent = 0


def _compare(cell: Record, p: Record) -> None:
    """Correct the step by what the last train did, and count silence."""
    expected = abs(cell.expected)
    answer = cell.conductance - cell.previous
    if cell.expected < 0:
        answer = -answer
    # how much larger steps are than thought, as far as one train can tell (1)
    ratio = min(max(answer / expected, F(1) / _BELIEVED), _BELIEVED)
    trust = p.rate * expected / (expected + p.tolerance)
    polarity = 0 if cell.expected > 0 else 1
    better = cell.step[polarity] * exp(trust * log(ratio))
    cell.step[polarity] = max(better, _FLOOR * p.bench.nominal.step)
    if expected > _TELLING * p.tolerance:
        answered = answer >= _SILENT * expected
        cell.silent = 0 if answered else cell.silent + 1
