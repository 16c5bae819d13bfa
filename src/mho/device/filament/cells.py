"""One memristor cell, many at a time: a metallic core, incomplete channels, creep and flicker.

The laws stand in the neighbouring files and are functions of values. `Cells` holds the state of a
set of cells and applies the laws to those that are addressed; it knows no rows, wires or
converters. Time is lazy: a cell is brought up to date when it is looked at, exactly.
"""

from dataclasses import fields

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.checks import check_not_negative, check_positive
from mho.device.filament.parameters import CellParameters
from mho.device.filament.state import CellState, Train
from mho.device.laws import SwitchingConstants, Traps, watch
from mho.rng import CellStream, Stream, in_order


class Cells:
    """A set of cells with their own constants, state and randomness.

    Args:
        parameters: The kind of cell.
        count: Number of cells (1).
        stream: Randomness; cell number i always gets the same constants from it.
        temperature: Temperature of all of them (K); the laws' reference if `None`.
        origin: Cell that each one is a copy of at first, with its constants and its past; copies
            live on independently. Every cell is its own origin if `None`. Shape (cells,).
    """

    def __init__(
        self,
        parameters: CellParameters,
        count: int,
        stream: Stream,
        temperature: float | None = None,
        origin: Int64[Tensor, " cells"] | None = None,
    ) -> None:
        self.parameters = parameters
        self.temperature = (
            parameters.temperature.reference if temperature is None else temperature
        )
        self.count = count
        index = torch.arange(count)
        life = stream.child("life")
        self._stream = life.cells(index) if origin is None else life.copies(origin)
        birth = stream.child("birth").cells(index if origin is None else origin)
        constants = parameters.switching.constants(birth)
        stuck = birth.uniform("stuck", 2)
        self.stuck = stuck[0] <= parameters.stuck_fraction
        self.constants = SwitchingConstants(
            constants.set_voltage, constants.reset_voltage, constants.gain * ~self.stuck
        )
        ends = torch.where(
            stuck[1] <= parameters.stuck_high,
            parameters.switching.high,
            parameters.switching.low,
        )
        self._warmth = birth.normal("temperature coefficient")[0]
        zero = torch.zeros(count, dtype=torch.float64)
        self.state = CellState(
            core=torch.where(self.stuck, ends, parameters.formed),
            traps=Traps.none(parameters.telegraph.slots, count),
            flicker=parameters.flicker.fresh(birth),
            relaxing=torch.zeros(count),
            switched_at=zero,
            clock=zero.clone(),
            ahead=torch.zeros(count),
            event=torch.zeros(count, dtype=torch.int64),
            cycles=zero.clone(),
        )
        forming = torch.full((count,), parameters.switching.high).masked_fill_(
            self.stuck, 0.0
        )
        self._breed(index, parameters.telegraph.born(forming, birth), birth)

    def age(self, cells: Int64[Tensor, " cells"], cycles: float, now: float) -> None:
        """Let cells have been switched many times over their whole range, without simulating it.

        They are left as freshly formed ones are: RESET, creeping, with the incomplete channels of
        the last cycle. Stuck cells stay as they are.

        Args:
            cells: Cells addressed, each once.
            cycles: Cycles of SET and RESET (1).
            now: Time at their end (s).
        """
        check_not_negative(cycles, "cycles", "1")
        cells = cells[~self.stuck[cells]]
        stream = self._next(cells)
        state = self.state
        kind = self.parameters
        state.cycles.index_add_(
            0, cells, torch.full_like(cells, cycles, dtype=torch.float64)
        )
        state.core.index_fill_(0, cells, kind.formed)
        state.relaxing.index_copy_(0, cells, stream.normal("relaxation")[0])
        state.switched_at.index_fill_(0, cells, now)
        self.state.put_traps(cells, Traps.none(kind.telegraph.slots, cells.numel()))
        swing = torch.full(cells.shape, kind.switching.high)
        worn = self._worn(cells, torch.zeros_like(swing))
        self._breed(cells, kind.telegraph.born(swing, stream, worn), stream)

    def heat(self, temperature: float, now: float) -> None:
        """Change the temperature of all cells.

        What they lived through so far is kept as the time at the new temperature that would have
        done the same to traps and ions; the 1/f remainder does not depend on temperature.

        Args:
            temperature: New temperature (K).
            now: Time of the change (s).
        """
        check_positive(temperature, "temperature", "K")
        law = self.parameters.temperature
        state = self.state
        before = self.temperature
        self.temperature = temperature
        gap = (now - state.clock).clamp_(min=0).to(state.ahead.dtype)
        stream = self._next(torch.arange(self.count))
        state.flicker.copy_(
            self.parameters.flicker.watch(state.flicker, gap, 0.0, stream)[0]
        )
        state.clock.fill_(now)
        state.ahead.add_(gap).mul_(law.trap_haste(before) / law.trap_haste(temperature))
        state.switched_at.sub_(now).mul_(
            law.ion_haste(before) / law.ion_haste(temperature)
        )
        state.switched_at.add_(now)

    def pulse(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, "train cells"],
        width: float,
        compliance: Float[Tensor, " cells"],
        now: float,
    ) -> None:
        """Give each cell a train of pulses: it switches, or is cleaned if they are sub-threshold.

        Args:
            cells: Cells addressed, each once.
            amplitude: Voltage at each cell (V); 0 does nothing. Shape (train, cells).
            width: Duration of each pulse (s).
            compliance: Conductance at which the selector stops a SET (S). Shape (cells,).
            now: Time at the end of the train (s).
        """
        stream = self._next(cells)
        own = self.constants.take(cells)
        law = self.parameters.telegraph
        drive = self.parameters.switching.subthreshold(amplitude, own)
        self.state.ahead.index_add_(0, cells, in_order(law.boosted(amplitude, width)))
        working = own.gain > 0
        switches = (drive >= 1) & working
        rare = law.spawning * width / law.cleaning_width
        spawns = stream.uniform("spawning", amplitude.shape[0]) <= rare
        spawns &= (amplitude != 0) & (drive < 1) & working
        held = (self.state.traps.amplitude.index_select(1, cells) > 0).any(0)
        some = ((switches | spawns).any(0) | (held & working)).nonzero()[:, 0]
        if some.numel():
            events = Train(amplitude, width, switches, spawns, compliance).take(some)
            self._happen(cells[some], events, now, stream.take(some))

    def sample(
        self,
        cells: Int64[Tensor, " cells"],
        now: float,
        integration: float,
        spacing: float,
        samples: int,
    ) -> Float[Tensor, "samples cells"]:
        """Conductance at zero bias, averaged over each of several integration times (S).

        Args:
            cells: Cells addressed, each once.
            now: Time at which the first integration starts (s).
            integration: Integration time of a sample (s).
            spacing: Time from the start of one sample to the start of the next (s).
            samples: Number of samples (1).
        """
        state = self.state
        law = self.parameters.flicker
        count = cells.numel()
        event = state.event.index_select(0, cells)
        number = torch.arange(samples)[:, None]
        stream = self._stream.take(cells.repeat(samples)).at((event + number).view(-1))
        # sums of times round: a read may start an ulp before the last one ended
        gap = (now - state.clock.index_select(0, cells)).clamp_(min=0)
        base = self.crept(cells, now, spacing, samples)
        first = gap.to(base.dtype)
        pause = max(spacing - integration, 0.0)
        looks = law.watch(
            state.flicker.index_select(1, cells),
            first + integration,
            pause + integration,
            stream,
        )
        noise = in_order(looks.transpose(0, 1))
        white = stream.normal("flicker white")[0].view(samples, count)
        noise.add_(white, alpha=law.white_decades(integration) ** 0.5)
        value = noise.mul_(law.scale(base)).add_(base)
        held = (state.traps.amplitude.index_select(1, cells) > 0).any(0).nonzero()[:, 0]
        if held.numel():
            own = stream.take((held + count * number).view(-1))
            ahead = state.ahead.index_select(0, cells[held])
            # a trap knows its rate times the time, nothing else
            pace = self.parameters.temperature.trap_haste(self.temperature)
            traps, channels = watch(
                self.state.take_traps(cells[held]),
                (first[held] + ahead) * pace,
                pause * pace,
                integration * pace,
                own,
            )
            value.index_add_(1, held, channels)
            state.traps.filled.index_copy_(1, cells[held], traps.filled)
        state.event.index_copy_(0, cells, event + samples)
        state.flicker.index_copy_(1, cells, looks[-1])
        state.clock.index_fill_(0, cells, now + (samples - 1) * spacing + integration)
        state.ahead.index_fill_(0, cells, 0.0)
        return self.warmed(cells, value)

    def noise_variance(
        self, conductance: Float[Tensor, "*cells"], integration: float
    ) -> Float[Tensor, "*cells"]:
        """Variance of the white part of the 1/f remainder in one sample (S²)."""
        decades = self.parameters.flicker.white_decades(integration)
        return self.parameters.flicker.scale(conductance).square_().mul_(decades)

    def _next(self, cells: Int64[Tensor, " cells"]) -> CellStream:
        """Randomness of the cells' present operation; their counters move on."""
        event = self.state.event.index_select(0, cells)
        self.state.event.index_copy_(0, cells, event + 1)
        return self._stream.take(cells).at(event)

    def _happen(
        self,
        cells: Int64[Tensor, " cells"],
        train: Train,
        now: float,
        stream: CellStream,
    ) -> None:
        """Follow a train in each cell from event to event; in between, pulses clean.

        An event switches the cell or leaves a new channel behind. Draws are named by the pulse's
        number, so a cell does not notice what happens in others.
        """
        length = train.amplitude.shape[0]
        number = torch.arange(length)[:, None]
        start = torch.zeros_like(cells)
        weak = not bool(train.switches.all())
        draw = self._cleaning(stream, number) if weak else None
        while True:
            event = (train.switches | train.spawns) & (number >= start)
            happens = event.any(0)
            stop = torch.where(happens, event.to(torch.uint8).argmax(0), length - 1)
            if draw is not None:
                between = (number >= start) & (number <= stop) & ~train.switches
                volts = torch.where(between, train.amplitude, 0.0)
                self._resolve(cells, volts, train.width, draw)
            some = happens.nonzero()[:, 0]
            if some.numel() == 0:
                return
            if some.numel() < cells.numel():
                cells = cells[some]
                stop = stop[some]
                train = train.take(some)
                stream = stream.take(some)
                draw = draw.index_select(2, some) if draw is not None else None
            self._strike(cells, train, stop, now, stream.numbered("pulse", stop))
            start = stop + 1

    def _cleaning(
        self, stream: CellStream, number: Int64[Tensor, "train 1"]
    ) -> Float[Tensor, "slots train cells"]:
        """Draws that decide what each pulse of a train resolves (1)."""
        slots = self.parameters.telegraph.slots
        draw = stream.numbered("cleaning", number).uniform("cleaning", slots)
        return draw.view(slots, number.shape[0], -1)

    def _strike(
        self,
        cells: Int64[Tensor, " cells"],
        train: Train,
        pulse: Int64[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> None:
        """The event that one pulse of the train is to each cell; both leave channels behind."""
        chosen = pulse[None]
        switched = train.switches.gather(0, chosen)[0]
        births = (~switched).long()
        hit = switched.nonzero()[:, 0]
        if hit.numel():
            every = hit.numel() == cells.numel()
            volts = train.amplitude.gather(0, chosen)[0]
            limit = train.compliance
            part = (cells, volts, limit, stream)
            part = (
                part
                if every
                else (cells[hit], volts[hit], limit[hit], stream.take(hit))
            )
            left = self._switch(*part, train.width, now)
            births = left if every else births.index_copy(0, hit, left)
        self._breed(cells, births, stream)

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
        core = self.state.core.index_select(0, cells)
        own = self.constants.take(cells)
        after = self.parameters.switching.moved(
            core, amplitude, width, compliance, own, stream
        )
        step = after - core
        after += self._renew(cells, core, after, now, stream)
        self.state.core.index_copy_(0, cells, after)
        return self.parameters.telegraph.born(step, stream, self._worn(cells, step))

    def _worn(
        self, cells: Int64[Tensor, " cells"], step: Float[Tensor, " cells"]
    ) -> float | Float[Tensor, " cells"]:
        """Book half a cycle where a pulse moved the core; returns the factor on births (1)."""
        law = self.parameters.endurance
        cycles = self.state.cycles.index_select(0, cells).add_(step != 0, alpha=0.5)
        self.state.cycles.index_copy_(0, cells, cycles)
        if cells.numel() == 0 or float(cycles.max()) <= law.onset:
            return 1.0
        return law.births(cycles).to(step.dtype)

    def warmed(
        self, cells: Int64[Tensor, " cells"], value: Float[Tensor, "samples cells"]
    ) -> Float[Tensor, "samples cells"]:
        """Conductance at the cells' temperature from that at the reference (S)."""
        law = self.parameters.temperature
        if self.temperature == law.reference:
            return value
        return value * law.factor(
            value, self._warmth.index_select(0, cells), self.temperature
        )

    def crept(
        self, cells: Int64[Tensor, " cells"], now: float, spacing: float, samples: int
    ) -> Float[Tensor, "samples cells"]:
        """Core with its creep at the times of several samples (S)."""
        core = self.state.core.index_select(0, cells)
        age = (now - self.state.switched_at.index_select(0, cells)).to(core.dtype)
        later = torch.arange(samples, dtype=core.dtype)[:, None] * spacing
        relaxing = self.state.relaxing.index_select(0, cells)
        return self.parameters.creep(
            core, age + later, relaxing, self.temperature
        ).add_(core)

    def _renew(
        self,
        cells: Int64[Tensor, " cells"],
        before: Float[Tensor, " cells"],
        after: Float[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> Float[Tensor, " cells"]:
        """Renew the creep after a step; returns what the core takes over so nothing jumps (S)."""
        law = self.parameters.relaxation
        state = self.state
        share = law.renewed(after - before)
        started = state.switched_at.index_select(0, cells)
        relaxing = state.relaxing.index_select(0, cells)
        age = now - started
        new_age = age * (1 - share.double())
        warmth = self.temperature
        renewed = (1 - share).sqrt() * relaxing + share.sqrt() * stream.normal(
            "relaxation"
        )[0]
        state.switched_at.index_copy_(0, cells, now - new_age)
        state.relaxing.index_copy_(0, cells, renewed)
        kept = self.parameters.creep(before, age.to(before.dtype), relaxing, warmth)
        kept -= self.parameters.creep(after, new_age.to(before.dtype), renewed, warmth)
        # creep may exceed a small core, which cannot turn negative
        return torch.maximum(kept, -after)

    def _breed(
        self,
        cells: Int64[Tensor, " cells"],
        number: Int64[Tensor, " cells"],
        stream: CellStream,
    ) -> None:
        """Add newborn channels; where all slots are taken the weakest joins the core."""
        some = number.nonzero()[:, 0]
        if some.numel() == 0:
            return
        number = number[some]
        where = cells[some]
        own = stream.take(some)
        traps = self.state.take_traps(where)
        core = self.state.core.index_select(0, where)
        litters = [(number > nth).nonzero()[:, 0] for nth in range(int(number.max()))]
        keys = [
            own.child(f"born {nth}").take(litter).key
            for nth, litter in enumerate(litters)
        ]
        mothers = where[torch.cat(litters)]
        easier = torch.minimum(
            self.constants.set_voltage[mothers], self.constants.reset_voltage[mothers]
        )
        born = self.parameters.telegraph.new(easier, CellStream(torch.cat(keys)))
        first = 0
        for litter in litters:
            slot = traps.amplitude.index_select(1, litter).argmin(0)
            core.index_add_(0, litter, traps.amplitude[slot, litter])
            last = first + litter.numel()
            for f in fields(traps):
                getattr(traps, f.name)[slot, litter] = getattr(born, f.name)[
                    0, first:last
                ]
            first = last
        self.state.core.index_copy_(0, where, core)
        self.state.put_traps(where, traps)

    def _resolve(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, "train cells"],
        width: float,
        draw: Float[Tensor, "slots train cells"],
    ) -> None:
        """Sub-threshold pulses resolve channels; 0 V does nothing.

        SET polarity completes them, RESET polarity dissolves them; the first pulse that can, does.
        """
        traps = self.state.take_traps(cells)
        core = self.state.core.index_select(0, cells)
        hits = self.parameters.telegraph.resolved(traps, amplitude, width, draw)
        gone = hits.any(1)
        by = hits.to(torch.uint8).argmax(1)
        completed = gone & (amplitude.gather(0, by) > 0)
        core += in_order(traps.amplitude * completed)
        self.state.core.index_copy_(0, cells, core)
        kept = self.state.traps
        kept.amplitude.index_copy_(1, cells, traps.amplitude.masked_fill_(gone, 0.0))
        kept.filled.index_copy_(1, cells, traps.filled.masked_fill_(gone, False))
