"""What many chips with one network reached: values, and the statistics over them."""

from dataclasses import dataclass
from functools import reduce
from statistics import fmean, stdev
from typing import Any

from mho.data import ACCURACY, Metric
from mho.ledger import Ledger
from mho.programming import ProgrammingOptions
from mho.units import show, uS


@dataclass(frozen=True, slots=True)
class ChipFigures:
    """What one chip reached.

    Args:
        seed: Names the chip.
        score: What the metric says, mean over the looks (its unit).
        lowest: The smallest of the looks (its unit).
        highest: The largest of them (its unit).
        converged_fraction: Fraction of its working cells that converged (1).
        stuck_cells: Cells found stuck (1).
        programming: What programming cost.
        evaluation: What all looks cost.
    """

    seed: int
    score: float
    lowest: float
    highest: float
    converged_fraction: float
    stuck_cells: int
    programming: Ledger
    evaluation: Ledger

    @property
    def interval(self) -> dict[str, float]:
        """The score over the looks (its unit): smallest, mean and largest."""
        return {"low": self.lowest, "best": self.score, "high": self.highest}

    def result(self, metric: Metric) -> dict[str, float | int]:
        """Plain values, for `result.json`."""
        return {
            "seed": self.seed,
            metric.key: self.score,
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
    def scores(self) -> list[float]:
        """What the metric says of every chip (its unit)."""
        return [chip.score for chip in self.chips]

    @property
    def mean(self) -> float:
        """Mean of the scores (their unit)."""
        return fmean(self.scores)

    @property
    def deviation(self) -> float:
        """Sample standard deviation of the scores, with n − 1 (their unit)."""
        return stdev(self.scores)

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

    def result(self, metric: Metric) -> dict[str, Any]:
        """Plain values, for `result.json`."""
        spent = self.cost("programming")
        count = len(self.chips)
        return {
            "tolerance_uS": self.effort.tolerance / uS,
            "denoise": self.effort.denoise,
            metric.key: {
                "mean": self.mean,
                "standard_deviation": self.deviation,
                "lowest": min(self.scores),
                "highest": max(self.scores),
            },
            "chip_seconds_mean": spent.seconds / count,
            "chip_joules_mean": spent.joules / count,
            "chips": [chip.result(metric) for chip in self.chips],
        }


@dataclass(frozen=True, slots=True)
class Population:
    """Many chips with one network.

    Args:
        software: What the metric says of the network itself (its unit).
        programmed: Chips programmed as the job says.
        comparison: The same chips programmed the coarse way; `None` if the job does not denoise.
        metric: What the network is judged by.
    """

    software: float
    programmed: Batch
    comparison: Batch | None
    metric: Metric = ACCURACY

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
            "programmed": self.programmed.result(self.metric),
            "comparison": self.comparison
            and self.comparison.result(self.metric),
        }
