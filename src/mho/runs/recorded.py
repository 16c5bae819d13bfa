"""What a finished run recorded of its chip: last readings, pulses and wires."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mho.bench import PULSE, READ
from mho.checks import check_between
from mho.wires import WireModel

_KEYS = ("word_line", "bit_line", "driver", "sense", "access")


@dataclass(frozen=True, slots=True, eq=False)
class PulseRecord:
    """Pulses that one cell was given, in order.

    Args:
        amplitude: Voltage over cell and selector (V); positive SETs. Shape (pulses,).
        width: Duration (s). Shape (pulses,).
        gate: Word-line voltage (V). Shape (pulses,).
    """

    amplitude: Float[Tensor, " pulses"]
    width: Float[Tensor, " pulses"]
    gate: Float[Tensor, " pulses"]


class RecordedRun:
    """The record of one chip in the folder of a run.

    Args:
        folder: The run's folder.
        denoise: Take the chip that was denoised; if there is none, or if false, the other one.

    Raises:
        ValueError: The folder holds no complete record; one sentence says what is missing.
        OSError: It cannot be read.
    """

    def __init__(self, folder: Path, *, denoise: bool = True) -> None:
        self.folder = folder
        self.result: dict[str, Any] = _result(folder)
        names = ("denoised", "plain") if denoise else ("plain",)
        self.name = next(
            (n for n in names if (folder / "trace" / n).is_dir()), ""
        )
        if not self.name:
            raise ValueError(_sentence(folder, f"has no `trace/{names[-1]}`"))
        import zarr  # imported late: it costs a third of a second that most users never need

        try:
            self._group: Any = zarr.open_group(
                str(folder / "trace" / self.name), mode="r"
            )
            shape = [
                int(self._group.attrs[n]) for n in ("tiles", "rows", "cols")
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                _sentence(folder, "has a damaged `trace`")
            ) from error
        self.tiles, self.rows, self.cols = shape

    @property
    def preset(self) -> str:
        """Name of the chip's preset."""
        return str(self.result.get("preset", ""))

    @property
    def wires(self) -> WireModel:
        """Resistances of the lines."""
        kept = self.result.get("wires") or {}
        try:
            return WireModel(
                **{name: kept.get(f"{name}_ohm", 0.0) for name in _KEYS},
                sides=kept.get("sides", "one"),
                sense_sides=kept.get("sense_sides", "one"),
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(
                _sentence(self.folder, "has a damaged `result.json`")
            ) from error

    def conductance(self, tile: int) -> Float[Tensor, "rows cols"]:
        """Last reading of every cell of a tile (S); 0 of cells that were never read.

        Raises:
            ValueError: There is no such tile, or the record is damaged.
        """
        check_between(tile, "tile", 0, self.tiles - 1, "1")
        size = self.rows * self.cols
        cell, kind, value = self._columns("cell", "kind", "value")
        own = (kind == READ) & (cell // size == tile)
        found = np.zeros(size)
        # of several values for one place the last one stays
        found[cell[own] % size] = value[own]
        return torch.from_numpy(found).view(self.rows, self.cols)

    def pulses(self, cell: int) -> PulseRecord:
        """Pulses of one cell.

        Raises:
            ValueError: There is no such cell, or the record is damaged or has no widths.
        """
        check_between(
            cell, "cell", 0, self.tiles * self.rows * self.cols - 1, "1"
        )
        if "width" not in self._group:
            raise ValueError(
                _sentence(
                    self.folder,
                    "records no widths of pulses, as by an older version",
                )
            )
        number, kind, *columns = self._columns(
            "cell", "kind", "value", "width", "gate"
        )
        own = (kind == PULSE) & (number == cell)
        return PulseRecord(
            *(torch.from_numpy(c[own].astype(np.float64)) for c in columns)
        )

    def _columns(self, *names: str) -> Sequence[Any]:
        try:
            columns = [self._group[name][:] for name in names]
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(
                _sentence(self.folder, "has a damaged `trace`")
            ) from error
        if len({c.shape for c in columns}) != 1 or columns[0].ndim != 1:
            raise ValueError(_sentence(self.folder, "has a damaged `trace`"))
        if (
            columns[0].size
            and int(columns[0].max()) >= self.tiles * self.rows * self.cols
        ):
            raise ValueError(_sentence(self.folder, "has a damaged `trace`"))
        return columns


def _result(folder: Path) -> dict[str, Any]:
    path = folder / "result.json"
    if not path.is_file():
        raise ValueError(_sentence(folder, "has no `result.json`"))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(
            _sentence(folder, "has a damaged `result.json`")
        ) from error
    if not isinstance(found, dict):
        raise ValueError(_sentence(folder, "has a damaged `result.json`"))  # noqa: TRY004
    return found


def _sentence(folder: Path, reason: str) -> str:
    return (
        f"Argument `run` must be the folder of a finished `mho deploy`, but `{folder}` {reason};"
        " `mho deploy digits` makes one."
    )
