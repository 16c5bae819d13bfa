"""Numbers of waits as values of a preset: those that were fitted, and what stands around them."""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from mho.device.published import Confidence, Preset, Value
from mho.fitting.engine import FittedLaw
from mho.fitting.presets import fitted_value

LIKELIEST = "not determined by the data; where their likelihood is largest"
RENEWAL = 60e-6
"""Step that renews most of a relaxation where the base does not say (S)."""


def fitted_values(laws: Iterable[FittedLaw]) -> dict[str, Value]:
    """Numbers that stand in a preset; one that is not determined is where it is likeliest.

    A coefficient of a polynomial means nothing without the others: the base's would not fit.

    Args:
        laws: What was fitted.
    """
    found = {}
    for law in laws:
        for one in law.parameters:
            if "." not in one.name:
                continue
            value = fitted_value(one)
            if not one.determined:
                value = replace(
                    value,
                    confidence=Confidence.CHOICE,
                    interval=None,
                    note=LIKELIEST,
                )
            found[one.name] = value
    return found


class Around:
    """Values that are not fitted, with the files that they stand beside.

    Args:
        base: Preset that lends.
        source: Names of the files.
    """

    def __init__(self, base: Preset, source: str) -> None:
        self.base = base
        self.source = source

    def choice(self, value: float, unit: str, note: str) -> Value:
        """A number that nobody measured."""
        return Value(value, unit, self.source, Confidence.CHOICE, note)

    def follows(self, value: float, unit: str, note: str) -> Value:
        """A number that follows from the data without an interval."""
        return Value(value, unit, self.source, Confidence.INFERRED, note)

    def renewal(self) -> Value:
        """The step that starts a relaxation anew: waits do not tell it."""
        name = "relaxation.renewal_step"
        if name in self.base.values:
            return replace(
                self.base.values[name],
                confidence=Confidence.CHOICE,
                interval=None,
                note=f"not determined by the data: kept from {self.base.name}",
            )
        return self.choice(
            RENEWAL, "S", "not determined by the data; as `rao2023`"
        )

    def reference(self) -> float:
        """Temperature at which the base states its laws (K)."""
        value = self.base.values.get("temperature.reference")
        return 300.0 if value is None else value.value


def filled(
    law: type, values: Mapping[str, Value], around: Around, note: str
) -> dict[str, Value]:
    """All numbers of a law of relaxation: coefficients that were not asked of the data are 0.

    Args:
        law: The law.
        values: What is known.
        around: Makes the rest.
        note: Why the rest is 0.
    """
    found = dict(values)
    for one in fields(law):
        full = f"relaxation.{one.name}"
        if full not in found:
            unit = "S" if "median" in one.name else "1"
            found[full] = around.choice(0.0, unit, note)
    return found
