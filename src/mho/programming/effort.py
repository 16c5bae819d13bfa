"""How a chip is programmed, in a few plain values."""

from dataclasses import dataclass

from mho.checks import Configuration, check_positive
from mho.programming.denoise import Denoise
from mho.programming.protocol import ProgramProtocol


@dataclass(frozen=True, slots=True)
class ProgrammingOptions(Configuration):
    """How a chip was programmed.

    Args:
        tolerance: Half-width of the acceptance window (S).
        denoise: Whether telegraph noise was trained away.
        repaired: Whether partners of stuck cells make up for them.
    """

    tolerance: float = 1e-6
    denoise: bool = True
    repaired: bool = True

    def __post_init__(self) -> None:
        check_positive(self.tolerance, "tolerance", "S")

    @property
    def protocol(self) -> ProgramProtocol:
        """The protocol."""
        return ProgramProtocol(
            self.tolerance, denoise=Denoise() if self.denoise else None
        )
