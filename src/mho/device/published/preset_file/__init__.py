"""Presets as files that people write and change: TOML, a unit in every number, nothing executed.

`read_preset_file` makes a `Preset` of such a file, or says in one sentence what is wrong in which
line; `write_preset_file` writes any preset that is made of numbers, so that reading gives the
identical cells back.
"""

from mho.device.published.preset_file.reader import (
    preset_of_text,
    read_preset_file,
)
from mho.device.published.preset_file.schema import SCHEMA, kind_names
from mho.device.published.preset_file.writer import (
    preset_text,
    write_preset_file,
)

__all__ = [
    "SCHEMA",
    "kind_names",
    "preset_of_text",
    "preset_text",
    "read_preset_file",
    "write_preset_file",
]
