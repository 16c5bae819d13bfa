"""How a chip is programmed, in a few plain values."""

from dataclasses import dataclass

from mho.bench import BenchInfo
from mho.checks import Configuration, check_positive
from mho.programming.by_kind import suited_protocol
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

    def protocol(self, info: BenchInfo) -> ProgramProtocol:
        """The protocol that suits the cells of a bench.

        Args:
            info: What the bench says of itself.
        """
        return suited_protocol(info, self.tolerance, denoise=self.denoise)
