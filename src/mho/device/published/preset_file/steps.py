"""Cells of measured steps in a preset file: by files of a lab, or the whole table in it."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from mho.checks import RefusedError, one_line
from mho.device.kinds import LabSteps, MeasuredSteps, StepTable
from mho.device.published.own import OwnPreset, own_preset
from mho.device.published.own_table import told
from mho.device.published.preset_file.places import Source
from mho.device.published.preset_file.quantities import quantity, shown
from mho.device.values import Confidence, Preset

STEPS = "steps"
"""Table with the whole of a table of steps."""
KEYS = ("table", "as", "amplitude", "width", "unit")
"""Keys of `[cell]` that say what files of steps there are, and what these do not say."""
OF_DATA = ("cell.low", "cell.high", "cell.gain_spread")
"""Numbers that files of steps have told."""
_ENTRIES = (
    "amplitudes_V",
    "nodes_S",
    "steps_S",
    "width_s",
    "gain_spread",
    "knows_cells",
)
_LARGEST = 1e6
_MOST = 64
"""Amplitudes, and files, at most (1)."""
_KINDS = ("pulses", "responses", "steps")
"""Kinds of files of steps; told by their columns where the file does not say it."""
_UNITS = ("1", "S", "mS", "uS", "nS")


def steps_template(
    source: Source, tables: Mapping[str, Any], folder: Path | None
) -> OwnPreset:
    """A preset around cells of measured steps.

    Args:
        source: The preset file, for sentences.
        tables: What stands in it.
        folder: Where it lies; `None` if no other file may be read for it.

    Raises:
        ValueError: There are no steps, or such as make no sense.
    """
    cell = tables.get("cell", {})
    if STEPS in tables:
        kept = _kept(source, tables[STEPS], cell)
        return told(own_preset(kept), kept)
    if "table" not in cell or folder is None:
        source.refuse(
            "cell",
            "",
            'must name a file of steps, but does not; write `table = "steps.csv"`',
        )
    names = _list(source, cell, "table")
    if not all(isinstance(name, str) and name for name in names):
        source.refuse(
            "cell", "table", f"must name files, but is {shown(names)}"
        )
    paths = tuple(folder / name for name in names)
    given = _given(source, cell)
    try:
        digests = tuple(_digest(path) for path in paths)
        kind = _read(paths, given, digests)
    except (ValueError, OSError) as error:
        said = one_line(str(error))
        if isinstance(error, OSError) and error.strerror:
            said = f"`{error.filename}` cannot be read ({error.strerror})"
        source.refuse("cell", "table", f"must name files of steps, but: {said}")
    files = ", ".join(Path(name).name for name in names)
    return _from_data(told(own_preset(kind), kind), files)


def _digest(path: Path) -> str:
    """Checksum of a file; of the files beside it that its name speaks of, none is needed."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@lru_cache(4)
def _read(
    paths: tuple[Path, ...], given: LabSteps, digests: tuple[str, ...]
) -> MeasuredSteps:
    """Cells of files with these contents, which are read once."""
    del digests
    if len(paths) == 1 and given == LabSteps():
        plain = paths[0].suffix in (".csv", ".npz")
        if plain and MeasuredSteps.is_plain(paths[0]):
            return MeasuredSteps.from_file(paths[0])
    return MeasuredSteps.from_lab(paths, given)


def _from_data(made: OwnPreset, files: str) -> OwnPreset:
    """The preset, with the numbers that its table told as fitted."""
    values = dict(made.values)
    for full in OF_DATA:
        values[full] = replace(
            values[full],
            source=files,
            confidence=Confidence.FITTED,
            note="as measured",
        )
    return replace(made, values=values)


def _given(source: Source, cell: Mapping[str, Any]) -> LabSteps:
    """What `[cell]` says of files of steps."""
    amplitudes = None
    if "amplitude" in cell:
        said = _list(source, cell, "amplitude")
        amplitudes = tuple(
            _number(source, "amplitude", one, "V") for one in said
        )
    unit = _word(source, cell, "unit", _UNITS)
    kind = _word(source, cell, "as", _KINDS)
    width, low, high = (
        _number(source, key, _bare(cell[key]), symbol) if key in cell else None
        for key, symbol in (("width", "s"), ("low", "S"), ("high", "S"))
    )
    try:
        return LabSteps(amplitudes, width or 0.0, unit, low, high, kind)
    except ValueError as error:
        rest = str(error).partition("` ")[2]
        source.refuse("cell", "amplitude", rest)


