"""What characterises a kind of cell: its laws and a few numbers of its own."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from mho.checks import (
    check_between,
    check_not_negative,
    check_positive,
)
from mho.compiled import Column, Laws, Numbers
from mho.device.filament import scalar, trains
from mho.device.laws import (
    BarrierRelaxation,
    Endurance,
    FittedRelaxation,
    Flicker,
    QuantileRelaxation,
    Relaxation,
    Retention,
    Switching,
    TelegraphNoise,
    Temperature,
)
from mho.device.model import CellModel, TypicalSwitching


@dataclass(frozen=True, slots=True)
class CellParameters(CellModel):
    """Everything that characterises a kind of cell.

    Args:
        switching: How pulses move the core.
        telegraph: Incomplete channels and their traps.
        flicker: The 1/f remainder.
        relaxation: Creep after switching.
        retention: Common loss over hours and years.
        temperature: What warmth does.
        endurance: What many cycles do.
        curvature: Cubic term of the current at zero conductance, I = GV(1 + cV²) (1/V²).
        linear_above: Conductance at which that term has vanished, linearly (S).
        formed: Conductance of the core of a freshly formed cell (S).
        stuck_fraction: Cells that never switch (1).
        stuck_high: Share of those that are stuck at the high end of the range (1).
    """

    switching: Switching
    telegraph: TelegraphNoise
    flicker: Flicker
    relaxation: (
        Relaxation | FittedRelaxation | QuantileRelaxation | BarrierRelaxation
    )
    retention: Retention
    temperature: Temperature
    endurance: Endurance
    curvature: float
    linear_above: float
    formed: float
    stuck_fraction: float
    stuck_high: float

    references: ClassVar = ("rao2023",)
    constants: ClassVar[Mapping[str, Column]] = {
        "set_voltage": "f4",
        "reset_voltage": "f4",
        "gain": "f4",
        "temperature_draw": "f4",
        "stuck": "u1",
    }
    load_column: ClassVar[str] = "core"
    method: ClassVar[str | None] = "predictive"
    has_telegraph_noise: ClassVar[bool] = True
    compliant: ClassVar[bool] = True
    trains: ClassVar[tuple[str, ...]] = ("pulse", "cleaning")
    singles: ClassVar[tuple[str, ...]] = ("flicker white",)

    def __post_init__(self) -> None:
        check_not_negative(self.curvature, "curvature", "1/V²")
        check_positive(self.linear_above, "linear_above", "S")
        check_between(
            self.formed, "formed", self.switching.low, self.switching.high, "S"
        )
        check_between(self.stuck_fraction, "stuck_fraction", 0.0, 1.0, "1")
        check_between(self.stuck_high, "stuck_high", 0.0, 1.0, "1")

    @property
    def low(self) -> float:  # type: ignore[override]
        """Lowest conductance of the core (S)."""
        return self.switching.low

    @property
    def high(self) -> float:  # type: ignore[override]
        """Highest conductance of the core (S)."""
        return self.switching.high

    def typical(self) -> TypicalSwitching:
        """The law of switching, half way up the range."""
        law = self.switching
        return TypicalSwitching(
            set_voltage=law.set_voltage,
            reset_voltage=law.reset_voltage,
            slope=law.slope,
            step=law.step,
            width=law.width,
            span=law.span,
        )

    def state_columns(self) -> Mapping[str, Column]:
        """What changes about a cell: core, channels, flicker, creep, cycles."""
        slots = int(self.telegraph.slots)
        return {
            "core": "f4",
            "relaxing": self.relaxation.state_column(),
            "switched_at": "f8",
            "ahead": "f4",
            "cycles": "f8",
            "flicker": ("f4", len(self.flicker.times)),
            "amplitude": ("f4", slots),
            "capture_time": ("f4", slots),
            "emission_time": ("f4", slots),
            "cleaning_voltage": ("f4", slots),
            "filled": ("u1", slots),
        }

    def stored(self) -> Mapping[str, str]:
        """Columns by the names that files have given them since the first release."""
        plain = (
            "core",
            "flicker",
            "relaxing",
            "switched_at",
            "clock",
            "ahead",
            "event",
            "cycles",
        )
        of_traps = (
            "amplitude",
            "capture_time",
            "emission_time",
            "cleaning_voltage",
            "filled",
        )
        names = {name: name for name in plain}
        return names | {f"traps.{name}": name for name in of_traps}

    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """The core stays in its range, but for rounding and what a file's reader forgives.

        A core takes over what creep has done when a pulse renews it: with heavy tails that may be
        all it has.
        """
        heavy = isinstance(
            self.relaxation, QuantileRelaxation | BarrierRelaxation
        )
        lowest = 0.0 if heavy else self.low / 2
        return {"core": (lowest, self.high * 2)}

    def numbers(self, temperature: float) -> Numbers:
        """All laws' numbers, group by group, and what follows from them."""
        groups: dict[str, Any] = asdict(self)
        telegraph = self.telegraph
        # logarithm of the probability that a channel survives a pulse well above its onset
        certain = min(telegraph.cleaning_probability, 1 - 1e-7)
        cleaning_width = telegraph.cleaning_width
        groups["telegraph"] |= {
            "e_folds": math.log(telegraph.longest / telegraph.shortest),
            "survival": math.log1p(-certain) / cleaning_width,
            "spawning_rate": telegraph.spawning / cleaning_width,
        }
        groups["relaxation"] |= self.relaxation.derived()
        warmth = self.temperature
        groups["temperature"]["warming"] = temperature - warmth.reference
        pace = {
            "ion_acceleration": warmth.ion_acceleration(temperature),
            "trap_acceleration": warmth.trap_acceleration(temperature),
        }
        return groups | pace

    def look_numbers(
        self, temperature: float, integration: float, spacing: float
    ) -> Numbers:
        """What flicker and traps need to know of a look."""
        pace = self.temperature.trap_acceleration(temperature)
        pause = max(spacing - integration, 0.0)
        times = np.array(self.flicker.times, dtype=np.float32)
        ratio = np.float32(pause + integration) / times
        white = self.flicker.white_decades(integration)
        nothing = np.zeros_like(times)
        return {
            "trap_pause": pause * pace,
            "trap_integration": integration * pace,
            "white": math.sqrt(white),
            "decades": len(times) + white,
            "times": times,
            "kept": np.exp(-ratio),
            "fresh": np.sqrt(-np.expm1(-2 * ratio)),
            # exponentials of the last wait seen, which is most cells' wait
            "known_wait": math.nan,
            "first_kept": nothing,
            "first_fresh": nothing,
        }

    def pairs(self) -> tuple[tuple[str, int], ...]:
        """Two processes of the 1/f noise share a pair of normal numbers."""
        return (("flicker step", (len(self.flicker.times) + 1) // 2),)

    def laws(self) -> Laws:
        """The laws of one cell with a filament, with this preset's relaxation."""
        remembered, renewals = self.relaxation.of_many()
        return {
            "law_born": scalar.born,
            "law_pulse": scalar.pulse,
            "law_pulse_all": trains.pulse_all,
            "law_watch_all": scalar.watch_all,
            "law_moments": scalar.moments,
            "law_age": scalar.age,
            "law_heat": scalar.heat,
            "law_bend": scalar.bend,
            "law_load": scalar.load,
            "law_held": scalar.held,
            "law_white": scalar.white,
            "law_energy": CellModel.energy,
            "law_relaxation": self.relaxation.scalar_shift(),
            "law_renewal": self.relaxation.scalar_renewal(),
            "law_remembered": remembered,
            "law_renewals": renewals,
        }
