"""Incomplete channels come and go: switching leaves them behind, weak pulses resolve them."""

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.device.laws import TelegraphNoise
from mho.rng import CellStream, in_order
from reference.state import CellState
from reference.switching import SwitchingConstants
from reference.telegraph import Traps, new, resolved


def add_channels(
    state: CellState,
    law: TelegraphNoise,
    constants: SwitchingConstants,
    cells: Int64[Tensor, " cells"],
    number: Int64[Tensor, " cells"],
    stream: CellStream,
) -> None:
    """Add new incomplete channels; where all slots are taken the weakest joins the core.

    Args:
        state: State of all cells, changed in place.
        law: Draws the channels.
        constants: Constants of all cells.
        cells: Cells addressed, each once. Shape (cells,).
        number: Channels that each of them gets (1). Shape (cells,).
        stream: Randomness of the cells addressed.
    """
    some = number.nonzero()[:, 0]
    if some.numel() == 0:
        return

    number = number[some]
    cells = cells[some]
    stream = stream.take(some)
    # first every cell's first channel, then the second of those that get two, and so on
    most = int(number.max())
    rounds = [(number > nth).nonzero()[:, 0] for nth in range(most)]
    drawn = _draw_channels(law, constants, cells, rounds, stream)

    traps = state.take_traps(cells)
    core = state.core.index_select(0, cells)
    first = 0
    for members in rounds:
        last = first + members.numel()
        # an empty slot has amplitude 0, and so is the weakest
        slot = traps.amplitude.index_select(1, members).argmin(0)
        core.index_add_(0, members, traps.amplitude[slot, members])
        traps.amplitude[slot, members] = drawn.amplitude[0, first:last]
        traps.capture_time[slot, members] = drawn.capture_time[0, first:last]
        traps.emission_time[slot, members] = drawn.emission_time[0, first:last]
        traps.cleaning_voltage[slot, members] = drawn.cleaning_voltage[
            0, first:last
        ]
        traps.filled[slot, members] = drawn.filled[0, first:last]
        first = last

    state.core.index_copy_(0, cells, core)
    state.put_traps(cells, traps)


def _draw_channels(
    law: TelegraphNoise,
    constants: SwitchingConstants,
    cells: Int64[Tensor, " cells"],
    rounds: list[Tensor],
    stream: CellStream,
) -> Traps:
    """The channels of all rounds side by side, drawn at once. Shapes (1, channels)."""
    keys = []
    for nth, members in enumerate(rounds):
        keys.append(stream.child(f"born {nth}").take(members).key)

    owner = cells[torch.cat(rounds)]
    # either polarity cleans, so the cleaning voltage follows the one that switches more easily
    easier_voltage = torch.minimum(
        constants.set_voltage[owner], constants.reset_voltage[owner]
    )
    return new(law, easier_voltage, CellStream(torch.cat(keys)))


def resolve_channels(
    state: CellState,
    law: TelegraphNoise,
    cells: Int64[Tensor, " cells"],
    amplitude: Float[Tensor, "train cells"],
    width: float,
    draw: Float[Tensor, "slots train cells"],
) -> None:
    """Sub-threshold pulses resolve channels; 0 V does nothing.

    SET polarity completes them, RESET polarity dissolves them; the first pulse that can, does.

    Args:
        state: State of all cells, changed in place.
        law: Says which pulse can resolve which channel.
        cells: Cells addressed, each once. Shape (cells,).
        amplitude: Voltage at each of them (V). Shape (train, cells).
        width: Duration of each pulse (s).
        draw: Uniform numbers that decide (1). Shape (slots, train, cells).
    """
    traps = state.take_traps(cells)
    can_resolve = resolved(law, traps, amplitude, width, draw)
    gone = can_resolve.any(1)
    first_pulse = can_resolve.to(torch.uint8).argmax(1)
    completed = gone & (amplitude.gather(0, first_pulse) > 0)

    core = state.core.index_select(0, cells)
    core += in_order(traps.amplitude * completed)
    state.core.index_copy_(0, cells, core)

    left = traps.amplitude.masked_fill_(gone, 0.0)
    state.traps.amplitude.index_copy_(1, cells, left)
    filled = traps.filled.masked_fill_(gone, False)
    state.traps.filled.index_copy_(1, cells, filled)
