"""Incremental step pulse programming, the reference (key: wan2022)."""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mho.bench import BenchInfo
from mho.checks import Configuration, check_between, check_positive
from mho.programming.trim import Trim


@dataclass(frozen=True, slots=True, eq=False)
class RampMemory:
    """What `WriteVerify` remembers of each cell.

    Args:
        amplitude: Last pulse (V); 0 if there was none. Shape (cells,).
        capped: Pulses in a row at the largest amplitude (1). Shape (cells,).
    """

    amplitude: Float[Tensor, " cells"]
    capped: Int[Tensor, " cells"]


@dataclass(frozen=True, slots=True)
class WriteVerify(Trim[RampMemory], Configuration):
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

    def start(
        self, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> RampMemory:
        del info
        zero = torch.zeros_like(conductance)
        return RampMemory(amplitude=zero, capped=zero.to(torch.int32))

    def learn(
        self,
        memory: RampMemory,
        conductance: Float[Tensor, " cells"],
        info: BenchInfo,
    ) -> RampMemory:
        del conductance, info
        return memory

    def propose(
        self,
        memory: RampMemory,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], RampMemory]:
        del conductance
        largest = info.amplitude_max

        direction = -torch.sign(error)  # too low: SET (+); too high: RESET (-)
        same_side = torch.sign(memory.amplitude) == direction
        harder = memory.amplitude.abs() + self.increment
        size = torch.where(same_side, harder, self.start_voltage).clamp(
            max=largest
        )
        amplitude = direction * size

        at_largest = size >= largest
        capped = torch.where(at_largest, memory.capped + 1, 0).to(torch.int32)
        after = RampMemory(
            amplitude=torch.where(chosen, amplitude, memory.amplitude),
            capped=torch.where(chosen, capped, memory.capped),
        )

        return torch.where(chosen, amplitude, 0.0), after

    def stuck(self, memory: RampMemory) -> Bool[Tensor, " cells"]:
        return memory.capped >= self.cap_pulses

    def clear_suspicion(
        self, memory: RampMemory, chosen: Bool[Tensor, " cells"]
    ) -> RampMemory:
        return replace(memory, capped=memory.capped.masked_fill(chosen, 0))

    def switching_voltage(
        self, memory: RampMemory, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        one = torch.ones_like(memory.amplitude)
        set_voltage = one * info.nominal.set_voltage
        reset_voltage = one * info.nominal.reset_voltage
        return torch.stack((set_voltage, reset_voltage))
