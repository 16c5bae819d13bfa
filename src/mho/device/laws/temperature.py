"""Temperature: the conductance itself, and how fast traps and ions move."""

import math
from dataclasses import dataclass
from typing import ClassVar

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import F, Real, Record

BOLTZMANN = 1.380649e-23
"""Boltzmann constant (J/K)."""


@dataclass(frozen=True, slots=True)
class Temperature(Configuration):
    r"""Arrhenius rates, and a coefficient that changes sign at the conductance quantum.

    A rate at temperature :math:`T` is that at the reference times

    .. math:: A(T) = \exp\!\left[\frac{E_a}{k_B} \left(\frac{1}{T_0} - \frac{1}{T}\right)\right] ,

    so a second at :math:`T` does what :math:`A` seconds at :math:`T_0` do. A metallic core
    loses conductance when it warms, a core that electrons hop through gains some:

    .. math::
        G(T) = G(T_0)\,[1 + \kappa(G) (T - T_0)], \qquad
        \kappa(G) = \alpha\,\frac{G_x - G}{G_x + G} + \sigma_\alpha z ,

    with a number :math:`z` of each cell's own. Pulses switch as at the reference.

    Args:
        reference: Temperature at which all other laws are stated, T₀ (K).
        coefficient: Size of the coefficient far from the crossover, α (1/K).
        coefficient_spread: Its standard deviation between cells, σ_α (1/K).
        crossover: Conductance at which the typical coefficient changes sign, G_x (S).
        ion_energy: Activation energy of relaxation and retention (J).
        trap_energy: Activation energy of trapping and release (J).
    """

    reference: float
    coefficient: float
    coefficient_spread: float
    crossover: float
    ion_energy: float
    trap_energy: float

    references: ClassVar = ("falcone2025", "kirton1989")

    def __post_init__(self) -> None:
        check_positive(self.reference, "reference", "K")
        check_positive(self.crossover, "crossover", "S")
        for name, unit in (
            ("coefficient", "1/K"),
            ("coefficient_spread", "1/K"),
            ("ion_energy", "J"),
            ("trap_energy", "J"),
        ):
            check_not_negative(getattr(self, name), name, unit)

    def ion_acceleration(self, temperature: float) -> float:
        """How many times faster than at the reference ions move (1)."""
        return self._arrhenius(self.ion_energy, temperature)

    def trap_acceleration(self, temperature: float) -> float:
        """How many times faster than at the reference traps fill and empty (1)."""
        return self._arrhenius(self.trap_energy, temperature)

    def _arrhenius(self, energy: float, temperature: float) -> float:
        if temperature == self.reference:
            return 1.0
        inverse = 1 / self.reference - 1 / temperature
        return math.exp(energy / BOLTZMANN * inverse)


def warming_factor(law: Record, conductance: Real, draw: Real) -> Real:
    """Conductance relative to that at the reference (1), never below 0.

    Args:
        law: The numbers of `Temperature`, and how much warmer than the reference it is.
        conductance: Conductance at the reference (S).
        draw: Standard normal number of the cell (1).
    """
    g = max(conductance, F(0))
    # +1 far below the crossover, 0 at it, −1 far above
    character = (law.crossover - g) / (law.crossover + g)
    coefficient = character * law.coefficient + draw * law.coefficient_spread
    return max(F(1) + coefficient * law.warming, F(0))
