"""One layer of differential pairs that is pulsed blindly instead of programmed to targets."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int32, Int64
from torch import Tensor

from mho.bench import Bench, Pulse
from mho.mapping import DifferentialPairs, Placement

_LEAST_FULL_SCALE = 1e-9
"""Smallest full scale of a converter (A)."""


class PairedLayer:
    """One layer on one tile, with a bias row, that is pulsed instead of programmed.

    Args:
        bench: The chip.
        placement: Where the layer lies.
        number: Number of the layer in the placement.
        pairs: Range that weights are given in.
        weight_limit: Weight of a pair at the end of that range (1).
    """

    def __init__(
        self,
        bench: Bench,
        placement: Placement,
        number: int,
        pairs: DifferentialPairs,
        weight_limit: float,
    ) -> None:
        self.bench = bench
        self.weight_limit = weight_limit
        self.scale = pairs.block_difference / weight_limit
        self.blocks = [
            block for block in placement.blocks if block.layer == number
        ]
        inputs = max(block.inputs.stop for block in self.blocks)
        outputs = max(block.outputs.stop for block in self.blocks)
        self.owed = torch.zeros(outputs, inputs)
        """What weights are owed, less than a step after an update (1). Shape (out, in)."""
        self.full_scale = [0.0] * len(self.blocks)
        """Full scale of each block's converter, which grows with what it sees (A)."""
        self.pulses: Int32[Tensor, " cells"]
        """Pulses that each cell of the chip got for this layer (1). Shape (cells,)."""
        self.pulses = torch.zeros(bench.info.cells, dtype=torch.int32)

    def forward(
        self, vectors: Float[Tensor, "batch in_"], largest: float
    ) -> Float[Tensor, "batch out"]:
        """Products of the chip (1).

        Args:
            vectors: Inputs (1). Shape (batch, in).
            largest: Input that drives the full read voltage (1).
        """
        volts = self.bench.info.read_voltage / largest
        driven = vectors.clamp(-largest, largest) * volts
        total = torch.zeros(vectors.shape[0], self.owed.shape[0])
        for number, block in enumerate(self.blocks):
            rows = driven[:, block.inputs]
            sums = rows.abs().sum(1)
            largest_sum = float(sums.max())
            # half of the current of a column whose pairs are all at the end of their range
            bound = 0.5 * self.weight_limit * self.scale * largest_sum
            full_scale = max(
                self.full_scale[number],
                bound,
                _LEAST_FULL_SCALE,
            )
            self.full_scale[number] = full_scale
            current = block.read(self.bench, rows, full_scale)
            part = current / self.scale
            total[:, block.outputs] += part
        return total / volts

    def weight(self) -> Float[Tensor, "out in_"]:
        """Weights as single reads of all cells say they are (1)."""
        weight = torch.zeros_like(self.owed)
        for block in self.blocks:
            cells = block.crossings
            reading = self.bench.read(
                cells.flatten(),
                samples=1,
                window=0.0,
            )
            held = reading.mean.view(cells.shape)
            difference = block.difference(held)
            part = difference / self.scale
            weight[block.outputs, block.inputs] = part.T
        return weight

    def update(self, change: Float[Tensor, "out in_"], step: float) -> None:
        """Add to what is owed, and pulse every pair that is owed a step.

        Args:
            change: Wanted change of the weights (1). Shape (out, in).
            step: Conductance step of a pulse on a typical cell (S).
        """
        self.owed += change
        # both cells of a pair move
        whole = 2 * step / self.scale
        whole_steps = (self.owed / whole).trunc()
        # one pulse an update, whatever is owed
        direction = whole_steps.clamp(-1, 1)
        self.owed -= direction * whole
        for block in self.blocks:
            of_block = direction[block.outputs, block.inputs]
            way_of_plus = of_block.T.flatten()
            plus, minus = block.crossings.flatten(1)
            self._give_some(plus, way_of_plus, step)
            self._give_some(minus, -way_of_plus, step)

    def _give_some(
        self,
        cells: Int64[Tensor, " cells"],
        way: Float[Tensor, " cells"],
        step: float,
    ) -> None:
        """Give those cells a pulse whose way is not zero."""
        some = way.nonzero()[:, 0]
        self.give(cells[some], way[some], step)

    def give(
        self,
        cells: Int64[Tensor, " cells"],
        way: Float[Tensor, " cells"],
        step: float,
    ) -> None:
        """Give cells one blind pulse each.

        Args:
            cells: Their numbers. Shape (cells,).
            way: +1 to raise, −1 to lower (1). Shape (cells,).
            step: Conductance step on a typical cell (S).
        """
        if cells.numel():
            self.bench.pulse(step_pulse(self.bench, way, step), cells)
            self.pulses[cells] += 1

    def state(self) -> dict[str, Tensor]:
        """Everything that changes but the bench, as copies: for `restore`."""
        full_scale = torch.tensor(self.full_scale, dtype=torch.float64)
        return {
            "owed": self.owed.clone(),
            "pulses": self.pulses.clone(),
            "full_scale": full_scale,
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Go back to a state; the bench must be restored by its owner."""
        self.owed = state["owed"].clone()
        self.pulses = state["pulses"].clone()
        self.full_scale = state["full_scale"].tolist()


def step_pulse(
    bench: Bench, way: Float[Tensor, " cells"], step: float
) -> Pulse:
    """The pulse that moves a typical cell by a step, where its window is open (V).

    Args:
        bench: The chip, for its typical cell.
        way: +1 to raise, −1 to lower (1). Shape (cells,).
        step: Conductance step (S).
    """
    typical = bench.info.nominal
    # steps grow exponentially with the voltage
    ratio = torch.tensor(step / typical.step)
    steps_more = float(ratio.log())
    more = typical.slope * steps_more
    up = typical.set_voltage + more
    down = -(typical.reset_voltage + more)
    amplitude = torch.where(way > 0, up, down)
    limit = bench.info.amplitude_max
    return Pulse(
        amplitude.clamp(-limit, limit),
        typical.width,
        bench.info.gate_max,
    )
