"""From fitted laws to a preset: what rests on data, and what is kept from the base.

`ramp_preset` makes cells of a kind that ramps tell of; the base lends what they do not show.
"""

from mho.fitting.presets.origins import (
    PresetRow,
    is_fitted,
    preset_rows,
)
from mho.fitting.presets.ramps import ramp_preset

__all__ = [
    "PresetRow",
    "is_fitted",
    "preset_rows",
    "ramp_preset",
]
