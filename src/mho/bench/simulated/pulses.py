"""Pulses to the cells of a simulated chip, each through its own selector."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.bench.simulated.addressing import rows_in_turn
from mho.bench.simulated.chunks import in_chunks
from mho.chip import Chip
from mho.device.filament import Cells
from mho.rng import in_order, total


class SelectedPulses:
    """Gives pulses to cells whose selectors keep all others out of it.

    Args:
        chip: The chip.
        cells: Its cells.
    """

    def __init__(self, chip: Chip, cells: Cells) -> None:
        self._chip = chip
        self._cells = cells
        self._dac = chip.pulse_dac
        self._selector = chip.selector
        self._setup = chip.published.array.pulse_setup

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
        gates = torch.as_tensor(gate, dtype=torch.float32).expand(
            cells.shape[0]
        )

        def give(chosen: Tensor, amplitude: Tensor, gate: Tensor) -> Tensor:
            core = self._cells.state.core.index_select(0, chosen)
            voltage = self._selector.cell_voltage(
                self._dac(amplitude), core, gate
            )
            heating = in_order(voltage.square()) * core
            limit = self._selector.compliance(gate)
            self._cells.pulse(chosen, voltage, width, limit, end)
            return heating

        heating = torch.cat(in_chunks(give, 1, cells, train, gates))
        return seconds, total(heating) * width
