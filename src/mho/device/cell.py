"""One memristor cell, many at a time: a metallic core, incomplete channels, creep and flicker.

The laws stand in the neighbouring files and are functions of values. `Cells` holds the state of a
set of cells and applies the laws to those that are addressed; it knows no rows, wires or
converters. Time is lazy: a cell is brought up to date when it is looked at, exactly.
"""

from dataclasses import dataclass, fields
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.checks import check_between, check_not_negative, check_positive
from mho.device.flicker import Flicker
from mho.device.relaxation import Relaxation
from mho.device.switching import Switching, SwitchingConstants
from mho.device.telegraph import TelegraphNoise, Traps, watch
from mho.rng import CellStream, Stream


@dataclass(frozen=True, slots=True)
class CellParameters:
    """Everything that characterises a kind of cell.

    Args:
        switching: How pulses move the core.
        telegraph: Incomplete channels and their traps.
        flicker: The 1/f remainder.
        relaxation: Creep after switching.
        curvature: Cubic term of the current at zero conductance, I = GV(1 + cV²) (1/V²).
        linear_above: Conductance at which that term has vanished, linearly (S).
        formed: Conductance of the core of a freshly formed cell (S).
        stuck_fraction: Cells that never switch (1).
        stuck_high: Share of those that are stuck at the high end of the range (1).
    """

    switching: Switching
    telegraph: TelegraphNoise
    flicker: Flicker
    relaxation: Relaxation
    curvature: float
    linear_above: float
    formed: float
    stuck_fraction: float
    stuck_high: float

    references: ClassVar = ("rao2023",)

    def __post_init__(self) -> None:
        check_not_negative(self.curvature, "curvature", "1/V²")
        check_positive(self.linear_above, "linear_above", "S")
        check_between(self.formed, "formed", self.switching.low, self.switching.high, "S")
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")
        check_between(self.stuck_high, "stuck_high", 0.0, 1.0, "1")

    def cubic(self, conductance: Float[Tensor, "*cells"]) -> Float[Tensor, "*cells"]:
        """Cubic coefficient c(G) of I = GV(1 + c(G)V²) (1/V²)."""
        return (1 - conductance / self.linear_above).clamp_(min=0).mul_(self.curvature)

    def apparent(
        self, conductance: Float[Tensor, "*cells"], voltage: float
    ) -> Float[Tensor, "*cells"]:
        """Current over voltage at a given voltage (S)."""
        return conductance * (1 + self.cubic(conductance) * voltage**2)


