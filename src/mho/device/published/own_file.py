"""Kinds of cells in users' own Python files, by the word `my_cells.py:Kind`.

Naming a file runs it, as Python runs any script. A file of a chip that names one does not: only
what this user has named before, unchanged, is run again. What was named is remembered by its
checksum beside the compiled kernels.
"""

import difflib
import hashlib
import importlib.util
import linecache
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from mho.checks import check_choice
from mho.compiled import cache_folder
from mho.device.model import CellModel
from mho.device.published.changed import base_word, changed, changes_in
from mho.device.published.own import own_preset
from mho.device.published.own_table import is_table, table_preset
from mho.device.published.preset_file import (
    preset_of_text,
    preset_text,
    read_preset_file,
)
from mho.device.published.shipped import PRESETS
from mho.device.values import Preset

_PRESET = ".toml"
_NAMED: dict[Path, tuple[str, ModuleType]] = {}
"""Files that were run in this process: checksum and module."""


def is_own(word: str) -> bool:
    """Whether a word names something in a file: `my_cells.py:Kind`, `steps.csv`, `mycell.toml`.

    So does a shipped preset with other numbers: what is kept of it is not its name alone.
    """
    return is_data(word) or _is_python(word)


def _is_python(word: str) -> bool:
    file, colon, name = base_word(word).rpartition(":")
    return bool(colon and name and file.endswith(".py"))


def is_data(word: str) -> bool:
    """Whether a word names a file of numbers, which is never run, or other numbers of a preset.

    >>> is_data("mycell.toml"), is_data("my_cells.py:Kind")
    (True, False)
    """
    base = base_word(word)
    is_file = is_table(base) or base.endswith(_PRESET)
    return is_file or (base != word and not _is_python(word))


def label(word: str) -> str:
    """The word of a preset as names of files may have it: the kind alone of one's own.

    >>> label("cells/my_cells.py:Kind")
    'Kind'
    """
    if changes := changes_in(word):
        said = [f"{name}={text}" for name, text in changes.items()]
        return "-".join([label(base_word(word)), *said])
    if is_data(word):
        return Path(word).stem
    return word.rpartition(":")[2] if is_own(word) else word


def named_preset(word: str) -> Preset:
    """The preset around what a user names in a file of theirs, which is run.

    Args:
        word: File and name of a `CellModel`, of one that is made already, or of a `Preset`.

    Raises:
        ValueError: There is no such file or name, the file fails, or the kind is not complete.
    """
    if changes := changes_in(word):
        return _changed(word, changes, named_preset)
    if is_data(word):
        return _data_preset(word)
    return _found(word, _content(word))


def known_preset(word: str) -> Preset:
    """The same for a word that stands in a file: nothing is run that this user has not named.

    Raises:
        ValueError: In addition: the file was not named on this computer before, or has changed.
    """
    if changes := changes_in(word):
        return _changed(word, changes, known_preset)
    if is_data(word):
        return _data_preset(word)
    content = _content(word)
    if not _is_remembered(_sha256(content)):
        file = word.rpartition(":")[0]
        raise ValueError(
            f"Argument `chip` must have cells of a kind that was used on this computer before, but"
            f" `{word}` was not, or has changed since; look at `{file}`, and name it once with"
            f" `mho presets {word}`."
        )
    return _found(word, content)


def _changed(
    word: str, changes: Mapping[str, str], found: Callable[[str], Preset]
) -> Preset:
    """A preset of whatever kind with other numbers."""
    base = base_word(word)
    if not is_own(base):
        check_choice(base, "chip", PRESETS)
    before = found(base) if is_own(base) else PRESETS[base]
    made = changed(before, changes, word)
    if is_data(word):
        # chips are made anew from this text: numbers that it cannot hold are refused here
        preset_of_text(preset_text(made), word)
    return made


def _data_preset(word: str) -> Preset:
    """The preset of a file of numbers."""
    return table_preset(word) if is_table(word) else read_preset_file(word)


def _content(word: str) -> bytes:
    """What is in the file that a word names."""
    path = Path(word.rpartition(":")[0])
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"Argument `chip` must name a Python file of yours, but `{path}` cannot be read"
            f" ({error.strerror or error}); go to the folder where it lies, or write its path."
        ) from None


def _found(word: str, content: bytes) -> Preset:
    """The preset around what a word names, in a file with this content."""
    file, _, name = word.rpartition(":")
    path = Path(file)
    module = _run(path, content)
    value = getattr(module, name, None)
    if isinstance(value, Preset):
        return value
    if isinstance(value, type) and issubclass(value, CellModel):
        try:
            value = value()
        except TypeError as error:
            raise ValueError(
                f"Kind `{name}` in `{path}` must have a value for each field, but {error}; give"
                " its fields values."
            ) from error
    if not isinstance(value, CellModel):
        raise ValueError(  # noqa: TRY004 - a value of the user's, as all refusals here
            f"Argument `chip` must name a kind of cell in `{path}`, but `{name}` is"
            f" {'none' if value is not None else 'not there'}; make it a subclass of"
            f" `mho.CellModel`.{_nearest(name, module)}"
        )
    return own_preset(value)


def _nearest(name: str, module: ModuleType) -> str:
    kinds = [
        one
        for one, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, CellModel)
        and value.__module__ == module.__name__
    ]
    near = difflib.get_close_matches(name, kinds, 1, 0.0)
    return f" Did you mean `{near[0]}`?" if near else ""


def _run(path: Path, content: bytes) -> ModuleType:
    """Run a file once for each content, and remember that its user has named it."""
    place = path.resolve()
    checksum = _sha256(content)
    before = _NAMED.get(place)
    if before is not None and before[0] == checksum:
        return before[1]
    # registered, as dataclasses look their module up by name
    name = f"mho_user_{place.stem}_{checksum[:8]}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # the text that is run is the one that errors and checksums look at
    lines = content.decode(errors="replace").splitlines(keepends=True)
    linecache.cache[str(place)] = (len(content), None, lines, str(place))
    folder = str(place.parent)
    sys.path.insert(0, folder)
    try:
        # this content, and no other that may be there by now
        exec(compile(content, str(place), "exec"), vars(module))
    # a script that exits is a mistake in the script, not the end of this program
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ValueError(
            f"File `{path}` must be Python that runs, but"
            f" {_line_of(error, place)}{type(error).__name__} says: {_first_line(error)}"
        ) from error
    finally:
        sys.path.remove(folder)
    _NAMED[place] = (checksum, module)
    _remember(checksum)
    return module


def _line_of(error: BaseException, place: Path) -> str:
    """Where in the user's file it went wrong."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"in line {error.lineno} "
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if frame.filename == str(place):
            return f"in line {frame.lineno} "
    return ""


def _first_line(error: BaseException) -> str:
    said = error.msg if isinstance(error, SyntaxError) else str(error)
    lines = said.strip().splitlines()
    return (lines[0].rstrip(".") if lines else "nothing") + "."


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _mark(checksum: str) -> Path:
    return cache_folder() / "named" / checksum


def _is_remembered(checksum: str) -> bool:
    here = any(own == checksum for own, _ in _NAMED.values())
    return here or _mark(checksum).exists()


def _remember(checksum: str) -> None:
    """Leave a mark for other processes; without a place for it, each has to be told."""
    mark = _mark(checksum)
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:
        return
