"""Relaxation: the conductance creeps after a cell was switched, fast first, slower later."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from mho.checks import Configuration, check_not_negative, check_positive
from mho.compiled import (
    Column,
    F,
    Numbers,
    Real,
    Record,
    Word,
    draw_singles,
    expm1,
    log,
    log1p,
    normal,
    normal_purpose,
)

_RELAXATION = normal_purpose("relaxation")


@dataclass(frozen=True, slots=True)
class Relaxation(Configuration):
    r"""A cell's deviation is its own random number times a law in conductance and time.

    .. math::
        \sigma(G, t) = k\,\left[(r G + a) \min\!\left(1,
        \frac{\ln(1 + t/t_0)}{\ln(1 + 1\,\mathrm{s}/t_0)}\right) + g \ln\max(t/1\,\mathrm{s}, 1)
        \right] .

    A pulse that moves the cell by :math:`\Delta G` renews the share
    :math:`s = 1 - e^{-|\Delta G|/\Delta G_s}` of the relaxing state: a big step starts it anew, a
    trimming step hardly touches it. Old and new enter the cell's random number as
    :math:`\sqrt{1-s}` and :math:`\sqrt{s}`, so its variance stays 1 however often a cell is
    trimmed, and the conductance itself never jumps by a renewal.

    Args:
        scale: Strength relative to the published HfOₓ cells, k (1).
        relative: Deviation after 1 s per conductance, r (1).
        absolute: Deviation after 1 s at zero conductance, a (S).
        growth: Further deviation per e-fold of time after 1 s, g (S).
        onset: Time at which relaxation starts, t₀ (s).
        renewal_step: Step that renews most of it, ΔG_s (S).
    """

    scale: float
    relative: float
    absolute: float
    growth: float
    onset: float
    renewal_step: float

    references: ClassVar = ("wan2022",)

    def __post_init__(self) -> None:
        for name, unit in (
            ("scale", "1"),
            ("relative", "1"),
            ("absolute", "S"),
            ("growth", "S"),
        ):
            check_not_negative(getattr(self, name), name, unit)
        check_positive(self.onset, "onset", "s")
        check_positive(self.renewal_step, "renewal_step", "S")

    def derived(self) -> Numbers:
        """What the scalar law needs besides the fields."""
        return {"in_a_second": math.log1p(1 / self.onset)}

    def state_column(self) -> Column:
        """What a cell remembers of its relaxation: one standard normal number."""
        return "f4"

    def scalar_shift(self) -> Callable[..., Real]:
        """The law for one cell."""
        return relaxation_shift

    def scalar_renewal(self) -> Callable[..., None]:
        """How a step renews a cell's number."""
        return renew_number

    def of_many(self) -> tuple[Callable[..., Any], Callable[..., None]]:
        """What many cells remember, and how steps renew it."""
        return remembered_numbers, renew_numbers


def relaxation_shift(
    law: Record, core: Real, age: Real, strength: Real
) -> Real:
    """Deviation of a cell (S), given its own standard normal number (1).

    Args:
        law: The numbers of `Relaxation`.
        core: Conductance at the switching (S).
        age: Time since then, at the reference temperature (s).
        strength: The cell's number (1).
    """
    after_a_second = core * law.relative + law.absolute
    # from 0 at the switching to 1 after a second, and no growth before
    progress = log1p(age / law.onset) / law.in_a_second
    grown = log(max(age, F(1))) * law.growth
    # both in any case: loops without branches are quick
    early = progress * after_a_second
    late = after_a_second + grown
    size = early if age < F(1) else late
    return size * law.scale * strength


def renewed_share(law: Record, step: Real) -> Real:
    """Share of the relaxing state that a step of this size renews (1)."""
    return -expm1(-abs(step) / law.renewal_step)


def renew_number(cell: Record, p: Record, share: Real, draw: Word) -> None:
    """Renew a share of a cell's number; its variance stays 1 however often a cell is trimmed.

    Args:
        cell: The cell.
        p: The numbers of the kind.
        share: Share that is renewed (1).
        draw: Randomness of the event.
    """
    cell.relaxing = _mixed(cell.relaxing, share, normal(draw, _RELAXATION))


def remembered_numbers(state: Any, cells: Any) -> Any:
    """The numbers of some cells (1). Shape (cells,)."""
    found = np.empty(cells.shape[0], np.float32)
    for i in range(cells.shape[0]):
        found[i] = state[cells[i]].relaxing
    return found


def renew_numbers(
    state: Any, p: Record, cells: Any, shares: Any, draws: Any, relaxing: Any
) -> None:
    """Renew the numbers of many cells, step by step.

    Args:
        state: State of all cells.
        p: The numbers of the kind.
        cells: Numbers of the cells. Shape (cells,).
        shares: Share that is renewed of each (1). Shape (cells,).
        draws: Randomness of each one's event. Shape (cells,).
        relaxing: What `remembered_numbers` gave, renewed too.
    """
    count = draws.shape[0]
    fresh = np.empty(count, np.float32)
    spare = np.empty(count, np.float32)
    draw_singles(draws, count, _RELAXATION, fresh, spare)
    for i in range(count):
        relaxing[i] = _mixed(relaxing[i], shares[i], fresh[i])
    for i in range(count):
        state[cells[i]].relaxing = relaxing[i]


def _mixed(old: Real, share: Real, fresh: Real) -> Real:
    """A number of which a share is renewed (1); its variance stays 1."""
    kept = np.sqrt(F(1) - share) * old
    return kept + np.sqrt(share) * fresh
