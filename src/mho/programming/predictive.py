"""Predictive trimming: learn each cell's step size, then aim a little short of the target."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_positive
from mho.programming.trim import Trim, TrimState


@dataclass(frozen=True, slots=True)
class Predictive(Trim, Configuration):
    r"""Estimate the log step gain of each cell and polarity; choose the amplitude from it.

    With the bench's nominal law, a step :math:`s` needs

    .. math:: V = V_s + V_0 \left[\ln \frac{s}{\Delta_0 w(G)} - b\right] ,

    where :math:`b` is the cell's gain for this polarity, corrected after every pulse, the less
    the more telegraph noise could explain the surprise. Needs 5-20 pulses where `WriteVerify`
    needs hundreds; needs
    a roughly exponential cell.

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

    def start(self, conductance: Float[Tensor, " cells"], info: BenchInfo) -> TrimState:
        del info
        zero = torch.zeros_like(conductance)
        return {
            "gain": torch.zeros(2, conductance.shape[0], dtype=conductance.dtype),
            "expected": zero,  # signed step expected of the last pulse; 0: none
            "previous": conductance,
            "silent": zero.to(torch.int32),
        }

    def learn(
        self, state: TrimState, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> TrimState:
        del info
        expected = state["expected"]
        answer = (conductance - state["previous"]) * torch.sign(expected)
        surprise = torch.log(
            answer.clamp(min=1e-9) / expected.abs().clamp(min=1e-9)
        ).clamp_(-2, 2)
        telling = expected.abs() > self.telling
        size = expected.abs()
        update = self.rate * surprise * (size / (size + self.doubt))
        gain = state["gain"] + torch.stack(
            (update * (expected > 0), update * (expected < 0))
        )
        quiet = telling & (answer < 0.05 * expected.abs())
        silent = torch.where(
            telling, torch.where(quiet, state["silent"] + 1, 0), state["silent"]
        )
        return state | {
            "gain": gain,
            "expected": torch.zeros_like(expected),
            "previous": conductance,
            "silent": silent.to(torch.int32),
        }

    def propose(
        self,
        state: TrimState,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], TrimState]:
        law = info.nominal
        up = error < 0
        step = (error.abs() * self.aim).clamp_(min=self.least)
        room = torch.where(up, law.ceiling - conductance, conductance - law.floor)
        window = (room / law.span).clamp_(0.01, 2.0)
        ratio = step / (window * (law.step * self.width / law.width))
        gain = torch.where(up, state["gain"][0], state["gain"][1])
        start = torch.where(up, law.set_voltage, law.reset_voltage)
        size = start + law.slope * (torch.log(ratio) - gain)
        size.clamp_(0.4 * min(law.set_voltage, law.reset_voltage), info.amplitude_max)
        sign = torch.where(up, 1.0, -1.0)
        new = state | {"expected": torch.where(chosen, sign * step, 0.0)}
        return torch.where(chosen, sign * size, 0.0), new

    def stuck(self, state: TrimState) -> Bool[Tensor, " cells"]:
        return state["silent"] >= self.patience

    def pardon(self, state: TrimState, chosen: Bool[Tensor, " cells"]) -> TrimState:
        return state | {"silent": state["silent"].masked_fill(chosen, 0)}

    def switching_voltage(
        self, state: TrimState, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        law = info.nominal
        nominal = torch.tensor([[law.set_voltage], [law.reset_voltage]])
        learnt = nominal - law.slope * state["gain"]
        spread = 0.35  # a typical cell is within; beyond, the gain says something else
        return torch.maximum(
            torch.minimum(learnt, nominal * (1 + spread)), nominal * (1 - spread)
        )
