"""Flat files of tensors and plain JSON, with a checksum over every byte.

Images, chips and the state of unfinished runs are such files. A file from anywhere may be read:
sizes are looked at before memory is taken, and nothing in it is ever executed.
"""

from mho.files.packed.file import (
    Packed,
    load,
    pack,
    read,
    read_about,
    read_kind,
    refusing,
    save,
    unpack,
)
from mho.files.packed.header import VERSION, strict_json

__all__ = [
    "VERSION",
    "Packed",
    "load",
    "pack",
    "read",
    "read_about",
    "read_kind",
    "refusing",
    "save",
    "strict_json",
    "unpack",
]
