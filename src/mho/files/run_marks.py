"""What a run writes down about itself: whose a folder is, and what may be replaced in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from mho.files.value_identity import identity

FORMAT = "mho-run"
VERSION = 1
"""Version of the marks that are written and read (1)."""

RUN = "run.json"
"""In a folder of unfinished work: what it is of."""
COMMIT = "finished.json"
"""There as well, once everything is written and synced: the run is complete from then on."""
VALUES = "values"
STATES = "states"
RESULTS = "results"
SAVED = "saved"
"""There as well: what is measured, what is in work, what will be left, and the file that goes
elsewhere."""
MARKER = ".mho-run.json"
"""In a folder of results: what runs made there."""


def run_identity(*parts: object) -> str:
    """Everything that a result depends on, as one short text.

    Args:
        parts: Options, digests of files, and whatever else `identity` takes.
    """
    return identity([version("mho"), *parts])


@dataclass(frozen=True, slots=True)
class Marker:
    """What runs made in a folder.

    Args:
        made: The command that made each file or folder, by name.
        identities: Of the last finished run of each command.
        saved: The file outside that this run left, by command.
        details: What that run depended on besides, by command; empty in folders of before.
    """

    made: dict[str, str] = field(default_factory=dict)
    identities: dict[str, str] = field(default_factory=dict)
    saved: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)


_WRITTEN_AT_FIRST = ("made", "identities", "saved")
"""What every marker says of runs; markers of before say no more."""


def packed(content: Mapping[str, Any]) -> bytes:
    """A mark as text, with its format."""
    head = {"format": FORMAT, "version": VERSION, "mho": version("mho")}
    return (json.dumps(head | dict(content), indent=1) + "\n").encode()


def read_mark(path: Path) -> dict[str, Any] | None:
    """A mark; `None` if there is none, or something else.

    Raises:
        ValueError: A mark of another version of the format.
    """
    if path.is_symlink() or not path.is_file():
        return None
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        known = isinstance(held, dict) and held.get("format") == FORMAT
    except (ValueError, RecursionError):
        known = False
    if not known:
        return None
    if held.get("version") != VERSION:
        raise ValueError(
            f"File `{path}` must be of this version of mho, but was made by mho"
            f" {held.get('mho')}; nothing is lost: go on with that one, or name another folder."
        )
    mark: dict[str, Any] = held
    return mark


def read_marker(folder: Path) -> Marker:
    """What runs made in a folder: nothing if no marker says so.

    Raises:
        ValueError: It is of another version, or another file has its name.
    """
    path = folder / MARKER
    mark = read_mark(path)
    parts = [(mark or {}).get(name) for name in _WRITTEN_AT_FIRST]
    parts.append((mark or {}).get("details", {}))
    if mark is not None and all(_is_words(part) for part in parts):
        return Marker(*(dict(part or {}) for part in parts))
    if path.exists() or path.is_symlink():
        raise ValueError(
            f"File `{path}` must say which files runs made, but is another one or damaged; move"
            " it, or name another folder."
        )
    return Marker()


def made_in(folder: Path) -> dict[str, str]:
    """Files and folders that finished runs left in a folder, with the command of each.

    Args:
        folder: Folder of results; of one in which no run ended, nothing.

    Raises:
        ValueError: Its marker is of another version, or damaged.
    """
    return dict(read_marker(folder).made)


def command_in(work: Path) -> str | None:
    """The command whose unfinished work is in a folder; `None` if it does not say.

    Args:
        work: Folder of the unfinished work.

    Raises:
        ValueError: It is of another version.
    """
    command = (read_mark(work / RUN) or {}).get("command")
    return command if isinstance(command, str) else None


def same_details(held: str, wanted: str) -> bool:
    """Whether what a run depended on besides is what is wanted now.

    Runs of before did not write it down: they are taken for what their identity says.

    >>> same_details("", "ab"), same_details("ab", "ab"), same_details("cd", "ab")
    (True, True, False)
    """
    return not held or held == wanted


def _is_words(part: object) -> bool:
    return isinstance(part, dict) and all(
        isinstance(word, str) for word in part.values()
    )
