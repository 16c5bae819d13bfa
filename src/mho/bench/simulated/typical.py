"""What a lab finds out about its typical cell before it programs a chip: some cells, some pulses.

For kinds that do not say it themselves. Cells are brought to the middle of the range, by pulses
that get stronger as long as they fall short; there each gets one pulse, and the mean step of many
cells against the amplitude gives the typical voltage and how steeply steps grow around it.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.chip import Chip
from mho.device import CellModel, Cells, TypicalSwitching
from mho.files import identity
from mho.rng import Stream
from mho.units import show

_CELLS = 256
"""Cells that are looked at: the mean of steps that spread by 100 % is known to 6 % (1)."""
_AMPLITUDES = 24
_WEAKEST = 0.1
"""Amplitudes tried, in equal ratios, and the smallest one relative to the largest (1)."""
_ROUNDS = 60
_LONGEST = 64
"""Attempts to bring cells to the middle, and pulses of the strongest of them (1)."""
_NEAR = 0.07
"""Part of the range within which a cell counts as in the middle (1)."""
_UNIT = 0.05
"""Step, as a part of the range, that the typical voltage is stated for (1)."""
_LEAST = 1e-6
"""Mean step, as a part of the range, below which nothing happened (1)."""
_FLATTEST = 0.01
"""Smallest power of the voltage with which steps are said to grow (1)."""
_FLAT = 0.4
"""Slope, relative to the voltage, above which pulses are better counted than chosen (1).

A step in proportion to the voltage has 1; aiming at a tenth of a step then takes a tenth of the
voltage. Exponential cells have 0.05 to 0.2.
"""


def suiting_method(law: TypicalSwitching) -> str:
    """How cells are trimmed whose kind does not say it: counted pulses where steps are flat."""
    voltage = min(law.set_voltage, law.reset_voltage)
    return "identical pulses" if law.slope > _FLAT * voltage else "predictive"


def measured_typical(chip: Chip) -> TypicalSwitching:
    """What pulses do to a typical cell, found by trying.

    Raises:
        ValueError: No pulse that the drivers can give moves cells both ways.
    """
    return _measured(_Known(chip))


class _Known:
    """A chip that is the same as another one with the same cells."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self._mark = identity([chip.published, chip.temperature])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and other._mark == self._mark

    def __hash__(self) -> int:
        return hash(self._mark)


@lru_cache(32)
def _measured(known: _Known) -> TypicalSwitching:
    chip = known.chip
    model = chip.cell
    most = chip.published.array.amplitude_max
    lab = _Lab(model, chip.temperature, chip.electronics.sample_time, most)
    up, down = lab.steps()
    span = model.high - model.low
    strongest_up = max(up, default=0.0)
    strongest_down = max(down, default=0.0)
    largest = min(strongest_up, strongest_down)
    least = _LEAST * span
    if largest < least:
        way = "SET" if strongest_up < least else "RESET"
        raise ValueError(
            f"Kind `{type(model).__name__}` must move by pulses both ways, but no {way} pulse of"
            f" {show(lab.ladder[0], 'V')} to {show(most, 'V')} and {show(model.usual_width, 's')}"
            ' moves its cells; check `pulse`, or give it `array = {"amplitude_max": …}` or a'
            " `usual_width`."
        )
    # what the strongest pulses do may be all that they can
    unit = min(_UNIT * span, 0.5 * largest)
    set_voltage, set_slope = _at(lab.ladder, up, unit)
    reset_voltage, reset_slope = _at(lab.ladder, down, unit)
    return TypicalSwitching(
        set_voltage=set_voltage,
        reset_voltage=reset_voltage,
        slope=math.sqrt(set_slope * reset_slope),
        step=unit,
        width=model.usual_width,
        span=span / 2,
    )


