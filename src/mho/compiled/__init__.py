"""Plain Python functions of numbers, compiled: one source for every law of a cell.

Arithmetic and random numbers that are the same on every processor, records of numbers, and
kernels that are compiled when they are first called and kept on disk. Nothing here knows of
cells; the compiler is imported with the first call of a kernel.
"""

from mho.compiled.arithmetic import (
    F,
    Real,
    cos_turns,
    exp,
    expm1,
    log,
    log1p,
    log10,
    power,
    sin_turns,
)
from mho.compiled.build import Kernels, cache_folder
from mho.compiled.draws import (
    U,
    Word,
    at_event,
    child,
    child_purpose,
    child_purposes,
    draw_pairs,
    draw_singles,
    normal,
    normal_of,
    normal_pair,
    normal_purpose,
    normals_of,
    of_cell,
    purpose,
    uniform,
    uniform_of,
    uniform_pair,
    uniform_slot,
    uniforms_of,
)
from mho.compiled.plain import KernelsOrPlain
from mho.compiled.records import (
    Column,
    Numbers,
    Record,
    Table,
    numbers_record,
    numbers_type,
    record_type,
)
from mho.compiled.sentences import LawError
from mho.compiled.threads import in_threads, threads_for_kernels
from mho.compiled.translate import Laws, bare, fingerprint, used_by

__all__ = [
    "Column",
    "F",
    "Kernels",
    "KernelsOrPlain",
    "LawError",
    "Laws",
    "Numbers",
    "Real",
    "Record",
    "Table",
    "U",
    "Word",
    "at_event",
    "bare",
    "cache_folder",
    "child",
    "child_purpose",
    "child_purposes",
    "cos_turns",
    "draw_pairs",
    "draw_singles",
    "exp",
    "expm1",
    "fingerprint",
    "in_threads",
    "log",
    "log1p",
    "log10",
    "normal",
    "normal_of",
    "normal_pair",
    "normal_purpose",
    "normals_of",
    "numbers_record",
    "numbers_type",
    "of_cell",
    "power",
    "purpose",
    "record_type",
    "sin_turns",
    "threads_for_kernels",
    "uniform",
    "uniform_of",
    "uniform_pair",
    "uniform_slot",
    "uniforms_of",
    "used_by",
]
