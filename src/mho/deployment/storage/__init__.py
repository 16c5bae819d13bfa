"""Compiled networks and programmed chips as files.

Flat files of tensors and plain JSON that last; nothing in them is ever executed. Classes and
fields stand in them under names of one table that only grows, `names`.
"""

from mho.deployment.storage.compiled_network import (
    CompiledNetwork,
    Provenance,
    compile_image,
)
from mho.deployment.storage.digital_settings import Tuning
from mho.deployment.storage.file_kinds import (
    CHIP,
    IMAGE,
    image_parts,
    load_chip,
    load_image,
    read_image,
    save_chip,
    save_image,
)
from mho.deployment.storage.image_checks import (
    check_fits,
)
from mho.deployment.storage.mapping_names import mapping_words
from mho.deployment.storage.network_digest import network_digest
from mho.deployment.storage.plain_values import Reader, Writer
from mho.deployment.storage.programmed_chip import ProgrammedChip
from mho.deployment.storage.provenance import provenance_of
from mho.files.packed import load, pack, read_kind, refusing, save, strict_json

CHIP_KIND = CHIP.name
IMAGE_KIND = IMAGE.name

__all__ = [
    "CHIP_KIND",
    "IMAGE_KIND",
    "CompiledNetwork",
    "ProgrammedChip",
    "Provenance",
    "Reader",
    "Tuning",
    "Writer",
    "check_fits",
    "compile_image",
    "image_parts",
    "load",
    "load_chip",
    "load_image",
    "mapping_words",
    "network_digest",
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