class _Lab:
    """Some cells of a kind, and nothing between them and the drivers.

    Args:
        model: The kind.
        temperature: Their temperature (K).
        integration: Time of a sample (s).
        most: Largest amplitude (V).
    """

    def __init__(
        self,
        model: CellModel,
        temperature: float,
        integration: float,
        most: float,
    ) -> None:
        self._model = model
        self._integration = integration
        self._cells = Cells(model, _CELLS, Stream(0), temperature)
        self._every = torch.arange(_CELLS)
        self._open = torch.full((_CELLS,), 1e3)
        self._now = 0.0
        ratio = _WEAKEST ** (-1 / (_AMPLITUDES - 1))
        self.ladder = [
            most * ratio ** (k + 1 - _AMPLITUDES) for k in range(_AMPLITUDES)
        ]

    def steps(self) -> tuple[list[float], list[float]]:
        """Mean steps of SET and of RESET pulses at each amplitude, as far as tried (S)."""
        span = self._model.high - self._model.low
        found: dict[int, list[float]] = {1: [], -1: []}
        for volts in self.ladder:
            # in turn, so that cells do not wander to one side
            for sign, steps in found.items():
                steps.append(self._step(sign, volts))
            # stronger ones go to the end and say no more
            if min(found[1][-1], found[-1][-1]) > 0.4 * span:
                break
        return found[1], found[-1]

    def _step(self, sign: int, volts: float) -> float:
        """Mean step of one pulse in its direction, from the middle of the range (S)."""
        before = self._placed(sign)
        self._pulse(torch.full((1, _CELLS), sign * volts))
        moved = sign * (self._look() - before)
        placed = self._is_placed(before, sign)
        return float(moved[placed].mean()) if placed.any() else 0.0

    def _placed(self, sign: int) -> Float[Tensor, " cells"]:
        """Bring cells to the middle, or as near as they go; what they conduct then (S)."""
        level = torch.zeros(_CELLS, dtype=torch.int64)
        side = torch.zeros(_CELLS)
        seen = self._look()
        for _ in range(_ROUNDS):
            away = self._aim(sign) - seen
            busy = ~self._is_placed(seen, sign)
            if not busy.any():
                break
            now = torch.where(busy, torch.sign(away), 0.0)
            level = torch.where(
                now == side, level + 1, (level - 4).clamp(min=0)
            )
            side = torch.where(busy, now, side)
            before = seen
            train = self._stronger(level)
            self._pulse(train * now)
            seen = self._look()
            span = self._model.high - self._model.low
            still = bool(((seen - before).abs() < _LEAST * span).all())
            if still and train.shape[0] == _LONGEST:
                break
        return seen

    def _stronger(
        self, level: Int64[Tensor, " cells"]
    ) -> Float[Tensor, "train cells"]:
        """Amplitudes of ever higher levels; beyond the highest ever longer trains (V)."""
        top = len(self.ladder) - 1
        amplitude = torch.tensor(self.ladder)[level.clamp(max=top)]
        length = (2.0 ** (level - top).clamp(min=0)).clamp(max=_LONGEST)
        number = torch.arange(int(length.max()))[:, None]
        return torch.where(number < length, amplitude, 0.0)

    def _aim(self, sign: int) -> float:
        """Where pulses of a polarity are tried (S): the middle, or the other one of two levels."""
        low, high = self._model.low, self._model.high
        if self._model.levels == 2:
            return low if sign > 0 else high
        return (low + high) / 2

    def _is_placed(
        self, seen: Float[Tensor, " cells"], sign: int
    ) -> Bool[Tensor, " cells"]:
        span = self._model.high - self._model.low
        near = 0.5 if self._model.levels == 2 else _NEAR
        return (seen - self._aim(sign)).abs() < near * span

    def _pulse(self, train: Float[Tensor, "train cells"]) -> None:
        self._now += train.shape[0] * self._model.usual_width
        self._cells.pulse(
            self._every, train, self._model.usual_width, self._open, self._now
        )

    def _look(self) -> Float[Tensor, " cells"]:
        # the shortest wait: what creeps or leaks has no time to
        seen = self._cells.sample(
            self._every, self._now, self._integration, self._integration, 1
        )[0]
        self._now += self._integration
        return seen


def _at(
    ladder: Sequence[float], steps: Sequence[float], unit: float
) -> tuple[float, float]:
    """Voltage of a mean step, and voltage for a step e times as large (V).

    Args:
        ladder: Amplitudes (V).
        steps: Mean step at each, as far as tried (S).
        unit: The step (S); one of them is larger.
    """
    high = next(k for k, step in enumerate(steps) if step >= unit)
    # steps around it, not so small that noise or nothing is seen
    first = high
    while first > 0 and steps[first - 1] > unit / 4:
        first -= 1
    last = high
    while last + 1 < len(steps) and unit < steps[last] < 2 * unit:
        last += 1
    if first == last:
        # from nothing to more than that between two amplitudes
        return ladder[high], ladder[high] - ladder[max(high - 1, 0)] or ladder[
            0
        ]
    # a power of the voltage: exact for linear cells, near enough for exponential ones
    volts = [math.log(v) for v in ladder[first : last + 1]]
    logs = [math.log(step / unit) for step in steps[first : last + 1]]
    middle = sum(volts) / len(volts)
    mean = sum(logs) / len(logs)
    spread = sum((v - middle) ** 2 for v in volts)
    rise = sum(
        (v - middle) * (y - mean) for v, y in zip(volts, logs, strict=True)
    )
    power = max(rise / spread, _FLATTEST)
    voltage = math.exp(middle - mean / power)
    voltage = min(max(voltage, ladder[first]), ladder[last])
    return voltage, voltage / power
