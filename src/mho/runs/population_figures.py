"""What many chips with one network reached: values, and the statistics over them."""

from dataclasses import dataclass
from functools import reduce
from statistics import fmean, stdev
from typing import Any

from mho.ledger import Ledger
from mho.programming import ProgrammingOptions
from mho.units import show, uS


@dataclass(frozen=True, slots=True)
class ChipFigures:
    """What one chip reached.

    Args:
        seed: Names the chip.
        accuracy: Fraction of test samples answered rightly, mean over the looks (1).
        lowest: The smallest of the looks (1).
        highest: The largest of them (1).
        converged_fraction: Fraction of its working cells that converged (1).
        stuck_cells: Cells found stuck (1).
        programming: What programming cost.
        evaluation: What all looks cost.
    """

    seed: int
    accuracy: float
    lowest: float
    highest: float
    converged_fraction: float
    stuck_cells: int
    programming: Ledger
    evaluation: Ledger

    @property
    def interval(self) -> dict[str, float]:
        """Accuracy over the looks (1): smallest, mean and largest."""
        return {
            "low": self.lowest,
            "best": self.accuracy,
            "high": self.highest,
        }

    @property
    def result(self) -> dict[str, float | int]:
        """Plain values, for `result.json`."""
        return {
            "seed": self.seed,
            "accuracy": self.accuracy,
            "lowest": self.lowest,
            "highest": self.highest,
            "converged_fraction": self.converged_fraction,
            "stuck_cells": self.stuck_cells,
            "chip_seconds": self.programming.seconds,
            "chip_joules": self.programming.joules,
        }


@dataclass(frozen=True, slots=True)
class Batch:
    """Several chips programmed in one way.

    Args:
        effort: The way.
        chips: What each reached; two at least.
    """

    effort: ProgrammingOptions
    chips: tuple[ChipFigures, ...]

    @property
    def accuracies(self) -> list[float]:
        """Accuracy of every chip (1)."""
        return [chip.accuracy for chip in self.chips]

    @property
    def mean(self) -> float:
        """Mean accuracy (1)."""
        return fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """Sample standard deviation of the accuracies, with n − 1 (1)."""
        return stdev(self.accuracies)

    @property
    def name(self) -> str:
        """The way in words.

        >>> from mho.programming import ProgrammingOptions
        >>> Batch(ProgrammingOptions(20e-6, denoise=False), ()).name
        '±20 µS, not denoised'
        """
        how = "denoised" if self.effort.denoise else "not denoised"
        return f"±{show(self.effort.tolerance, 'S')}, {how}"

    def cost(self, stage: str) -> Ledger:
        """All chips' `"programming"` or `"evaluation"` together."""
        return reduce(
            lambda a, b: a + b,
            (getattr(chip, stage) for chip in self.chips),
            Ledger(),
        )

    @property
    def result(self) -> dict[str, Any]:
        """Plain values, for `result.json`."""
        spent = self.cost("programming")
        count = len(self.chips)
        return {
            "tolerance_uS": self.effort.tolerance / uS,
            "denoise": self.effort.denoise,
            "accuracy": {
                "mean": self.mean,
                "standard_deviation": self.deviation,
                "lowest": min(self.accuracies),
                "highest": max(self.accuracies),
            },
            "chip_seconds_mean": spent.seconds / count,
            "chip_joules_mean": spent.joules / count,
            "chips": [chip.result for chip in self.chips],
        }


@dataclass(frozen=True, slots=True)
class Population:
    """Many chips with one network.

    Args:
        software: Accuracy of the network itself (1).
        programmed: Chips programmed as the job says.
        comparison: The same chips programmed the coarse way; `None` if the job does not denoise.
    """

    software: float
    programmed: Batch
    comparison: Batch | None

    @property
    def batches(self) -> list[Batch]:
        """One or both."""
        return [self.programmed] + (
            [self.comparison] if self.comparison else []
        )

    @property
    def result(self) -> dict[str, Any]:
        """Plain values, for `result.json`."""
        return {
            "chips": len(self.programmed.chips),
            "programmed": self.programmed.result,
            "comparison": self.comparison and self.comparison.result,
        }
