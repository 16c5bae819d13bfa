"""Fitted numbers in a preset of the base's own laws."""

from collections.abc import Sequence
from dataclasses import replace

from mho.device.published import Origin, Preset
from mho.fitting.engine import FittedLaw
from mho.fitting.presets.origins import correlations_of, fitted_value


def filament_preset(
    laws: Sequence[FittedLaw], base: Preset, name: str
) -> Preset:
    """The base with what data determine in place of its own numbers.

    Args:
        laws: Fitted laws; numbers without a dot in their names are told elsewhere.
        base: The preset that it builds on.
        name: What it is called.

    Raises:
        ValueError: A number is none that its law allows.
    """
    own = {}
    for law in laws:
        for found in law.parameters:
            if found.name in base.values and found.determined:
                own[found.name] = fitted_value(found)
    files = sorted({file for law in laws for file in law.data})
    shipped = base.origin.base if base.origin else base.name
    fitted = replace(
        base,
        name=name,
        summary=f"fitted to {', '.join(files)}; the rest is {base.name}'s",
        validity=(
            f"Numbers with an interval rest on {', '.join(files)}. All others are those of"
            f" {base.name}: {base.validity}"
        ),
        values=dict(base.values) | own,
        origin=Origin(
            f"{name}.toml",
            shipped,
            frozenset(own),
            correlations_of(laws, list(own)),
        ),
    )
    fitted.cell()
    return fitted
