"""Unfinished work of mho 0.1.0, from before runs were marked: known, and left whole."""

import json
from itertools import islice
from pathlib import Path

import safetensors

_LOOKED_AT = 50
"""Files that are opened at most to tell (1)."""


def is_old_work(work: Path) -> bool:
    """Whether a folder, or the file of `mho program`, is unfinished work of mho 0.1.0.

    Args:
        work: A folder or file without a mark.
    """
    if work.is_symlink():
        return False
    if work.is_file():
        return _is_state(work)
    if (work / "identity").is_file():
        return True
    files = (path for path in work.rglob("*") if path.is_file())
    return any(
        _is_state(path) or _is_note(path) for path in islice(files, _LOOKED_AT)
    )


def _is_state(path: Path) -> bool:
    """Tensors, with facts about a run in the header."""
    if path.suffix not in ("", ".safetensors", ".state", ".unfinished"):
        return False
    try:
        with safetensors.safe_open(str(path), "pt") as file:
            return "facts" in (file.metadata() or {})
    except (safetensors.SafetensorError, OSError):
        return False


def _is_note(path: Path) -> bool:
    """JSON that says which run it is of."""
    if path.suffix != ".json":
        return False
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError):
        return False
    return isinstance(held, dict) and isinstance(held.get("identity"), str)
