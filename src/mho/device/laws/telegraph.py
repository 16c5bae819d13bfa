"""Random telegraph noise: incomplete channels that a trapped electron switches off and on.

Beside the metallic core lie up to a few incomplete channels. Each carries some conductance while
its trap is empty and none while it is filled. Switching leaves new ones behind; a sub-threshold
pulse completes one (its conductance joins the core) or dissolves it. (Key: rao2023.)
"""

from dataclasses import dataclass
from typing import ClassVar

from mho.checks import (
    Configuration,
    check_between,
    check_not_negative,
    check_positive,
)


@dataclass(frozen=True, slots=True)
class TelegraphNoise(Configuration):
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
