"""From fitted laws to a preset: what rests on data, and what is kept from the base.

`filament_preset` puts numbers into a base of the same laws; `ramp_preset` makes cells of another
kind, lending from the base what ramps do not show.
"""

from mho.fitting.presets.filament import filament_preset
from mho.fitting.presets.origins import (
    PresetRow,
    is_fitted,
    preset_rows,
)
from mho.fitting.presets.ramps import ramp_preset

__all__ = [
    "PresetRow",
    "filament_preset",
    "is_fitted",
    "preset_rows",
    "ramp_preset",
]
