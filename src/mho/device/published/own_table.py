"""Cells as in a file of measured steps, by the word `steps.csv`; no code is run for one."""

import hashlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from mho.device.kinds import MeasuredSteps
from mho.device.published.own import OwnPreset, own_preset
from mho.device.values import Preset

_PLAIN = (".csv", ".npz")
"""Endings of files that may have the columns of measured steps."""
_ENDINGS = (
    *_PLAIN,
    ".csv.gz",
    ".tsv",
    ".txt",
    ".mat",
    ".h5",
    ".hdf5",
    ".parquet",
)
"""Endings of files that a table of steps may stand in."""
_ALIKE = (
    " The file names no cells: all spread is taken to be from pulse to pulse, which a closed loop"
    " averages away, so that chips look better than they are."
)


def is_table(word: str) -> bool:
    """Whether a word names a file of measured steps.

    >>> is_table("lab/steps.csv"), is_table("pulses.mat"), is_table("rao2023")
    (True, True, False)
    """
    return word.endswith(_ENDINGS)


def table_preset(word: str) -> Preset:
    """The preset around cells of a file of measured steps.

    Args:
        word: The file: measured steps (see `MeasuredSteps.from_file`), or whatever else
            `mho characterise` reads as pulses that say their amplitudes.

    Raises:
        ValueError: It cannot be read, or is no table of steps.
    """
    try:
        content = Path(word).read_bytes()
    except OSError:
        content = b""  # reading it again says why
    return _made(word, hashlib.sha256(content).hexdigest())


@lru_cache(4)
def _made(word: str, content: str) -> Preset:
    """The preset of a file with this content."""
    del content
    kind = _cells(Path(word))
    return replace(told(own_preset(kind), kind), name=Path(word).stem)


def _cells(path: Path) -> MeasuredSteps:
    """Cells of a file: by the columns of measured steps, else as labs write them."""
    named = path.suffix in _PLAIN
    if not path.is_file() or (named and MeasuredSteps.is_plain(path)):
        return MeasuredSteps.from_file(path)
    try:
        return MeasuredSteps.from_lab([path])
    except ValueError as error:
        said = str(error)
        if "; give `" not in said:
            raise
        raise ValueError(
            f"{said.rstrip('.')}, in `[cell]` of a preset file that names it as `table`."
        ) from None


def told(made: OwnPreset, kind: MeasuredSteps) -> OwnPreset:
    """A preset around measured steps that says where they hold.

    Args:
        made: The preset.
        kind: Its cells.
    """
    number = len(kind.table.volts)
    return replace(
        made,
        summary=f"cells whose steps were measured, at {number} amplitudes",
        validity=(
            "Within the measured range, amplitudes and width. Nothing is known of noise of reads,"
            " of retention and of arrays; all that is not a step is a choice."
            + ("" if kind.table.knows_cells else _ALIKE)
        ),
    )
