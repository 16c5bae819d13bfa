"""A run's unfinished state in one file: tensors and a few numbers, never code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from mho.files.write_whole import write_whole


def save(
    path: Path, groups: Mapping[str, Mapping[str, Tensor]], facts: Mapping[str, Any]
) -> None:
    """Write groups of tensors and a dictionary of plain facts, all or nothing.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    flat = {
        f"{g}/{k}": t.contiguous()
        for g, part in groups.items()
        for k, t in part.items()
    }
    write_whole(path, safetensors.torch.save(flat, {"facts": json.dumps(dict(facts))}))


def load(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what `save` wrote.

    Raises:
        ValueError: The file is damaged; one sentence says so.
    """
    groups: dict[str, dict[str, Tensor]] = {}
    try:
        with safetensors.safe_open(str(path), "pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            for name in file.keys():  # noqa: SIM118 - not a dictionary
                group, key = name.split("/", 1)
                groups.setdefault(group, {})[key] = file.get_tensor(name)
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        raise ValueError(
            f"File `{path}` must hold the state of a run, but is damaged ({error}); delete it and"
            " start anew."
        ) from error
    return groups, facts
