"""What commands share: words on the terminal, tables, progress, and what options stand for.

Names are imported when they are first used: what prints a help or refuses an option needs neither
torch nor the tables.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mho.cli.shared.many_workers import COLLECT_AFTER, with_workers
from mho.cli.shared.memory_option import HELP, max_memory, split_max_memory
from mho.cli.shared.signs import speak_plainly
from mho.cli.shared.words import disk_full, interrupted, say

if TYPE_CHECKING:
    from mho.cli.shared.arrays import load_arrays
    from mho.cli.shared.chips import info_of, tolerance_of
    from mho.cli.shared.layer_table import print_layer_errors
    from mho.cli.shared.operation_table import print_operations
    from mho.cli.shared.output import (
        array_size,
        check_outputs,
        check_writable,
        names,
        passive_rows,
        print_rows,
        progress_bars,
        quantity,
        resistance,
        tell,
        temperature,
        write_json,
    )
    from mho.cli.shared.programmed_table import programmed, programmed_rows
    from mho.cli.shared.samples import (
        course_rows,
        given_wires,
        output_file,
        rehearse,
        scale_rows,
        test_data,
    )
    from mho.cli.shared.threads import with_threads

_LATE = {
    "arrays": ("load_arrays",),
    "chips": ("info_of", "tolerance_of"),
    "layer_table": ("print_layer_errors",),
    "operation_table": ("print_operations",),
    "output": (
        "array_size",
        "check_outputs",
        "check_writable",
        "names",
        "passive_rows",
        "print_rows",
        "progress_bars",
        "quantity",
        "resistance",
        "tell",
        "temperature",
        "write_json",
    ),
    "programmed_table": ("programmed", "programmed_rows"),
    "samples": (
        "course_rows",
        "given_wires",
        "output_file",
        "rehearse",
        "scale_rows",
        "test_data",
    ),
    "threads": ("with_threads",),
}
"""Where each name lives that is imported late."""

_HOME = {name: file for file, there in _LATE.items() for name in there}

__all__ = [
    "COLLECT_AFTER",
    "HELP",
    "array_size",
    "check_outputs",
    "check_writable",
    "course_rows",
    "disk_full",
    "given_wires",
    "info_of",
    "interrupted",
    "load_arrays",
    "max_memory",
    "names",
    "output_file",
    "passive_rows",
    "print_layer_errors",
    "print_operations",
    "print_rows",
    "programmed",
    "programmed_rows",
    "progress_bars",
    "quantity",
    "rehearse",
    "resistance",
    "say",
    "scale_rows",
    "speak_plainly",
    "split_max_memory",
    "tell",
    "temperature",
    "test_data",
    "tolerance_of",
    "with_threads",
    "with_workers",
    "write_json",
]


def __getattr__(name: str) -> Any:
    """A name, imported on first use."""
    if name not in _HOME:
        raise AttributeError(
            f"module `mho.cli.shared` has no attribute `{name}`"
        )
    value = getattr(import_module(f"mho.cli.shared.{_HOME[name]}"), name)
    globals()[name] = value
    return value
