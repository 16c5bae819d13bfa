"""What a protocol's parts decide, by operations on tensors: the reference of the scalar laws.

This is how the loop was written before its decisions were compiled; nothing but tests uses it.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mho.bench import BenchInfo, Reading
from mho.programming import Denoise, Predictive, Verify, WriteVerify

_SILENT = 0.05
_LOWEST = 0.4
_SPREAD = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class PredictiveMemory:
    """What `Predictive` remembers of each cell.

    Args:
        gain: Estimate of the log step gain for SET and RESET (1). Shape (2, cells).
        expected: Signed step expected of the last pulse (S); 0 if there was none. Shape (cells,).
        previous: Reading before that pulse (S). Shape (cells,).
        silent: Strong pulses in a row without an answer (1). Shape (cells,).
    """

    gain: Float[Tensor, "two cells"]
    expected: Float[Tensor, " cells"]
    previous: Float[Tensor, " cells"]
    silent: Int[Tensor, " cells"]


class TensorPredictive:
    """`Predictive` on all cells at once."""

    def __init__(self, part: Predictive) -> None:
        self.part = part

    def start(
        self, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> PredictiveMemory:
        del info
        count = conductance.shape[0]
        return PredictiveMemory(
            gain=torch.zeros(2, count, dtype=conductance.dtype),
            expected=torch.zeros_like(conductance),
            previous=conductance,
            silent=torch.zeros(count, dtype=torch.int32),
        )

    def learn(
        self,
        memory: PredictiveMemory,
        conductance: Float[Tensor, " cells"],
        info: BenchInfo,
    ) -> PredictiveMemory:
        del info
        direction = torch.sign(memory.expected)
        expected = memory.expected.abs()
        # the step that came, counted in the direction of the one expected (S)
        answer = (conductance - memory.previous) * direction
        surprise = torch.log(answer.clamp(min=1e-9) / expected.clamp(min=1e-9))
        # one reading must not turn the estimate upside down
        surprise.clamp_(-2, 2)
        # the less, the more a trap could explain what came (1)
        trust = expected / (expected + self.part.doubt)
        update = self.part.rate * surprise * trust

        set_update = update * (memory.expected > 0)
        reset_update = update * (memory.expected < 0)

        telling = expected > self.part.telling
        no_answer = telling & (answer < _SILENT * expected)
        silent = torch.where(no_answer, memory.silent + 1, 0)
        silent = torch.where(telling, silent, memory.silent)

        return PredictiveMemory(
            gain=memory.gain + torch.stack((set_update, reset_update)),
            expected=torch.zeros_like(memory.expected),
            previous=conductance,
            silent=silent.to(torch.int32),
        )

    def propose(
        self,
        memory: PredictiveMemory,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], PredictiveMemory]:
        law = info.nominal

        up = error < 0
        sign = torch.where(up, 1.0, -1.0)
        step = (error.abs() * self.part.aim).clamp_(min=self.part.least)
        # what a pulse at the nominal switching voltage would do here (S)
        room = torch.where(
            up, law.ceiling - conductance, conductance - law.floor
        )
        window = (room / law.span).clamp_(0.01, 2.0)
        unit_step = window * (law.step * self.part.width / law.width)

        gain = torch.where(up, memory.gain[0], memory.gain[1])
        switching_voltage = torch.where(up, law.set_voltage, law.reset_voltage)
        overdrive = law.slope * (torch.log(step / unit_step) - gain)
        size = switching_voltage + overdrive
        lowest = _LOWEST * min(law.set_voltage, law.reset_voltage)
        size.clamp_(lowest, info.amplitude_max)

        amplitude = torch.where(chosen, sign * size, 0.0)
        expected = torch.where(chosen, sign * step, 0.0)
        return amplitude, replace(memory, expected=expected)

    def stuck(self, memory: PredictiveMemory) -> Bool[Tensor, " cells"]:
        return memory.silent >= self.part.patience

    def clear_suspicion(
        self, memory: PredictiveMemory, chosen: Bool[Tensor, " cells"]
    ) -> PredictiveMemory:
        return replace(memory, silent=memory.silent.masked_fill(chosen, 0))

    def switching_voltage(
        self, memory: PredictiveMemory, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        law = info.nominal
        nominal = torch.tensor([[law.set_voltage], [law.reset_voltage]])
        learnt = nominal - law.slope * memory.gain
        # a typical cell is within; beyond, the gain says something else
        highest = nominal * (1 + _SPREAD)
        lowest = nominal * (1 - _SPREAD)
        return torch.maximum(torch.minimum(learnt, highest), lowest)


@dataclass(frozen=True, slots=True, eq=False)
class RampMemory:
    """What `WriteVerify` remembers of each cell.

    Args:
        amplitude: Last pulse (V); 0 if there was none. Shape (cells,).
        capped: Pulses in a row at the largest amplitude (1). Shape (cells,).
    """

    amplitude: Float[Tensor, " cells"]
    capped: Int[Tensor, " cells"]


class TensorWriteVerify:
    """`WriteVerify` on all cells at once."""

    def __init__(self, part: WriteVerify) -> None:
        self.part = part

    def start(
        self, conductance: Float[Tensor, " cells"], info: BenchInfo
    ) -> RampMemory:
        del info
        zero = torch.zeros_like(conductance)
        return RampMemory(amplitude=zero, capped=zero.to(torch.int32))

    def learn(
        self,
        memory: RampMemory,
        conductance: Float[Tensor, " cells"],
        info: BenchInfo,
    ) -> RampMemory:
        del conductance, info
        return memory

    def propose(
        self,
        memory: RampMemory,
        error: Float[Tensor, " cells"],
        conductance: Float[Tensor, " cells"],
        chosen: Bool[Tensor, " cells"],
        info: BenchInfo,
    ) -> tuple[Float[Tensor, " cells"], RampMemory]:
        del conductance
        largest = info.amplitude_max

        direction = -torch.sign(error)  # too low: SET (+); too high: RESET (-)
        same_side = torch.sign(memory.amplitude) == direction
        harder = memory.amplitude.abs() + self.part.increment
        size = torch.where(same_side, harder, self.part.start_voltage).clamp(
            max=largest
        )
        amplitude = direction * size

        at_largest = size >= largest
        capped = torch.where(at_largest, memory.capped + 1, 0).to(torch.int32)
        after = RampMemory(
            amplitude=torch.where(chosen, amplitude, memory.amplitude),
            capped=torch.where(chosen, capped, memory.capped),
        )

        return torch.where(chosen, amplitude, 0.0), after

    def stuck(self, memory: RampMemory) -> Bool[Tensor, " cells"]:
        return memory.capped >= self.part.cap_pulses

    def clear_suspicion(
        self, memory: RampMemory, chosen: Bool[Tensor, " cells"]
    ) -> RampMemory:
        return replace(memory, capped=memory.capped.masked_fill(chosen, 0))

    def switching_voltage(
        self, memory: RampMemory, info: BenchInfo
    ) -> Float[Tensor, "two cells"]:
        one = torch.ones_like(memory.amplitude)
        set_voltage = one * info.nominal.set_voltage
        reset_voltage = one * info.nominal.reset_voltage
        return torch.stack((set_voltage, reset_voltage))


class TensorDenoise:
    """`Denoise` on all cells at once."""

    def __init__(self, part: Denoise) -> None:
        self.part = part

    def train(
        self,
        length: Int[Tensor, " cells"],
        error: Float[Tensor, " cells"],
        switching_voltage: Float[Tensor, "two cells"],
        limit: Float[Tensor, "two cells"],
    ) -> Float[Tensor, "train cells"]:
        """Amplitudes of a train (V), 0 after a cell's last pulse. Shape (longest, cells).

        Args:
            length: Pulses of each cell's train (1). Shape (cells,).
            error: Reading minus target before the train (S). Shape (cells,).
            switching_voltage: Estimates of SET and RESET voltage (V). Shape (2, cells).
            limit: Factors for SET and RESET that earlier trains have taught (1). Shape (2, cells).
        """
        longest = int(length.max())
        number = torch.arange(longest, dtype=torch.int32)[:, None]
        # polarities alternate, beginning with the one that helps the error
        up = (error < 0) ^ (number % 2 == 1)

        set_voltage, reset_voltage = (switching_voltage * limit).unbind(0)
        size = torch.where(up, set_voltage, reset_voltage)
        # from 0 at the first to 1 at the cell's last pulse
        last = (length - 1).clamp(min=1)
        rise = (number / last).clamp_(max=1)
        fraction = (
            self.part.lowest + (self.part.highest - self.part.lowest) * rise
        )
        size = size * fraction

        amplitude = torch.where(up, size, -size)
        return torch.where(number < length, amplitude, 0.0)

    def taught(
        self,
        moved: Float[Tensor, " cells"],
        trains: Int[Tensor, " cells"],
        limit: Float[Tensor, "two cells"],
    ) -> Float[Tensor, "two cells"]:
        """Factors for SET and RESET after a train (1): the polarity that switched backs off.

        Args:
            moved: Reading after minus before the train (S); NaN if there was none.
            trains: Trains so far (1). Shape (cells,).
            limit: Factors before (1). Shape (2, cells).
        """
        visible = torch.where(
            trains > 1, self.part.visible_later, self.part.visible
        )
        # NaN, where there was no train, is neither
        switched = torch.stack((moved > visible, moved < -visible))
        lower = limit * self.part.back_off
        backed_off = torch.where(lower < self.part.least, self.part.most, lower)
        return torch.where(switched, backed_off, limit)


class TensorVerify:
    """`Verify` on all cells at once."""

    def __init__(self, part: Verify) -> None:
        self.part = part

    def quiet(
        self, reading: Reading, tolerance: float, resolution: float
    ) -> Bool[Tensor, " cells"]:
        """Cells whose noise passes.

        Args:
            reading: The look.
            tolerance: Half-width of the acceptance window (S).
            resolution: Difference of neighbouring codes of the read-out (S).
        """
        # two neighbouring codes are one resolution apart, but for rounding
        largest = max(self.part.peak_to_peak * tolerance, 1.01 * resolution)
        calm = reading.peak_to_peak <= largest
        steady = (
            _spread_beyond_code(reading, resolution)
            <= self.part.spread * tolerance
        )
        return calm & steady

    def allowed(
        self, reading: Reading, tolerance: float, resolution: float
    ) -> Float[Tensor, " cells"]:
        """How far each mean may be off (S); arguments as for `quiet`."""
        guard = self.part.guard * _spread_beyond_code(reading, resolution)
        room = tolerance - guard
        return room.clamp_(
            self.part.least * tolerance, self.part.margin * tolerance
        )


def _spread_beyond_code(
    reading: Reading, resolution: float
) -> Float[Tensor, " cells"]:
    """Standard deviation beyond what the edge between two codes alone can make (S)."""
    edge_variance = (resolution / 2) ** 2
    # the difference of two squares: double precision, or a quiet cell looks noisy
    variance = reading.spread.double().square()
    beyond = (variance - edge_variance).clamp_(min=0).sqrt_()
    return beyond.to(reading.spread.dtype)
