"""Incremental step pulse programming, the reference (key: wan2022)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_positive
from mho.programming.trim import Trim, TrimState


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

    def start(self, conductance: Float[Tensor, " cells"], info: BenchInfo) -> TrimState:
        del info
        zero = torch.zeros_like(conductance)
        return {"amplitude": zero, "capped": zero.to(torch.int32)}

    def learn(
        self, state: TrimState, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> TrimState:
        del conductance, info
        return state

    def propose(
        self,
        state: TrimState,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], TrimState]:
        del conductance
        direction = -torch.sign(error)  # too low: SET (+); too high: RESET (-)
        same = torch.sign(state["amplitude"]) == direction
        harder = state["amplitude"].abs() + self.increment
        size = torch.where(same, harder, self.start_voltage).clamp(
            max=info.amplitude_max
        )
        capped = torch.where(size >= info.amplitude_max, state["capped"] + 1, 0)
        amplitude = direction * size
        new = {
            "amplitude": torch.where(chosen, amplitude, state["amplitude"]),
            "capped": torch.where(chosen, capped.to(torch.int32), state["capped"]),
        }
        return torch.where(chosen, amplitude, 0.0), new

    def stuck(self, state: TrimState) -> Bool[Tensor, " cells"]:
        return state["capped"] >= self.cap_pulses

    def pardon(self, state: TrimState, chosen: Bool[Tensor, " cells"]) -> TrimState:
        return state | {"capped": state["capped"].masked_fill(chosen, 0)}

    def switching_voltage(
        self, state: TrimState, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        one = torch.ones_like(state["amplitude"])
        return torch.stack(
            (one * info.nominal.set_voltage, one * info.nominal.reset_voltage)
        )
