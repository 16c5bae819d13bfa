"""Reads and sweeps of a simulated chip: cells sampled in turn, noise of the read-out, codes.

A read window is shared: while one sample integrates on one row, the others wait their turn.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Reading
from mho.bench.simulated import kernels
from mho.bench.simulated.addressing import rows_in_turn
from mho.chip import Chip
from mho.compiled import in_threads, normal_purpose, numbers_record
from mho.device import Cells, apparent, check_seen, compiled_for
from mho.ledger import Ledger
from mho.rng import CellStream, Stream, total

_READ_NOISE = normal_purpose("read noise")
_CHUNK = 32_768
"""Numbers handled at once: keeps the working set in a core's cache."""


@dataclass(frozen=True, slots=True)
class _Schedule:
    """When samples are taken.

    Args:
        start: Time at the beginning (s).
        spacing: Time from one sample of a cell to the next (s).
        samples: Samples of each cell (1).
    """

    start: float
    spacing: float
    samples: int


class ReadOut:
    """Looks at cells without disturbing them.

    Args:
        chip: The chip.
        cells: Its cells.
        stream: Randomness of the read-out itself.
        origin: Cell of the chip that each cell is a copy of; its own if `None`.
    """

    def __init__(
        self,
        chip: Chip,
        cells: Cells,
        stream: Stream,
        origin: Int64[Tensor, " cells"] | None,
    ) -> None:
        array = chip.published.array
        self._chip = chip
        self._cells = cells
        self._law = chip.cell
        self._adc = chip.read_adc
        self._noise = chip.electronics.read_noise
        self._integration = chip.electronics.sample_time
        self._voltage = array.read_voltage
        self._conversion = array.conversion_energy
        self._stream = stream
        self._copies = None if origin is None else stream.copies(origin)
        self._word = np.uint64(stream.word)
        self._copy_keys = np.empty(0, np.uint64)
        if self._copies is not None:
            self._copy_keys = self._copies.key.numpy().view(np.uint64)
        self._kernels = compiled_for(cells.model, kernels.ALL)
        self._numbers = numbers_record(kernels.chip_numbers(chip))

    def read(
        self,
        cells: Int64[Tensor, " cells"],
        samples: int,
        window: float,
        start: float,
    ) -> tuple[Reading, Ledger]:
        """Conductances at the read voltage, and their cost.

        Args:
            cells: Cells to read, each once.
            samples: Samples of each cell (1).
            window: Least time over which they are spread (s); longer if the rows need it.
            start: Time at the beginning (s).
        """
        rows = rows_in_turn(self._chip, cells)
        spacing = max(rows * self._integration, window / samples)
        duration = spacing * samples if rows else 0.0
        look = self._cells.look(start, self._integration, spacing, samples)
        words, singles = self._cells.normal_words
        chosen = cells.numpy()
        found = np.empty((3, cells.numel()), np.float32)
        records = self._cells.records_with(chosen)

        def watch(some: slice) -> None:
            self._kernels["read"](
                records,
                self._cells.numbers,
                self._numbers,
                look.copy(),
                chosen[some],
                self._word,
                self._copy_keys,
                _READ_NOISE,
                words,
                singles,
                found[0, some],
                found[1, some],
                found[2, some],
            )

        in_threads(watch, cells.numel(), samples)
        check_seen(self._law, chosen, found[0])
        mean, spread, span = torch.from_numpy(found)
        count = cells.numel() * samples
        cost = Ledger(
            reads=count,
            conversions=count,
            seconds=duration,
            read_joules=total(mean)
            * self._voltage**2
            * self._integration
            * samples,
            converter_joules=count * self._conversion,
        )
        return Reading(mean, spread, span, duration, samples), cost

    def sweep(
        self,
        cells: Int64[Tensor, " cells"],
        voltage: Float[Tensor, " points"],
        start: float,
    ) -> tuple[Float[Tensor, "points cells"], Ledger]:
        """Currents at one voltage after the other (A), and their cost.

        Args:
            cells: Cells to read, each once.
            voltage: Voltages in the order of time (V). Rows take turns at every one of them.
            start: Time at the beginning (s).
        """
        points = voltage.numel()
        limit = self._voltage
        spacing = rows_in_turn(self._chip, cells) * self._integration
        schedule = _Schedule(start, spacing, points)

        def trace(chosen: Tensor) -> Tensor:
            value, noise = self._samples(chosen, schedule)
            seen = apparent(self._law, value, voltage[:, None]) * (
                voltage[:, None] / limit
            )
            seen += noise * self._noise
            return self._adc(seen.abs()) * torch.sign(seen) * limit

        current = torch.cat(_in_chunks(trace, points, cells), 1)
        energy = total((current * voltage[:, None]).abs()) * self._integration
        cost = Ledger(
            reads=current.numel(),
            conversions=current.numel(),
            seconds=points * spacing,
            read_joules=energy,
            converter_joules=current.numel() * self._conversion,
        )
        return current, cost

    def _samples(
        self, cells: Int64[Tensor, " cells"], schedule: _Schedule
    ) -> tuple[Float[Tensor, "samples cells"], Float[Tensor, "samples cells"]]:
        """Conductance at zero bias (S) and a normal number of the read-out for each sample (1)."""
        samples = schedule.samples
        # drawn by the number of the cell's event, before sampling moves it on
        records = self._cells.records_with(cells.numpy())
        event = torch.from_numpy(records["event"][cells.numpy()])
        number = torch.arange(samples)[:, None]
        streams = self._streams(cells.repeat(samples))
        keys = streams.at((event + number).view(-1))
        value = self._cells.sample(
            cells, schedule.start, self._integration, schedule.spacing, samples
        )
        return value, keys.normal("read noise")[0].view(value.shape)

    def _streams(self, cells: Int64[Tensor, " cells"]) -> CellStream:
        """The read-out's own randomness of some cells."""
        if self._copies is None:
            return self._stream.cells(cells)
        return self._copies.take(cells)


def _in_chunks(
    work: Callable[..., Any], size: int, cells: Tensor, *others: Tensor
) -> list[Any]:
    """What a function gives for the cells, part by part: cells know nothing of each other.

    Args:
        work: Function of the parts.
        size: Numbers that a cell needs at once (1).
        cells: Cells.
        others: What belongs to them; cells are the last axis.
    """
    few = max(_CHUNK // size, 1)
    parts = zip(
        *(torch.split(x, few, -1) for x in (cells, *others)), strict=True
    )
    return [work(*part) for part in parts]
