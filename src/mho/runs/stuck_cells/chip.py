"""How good a network is on chips with stuck cells, and what each remedy saves of it."""

from dataclasses import asdict, dataclass
from typing import Any

import torch

from mho.bench import truth_of
from mho.checks import check_between, check_choice
from mho.deployment import calibrate_ranges, fitting_chip, program_network
from mho.mapping import lay_out
from mho.mapping.tiles import survey
from mho.programming import ProgramProtocol
from mho.runs.task import Task

REMEDIES = ("none", "partners", "mapped")
"""Nothing; polarities of columns and partners of stuck cells make up for them after programming;
and before that a survey puts small weights where cells are stuck."""

MOST = 0.3
"""Largest share of stuck cells: with more, whole lines begin to count as broken (1)."""


@dataclass(frozen=True, slots=True)
class YieldPoint:
    """One chip.

    Args:
        stuck_fraction: Probability that a cell is stuck (1).
        seed: Names the chip.
        remedy: One of `REMEDIES`.
        score: What the metric says of it (its unit).
        stuck_cells: Stuck cells among those used (1).
        chip_seconds: Time for survey and programming (s).
    """

    stuck_fraction: float
    seed: int
    remedy: str
    score: float
    stuck_cells: int
    chip_seconds: float

    def described(self, word: str) -> dict[str, Any]:
        """Plain values, the score under a word of its own.

        Args:
            word: `Metric.key` in results.
        """
        values = asdict(self)
        values[word] = values.pop("score")
        return values


def measure_yield(
    sources: Task,
    kind: str,
    stuck_fraction: float,
    *,
    remedy: str,
    seed: int = 0,
    protocol: ProgramProtocol | None = None,
    spares: int = 0,
) -> YieldPoint:
    """Deploy a network on a chip with stuck cells and judge it.

    Args:
        sources: Network and data.
        kind: Name of the chip's preset.
        stuck_fraction: Probability that a cell is stuck (1).
        remedy: One of `REMEDIES`.
        seed: Names the chip: the same for every remedy.
        protocol: How to program; `ProgramProtocol()` if `None`.
        spares: Spare rows, and pairs of columns, of each part of a layer, for `mapped` (1).

    Raises:
        ValueError: The share or the remedy is out of range.
    """
    check_between(stuck_fraction, "stuck_fraction", 0.0, MOST, "1")
    check_choice(remedy, "remedy", REMEDIES)
    network = sources.network
    data = sources.data
    chip = fitting_chip(
        network.shapes, kind, seed, spares=spares, stuck=stuck_fraction
    )
    bench = chip.bench()
    mapped = remedy == "mapped"
    placement = lay_out(
        network,
        bench.info,
        faults=survey(bench) if mapped else None,
        spares=spares if mapped else 0,
    )
    volts = bench.info.read_voltage
    deployed = program_network(
        network,
        placement,
        lambda final: calibrate_ranges(network, final, data.calibration, volts),
        bench,
        protocol,
        repaired=remedy != "none",
    )
    seconds = bench.ledger.seconds
    truth = truth_of(bench, deployed.placement.cells)
    # where nobody knows the truth, what programming found counts
    stuck = deployed.programming.stuck
    if truth is not None:
        stuck = truth.stuck
    return YieldPoint(
        stuck_fraction=stuck_fraction,
        seed=seed,
        remedy=remedy,
        score=sources.score_on(deployed),
        stuck_cells=int(torch.count_nonzero(stuck)),
        chip_seconds=seconds,
    )
