"""Files that are whole or not there, and folders of runs that can be interrupted."""

from mho.files import checkpoint
from mho.files.memory import (
    TooLargeError,
    allow_memory,
    allowed_memory,
    check_memory,
    parse_memory,
)
from mho.files.readable import readable_file
from mho.files.run_folder import Kept, work_folder
from mho.files.value_identity import NOT_IDENTITY, canonical, identity, named
from mho.files.write_whole import write_whole

__all__ = [
    "NOT_IDENTITY",
    "Kept",
    "TooLargeError",
    "allow_memory",
    "allowed_memory",
    "canonical",
    "check_memory",
    "checkpoint",
    "identity",
    "named",
    "parse_memory",
    "readable_file",
    "work_folder",
    "write_whole",
]