@dataclass(frozen=True, slots=True, eq=False)
class CellState:
    """State of a set of cells; the tensors are changed in place, by `Cells` alone.

    Args:
        core: Conductance of the complete channel (S). Shape (cells,).
        traps: Incomplete channels. Shapes (slots, cells).
        flicker: Processes of the 1/f remainder (1). Shape (components, cells).
        relaxing: Signed strength of the creep under way (1). Shape (cells,).
        switched_at: Time from which the creep counts (s). Shape (cells,).
        clock: Time up to which traps and flicker are known (s). Shape (cells,).
        ahead: Ageing of the traps by pulses, not yet applied (s). Shape (cells,).
        event: Operations so far; counts the randomness (1). Shape (cells,).
    """

    core: Float[Tensor, " cells"]
    traps: Traps
    flicker: Float[Tensor, "components cells"]
    relaxing: Float[Tensor, " cells"]
    switched_at: Float[Tensor, " cells"]
    clock: Float[Tensor, " cells"]
    ahead: Float[Tensor, " cells"]
    event: Int64[Tensor, " cells"]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, the same objects: for saving and restoring."""
        flat = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "traps"}
        return flat | {f"traps.{f.name}": getattr(self.traps, f.name) for f in fields(self.traps)}


class Cells:
    """A set of cells with their own constants, state and randomness.

    Args:
        parameters: The kind of cell.
        count: Number of cells (1).
        stream: Randomness; cell number i always gets the same constants from it.
    """

    def __init__(self, parameters: CellParameters, count: int, stream: Stream) -> None:
        self.parameters = parameters
        self.count = count
        index = torch.arange(count)
        self._stream = stream.child("life").cells(index)
        birth = stream.child("birth").cells(index)
        constants = parameters.switching.constants(birth)
        stuck = birth.uniform("stuck", 2)
        self.stuck = stuck[0] <= parameters.stuck_fraction
        self.constants = SwitchingConstants(
            constants.set_voltage, constants.reset_voltage, constants.gain * ~self.stuck
        )
        ends = torch.where(
            stuck[1] <= parameters.stuck_high, parameters.switching.high, parameters.switching.low
        )
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
        )
        forming = torch.full((count,), parameters.switching.high).masked_fill_(self.stuck, 0.0)
        self._breed(index, parameters.telegraph.born(forming, birth), birth)

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
        own = self._constants_of(cells)
        drive = self.parameters.switching.subthreshold(amplitude, own)
        aged = self.parameters.telegraph.boosted(amplitude, width).sum(0)
        self.state.ahead.index_add_(0, cells, aged)
        working = own.gain > 0
        switches = (drive >= 1).any(0)
        weak = (~switches & working).nonzero()[:, 0]
        if weak.numel():
            self._clean(cells[weak], amplitude[:, weak], width, stream.take(weak))
        strong = (switches & working).nonzero()[:, 0]
        if strong.numel():
            hit, own_stream = cells[strong], stream.take(strong)
            for number, volts in enumerate(amplitude[:, strong]):
                self._one_pulse(
                    hit, volts, width, compliance[strong], now, own_stream.child(f"pulse {number}")
                )

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
        state, law = self.state, self.parameters.flicker
        count, event = cells.numel(), state.event.index_select(0, cells)
        number = torch.arange(samples)[:, None]
        stream = self._stream.take(cells.repeat(samples)).at((event + number).view(-1))
        # sums of times round: a read may start an ulp before the last one ended
        gap = (now - state.clock.index_select(0, cells)).clamp_(min=0)
        base = state.core.index_select(0, cells)
        base += self._creep(cells, base, now)
        first, pause = gap.to(base.dtype), max(spacing - integration, 0.0)
        looks = law.watch(
            state.flicker.index_select(1, cells), first + integration, pause + integration, stream
        )
        noise = looks.sum(1)
        white = stream.normal("flicker white")[0].view(samples, count)
        noise.add_(white, alpha=law.white_decades(integration) ** 0.5)
        value = noise.mul_(law.scale(base)).add_(base)
        held = (state.traps.amplitude.index_select(1, cells) > 0).any(0).nonzero()[:, 0]
        if held.numel():
            own = stream.take((held + count * number).view(-1))
            ahead = state.ahead.index_select(0, cells[held])
            traps, channels = watch(
                self._take_traps(cells[held]), first[held] + ahead, pause, integration, own
            )
            value.index_add_(1, held, channels)
            state.traps.filled.index_copy_(1, cells[held], traps.filled)
        state.event.index_copy_(0, cells, event + samples)
        state.flicker.index_copy_(1, cells, looks[-1])
        state.clock.index_fill_(0, cells, now + (samples - 1) * spacing + integration)
        state.ahead.index_fill_(0, cells, 0.0)
        return value

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

    def _constants_of(self, cells: Int64[Tensor, " cells"]) -> SwitchingConstants:
        own = self.constants
        return SwitchingConstants(
            own.set_voltage.index_select(0, cells),
            own.reset_voltage.index_select(0, cells),
            own.gain.index_select(0, cells),
        )

    def _one_pulse(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, " cells"],
        width: float,
        compliance: Float[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> None:
        """Move the core, renew the creep, leave channels behind; clean where sub-threshold."""
        core = self.state.core.index_select(0, cells)
        own = self._constants_of(cells)
        after = self.parameters.switching.moved(core, amplitude, width, compliance, own, stream)
        step = after - core
        after += self._renew(cells, core, after, now, stream)
        self.state.core.index_copy_(0, cells, after)
        self._breed(cells, self.parameters.telegraph.born(step, stream), stream)
        drive = self.parameters.switching.subthreshold(amplitude, own)
        weak = ((drive < 1) & (amplitude != 0)).nonzero()[:, 0]
        if weak.numel():
            self._clean(cells[weak], amplitude[None, weak], width, stream.take(weak))

    def _creep(
        self, cells: Int64[Tensor, " cells"], core: Float[Tensor, " cells"], now: float
    ) -> Float[Tensor, " cells"]:
        age = now - self.state.switched_at.index_select(0, cells)
        deviation = self.parameters.relaxation.deviation(core, age)
        return deviation.mul_(self.state.relaxing.index_select(0, cells))

    def _renew(
        self,
        cells: Int64[Tensor, " cells"],
        before: Float[Tensor, " cells"],
        after: Float[Tensor, " cells"],
        now: float,
        stream: CellStream,
    ) -> Float[Tensor, " cells"]:
        """Renew the creep after a step; returns what the core takes over so nothing jumps (S)."""
        law, state = self.parameters.relaxation, self.state
        if law.scale == 0:
            return torch.zeros_like(before)
        share = law.renewed(after - before)
        started = state.switched_at.index_select(0, cells)
        relaxing = state.relaxing.index_select(0, cells)
        age = now - started
        new_age = age * (1 - share.double())
        renewed = (1 - share).sqrt() * relaxing + share.sqrt() * stream.normal("relaxation")[0]
        state.switched_at.index_copy_(0, cells, now - new_age)
        state.relaxing.index_copy_(0, cells, renewed)
        return relaxing * law.deviation(before, age) - renewed * law.deviation(after, new_age)

    def _breed(
        self, cells: Int64[Tensor, " cells"], number: Int64[Tensor, " cells"], stream: CellStream
    ) -> None:
        """Add newborn channels; where all slots are taken the weakest joins the core."""
        some = number.nonzero()[:, 0]
        if some.numel() == 0:
            return
        number, where, own = number[some], cells[some], stream.take(some)
        traps = self._take_traps(where)
        core = self.state.core.index_select(0, where)
        for nth in range(int(number.max())):
            self._insert(traps, core, number > nth, where, own.child(f"born {nth}"))
        self.state.core.index_copy_(0, where, core)
        self._put_traps(where, traps)

    def _insert(
        self,
        traps: Traps,
        core: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        cells: Int64[Tensor, " cells"],
        stream: CellStream,
    ) -> None:
        """Put one new channel into the weakest slot of the chosen cells, in place."""
        some = chosen.nonzero()[:, 0]
        if some.numel() == 0:
            return
        slot = traps.amplitude.index_select(1, some).argmin(0)
        core.index_add_(0, some, traps.amplitude[slot, some])
        where = cells[some]
        easier = torch.minimum(
            self.constants.set_voltage[where], self.constants.reset_voltage[where]
        )
        born = self.parameters.telegraph.new(easier, stream.take(some))
        for f in fields(traps):
            getattr(traps, f.name)[slot, some] = getattr(born, f.name)[0]

    def _clean(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, "train cells"],
        width: float,
        stream: CellStream,
    ) -> None:
        """Sub-threshold pulses: SET polarity completes channels, RESET polarity dissolves them."""
        law = self.parameters.telegraph
        rare = law.spawning * width / law.cleaning_width
        spawned = (stream.uniform("spawning", amplitude.shape[0]) <= rare) & (amplitude != 0)
        lively = spawned.any(0)
        held = (self.state.traps.amplitude.index_select(1, cells) > 0).any(0)
        some = (held & ~lively).nonzero()[:, 0]
        if some.numel():
            self._resolve(cells[some], amplitude[:, some], width, stream.take(some))
        some = lively.nonzero()[:, 0]
        if some.numel() == 0:
            return
        cells, own = cells[some], stream.take(some)
        for number, volts in enumerate(amplitude[:, some]):
            self._resolve(cells, volts[None], width, own, number)
            traps, core = self._take_traps(cells), self.state.core.index_select(0, cells)
            born = own.child(f"cleaning {number}")
            self._insert(traps, core, spawned[number, some], cells, born)
            self.state.core.index_copy_(0, cells, core)
            self._put_traps(cells, traps)

    def _resolve(
        self,
        cells: Int64[Tensor, " cells"],
        amplitude: Float[Tensor, "train cells"],
        width: float,
        stream: CellStream,
        first: int = 0,
    ) -> None:
        """Let the pulses from number `first` on resolve channels: the first that can, does."""
        keys = [stream.child(f"cleaning {first + k}").key for k in range(amplitude.shape[0])]
        traps, core = self._take_traps(cells), self.state.core.index_select(0, cells)
        hits = self.parameters.telegraph.resolved(
            traps, amplitude, width, CellStream(torch.cat(keys))
        )
        gone, by = hits.any(1), hits.to(torch.uint8).argmax(1)
        completed = gone & (amplitude.gather(0, by) > 0)
        core += (traps.amplitude * completed).sum(0)
        self.state.core.index_copy_(0, cells, core)
        kept = self.state.traps
        kept.amplitude.index_copy_(1, cells, traps.amplitude.masked_fill_(gone, 0.0))
        kept.filled.index_copy_(1, cells, traps.filled.masked_fill_(gone, False))

    def _take_traps(self, cells: Int64[Tensor, " cells"]) -> Traps:
        traps = self.state.traps
        return Traps(*(getattr(traps, f.name).index_select(1, cells) for f in fields(traps)))

    def _put_traps(self, cells: Int64[Tensor, " cells"], part: Traps) -> None:
        for f in fields(part):
            getattr(self.state.traps, f.name).index_copy_(1, cells, getattr(part, f.name))
