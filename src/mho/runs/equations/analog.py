"""What solves roughly: a matrix on chips, or a circuit that settles; both kept and described."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from mho.bench.simulated import describe_chip
from mho.chip import Chip
from mho.files import KeptState
from mho.ledger import Ledger
from mho.programming import ErrorTable
from mho.progress import Progress
from mho.runs.equations.job import SolveJob
from mho.solve import MatrixOnChips, TableErrors
from mho.solve.feedback import (
    FeedbackOptions,
    FeedbackSolver,
    feedback_cells,
)
from mho.solve.methods import Equations
from mho.statistical import ConductanceRange

Array = npt.NDArray[np.float64]


class OnChips:
    """Products of a matrix on chips.

    Args:
        job: Which chips.
        equations: What they hold.
        table: Statistics of their cells.
        progress: Told what is being programmed.
        kept: Where programming pulse by pulse is kept, and gone on with.

    Raises:
        ValueError: The matrix does not fit, or what was kept is damaged.
    """

    answer: Any = None

    def __init__(
        self,
        job: SolveJob,
        equations: Equations,
        table: ErrorTable,
        progress: Progress,
        kept: KeptState,
    ) -> None:
        self.operator: Any = MatrixOnChips(
            equations.matrix,
            precision=job.precision,
            chip=job.chip,
            mapping=job.mapping,
            cells=job.cells,
            stream=job.stream.child("chip"),
            protocol=job.protocol(),
            table=table,
            progress=progress,
            kept=kept,
            converters=None if job.converters == "ideal" else "chip",
            reads=job.reads,
            tiles=job.tiles,
        )
        self._start = self.operator.ledger

    @property
    def writing(self) -> Ledger:
        """What writing the matrix cost."""
        cost: Ledger = self.operator.programming_cost
        return cost

    @property
    def solving(self) -> Ledger:
        """What solving cost so far."""
        spent: Ledger = self.operator.ledger - self._start
        return spent

    def counters(self) -> dict[str, Any]:
        """Numbers of the next products, and costs."""
        state = self.operator.state()
        tensors = state.pop("bench", {})
        ledger = asdict(state["ledger"])
        return {**state, "ledger": ledger, "tensors": tensors}

    def restore(self, facts: dict[str, Any]) -> None:
        """Go on from such values."""
        self.operator.restore(
            {
                "rounds": facts["rounds"],
                "products": tuple(facts["products"]),
                "ledger": Ledger(**facts["ledger"]),
                "bench": facts["tensors"],
            }
        )

    def described(self) -> dict[str, Any]:
        """Tiles, cells and what was predicted of their products."""
        operator = self.operator
        floor = operator.error_floor
        outputs = floor.outputs or 1.0
        return {
            "pairs_per_number": operator.plan.cells,
            "tiles": operator.tiles,
            "cells": operator.cells,
            "stuck_cells": operator.stuck_cells,
            "numbers_multiplied_digitally": operator.digital_numbers,
            "predicted_error": {
                "read_noise": floor.noise / outputs,
                "writing": floor.write / outputs,
                "conversion": floor.conversion / outputs,
            },
        }

    def remark(self) -> str:
        """What to change where second pairs do not reach what first ones miss."""
        told: str = self.operator.advice
        return told


class InFeedback:
    """A matrix in the feedback of amplifiers.

    Args:
        job: Which cells.
        equations: What they hold.
        table: Statistics of the cells.
        progress: Told what is being programmed.
    """

    operator: Any = None

    def __init__(
        self,
        job: SolveJob,
        equations: Equations,
        table: ErrorTable,
        progress: Progress,
    ) -> None:
        progress("programming the matrix", 0.0)
        matrix = equations.matrix
        dense = matrix.toarray() if hasattr(matrix, "toarray") else matrix
        low, high = job.used_range()
        info = describe_chip(Chip(job.chip))
        partners = ConductanceRange(info.conductance_low, info.conductance_high)
        options = FeedbackOptions(low=low, high=high, input_conductance=high)
        cells = feedback_cells(
            torch.from_numpy(np.ascontiguousarray(dense)),
            options,
            errors=TableErrors(table, partners, job.protocol().verify.samples),
            stream=job.stream.child("chip"),
        )
        self._circuit = FeedbackSolver(cells, options)
        self._cells = 2 * cells.positive.numel()
        self._writing = table.expected_cost(self._cells)
        self._spent = Ledger()
        self._remark = ""

    def answer(self, side: Array) -> Array:
        """What the circuit settles to. Shape (n,)."""
        found = self._circuit.solve(torch.from_numpy(side), timed=False)
        self._spent += found.ledger
        self._remark = found.note
        answer: Array = found.x.numpy()
        return answer

    @property
    def writing(self) -> Ledger:
        """What writing the matrix costs, by the statistics of the cells."""
        return self._writing

    @property
    def solving(self) -> Ledger:
        """What solving cost so far."""
        return self._spent

    def counters(self) -> dict[str, Any]:
        """Costs: answers follow from the right side alone."""
        return {"ledger": asdict(self._spent)}

    def restore(self, facts: dict[str, Any]) -> None:
        """Go on from such values."""
        self._spent = Ledger(**facts["ledger"])

    def described(self) -> dict[str, Any]:
        """Cells and amplifiers."""
        return {
            "pairs_per_number": 1,
            "tiles": 2,
            "cells": self._cells,
            "amplifiers": self._circuit.circuit.amplifiers,
        }

    def remark(self) -> str:
        """Why it does not come to rest, if it does not."""
        return self._remark


Analog = OnChips | InFeedback
"""What solves roughly."""
