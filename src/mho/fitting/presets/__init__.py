"""From fitted laws to a preset: what rests on data, and what is kept from the base.

`ramp_preset` makes cells of a kind that ramps tell of; the base lends what they do not show.
`merged_preset` adds what other data tell, a `Part` for each kind of data.
"""

from mho.fitting.presets.merge import merged_preset
from mho.fitting.presets.origins import (
    REACH,
    PresetRow,
    fitted_value,
    is_fitted,
    preset_rows,
)
from mho.fitting.presets.part import Part
from mho.fitting.presets.ramps import ramp_preset

__all__ = [
    "REACH",
    "Part",
    "PresetRow",
    "fitted_value",
    "is_fitted",
    "merged_preset",
    "preset_rows",
    "ramp_preset",
]
