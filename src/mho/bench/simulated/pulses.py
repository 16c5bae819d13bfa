"""Pulses to the cells of a simulated chip, each through its own selector."""

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.interface import Pulse
from mho.bench.simulated import kernels
from mho.bench.simulated.addressing import rows_in_turn
from mho.checks import check_within
from mho.chip import Chip
from mho.compiled import Table, in_threads, numbers_record
from mho.device import Cells, check_pulsed, compiled_for
from mho.rng import total


class SelectedPulses:
    """Gives pulses to cells whose selectors keep all others out of it.

    Args:
        chip: The chip.
        cells: Its cells.
    """

    def __init__(self, chip: Chip, cells: Cells) -> None:
        self._chip = chip
        self._cells = cells
        self._selector = chip.selector
        self._setup = chip.published.array.pulse_setup
        self._kernels = compiled_for(cells.model, kernels.ALL)
        self._numbers = numbers_record(kernels.chip_numbers(chip))
        self._paths: dict[float, tuple[float, float]] = {}

    def give(
        self,
        train: Float[Tensor, "train cells"],
        width: float,
        gate: float | Float[Tensor, " cells"],
        cells: Int64[Tensor, " cells"],
        start: float,
    ) -> tuple[float, float]:
        """Give every listed cell its train.

        Args:
            train: Amplitudes (V). Shape (train, cells).
            width: Duration of each pulse (s).
            gate: Word-line voltage (V), one or one for each cell.
            cells: Cells, each once. Shape (cells,).
            start: Time at the beginning (s).

        Returns:
            Time that it takes (s), and energy (J).
        """
        rows = rows_in_turn(self._chip, cells)
        seconds = rows * train.shape[0] * (width + self._setup)
        end = start + seconds
        count = cells.numel()
        resistances, limits = self._path(gate, count)
        chosen = cells.numpy()
        wanted = train.contiguous().numpy()
        words = self._cells.words(train.shape[0])
        heat = np.empty(count, np.float32)
        records = self._cells.records_with(chosen)

        def give(some: slice) -> None:
            self._kernels["give"](
                records,
                self._cells.numbers,
                self._numbers,
                chosen[some],
                wanted,
                some.start,
                np.float32(width),
                resistances[some],
                limits[some],
                end,
                np.float32(self._setup),
                words,
                heat[some],
            )

        in_threads(give, count, train.shape[0])
        check_pulsed(
            self._cells.model,
            records,
            chosen,
            train.numpy(),
            width,
        )
        return seconds, total(torch.from_numpy(heat))

    def _path(
        self, gate: float | Float[Tensor, " cells"], count: int
    ) -> tuple[Table, Table]:
        """Resistance before each cell (Ω), and conductance at which its SET stops (S)."""
        selector = self._selector
        if isinstance(gate, Tensor):
            resistance = selector.resistance(gate).expand(count)
            compliance = selector.compliance(gate).expand(count)
            return (
                resistance.contiguous().numpy(),
                compliance.contiguous().numpy(),
            )
        # the same gate again and again: what it does is asked for once
        if gate not in self._paths:
            self._paths[gate] = (
                float(selector.resistance(gate)),
                float(selector.compliance(gate)),
            )
        ohms, siemens = self._paths[gate]
        return (
            np.full(count, ohms, np.float32),
            np.full(count, siemens, np.float32),
        )


def largest_amplitude(pulse: Pulse, limit: float) -> float:
    """Largest amplitude of a pulse, without its sign (V).

    Args:
        pulse: The pulse.
        limit: What the driver can give (V).

    Raises:
        ValueError: It is beyond that.
    """
    amplitude = pulse.amplitude.numpy()
    largest = float(max(-amplitude.min(), amplitude.max()))
    # NaN compares with nothing
    if not largest <= limit:
        check_within(
            pulse.amplitude,
            "amplitude",
            -limit,
            limit,
            unit="V",
            hint="Lower it.",
        )
    return largest
