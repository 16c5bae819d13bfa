"""Compiled networks and programmed chips as files.

Flat files of tensors and plain JSON that last; nothing in them is ever executed.
"""

from mho.deployment.storage.compiled_network import (
    IMAGE_KIND,
    CompiledNetwork,
    Provenance,
    check_all_used,
    check_fits,
    check_placement,
    compile_image,
    image_parts,
    load_image,
    read_image,
    save_image,
)
from mho.deployment.storage.digital_settings import Tuning, check_tuning
from mho.deployment.storage.packed_file import (
    load,
    pack,
    read_kind,
    refusing,
    save,
    strict_json,
)
from mho.deployment.storage.plain_values import Reader, Writer
from mho.deployment.storage.programmed_chip import (
    CHIP_KIND,
    ProgrammedChip,
    load_chip,
    save_chip,
)
from mho.deployment.storage.provenance import provenance_of

__all__ = [
    "CHIP_KIND",
    "IMAGE_KIND",
    "CompiledNetwork",
    "ProgrammedChip",
    "Provenance",
    "Reader",
    "Tuning",
    "Writer",
    "check_all_used",
    "check_fits",
    "check_placement",
    "check_tuning",
    "compile_image",
    "image_parts",
    "load",
    "load_chip",
    "load_image",
    "pack",
    "provenance_of",
    "read_image",
    "read_kind",
    "refusing",
    "save",
    "save_chip",
    "save_image",
    "strict_json",
]
