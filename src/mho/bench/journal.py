"""An append-only record of what was done to which cell, kept through a crash.

The record is a Zarr group of flat columns with units, one row per cell and operation: `cell`,
`kind` (1 pulse, 2 read), `value` (V of a pulse, S of a read), `width` (s) and `gate` (V) of a
pulse, and `time` (s).
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.forwarding import ForwardingBench
from mho.bench.interface import Bench, Pulse, Reading
from mho.files import disk

PULSE = 1
READ = 2

_COLUMNS = {
    "cell": ("u4", "1", "cell number: tile by tile, row by row"),
    "kind": (
        "u1",
        "1",
        "1: pulse, value is its amplitude; 2: read, value is the mean",
    ),
    "value": (
        "f4",
        "V or S",
        "amplitude of a pulse in V, conductance of a read in S",
    ),
    "width": ("f8", "s", "duration of a pulse; 0 for a read"),
    "gate": ("f4", "V", "word-line voltage of a pulse; 0 for a read"),
    "time": ("f8", "s", "time on the bench at the end of the operation"),
}


class Journal:
    """Columns on disk that only grow.

    Args:
        path: Folder of the Zarr group; made if it is not there.
        rows: Rows to keep of an older record, for a run that is resumed (1).
        attributes: What the record is of, for people who open it later.

    Raises:
        ValueError: The older record has fewer rows.
        OSError: The folder cannot be written.
    """

    def __init__(
        self,
        path: Path,
        rows: int = 0,
        attributes: dict[str, Any] | None = None,
    ) -> None:
        import zarr  # imported late: it costs a third of a second that most users never need

        self._path = path
        self._synced = 0
        self._pending: list[
            tuple[Tensor, int, Tensor, float, float | Tensor, float]
        ] = []
        for part in path.rglob("*.partial"):
            part.unlink()  # of a write that was cut off
        mode = "a" if rows else "w"
        self._group: Any = zarr.open_group(str(path), mode=mode)
        self._group.attrs.update({"Conventions": "mho-1", **(attributes or {})})
        for name, (dtype, unit, meaning) in _COLUMNS.items():
            if name not in self._group:
                column = self._group.create_array(
                    name, shape=(0,), chunks=(262_144,), dtype=dtype
                )
                column.attrs.update({"units": unit, "long_name": meaning})
            self._cut(path, name, rows)
        self.rows = rows

    def _cut(self, path: Path, name: str, rows: int) -> None:
        """Drop rows that are younger than what is gone on with; never make any up."""
        there = self._group[name].shape[0]
        if there < rows:
            raise ValueError(
                f"Folder `{path}` must hold {rows} rows of `{name}`, but holds {there}: files are"
                " missing; leave `resume` out to start anew."
            )
        self._group[name].resize((rows,))

    def append(
        self,
        cells: Tensor,
        kind: int,
        values: Tensor,
        time: float,
        *,
        width: float = 0.0,
        gate: float | Tensor = 0.0,
    ) -> None:
        """Note one operation on several cells; written at the next `flush`."""
        self._pending.append((cells, kind, values, width, gate, time))

    def sync(self) -> int:
        """Write what is pending, and return only when all of it is on the disk (1)."""
        started = time.time_ns()
        rows = self.flush()
        disk.sync_changed(self._path, self._synced)
        self._synced = started
        return rows

    def flush(self) -> int:
        """Write what is pending, whole operations only; returns the rows on disk (1)."""
        if not self._pending:
            return self.rows
        cells, kinds, values, widths, gates, times = zip(
            *self._pending, strict=True
        )
        sizes = [of_one.numel() for of_one in cells]
        gate_of_each = [
            np.full(size, gate, "f4")
            for size, gate in zip(sizes, gates, strict=True)
        ]
        every_cell = torch.cat(cells).numpy()
        every_value = torch.cat(values).numpy()
        columns = {
            "cell": every_cell.astype("u4"),
            "kind": np.repeat(kinds, sizes).astype("u1"),
            "value": every_value.astype("f4"),
            "width": np.repeat(widths, sizes),
            "gate": np.concatenate(gate_of_each),
            "time": np.repeat(times, sizes),
        }
        for name, column in columns.items():
            self._group[name].append(column)
        self.rows += sum(sizes)
        self._pending.clear()
        return self.rows


class JournaledBench(ForwardingBench):
    """A bench whose pulses, reads and sweeps are noted in a journal. Multiplies are not.

    Args:
        bench: The bench that does the work.
        journal: Where it is noted.
    """

    def __init__(self, bench: Bench, journal: Journal) -> None:
        super().__init__(bench)
        self.journal = journal

    def pulse(self, pulse: Pulse, cells: Int64[Tensor, " cells"]) -> None:
        """Pulse, and note every pulse of a train for every cell that got one."""
        super().pulse(pulse, cells)
        for amplitude in pulse.amplitude.reshape(-1, cells.numel()):
            given = amplitude.nonzero()[:, 0]
            gate = (
                pulse.gate[given]
                if isinstance(pulse.gate, Tensor)
                else pulse.gate
            )
            self.journal.append(
                cells[given],
                PULSE,
                amplitude[given],
                self.clock,
                width=pulse.width,
                gate=gate,
            )

    def read(
        self, cells: Int64[Tensor, " cells"], *, samples: int, window: float
    ) -> Reading:
        """Read, and note the means."""
        reading = super().read(cells, samples=samples, window=window)
        self.journal.append(cells, READ, reading.mean, self.clock)
        return reading

    def sweep(
        self, cells: Int64[Tensor, " cells"], voltage: Float[Tensor, " points"]
    ) -> Float[Tensor, "points cells"]:
        """Sweep (A), and note the conductance at the voltage of largest size."""
        current = super().sweep(cells, voltage)
        top = int(voltage.abs().argmax())
        self.journal.append(
            cells, READ, current[top] / voltage[top], self.clock
        )
        return current