def _word(
    source: Source, cell: Mapping[str, Any], key: str, choices: tuple[str, ...]
) -> str | None:
    """One of the words that a key may have; `None` if it is not there."""
    said = cell.get(key)
    if said is None:
        return None
    if not isinstance(said, str):
        source.refuse("cell", key, f"must be a word, but is {shown(said)}")
    source.check_word(said, "cell", key, choices)
    return said


def _bare(said: object) -> object:
    """The value of a number that also says where it comes from."""
    return said.get("value") if isinstance(said, dict) else said


def _number(source: Source, key: str, said: object, unit: str) -> float:
    try:
        return quantity(said, unit)
    except RefusedError as error:
        source.refuse("cell", key, str(error))


def _list(source: Source, cell: Mapping[str, Any], key: str) -> list[Any]:
    """One or several of a key."""
    said = cell[key]
    found = said if isinstance(said, list) else [said]
    if not 1 <= len(found) <= _MOST:
        source.refuse(
            "cell", key, f"must be 1 to {_MOST}, but is {shown(said)}"
        )
    return found


def _kept(
    source: Source, said: Mapping[str, Any], cell: Mapping[str, Any]
) -> MeasuredSteps:
    """Cells of a table that stands in the preset file itself.

    Raises:
        ValueError: It is none.
    """
    _check_entries(source, said)
    try:
        table = StepTable.of_lists(
            said["amplitudes_V"],
            said["nodes_S"],
            said["steps_S"],
            width=float(said["width_s"]),
            gain_spread=float(said["gain_spread"]),
            knows_cells=said["knows_cells"],
        )
    except (ValueError, TypeError, OverflowError) as error:
        source.refuse(STEPS, "", f"must be a table of steps, but {error}")
    ends = [end for nodes in table.nodes for end in (nodes[0], nodes[-1])]
    numbers = {"low": min(ends), "high": max(ends), "gain_spread": 0.0}
    for key, unit in (("low", "S"), ("high", "S"), ("gain_spread", "1")):
        if key in cell:
            numbers[key] = _number(source, key, _bare(cell[key]), unit)
    try:
        return MeasuredSteps(table, **numbers)
    except ValueError as error:
        source.refuse("cell", "low", str(error).partition("` ")[2])


def _check_entries(source: Source, said: Mapping[str, Any]) -> None:
    """Refuse a table `[steps]` that lacks something, or has numbers that are none."""
    for key in said:
        source.check_name(key, STEPS, _ENTRIES)
    for key in _ENTRIES:
        if key not in said:
            source.refuse(STEPS, "", f"must have `{key}`, but has not")
    for key in ("width_s", "gain_spread"):
        number = said[key]
        plain = isinstance(number, int | float) and not isinstance(number, bool)
        if not plain or not 0 <= number < _LARGEST:
            source.refuse(
                STEPS,
                key,
                f"must be a number that is not negative, but is {shown(number)}",
            )
    if not isinstance(said["knows_cells"], bool):
        source.refuse(
            STEPS, "knows_cells", "must be true or false, but is neither"
        )


def steps_lines(preset: Preset) -> list[str]:
    """The table `[steps]` of a preset; none if its cells have no such table."""
    cell = preset.cell()
    if not isinstance(cell, MeasuredSteps):
        return []
    table = cell.table
    amplitudes, nodes, steps = table.as_lists()
    return [
        "",
        f"[{STEPS}]",
        f"width_s = {table.width!r}",
        f"gain_spread = {table.gain_spread!r}",
        f"knows_cells = {str(table.knows_cells).lower()}",
        f"amplitudes_V = {amplitudes!r}",
        f"nodes_S = {nodes!r}",
        f"steps_S = {steps!r}",
    ]
