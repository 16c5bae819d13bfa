"""A run's unfinished state in one file: tensors and a few numbers, never code.

Such a file is for the mho and the kind of processor that wrote it, to go on to the last bit. It
has a checksum over every byte; what it lacks to be of use here is said in one sentence.
"""

import json
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from mho.checks import RefusedError, one_line
from mho.files.packed import pack, read, read_about
from mho.files.processor import differences, processor
from mho.files.run_marks import RUN, packed, read_mark
from mho.files.write_whole import write_whole

KIND = "mho-unfinished"

Groups = dict[str, dict[str, Tensor]]
"""Tensors by group and name."""


def save(
    path: Path,
    groups: Mapping[str, Mapping[str, Tensor]],
    facts: Mapping[str, Any],
) -> None:
    """Write groups of tensors and a dictionary of plain facts, all or nothing.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    _write(path, groups, facts, processor())


def load(path: Path) -> tuple[Groups, dict[str, Any]]:
    """Read what `save` wrote.

    Raises:
        ValueError: The file is damaged, or another version of mho or another kind of processor
            wrote it; one sentence says so, and what to do.
    """
    groups, facts, made_by = _read(path)
    here = processor()
    if made_by != here:
        raise ValueError(
            f"File `{path}` must be of this kind of processor, but is of another one"
            f" ({differences(made_by, here)}), where last digits and so chips differ. Nothing is"
            " lost: go on with it there, leave out `--resume` to set it aside and start anew, or"
            " go on here all the same after `mho.files.checkpoint.adopt`."
        )
    return groups, facts


def adopt(path: Path) -> None:
    """Let a run of another kind of processor go on here, with other last digits from now on.

    What comes out is as good as any, and equal to the bit to what neither of the two would give.

    Args:
        path: File of a state, or a folder of unfinished work.

    Raises:
        ValueError: A file is damaged or of another version.
        OSError: A file cannot be written.
    """
    for one in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if one.name == RUN and (mark := read_mark(one)):
            write_whole(one, packed({**mark, "processor": processor()}))
        elif one.is_file() and (one == path or _is_state(one)):
            groups, facts, _ = _read(one)
            _write(one, groups, facts, processor())


def _is_state(path: Path) -> bool:
    return (read_about(path) or {}).get("format") == KIND


def _write(
    path: Path,
    groups: Mapping[str, Mapping[str, Tensor]],
    facts: Mapping[str, Any],
    made_by: Mapping[str, str],
) -> None:
    content = {
        "mho": version("mho"),
        "processor": dict(made_by),
        # as text of its own, since facts may hold infinite numbers
        "facts": json.dumps(dict(facts)),
        "groups": {group: list(part) for group, part in groups.items()},
    }
    tensors = {
        f"{group}/{name}": tensor
        for group, part in groups.items()
        for name, tensor in part.items()
    }
    write_whole(path, pack(KIND, content, tensors)[0])


def _read(path: Path) -> tuple[Groups, dict[str, Any], dict[str, str]]:
    """Tensors, facts and the processor in a file of this version of mho."""
    try:
        _check_format(read_about(path), path)
        return _unpacked(path)
    except (OSError, _AnotherVersionError):
        raise
    # A damaged file can break every assumption about it, hence every kind of error.
    except Exception as error:
        known = isinstance(error, RefusedError)
        reason = str(error) if known else f"is damaged ({type(error).__name__})"
        raise ValueError(
            f"File `{path}` must hold the state of a run, but {one_line(reason)}; delete it, and"
            " what it held is done again."
        ) from error


def _unpacked(path: Path) -> tuple[Groups, dict[str, Any], dict[str, str]]:
    """What `_read` reads, with whatever error the file causes."""
    packed = read(path, (KIND,))
    content = packed.content
    _check_version(str(content["mho"]), path)
    groups = {
        group: {name: packed.tensors[f"{group}/{name}"] for name in names}
        for group, names in content["groups"].items()
    }
    if len(packed.tensors) != sum(map(len, groups.values())):
        raise RefusedError("holds a tensor that belongs to nothing")
    facts = json.loads(content["facts"])
    made_by = {str(k): str(v) for k, v in content["processor"].items()}
    if not isinstance(facts, dict):
        raise RefusedError("holds no facts")
    return groups, facts, made_by


class _AnotherVersionError(ValueError):
    """A state that is whole, and of another mho."""


def _check_format(about: Mapping[str, Any] | None, path: Path) -> None:
    """Refuse a state from before states had a checksum: no format, facts alone."""
    facts = (about or {}).get("facts")
    if about is None or "format" in about or not isinstance(facts, str):
        return
    try:
        words = str(json.loads(facts).get("identity", "")).split()
    except (ValueError, AttributeError, RecursionError):
        words = []
    _check_version(
        f"{words[0] if words else '0.1.0'} of before checksums", path
    )


def _check_version(wrote: str, path: Path) -> None:
    """Refuse a state of another version of mho."""
    if wrote != version("mho"):
        raise _AnotherVersionError(
            f"File `{path}` must be a state of this mho, {version('mho')}, but mho"
            f" {one_line(wrote[:60])} wrote it. Nothing is lost: go on with that one, or leave out"
            " `--resume` to set it aside and start anew."
        )
