"""The eager filament: many cells at a time, step by step in tensors of torch."""

from dataclasses import replace

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mho.checks import check_not_negative, check_positive
from mho.device.filament import CellParameters
from mho.rng import CellStream, Stream, in_order
from reference.ageing import warming_factor
from reference.channels import add_channels
from reference.creep import creep
from reference.flicker import fresh, scale, watch
from reference.pulse_response import PulseResponse
from reference.state import CellState, Train
from reference.switching import constants, subthreshold
from reference.telegraph import Traps, boosted, born
from reference.trap_averages import watch_traps


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
        reference = parameters.temperature.reference
        self.parameters = parameters
        self.temperature = reference if temperature is None else temperature
        self.count = count

        every = torch.arange(count)
        life = stream.child("life")
        # copies are born alike and then live with randomness of their own
        self._stream = (
            life.cells(every) if origin is None else life.copies(origin)
        )
        birth = stream.child("birth").cells(every if origin is None else origin)

        # a cell that never switches has no gain, and stays at one end of the range
        draws = birth.uniform("stuck", 2)
        self.stuck = draws[0] <= parameters.stuck_fraction
        drawn = constants(parameters.switching, birth)
        self.constants = replace(drawn, gain=drawn.gain * ~self.stuck)
        self._temperature_draw = birth.normal("temperature coefficient")[0]

        switching = parameters.switching
        stuck_high = draws[1] <= parameters.stuck_high
        stuck_core = torch.where(stuck_high, switching.high, switching.low)
        self.state = CellState.fresh(
            core=torch.where(self.stuck, stuck_core, parameters.formed),
            flicker=fresh(parameters.flicker, birth),
            slots=parameters.telegraph.slots,
        )
        # forming is one large SET: it leaves channels in every cell that switches at all
        forming_step = torch.full((count,), switching.high)
        forming_step.masked_fill_(self.stuck, 0.0)
        channels = born(parameters.telegraph, forming_step, birth)
        self._add_channels(every, channels, birth)

    def age(
        self, cells: Int64[Tensor, " cells"], cycles: float, now: float
    ) -> None:
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
        added_cycles = torch.full_like(cells, cycles, dtype=torch.float64)
        state.cycles.index_add_(0, cells, added_cycles)
        state.core.index_fill_(0, cells, kind.formed)
        state.relaxing.index_copy_(0, cells, stream.normal("relaxation")[0])
        state.switched_at.index_fill_(0, cells, now)
        state.put_traps(cells, Traps.none(kind.telegraph.slots, cells.numel()))

        # the last SET leaves its channels as one step over the whole range
        last_step = torch.full(cells.shape, kind.switching.high)
        no_step = torch.zeros_like(last_step)
        worn = self._response().book_cycles(cells, no_step)
        channels = born(kind.telegraph, last_step, stream, worn)
        self._add_channels(cells, channels, stream)

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
        flicker = self.parameters.flicker
        state = self.state
        before = self.temperature
        self.temperature = temperature

        # what happened so far happened at the old temperature
        elapsed = (now - state.clock).clamp_(min=0).to(state.ahead.dtype)
        stream = self._next(torch.arange(self.count))
        flicker_now = watch(flicker, state.flicker, elapsed, 0.0, stream)[0]
        state.flicker.copy_(flicker_now)
        state.clock.fill_(now)

        # time under way counts as what would have done the same in the new warmth
        trap_before = law.trap_acceleration(before)
        trap_after = law.trap_acceleration(temperature)
        state.ahead.add_(elapsed).mul_(trap_before / trap_after)
        ion_before = law.ion_acceleration(before)
        ion_after = law.ion_acceleration(temperature)
        state.switched_at.sub_(now).mul_(ion_before / ion_after)
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
        ageing = in_order(boosted(law, amplitude, width))
        self.state.ahead.index_add_(0, cells, ageing)

        # fraction of the cell's own threshold
        # does every pulse switch, or may it leave a channel behind?
        drive = subthreshold(self.parameters.switching, amplitude, own)
        working = own.gain > 0
        switches = (drive >= 1) & working
        probability = law.spawning * width / law.cleaning_width
        draw = stream.uniform("spawning", amplitude.shape[0])
        spawns = draw <= probability
        spawns &= (amplitude != 0) & (drive < 1) & working

        # in all other cells the train changes nothing
        can_be_cleaned = self.state.with_channels(cells) & working
        affected = (switches | spawns).any(0) | can_be_cleaned
        some = affected.nonzero()[:, 0]
        if some.numel() == 0:
            return
        train = Train(amplitude, width, switches, spawns, compliance).take(some)
        self._response().follow(cells[some], train, now, stream.take(some))

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
        event = state.event.index_select(0, cells)
        # every sample draws anew, so it counts as an operation of its own
        sample_event = event + torch.arange(samples)[:, None]
        streams = self._stream.take(cells.repeat(samples)).at(
            sample_event.view(-1)
        )

        core = self.crept(cells, now, spacing, samples)
        # sums of times round: a read may start an ulp before the last one ended
        elapsed = (now - state.clock.index_select(0, cells)).clamp_(min=0)
        first = elapsed.to(core.dtype)
        pause = max(spacing - integration, 0.0)

        value = self._flickering(
            cells, core, first, pause, integration, streams
        )
        self._conduct_channels(cells, value, first, pause, integration, streams)

        state.event.index_copy_(0, cells, event + samples)
        end = now + (samples - 1) * spacing + integration
        state.clock.index_fill_(0, cells, end)
        state.ahead.index_fill_(0, cells, 0.0)

        return self.warmed(cells, value)

    def noise_variance(
        self, conductance: Float[Tensor, "*cells"], integration: float
    ) -> Float[Tensor, "*cells"]:
        """Variance of the white part of the 1/f remainder in one sample (S²)."""
        decades = self.parameters.flicker.white_decades(integration)
        return (
            scale(self.parameters.flicker, conductance).square_().mul_(decades)
        )

    def warmed(
        self,
        cells: Int64[Tensor, " cells"],
        value: Float[Tensor, "samples cells"],
    ) -> Float[Tensor, "samples cells"]:
        """Conductance at the cells' temperature from that at the reference (S)."""
        law = self.parameters.temperature
        if self.temperature == law.reference:
            return value
        draw = self._temperature_draw.index_select(0, cells)
        return value * warming_factor(law, value, draw, self.temperature)

    def crept(
        self,
        cells: Int64[Tensor, " cells"],
        now: float,
        spacing: float,
        samples: int,
    ) -> Float[Tensor, "samples cells"]:
        """Core with its creep at the times of several samples (S)."""
        core = self.state.core.index_select(0, cells)
        switched_at = self.state.switched_at.index_select(0, cells)
        relaxing = self.state.relaxing.index_select(0, cells)

        # single precision is enough for an age, but not for a time
        first_age = (now - switched_at).to(core.dtype)
        later = torch.arange(samples, dtype=core.dtype)[:, None] * spacing
        age = first_age + later

        shift = creep(self.parameters, core, age, relaxing, self.temperature)
        return shift.add_(core)

    def _flickering(
        self,
        cells: Int64[Tensor, " cells"],
        core: Float[Tensor, "samples cells"],
        first: Float[Tensor, " cells"],
        pause: float,
        integration: float,
        streams: CellStream,
    ) -> Float[Tensor, "samples cells"]:
        """Core with its 1/f noise in every sample (S); the slow processes move on."""
        law = self.parameters.flicker
        looks = watch(
            law,
            self.state.flicker.index_select(1, cells),
            first=first + integration,
            spacing=pause + integration,
            stream=streams,
        )
        self.state.flicker.index_copy_(1, cells, looks[-1])

        # the slow processes add up; what is faster is white
        noise = in_order(looks.transpose(0, 1))
        white = streams.normal("flicker white")[0].view(core.shape)
        noise.add_(white, alpha=law.white_decades(integration) ** 0.5)
        return noise.mul_(scale(law, core)).add_(core)

    def _conduct_channels(
        self,
        cells: Int64[Tensor, " cells"],
        value: Float[Tensor, "samples cells"],
        first: Float[Tensor, " cells"],
        pause: float,
        integration: float,
        streams: CellStream,
    ) -> None:
        """Add what incomplete channels conduct in every sample (S); their traps move on."""
        some = self.state.with_channels(cells).nonzero()[:, 0]
        if some.numel() == 0:
            return
        samples, count = value.shape
        place = some + count * torch.arange(samples)[:, None]

        owners = cells[some]
        ahead = self.state.ahead.index_select(0, owners)
        # a trap knows its rate times the time, nothing else
        pace = self.parameters.temperature.trap_acceleration(self.temperature)
        traps, channels = watch_traps(
            self.state.take_traps(owners),
            first=(first[some] + ahead) * pace,
            pause=pause * pace,
            integration=integration * pace,
            stream=streams.take(place.view(-1)),
        )

        value.index_add_(1, some, channels)
        self.state.traps.filled.index_copy_(1, owners, traps.filled)

    def _next(self, cells: Int64[Tensor, " cells"]) -> CellStream:
        """Randomness of the cells' present operation; their counters move on."""
        event = self.state.event.index_select(0, cells)
        self.state.event.index_copy_(0, cells, event + 1)
        return self._stream.take(cells).at(event)

    def _response(self) -> PulseResponse:
        """What pulses do at the present temperature."""
        return PulseResponse(
            self.parameters, self.constants, self.state, self.temperature
        )

    def _add_channels(
        self,
        cells: Int64[Tensor, " cells"],
        number: Int64[Tensor, " cells"],
        stream: CellStream,
    ) -> None:
        """Add new incomplete channels to some of the cells."""
        law = self.parameters.telegraph
        add_channels(self.state, law, self.constants, cells, number, stream)
