"""The seam of a trimming method: how strong the next programming pulse shall be."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo

Memory = TypeVar("Memory")
"""What a method remembers of each cell: a dataclass of tensors, cells on their last axis."""


class Trim(ABC, Generic[Memory]):
    """Chooses pulse amplitudes from errors. Knows cells by their readings alone.

    Implementations are frozen values with the fields `width` (s) and `gate` (V).
    """

    __slots__ = ()

    width: float
    gate: float

    @abstractmethod
    def start(
        self, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> Memory:
        """Memory before the first pulse."""

    @abstractmethod
    def learn(
        self,
        memory: Memory,
        conductance: Float[Tensor, " cells"],
        info: BenchInfo,
    ) -> Memory:
        """Take in what the last pulse did. Called before `propose`, once per reading."""

    @abstractmethod
    def propose(
        self,
        memory: Memory,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], Memory]:
        """Amplitude of the next pulse of the chosen cells (V), 0 for the others, and the memory.

        Args:
            memory: The memory.
            error: Reading minus target (S). Shape (cells,).
            conductance: Reading (S). Shape (cells,).
            chosen: Cells that will be pulsed. Shape (cells,).
            info: What the bench can do.
        """

    @abstractmethod
    def stuck(self, memory: Memory) -> Bool[Tensor, " cells"]:
        """Cells that did not answer to strong pulses. Shape (cells,)."""

    @abstractmethod
    def clear_suspicion(
        self, memory: Memory, chosen: Bool[Tensor, " cells"]
    ) -> Memory:
        """Forget what speaks for the chosen cells being stuck: they get a second chance."""

    @abstractmethod
    def switching_voltage(
        self, memory: Memory, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        """Best knowledge of each cell's SET and RESET voltage (V). Shape (2, cells)."""
