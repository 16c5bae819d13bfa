"""Files that are whole or not there, and folders of runs that can be interrupted.

`RunFolder` is what every command that takes time works in: see `RunFolder.open`.
"""

from mho.files import checkpoint, disk
from mho.files.folder_lock import lock_owner, locked
from mho.files.kept_parts import KeptState
from mho.files.live import LIVE, STALE, WATCH, LiveFile
from mho.files.memory import (
    TooLargeError,
    allow_memory,
    allowed_memory,
    check_memory,
    parse_memory,
)
from mho.files.readable import readable_file
from mho.files.run_folder import WORK, RunFolder, complete_finished
from mho.files.run_marks import command_in, made_in, run_identity
from mho.files.value_identity import NOT_IDENTITY, canonical, identity, named
from mho.files.write_whole import (
    is_part,
    is_plain,
    probe,
    write_out,
    write_whole,
)

__all__ = [
    "LIVE",
    "NOT_IDENTITY",
    "STALE",
    "WATCH",
    "WORK",
    "KeptState",
    "LiveFile",
    "RunFolder",
    "TooLargeError",
    "allow_memory",
    "allowed_memory",
    "canonical",
    "check_memory",
    "checkpoint",
    "command_in",
    "complete_finished",
    "disk",
    "identity",
    "is_part",
    "is_plain",
    "lock_owner",
    "locked",
    "made_in",
    "named",
    "parse_memory",
    "probe",
    "readable_file",
    "run_identity",
    "write_out",
    "write_whole",
]
