"""Channels and their traps, many at once; the law is `mho.device.laws.TelegraphNoise`."""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.device.laws import TelegraphNoise
from mho.rng import CellStream, in_order

_MOST_BORN = 8
"""Channels that one step can leave behind (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Traps:
    """Incomplete channels of a set of cells. A slot with amplitude 0 is empty.

    Args:
        amplitude: Conductance of the channel while its trap is empty (S). Shape (slots, cells).
        capture_time: Mean time until an empty trap fills (s). Shape (slots, cells).
        emission_time: Mean time until a filled trap empties (s). Shape (slots, cells).
        cleaning_voltage: Voltage at which a sub-threshold pulse resolves the channel (V). Shape
            (slots, cells).
        filled: Whether an electron blocks the channel. Shape (slots, cells).
    """

    amplitude: Float[Tensor, "slots cells"]
    capture_time: Float[Tensor, "slots cells"]
    emission_time: Float[Tensor, "slots cells"]
    cleaning_voltage: Float[Tensor, "slots cells"]
    filled: Bool[Tensor, "slots cells"]

    @classmethod
    def none(cls, slots: int, cells: int) -> "Traps":
        """No channel in any slot."""
        return cls(
            amplitude=torch.zeros(slots, cells),
            capture_time=torch.ones(slots, cells),
            emission_time=torch.ones(slots, cells),
            cleaning_voltage=torch.ones(slots, cells),
            filled=torch.zeros(slots, cells, dtype=torch.bool),
        )

    @property
    def conductance(self) -> Float[Tensor, " cells"]:
        """Conductance of the channels that no electron blocks (S). Shape (cells,)."""
        return in_order(torch.where(self.filled, 0.0, self.amplitude))

    @property
    def occupancy(self) -> Float[Tensor, "slots cells"]:
        """Long-run probability that each trap is filled (1): τe / (τc + τe)."""
        return self.emission_time / (self.capture_time + self.emission_time)

    @property
    def rate(self) -> Float[Tensor, "slots cells"]:
        """Rate at which a trap forgets its state (1/s): 1/τc + 1/τe."""
        return 1 / self.capture_time + 1 / self.emission_time


def chances(
    traps: Traps, seconds: Float[Tensor, "*cells"]
) -> tuple[Float[Tensor, "slots cells"], Float[Tensor, "slots cells"]]:
    r"""Probability that a trap is filled after some time, if it was empty and if it was filled.

    .. math:: P(\text{filled}) = p_\infty + (s - p_\infty) e^{-t (1/\tau_c + 1/\tau_e)} ,

    exact for any interval (key: machlup1954noise).

    Args:
        traps: The channels.
        seconds: Time that passes, for each cell or for all (s). Shape (cells,) or ().
    """
    occupancy = traps.occupancy
    memory = torch.exp(-traps.rate * seconds)
    from_empty = occupancy - occupancy * memory
    from_filled = occupancy + (1 - occupancy) * memory
    return from_empty, from_filled


def advance(
    traps: Traps, seconds: Float[Tensor, " cells"], stream: CellStream
) -> Traps:
    """Let time pass.

    Args:
        traps: The channels.
        seconds: Time that passes, for each cell (s). Shape (cells,).
        stream: Randomness.
    """
    slots = traps.filled.shape[0]
    from_empty, from_filled = chances(traps, seconds)
    chance = torch.where(traps.filled, from_filled, from_empty)
    draw = stream.uniform("trap", slots)
    return replace(traps, filled=draw <= chance)


def born(
    law: TelegraphNoise,
    step: Float[Tensor, " cells"],
    stream: CellStream,
    worn: float | Float[Tensor, " cells"] = 1.0,
) -> Int64[Tensor, " cells"]:
    """Number of channels that steps of this size leave behind (1): Poisson, at most 8.

    Args:
        law: Its numbers.
        step: Steps of the core (S). Shape (cells,).
        stream: Randomness.
        worn: Factor on their mean number, see `Endurance` (1).
    """
    saturation = -torch.expm1(-step.abs() / law.birth_step)
    mean = law.births * saturation * worn
    draw = stream.uniform("births")[0]
    # the inverse of the cumulative distribution: count the terms that the draw exceeds
    term = torch.exp(-mean)
    cumulative = term.clone()
    number = torch.zeros_like(draw, dtype=torch.int64)
    for k in range(1, _MOST_BORN + 1):
        more = draw > cumulative
        if not more.any():
            break
        number += more
        term = term * mean / k
        cumulative += term
    return number


def resolved(
    law: TelegraphNoise,
    traps: Traps,
    amplitude: Float[Tensor, "train cells"],
    width: float,
    draw: Float[Tensor, "slots train cells"],
) -> Bool[Tensor, "slots train cells"]:
    """Which channels each pulse of a sub-threshold train would resolve if it met them.

    Args:
        law: Its numbers.
        traps: The channels.
        amplitude: Voltage at each cell (V); 0 does nothing. Shape (train, cells).
        width: Duration of each pulse (s).
        draw: Uniform numbers that decide (1).
    """
    onset = traps.cleaning_voltage[:, None]
    below_onset = (onset - amplitude.abs()) / law.cleaning_slope
    # 0 far below the onset, 1 far above
    drive = 1 / (1 + torch.exp(below_onset))
    # logarithm of the probability that a channel survives a pulse well above its onset
    certain = min(law.cleaning_probability, 1 - 1e-7)
    survival = math.log1p(-certain) * width / law.cleaning_width
    probability = -torch.expm1(survival * drive)

    has_channel = traps.amplitude[:, None] > 0
    return (draw <= probability) & has_channel & (amplitude != 0)


def boosted(
    law: TelegraphNoise, amplitude: Float[Tensor, "*shape"], width: float
) -> Float[Tensor, "*shape"]:
    """Further time at the read voltage that ages the traps as much as this pulse does (s).

    Nothing at and below the voltage at which the time constants are stated.
    """
    excess = (amplitude.abs() - law.boost_from).clamp_(min=0) / law.boost
    return width * torch.expm1(excess).clamp_(max=1e9)


def new(
    law: TelegraphNoise,
    switching_voltage: Float[Tensor, " cells"],
    stream: CellStream,
) -> Traps:
    """One fresh channel for each cell.

    Args:
        law: Its numbers.
        switching_voltage: Voltage that the cleaning voltage is a fraction of (V).
        stream: Randomness.
    """
    z_amplitude, z_asymmetry = stream.normal("channel", 2)
    u_time, u_cleaning, u_filled = stream.uniform("channel", 3)
    amplitude = law.amplitude * torch.exp(law.amplitude_spread * z_amplitude)
    amplitude.clamp_(max=law.amplitude_max)
    # geometric mean of the two time constants, log-uniform (s)
    e_folds = math.log(law.longest / law.shortest)
    centre = law.shortest * torch.exp(e_folds * u_time)
    half_ratio = torch.exp(0.5 * law.asymmetry * z_asymmetry)

    capture_time = centre * half_ratio
    emission_time = centre / half_ratio

    cleaning_range = law.cleaning_high - law.cleaning_low
    cleaning_fraction = law.cleaning_low + cleaning_range * u_cleaning
    # in equilibrium from the start
    occupancy = emission_time / (capture_time + emission_time)

    return Traps(
        amplitude=amplitude[None],
        capture_time=capture_time[None],
        emission_time=emission_time[None],
        cleaning_voltage=(cleaning_fraction * switching_voltage)[None],
        filled=(u_filled <= occupancy)[None],
    )
