"""What one kind of data gives to a preset, beside the cells that ramps suggest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mho.device.published import Value
from mho.fitting.engine import Curve, FittedLaw


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Laws that were fitted to some files, and the numbers of a preset that follow.

    Args:
        laws: Fitted laws.
        values: Numbers by group and field, only such as the data tell.
        told: What else is to be said, a sentence each.
        curves: Data against fit.
        replaced: Laws that take the place of the base's, by group; `values` then gives every
            number of the group.
        rivals: Schwarz's criterion of laws that were tried, by their titles (1).
    """

    laws: tuple[FittedLaw, ...]
    values: Mapping[str, Value]
    told: tuple[str, ...] = ()
    curves: tuple[Curve, ...] = ()
    replaced: Mapping[str, type] = field(default_factory=dict)
    rivals: Mapping[str, float] = field(default_factory=dict)
