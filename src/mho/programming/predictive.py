"""Predictive trimming: learn each cell's step size, then aim a little short of the target."""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_positive
from mho.programming.trim import Trim

_SILENT = 0.05
"""Share of an expected step below which a cell did not answer (1)."""
_LOWEST = 0.4
"""Smallest amplitude, relative to the nominal switching voltage (1)."""
_SPREAD = 0.35
"""Relative deviation from that voltage that a typical cell may have (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class PredictiveMemory:
    """What `Predictive` remembers of each cell.

    Args:
        gain: Estimate of the log step gain for SET and RESET (1). Shape (2, cells).
        expected: Signed step expected of the last pulse (S); 0 if there was none. Shape (cells,).
        previous: Reading before that pulse (S). Shape (cells,).
        silent: Strong pulses in a row without an answer (1). Shape (cells,).
    """

    gain: Float[Tensor, "two cells"]
    expected: Float[Tensor, " cells"]
    previous: Float[Tensor, " cells"]
    silent: Int[Tensor, " cells"]


@dataclass(frozen=True, slots=True)
class Predictive(Trim[PredictiveMemory], Configuration):
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

    def start(
        self, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> PredictiveMemory:
        del info
        count = conductance.shape[0]
        return PredictiveMemory(
            gain=torch.zeros(2, count, dtype=conductance.dtype),
            expected=torch.zeros_like(conductance),
            previous=conductance,
            silent=torch.zeros(count, dtype=torch.int32),
        )

    def learn(
        self,
        memory: PredictiveMemory,
        conductance: Float[Tensor, " cells"],
        info: BenchInfo,
    ) -> PredictiveMemory:
        del info
        direction = torch.sign(memory.expected)
        expected = memory.expected.abs()
        # the step that came, counted in the direction of the one expected (S)
        answer = (conductance - memory.previous) * direction
        surprise = torch.log(answer.clamp(min=1e-9) / expected.clamp(min=1e-9))
        # one reading must not turn the estimate upside down
        surprise.clamp_(-2, 2)
        # the less, the more a trap could explain what came (1)
        trust = expected / (expected + self.doubt)
        update = self.rate * surprise * trust

        set_update = update * (memory.expected > 0)
        reset_update = update * (memory.expected < 0)

        telling = expected > self.telling
        no_answer = telling & (answer < _SILENT * expected)
        silent = torch.where(no_answer, memory.silent + 1, 0)
        silent = torch.where(telling, silent, memory.silent)

        return PredictiveMemory(
            gain=memory.gain + torch.stack((set_update, reset_update)),
            expected=torch.zeros_like(memory.expected),
            previous=conductance,
            silent=silent.to(torch.int32),
        )

    def propose(
        self,
        memory: PredictiveMemory,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], PredictiveMemory]:
        law = info.nominal

        up = error < 0
        sign = torch.where(up, 1.0, -1.0)
        step = (error.abs() * self.aim).clamp_(min=self.least)
        # what a pulse at the nominal switching voltage would do here (S)
        room = torch.where(
            up, law.ceiling - conductance, conductance - law.floor
        )
        window = (room / law.span).clamp_(0.01, 2.0)
        unit_step = window * (law.step * self.width / law.width)

        gain = torch.where(up, memory.gain[0], memory.gain[1])
        switching_voltage = torch.where(up, law.set_voltage, law.reset_voltage)
        overdrive = law.slope * (torch.log(step / unit_step) - gain)
        size = switching_voltage + overdrive
        lowest = _LOWEST * min(law.set_voltage, law.reset_voltage)
        size.clamp_(lowest, info.amplitude_max)

        amplitude = torch.where(chosen, sign * size, 0.0)
        expected = torch.where(chosen, sign * step, 0.0)
        return amplitude, replace(memory, expected=expected)

    def stuck(self, memory: PredictiveMemory) -> Bool[Tensor, " cells"]:
        return memory.silent >= self.patience

    def clear_suspicion(
        self, memory: PredictiveMemory, chosen: Bool[Tensor, " cells"]
    ) -> PredictiveMemory:
        return replace(memory, silent=memory.silent.masked_fill(chosen, 0))

    def switching_voltage(
        self, memory: PredictiveMemory, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        law = info.nominal
        nominal = torch.tensor([[law.set_voltage], [law.reset_voltage]])
        learnt = nominal - law.slope * memory.gain
        # a typical cell is within; beyond, the gain says something else
        highest = nominal * (1 + _SPREAD)
        lowest = nominal * (1 - _SPREAD)
        return torch.maximum(torch.minimum(learnt, highest), lowest)
