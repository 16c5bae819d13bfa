"""The statistics of a run's cells, measured once and kept with the run."""

from dataclasses import asdict, replace

import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.files import KeptState
from mho.ledger import Ledger
from mho.programming import ErrorTable, measure_errors
from mho.progress import Progress
from mho.rng import Stream
from mho.runs.equations.job import SolveJob

_SIZE = 64
"""Rows and columns of the tile whose cells are programmed for it (1)."""


def statistics_of(
    job: SolveJob, state: KeptState, progress: Progress
) -> ErrorTable:
    """What programming leaves on the job's cells; no seed of the job is in it.

    Args:
        job: Which cells, and how they are programmed.
        state: Where it is kept.
        progress: Told what is being done.

    Raises:
        ValueError: What was kept is damaged.
        OSError: It cannot be written.
    """
    if (held := state.load()) is not None:
        groups, facts = held
        tensors = groups["table"]
        return ErrorTable(
            low=facts["low"],
            high=facts["high"],
            error=tensors["error"],
            variance=tensors["variance"],
            held=tensors["held"],
            programmed=facts["programmed"],
            cost=Ledger(**facts["cost"]),
            bent=tensors.get("bent"),
            converged_fraction=facts["converged_fraction"],
        )
    progress("programming cells for statistics", 0.0)
    chip = replace(Chip(job.chip), tiles=1, rows=_SIZE, cols=_SIZE)
    low, high = job.used_range()
    table = measure_errors(
        SimulatedBench(chip, Stream(0).child("statistics")),
        Stream(0).child("table"),
        job.protocol(),
        low=low,
        high=high,
    )
    state.save({"table": _tensors(table)}, _facts(table))
    progress("programming cells for statistics", 1.0)
    return table


def _tensors(table: ErrorTable) -> dict[str, torch.Tensor]:
    found = {
        "error": table.error,
        "variance": table.variance,
        "held": table.held,
    }
    if table.bent is not None:
        found["bent"] = table.bent
    return found


def _facts(table: ErrorTable) -> dict[str, object]:
    return {
        "low": table.low,
        "high": table.high,
        "programmed": table.programmed,
        "cost": asdict(table.cost),
        "converged_fraction": table.converged_fraction,
    }
