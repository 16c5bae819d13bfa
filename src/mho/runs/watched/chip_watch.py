"""A chip while it is programmed, for who watches: its map filling in, a few cells calming down."""

import base64
import contextlib
import time
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.deployment.storage import CompiledNetwork
from mho.files import LiveFile
from mho.mapping import blocks_of_layers, positions
from mho.programming import Outcome, ProgramRun
from mho.runs.watched.layer_grid import grid_columns
from mho.units import uS

_FOLLOWED = 64
"""Cells that are followed from cycle to cycle, evenly among all (1)."""
_SHOWN = 4
"""Those of them that are shown: the ones that move most (1)."""
_SPACING = 0.05
"""Least time between two looks at them (s)."""
_LONGEST = 400
"""Looks at them that are remembered (1)."""
_NONE = 65535


class ChipWatch:
    """Told of every cycle of programming; tells who watches.

    It reads what the loop has read already: no cell is read for it, and nothing is drawn.

    Args:
        live: Tells who watches.
        name: Name of the chip in the run.
        image: What is being programmed.
    """

    def __init__(
        self, live: LiveFile, name: str, image: CompiledNetwork
    ) -> None:
        self._live = live
        self._name = name
        self._image = image
        cells = image.placement.cells
        self._order = cells.argsort()
        self._sorted = cells[self._order]
        self._held = torch.full((cells.numel(),), float("nan"))
        self._outcome = torch.zeros(cells.numel(), dtype=torch.int8)
        self._cycles: list[int] = []
        self._followed = _evenly(cells.numel())
        self._traces: list[np.ndarray] = []
        self._traced = -_SPACING
        self._of: ProgramRun | None = None
        self._own = torch.zeros(0, dtype=torch.int64)
        self._at = torch.zeros(0, dtype=torch.int64)
        # a chip that nobody watches pays for nothing
        self._ends: tuple[float, float] | None = None

    def __call__(self, run: ProgramRun) -> None:
        """Look at programming after a cycle; nothing about it can end programming."""
        if not self._held.numel() or not self._live.is_watched():
            return
        with contextlib.suppress(Exception):
            self._trace(run)
            last = run.finished
            self._live.tell(
                f"chip-{self._name}", lambda: self._told(run), now=last
            )

    def _told(self, run: ProgramRun) -> dict[str, Any]:
        """Programming as it stands, after the layout for who has not got it yet."""
        layout = f"map-{self._name}"
        if not self._live.is_told(layout):
            self._live.tell(layout, self._layout, now=True)
        return self._seen(run)

    def _trace(self, run: ProgramRun) -> None:
        """Follow a few cells; programming of fewer cells, for repair, is not followed."""
        now = time.monotonic()
        is_soon = now - self._traced < _SPACING
        if is_soon or run.cells.numel() != self._held.numel():
            return
        self._traced = now
        target = run.target[self._followed]
        away = (run.conductance_of(self._followed) - target) / uS
        self._cycles = [*self._cycles[1 - _LONGEST :], run.cycles]
        self._traces = [*self._traces[1 - _LONGEST :], away.double().numpy()]

    def _moving(self, tolerance: float) -> tuple[list[int], list[list[float]]]:
        """The followed cells that move most, and their errors from cycle to cycle (µS).

        Args:
            tolerance: Half-width of the window (µS); what lies far outside is on its way there.
        """
        if not self._traces:
            return [], []
        errors = np.stack(self._traces, 1)
        most = 5 * tolerance
        steps = np.abs(np.diff(np.clip(errors, -most, most), axis=1)).sum(1)
        chosen = np.sort(np.argsort(-steps, kind="stable")[:_SHOWN])
        places = self._followed[torch.from_numpy(chosen)]
        return places.tolist(), np.round(errors[chosen], 3).tolist()

    def _layout(self) -> dict[str, Any]:
        """Where every cell stands in the maps of the layers; -1 where there is none."""
        placement = self._image.placement
        places = positions(placement.blocks)
        layers = []
        of_layers = blocks_of_layers(placement)
        for number, layer in enumerate(self._image.network.layers):
            own = of_layers[number]
            parts = grid_columns(
                [(placement.blocks[k], places[k]) for k in own]
            )
            width = 1 + max(int(columns.max()) for _, _, columns in parts)
            grid = torch.full((layer.weight.shape[1], width), -1)
            for inputs, place, columns in parts:
                grid[inputs, columns] = place
            layers.append(
                {
                    "name": layer.name,
                    "rows": grid.shape[0],
                    "cols": grid.shape[1],
                    "cells": _text(grid.numpy().astype("<i4")),
                }
            )
        low, high = self._scale
        return {"layers": layers, "low": low, "high": high}

    @property
    def _scale(self) -> tuple[float, float]:
        """Smallest and largest usual target (µS)."""
        if self._ends is None:
            target = self._image.placement.target.double().numpy() / uS
            low, high = np.quantile(target, (0.0, 0.995))
            self._ends = float(low), float(max(high, low + 1e-9))
        return self._ends

    def _seen(self, run: ProgramRun) -> dict[str, Any]:
        """Programming as it stands."""
        self._take(run)
        spent = run.bench.ledger
        tolerance = run.protocol.tolerance / uS
        followed, traces = self._moving(tolerance)
        return {
            "cells": run.cells.numel(),
            "live": run.live_cells,
            "cycles": run.cycles,
            "stuck": int((self._outcome == Outcome.STUCK).sum()),
            "tolerance": tolerance,
            "conductance": self._codes(self._held),
            "outcome": _text(self._outcome.numpy()),
            "followed": followed,
            "traces": traces,
            "trace_cycles": self._cycles,
            "cost": {
                "pulses": spent.pulses,
                "seconds": spent.seconds,
                "joules": spent.joules,
            },
        }

    def _take(self, run: ProgramRun) -> None:
        """Take over what is known of its cells; repair programs a few of them once more."""
        if self._of is not run:
            self._of = run
            where = torch.searchsorted(self._sorted, run.cells)
            at = self._order[where.clamp(max=self._order.numel() - 1)]
            own = self._image.placement.cells[at] == run.cells
            self._own = own.nonzero()[:, 0]
            self._at = at[self._own]
        self._held[self._at] = run.conductance[self._own]
        self._outcome[self._at] = run.outcome[self._own].to(torch.int8)

    def _codes(self, held: Float[Tensor, " cells"]) -> str:
        """Conductances as two bytes each over the usual range and a tenth beyond."""
        low, high = self._scale
        scale = np.float32((_NONE - 1) / (1.2 * (high - low)))
        start = np.float32(low - 0.1 * (high - low))
        code = (held.numpy() * np.float32(1 / uS) - start) * scale
        code = np.clip(code, 0, _NONE - 1)
        return _text(np.nan_to_num(code, nan=_NONE).astype("<u2"))


def _evenly(count: int) -> Int64[Tensor, " followed"]:
    """Places of the cells that are followed, among so many."""
    few = min(_FOLLOWED, count)
    return (2 * torch.arange(few) + 1) * count // (2 * max(few, 1))


def _text(array: Any) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
