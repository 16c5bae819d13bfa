"""Surrogates in files: measured once for a kind of cell and a protocol, then read again."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.compiled import cache_folder
from mho.files.packed import load, refusing, save
from mho.statistical.surrogate import DrawnCells, Surrogate, TrainingBudget

_KIND = "mho-surrogate"
_FORMAT = 1
_NUMBERS = (
    "identity",
    "low",
    "high",
    "stuck_fraction",
    "slot_seconds",
    "pulse_joules",
)


def save_surrogate(path: str | Path, surrogate: Surrogate) -> None:
    """Write a surrogate, all or nothing.

    Args:
        path: The file.
        surrogate: What it is to hold.

    Raises:
        OSError: The disk is full, or the folder cannot be written.
    """
    content = {name: getattr(surrogate, name) for name in _NUMBERS}
    content |= {
        "format": _FORMAT,
        "moments": list(surrogate.moments),
        "budget": asdict(surrogate.budget),
    }
    cells = surrogate.cells
    tensors = {
        "error": cells.error,
        "variance": cells.variance,
        "converged": cells.converged.to(torch.uint8),
        "effort": cells.effort.to(torch.int32),
        "bounds": surrogate.bounds,
        "held": surrogate.held,
        "held_effort": surrogate.held_effort.to(torch.int32),
    }
    save(path, _KIND, content, tensors)


def load_surrogate(path: str | Path) -> Surrogate:
    """Read a surrogate that may come from anywhere.

    Args:
        path: The file.

    Raises:
        ValueError: It is none, damaged, or of another version.
        OSError: It cannot be read.
    """
    packed = load(path, (_KIND,), "table")
    content = packed.content
    tensors = packed.tensors
    if content.get("format") != _FORMAT:
        raise ValueError(
            f"Argument `table` must be of version {_FORMAT}, but `{path}` is of"
            f" {content.get('format')}; measure it again."
        )
    with refusing(path, (_KIND,), "table"):
        given: dict[str, Any] = {name: content[name] for name in _NUMBERS}
        cells = DrawnCells(
            tensors["error"],
            tensors["variance"],
            _whole(tensors, "converged").bool(),
            _whole(tensors, "effort").long(),
        )
        held_effort = _whole(tensors, "held_effort").long()
        moments = tuple(content["moments"])
        budget = TrainingBudget(**content["budget"])
        try:
            return Surrogate(
                **given,
                moments=moments,
                cells=cells,
                bounds=tensors["bounds"],
                held=tensors["held"],
                held_effort=held_effort,
                budget=budget,
            )
        except (TypeError, ValueError) as error:
            reason = str(error).rstrip(".")
            raise RefusedError(f"holds what no cell has: {reason}") from None


def _whole(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """A tensor of a file that has to hold whole numbers."""
    if tensors[name].is_floating_point():
        raise RefusedError(f"has other than whole numbers in `{name}`")
    return tensors[name]


def kept_surrogate(
    identity: str,
    measured: Callable[[], Surrogate],
    path: str | Path | None = None,
) -> Surrogate:
    """The surrogate of an identity: read if it is there, measured and kept otherwise.

    Args:
        identity: What it must be of.
        measured: Measures it.
        path: Its file; one in the folder of kept things, named by the identity, if `None`.

    Raises:
        ValueError: The file that was named is of something else, or damaged.
        OSError: The file that was named cannot be written.
    """
    if path is not None:
        return _of_file(Path(path), identity, measured)
    own = cache_folder() / "surrogates" / f"{identity[:32]}.mho"
    # what is kept may be gone, cut or not writable: it is only kept to save time
    with suppress(OSError, ValueError):
        return _read(own, identity)
    found = measured()
    with suppress(OSError):
        save_surrogate(own, found)
    return found


def _of_file(
    path: Path, identity: str, measured: Callable[[], Surrogate]
) -> Surrogate:
    if not path.exists():
        found = measured()
        save_surrogate(path, found)
        return found
    return _read(path, identity)


def _read(path: Path, identity: str) -> Surrogate:
    found = load_surrogate(path)
    if found.identity != identity:
        raise ValueError(
            f"Argument `table` must be of the kind of cell, protocol, range and version that are"
            f" asked for, but `{path}` is of others; name another file."
        )
    return found
