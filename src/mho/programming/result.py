"""What programming gives back, per cell."""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from mho.ledger import Ledger
from mho.programming.outcome import Outcome
from mho.units import show


@dataclass(frozen=True, slots=True, eq=False)
class ProgramResult:
    """Outcome of every cell that was asked for, in the order asked.

    Args:
        cells: Cell numbers on the bench. Shape (cells,).
        target: Conductance wanted (S). Shape (cells,).
        outcome: Number of the `Outcome`. Shape (cells,).
        error: Last reading minus target; of the verifying look if converged (S). Shape (cells,).
        noise: Peak-to-peak of the verifying look (S); 0 if there was none. Shape (cells,).
        pulses: Programming pulses (1). Shape (cells,).
        denoise_pulses: Denoising pulses (1). Shape (cells,).
        reads: Samples read (1). Shape (cells,).
        tolerance: Half-width of the acceptance window (S).
        cycles: Cycles run (1).
        ledger: What it cost.
    """

    cells: Int[Tensor, " cells"]
    target: Float[Tensor, " cells"]
    outcome: Int[Tensor, " cells"]
    error: Float[Tensor, " cells"]
    noise: Float[Tensor, " cells"]
    pulses: Int[Tensor, " cells"]
    denoise_pulses: Int[Tensor, " cells"]
    reads: Int[Tensor, " cells"]
    tolerance: float
    cycles: int
    ledger: Ledger

    @property
    def converged(self) -> Bool[Tensor, " cells"]:
        """Cells whose error and noise passed."""
        return self.outcome == Outcome.CONVERGED

    @property
    def stuck(self) -> Bool[Tensor, " cells"]:
        """Cells that did not answer."""
        return self.outcome == Outcome.STUCK

    @property
    def converged_fraction(self) -> float:
        """Converged cells among those not found stuck (1); 1 if there are none."""
        working = int((~self.stuck).sum())
        if working == 0:
            return 1.0
        return int(self.converged.sum()) / working

    def __str__(self) -> str:
        count = self.cells.numel()
        converged = int(self.converged.sum())
        stuck = int(self.stuck.sum())
        # what a cell cost on average
        some = max(count, 1)
        pulses = int(self.pulses.sum()) / some
        denoise_pulses = int(self.denoise_pulses.sum()) / some
        reads = int(self.reads.sum()) / some

        seconds = show(self.ledger.seconds, "s")
        joules = show(self.ledger.joules, "J")
        return (
            f"{converged} of {count} cells within"
            f" ±{show(self.tolerance, 'S')} ({stuck} stuck), per cell"
            f" {pulses:.1f} pulses, {denoise_pulses:.1f} denoising pulses,"
            f" {reads:.0f} reads; on the chip {seconds}, {joules}"
        )
