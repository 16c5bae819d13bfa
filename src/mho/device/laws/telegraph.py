"""Random telegraph noise: incomplete channels that a trapped electron switches off and on.

Beside the metallic core lie up to a few incomplete channels. Each carries some conductance while
its trap is empty and none while it is filled. Switching leaves new ones behind; a sub-threshold
pulse completes one (its conductance joins the core) or dissolves it. (Key: rao2023.)
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.checks import check_between, check_not_negative, check_positive, configuration
from mho.rng import CellStream, in_order


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
        one = torch.ones(slots, cells)
        return cls(torch.zeros(slots, cells), one, one.clone(), one.clone(), one < 0)

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
    rest = traps.occupancy
    memory = torch.exp(-traps.rate * seconds)
    return rest - rest * memory, rest + (1 - rest) * memory


def advance(
    traps: Traps, seconds: Float[Tensor, " cells"], stream: CellStream
) -> Traps:
    """Let time pass.

    Args:
        traps: The channels.
        seconds: Time that passes, for each cell (s). Shape (cells,).
        stream: Randomness.
    """
    empty, filled = chances(traps, seconds)
    draw = stream.uniform("trap", traps.filled.shape[0])
    return replace(traps, filled=draw <= torch.where(traps.filled, filled, empty))


def watch(
    traps: Traps,
    first: Float[Tensor, " cells"],
    pause: float,
    integration: float,
    stream: CellStream,
) -> tuple[Traps, Float[Tensor, "samples cells"]]:
    r"""Conductance of the channels averaged over each of several integration times.

    With :math:`x = \lambda t`, :math:`d = s - p_\infty`, the filled fraction of an integration has
    mean :math:`p_\infty + d (1 - e^{-x})/x` and variance

    .. math::
        \tfrac{2}{x^2} \left[ p(1-p)(x - 1 + e^{-x}) + d(1-2p)(1 - e^{-x} - x e^{-x})
        - \tfrac{d^2}{2} (1 - e^{-x})^2 \right] ,

    both exact given the state at its start. A slow trap (x < 1/2) flips at most once in practice,
    at a uniform moment; a faster one gets a Beta draw with these two moments.

    Args:
        traps: The channels.
        first: Time until the first integration starts, for each cell (s). Shape (cells,).
        pause: Time between the end of an integration and the start of the next (s).
        integration: Integration time of a sample (s).
        stream: Randomness of each sample, sample by sample. Length samples × cells.

    Returns:
        The traps after the last integration, and the mean conductances (S).
    """
    slots, cells = traps.filled.shape
    shape = (slots, -1, cells)
    during = stream.child("integration")
    waiting, drawn = (s.uniform("trap", slots).view(shape) for s in (stream, during))
    start, end = _states(traps, first, pause, integration, (waiting, drawn))
    begun = start.to(traps.amplitude.dtype)
    flip = during.uniform("flip moment", slots).view(shape)
    fraction = torch.where(start == end, begun, (flip - begun).abs())
    x = traps.rate * integration
    fast = ((x >= 0.5) & (traps.amplitude > 0))[:, None].expand(start.shape)
    one = fast.any(0).reshape(-1).nonzero()[:, 0]
    if one.numel():
        chosen = fast.reshape(slots, -1)[:, one]
        x, rest = (v[:, None].expand(start.shape)[fast] for v in (x, traps.occupancy))
        mean, variance = _moments(x, begun[fast], rest)
        fraction[fast] = _beta(mean, variance, during.take(one), chosen)
    fraction.neg_().add_(1).mul_(traps.amplitude[:, None])
    return replace(traps, filled=end[:, -1].contiguous()), in_order(fraction)


def _states(
    traps: Traps,
    first: Float[Tensor, " cells"],
    pause: float,
    integration: float,
    draws: tuple[
        Float[Tensor, "slots samples cells"], Float[Tensor, "slots samples cells"]
    ],
) -> tuple[Bool[Tensor, "slots samples cells"], Bool[Tensor, "slots samples cells"]]:
    """Whether each trap is filled at the start and at the end of every integration."""
    waiting, during = draws
    # A chance depends on the state before, a draw does not: compare first, follow the bits after.
    empty, filled = (p[:, None] for p in chances(traps, torch.tensor(pause)))
    up = waiting <= empty
    stay = waiting <= filled
    for bits, chance in zip((up, stay), chances(traps, first), strict=True):
        bits[:, 0] = waiting[:, 0] <= chance
    empty, filled = (p[:, None] for p in chances(traps, torch.tensor(integration)))
    up_during = during <= empty
    stay_during = during <= filled
    start = torch.empty_like(up)
    end = torch.empty_like(up)
    now = traps.filled
    for number in range(up.shape[1]):
        now = torch.where(now, stay[:, number], up[:, number])
        start[:, number] = now
        now = torch.where(now, stay_during[:, number], up_during[:, number])
        end[:, number] = now
    return start, end


def _moments(
    x: Float[Tensor, " fast"],
    start: Float[Tensor, " fast"],
    rest: Float[Tensor, " fast"],
) -> tuple[Float[Tensor, " fast"], Float[Tensor, " fast"]]:
    """Mean and variance of the filled fraction of the time; see `watch`."""
    gone = torch.exp(-x)
    d = start - rest
    mean = rest + d * (1 - gone) / x
    spread = rest * (1 - rest) * (x - 1 + gone) + d * (1 - 2 * rest) * (
        1 - gone - x * gone
    )
    return mean, (spread - d.square() * (1 - gone).square() / 2) * 2 / x.square()


def _beta(
    mean: Float[Tensor, " fast"],
    variance: Float[Tensor, " fast"],
    stream: CellStream,
    chosen: Bool[Tensor, "slots cells"],
) -> Float[Tensor, " fast"]:
    """Beta numbers with given moments for the chosen slots: X/(X + Y), X and Y gamma.

    Gamma(a) is Gamma(a + 1)·U^(1/a), and Gamma(a + 1) by the cube of a normal number (key:
    wilson1931chi), good to 1 % of both moments from a + 1 ≥ 1.
    """
    size = (mean * (1 - mean) / variance.clamp(min=1e-12) - 1).clamp(min=1e-3)
    slots = chosen.shape[0]
    z = stream.normal("trap average", 2 * slots)
    u = stream.uniform("trap average", 2 * slots)
    logs = []
    for shape, half in (
        (mean * size, slice(slots)),
        ((1 - mean) * size, slice(slots, None)),
    ):
        a = shape + 1
        root = 1 - 1 / (9 * a) + z[half][chosen] / (3 * a.sqrt())
        logs.append(
            a.log() + 3 * root.clamp(min=1e-4).log() + u[half][chosen].log() / shape
        )
    return 1 / (1 + torch.exp(logs[1] - logs[0]))


@configuration
@dataclass(frozen=True, slots=True)
class TelegraphNoise:
    r"""Birth of incomplete channels by switching, their death by sub-threshold pulses.

    A step :math:`\Delta G` leaves a Poisson number of channels with mean
    :math:`\lambda_0 (1 - e^{-|\Delta G| / \Delta G_s})`. A sub-threshold pulse of amplitude
    :math:`V` and width :math:`t` resolves a channel with probability

    .. math:: 1 - (1 - p_{max})^{\,\sigma((|V| - V_c)/V_w)\; t / t_d} ,

    so that two pulses of half the width do exactly what one of the full width does.

    Args:
        slots: Incomplete channels a cell can have; a further one merges the weakest (1).
        births: Mean number of channels after a large step, λ₀ (1).
        birth_step: Step at which births saturate, ΔG_s (S).
        amplitude: Median conductance of a channel (S).
        amplitude_spread: Standard deviation of its logarithm (1).
        amplitude_max: Largest conductance of a channel (S).
        shortest: Shortest time constant (s); times are log-uniform between the two.
        longest: Longest time constant (s).
        asymmetry: Standard deviation of ln(τc/τe) (1).
        cleaning_low: Lowest cleaning voltage, as a fraction of the switching voltage (1).
        cleaning_high: Highest cleaning voltage, as a fraction of the switching voltage (1).
        cleaning_slope: Width of the logistic onset of cleaning, V_w (V).
        cleaning_probability: Probability to resolve a channel well above its onset, p_max (1).
        cleaning_width: Pulse width of that statement, t_d (s).
        spawning: Probability that such a pulse leaves a new channel (1).
        boost: Voltage for which trapping and release run e times faster (V).
        boost_from: Voltage at which the time constants are stated (V).
    """

    slots: int
    births: float
    birth_step: float
    amplitude: float
    amplitude_spread: float
    amplitude_max: float
    shortest: float
    longest: float
    asymmetry: float
    cleaning_low: float
    cleaning_high: float
    cleaning_slope: float
    cleaning_probability: float
    cleaning_width: float
    spawning: float
    boost: float
    boost_from: float

    references: ClassVar = (
        "rao2023",
        "machlup1954noise",
        "kirton1989",
        "wilson1931chi",
    )

    def __post_init__(self) -> None:
        for name, unit in (
            ("slots", "1"),
            ("birth_step", "S"),
            ("amplitude", "S"),
            ("amplitude_max", "S"),
            ("shortest", "s"),
            ("longest", "s"),
            ("cleaning_slope", "V"),
            ("cleaning_width", "s"),
            ("boost", "V"),
        ):
            check_positive(getattr(self, name), name, unit)
        for name in ("births", "amplitude_spread", "asymmetry", "boost_from"):
            check_not_negative(getattr(self, name), name, "1")
        for name in (
            "cleaning_low",
            "cleaning_high",
            "cleaning_probability",
            "spawning",
        ):
            check_between(getattr(self, name), name, 0.0, 1.0, "1")

    def born(
        self,
        step: Float[Tensor, " cells"],
        stream: CellStream,
        worn: float | Float[Tensor, " cells"] = 1.0,
    ) -> Int64[Tensor, " cells"]:
        """Number of channels that steps of this size leave behind (1): Poisson, at most 8.

        Args:
            step: Steps of the core (S). Shape (cells,).
            stream: Randomness.
            worn: Factor on their mean number, see `Endurance` (1).
        """
        mean = self.births * -torch.expm1(-step.abs() / self.birth_step) * worn
        draw = stream.uniform("births")[0]
        term = torch.exp(-mean)
        cumulative = term.clone()
        number = torch.zeros_like(draw, dtype=torch.int64)
        for k in range(1, 9):
            more = draw > cumulative
            if not more.any():
                break
            number += more
            term = term * mean / k
            cumulative += term
        return number

    def resolved(
        self,
        traps: Traps,
        amplitude: Float[Tensor, "train cells"],
        width: float,
        draw: Float[Tensor, "slots train cells"],
    ) -> Bool[Tensor, "slots train cells"]:
        """Which channels each pulse of a sub-threshold train would resolve if it met them.

        Args:
            traps: The channels.
            amplitude: Voltage at each cell (V); 0 does nothing. Shape (train, cells).
            width: Duration of each pulse (s).
            draw: Uniform numbers that decide (1).
        """
        onset = traps.cleaning_voltage[:, None]
        drive = 1 / (1 + torch.exp((onset - amplitude.abs()) / self.cleaning_slope))
        keep = (
            math.log1p(-min(self.cleaning_probability, 1 - 1e-7))
            * width
            / self.cleaning_width
        )
        probability = -torch.expm1(keep * drive)
        return (draw <= probability) & (traps.amplitude[:, None] > 0) & (amplitude != 0)

    def boosted(
        self, amplitude: Float[Tensor, "*shape"], width: float
    ) -> Float[Tensor, "*shape"]:
        """Further time at the read voltage that ages the traps as much as this pulse does (s).

        Nothing at and below the voltage at which the time constants are stated.
        """
        excess = (amplitude.abs() - self.boost_from).clamp_(min=0) / self.boost
        return width * torch.expm1(excess).clamp_(max=1e9)

    def new(
        self, switching_voltage: Float[Tensor, " cells"], stream: CellStream
    ) -> Traps:
        """One fresh channel for each cell.

        Args:
            switching_voltage: Voltage that the cleaning voltage is a fraction of (V).
            stream: Randomness.
        """
        z = stream.normal("channel", 2)
        u = stream.uniform("channel", 3)
        decades = math.log(self.longest / self.shortest)
        centre = self.shortest * torch.exp(decades * u[0])
        half = torch.exp(0.5 * self.asymmetry * z[1])
        amplitude = self.amplitude * torch.exp(self.amplitude_spread * z[0])
        fraction = self.cleaning_low + (self.cleaning_high - self.cleaning_low) * u[1]
        capture = centre * half
        emission = centre / half
        return Traps(
            amplitude.clamp_(max=self.amplitude_max)[None],
            capture[None],
            emission[None],
            (fraction * switching_voltage)[None],
            (u[2] <= emission / (capture + emission))[None],
        )
