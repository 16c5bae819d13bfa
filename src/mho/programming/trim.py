"""The seam of a trimming method: how strong the next programming pulse shall be."""

from abc import ABC, abstractmethod

from jaxtyping import Bool, Float
from torch import Tensor

from mho.bench import BenchInfo

TrimState = dict[str, Tensor]
"""What a method remembers of each cell; every tensor has the cells on its last axis."""


class Trim(ABC):
    """Chooses pulse amplitudes from errors. Knows cells by their readings alone.

    Implementations are frozen values with the fields `width` (s) and `gate` (V).
    """

    __slots__ = ()

    width: float
    gate: float

    @abstractmethod
    def start(self, conductance: Float[Tensor, " cells"], info: BenchInfo) -> TrimState:
        """Memory before the first pulse."""

    @abstractmethod
    def learn(
        self, state: TrimState, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> TrimState:
        """Take in what the last pulse did. Called before `propose`, once per reading."""

    @abstractmethod
    def propose(
        self,
        state: TrimState,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], TrimState]:
        """Amplitude of the next pulse of the chosen cells (V), 0 for the others, and the memory.

        Args:
            state: The memory.
            error: Reading minus target (S). Shape (cells,).
            conductance: Reading (S). Shape (cells,).
            chosen: Cells that will be pulsed. Shape (cells,).
            info: What the bench can do.
        """

    @abstractmethod
    def stuck(self, state: TrimState) -> Bool[Tensor, " cells"]:
        """Cells that did not answer to strong pulses. Shape (cells,)."""

    @abstractmethod
    def pardon(self, state: TrimState, chosen: Bool[Tensor, " cells"]) -> TrimState:
        """Forget what speaks for the chosen cells being stuck: they get a second chance."""

    @abstractmethod
    def switching_voltage(
        self, state: TrimState, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        """Best knowledge of each cell's SET and RESET voltage (V). Shape (2, cells)."""
