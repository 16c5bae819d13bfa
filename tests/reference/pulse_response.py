"""What a train of pulses does to cells, followed from event to event."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.device.filament import CellParameters
from mho.rng import CellStream
from reference.ageing import births_factor
from reference.channels import add_channels, resolve_channels
from reference.creep import creep
from reference.relaxation import renewed
from reference.state import CellState, Train
from reference.switching import SwitchingConstants, moved
from reference.telegraph import born


@dataclass(frozen=True, slots=True, eq=False)
class PulseResponse:
    """Applies trains to the state of a set of cells.

    Args:
        parameters: The kind of cell.
        constants: Constants of all cells.
        state: State of all cells, changed in place.
        temperature: Temperature of all of them (K).
    """

    parameters: CellParameters
    constants: SwitchingConstants
    state: CellState
    temperature: float

    def follow(
        self,
        cells: Int64[Tensor, " cells"],
        train: Train,
        now: float,
        stream: CellStream,
    ) -> None:
        """Follow a train in each cell from event to event; in between, pulses clean.

        An event switches the cell or leaves a new channel behind. Draws are named by the pulse's
        number, so a cell does not notice what happens in others.

        Args:
            cells: Cells addressed, each once. Shape (cells,).
            train: Pulses that they get.
            now: Time at the end of the train (s).
            stream: Randomness of the cells addressed.
        """
        law = self.parameters.telegraph
        length = train.amplitude.shape[0]
        number = torch.arange(length)[:, None]
        # first pulse that was not yet followed in each cell
        start = torch.zeros_like(cells)
        # a train that only switches cleans nothing: it needs no draws
        only_switches = bool(train.switches.all())
        cleaning = (
            None if only_switches else self._cleaning_draws(stream, number)
        )

        while True:
            ahead = number >= start
            event = (train.switches | train.spawns) & ahead
            has_event = event.any(0)
            next_event = event.to(torch.uint8).argmax(0)
            stop = torch.where(has_event, next_event, length - 1)
            if cleaning is not None:
                cleans = ahead & (number <= stop) & ~train.switches
                amplitude = torch.where(cleans, train.amplitude, 0.0)
                resolve_channels(
                    self.state, law, cells, amplitude, train.width, cleaning
                )

            some = has_event.nonzero()[:, 0]
            if some.numel() == 0:
                return
            if some.numel() < cells.numel():
                cells = cells[some]
                stop = stop[some]
                train = train.take(some)
                stream = stream.take(some)
                if cleaning is not None:
                    cleaning = cleaning.index_select(2, some)

            at_pulse = stream.numbered("pulse", stop)
            self._apply_event(cells, train, stop, now, at_pulse)
            start = stop + 1

    def book_cycles(
        self, cells: Int64[Tensor, " cells"], step: Float[Tensor, " cells"]
    ) -> float | Float[Tensor, " cells"]:
        """Book half a cycle where a pulse moved the core; returns the factor on births (1).

        Args:
            cells: Cells addressed, each once. Shape (cells,).
            step: Step of the core of each (S). Shape (cells,).
        """
        law = self.parameters.endurance
        cycles = self.state.cycles.index_select(0, cells)
        cycles.add_(step != 0, alpha=0.5)
        self.state.cycles.index_copy_(0, cells, cycles)
        if cells.numel() == 0 or float(cycles.max()) <= law.onset:
            return 1.0
        return births_factor(law, cycles).to(step.dtype)

    def _cleaning_draws(
        self, stream: CellStream, number: Int64[Tensor, "train 1"]
    ) -> Float[Tensor, "slots train cells"]:
        """Draws that decide what each pulse of a train resolves (1)."""
        slots = self.parameters.telegraph.slots
        train_length = number.shape[0]
        draw = stream.numbered("cleaning", number).uniform("cleaning", slots)
        return draw.view(slots, train_length, -1)

    def _apply_event(
        self,
        cells: Int64[Tensor, " cells"],
        train: Train,
        pulse: Int64[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> None:
        """The event that one pulse is to each cell; either kind leaves channels behind."""
        chosen = pulse[None]
        amplitude = train.amplitude.gather(0, chosen)[0]
        switched = train.switches.gather(0, chosen)[0]
        # a pulse too weak to switch leaves exactly one channel
        channels = (~switched).long()
        hit = switched.nonzero()[:, 0]
        if (
            hit.numel() == cells.numel()
        ):  # nearly always, and then nothing is copied
            channels = self._switch(
                cells, amplitude, train.compliance, stream, train.width, now
            )
        elif hit.numel():
            of_switched = self._switch(
                cells[hit],
                amplitude[hit],
                train.compliance[hit],
                stream.take(hit),
                train.width,
                now,
            )
            channels = channels.index_copy(0, hit, of_switched)
        law = self.parameters.telegraph
        add_channels(self.state, law, self.constants, cells, channels, stream)

    def _switch(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, " cells"],
        compliance: Float[Tensor, " cells"],
        stream: CellStream,
        width: float,
        now: float,
    ) -> Int64[Tensor, " cells"]:
        """Move the core and renew the creep; returns how many channels that leaves behind (1)."""
        before = self.state.core.index_select(0, cells)
        constants = self.constants.take(cells)
        after = moved(
            self.parameters.switching,
            before,
            amplitude,
            width,
            compliance,
            constants,
            stream,
        )

        step = after - before
        after += self._renew_creep(cells, before, after, now, stream)

        self.state.core.index_copy_(0, cells, after)
        worn = self.book_cycles(cells, step)
        return born(self.parameters.telegraph, step, stream, worn)

    def _renew_creep(
        self,
        cells: Int64[Tensor, " cells"],
        before: Float[Tensor, " cells"],
        after: Float[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> Float[Tensor, " cells"]:
        """Renew the creep after a step; returns what the core takes over so nothing jumps (S)."""
        state = self.state
        kind = self.parameters
        # share of the relaxing state that this step starts anew (1)
        share = renewed(kind.relaxation, after - before)

        old = state.relaxing.index_select(0, cells)
        fresh = stream.normal("relaxation")[0]
        # the roots of the shares keep the variance at 1 however often a cell is trimmed
        new = (1 - share).sqrt() * old + share.sqrt() * fresh

        age = now - state.switched_at.index_select(0, cells)
        new_age = age * (1 - share.double())
        state.switched_at.index_copy_(0, cells, now - new_age)
        state.relaxing.index_copy_(0, cells, new)

        dtype = before.dtype
        taken_over = creep(kind, before, age.to(dtype), old, self.temperature)
        taken_over -= creep(
            kind, after, new_age.to(dtype), new, self.temperature
        )
        # creep may exceed a small core, which cannot turn negative
        return torch.maximum(taken_over, -after)
