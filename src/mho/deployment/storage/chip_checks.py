"""Every promise of a chip's file, checked: its state is one that its chip can be in."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mho.checks import RefusedError
from mho.deployment.storage.image_checks import (
    check_fits,
    check_placement,
    check_tuning,
)
from mho.deployment.storage.programmed_chip import ProgrammedChip
from mho.ledger import Ledger

_CELLS = 2**24
_SPARSE = 1024
"""Cells that any chip may have, and cells for each one used that a larger one may have (1)."""


def check_chip(chip: ProgrammedChip) -> None:
    """Refuse a chip whose parts do not belong together.

    Raises:
        RefusedError: They do not.
    """
    check_placement(chip.placement, chip.image)
    if chip.tuning is not None:
        check_tuning(chip.tuning, chip.image)
    count = chip.placement.cells.numel()
    names = (
        "cells",
        "target",
        "outcome",
        "error",
        "noise",
        "pulses",
        "denoise_pulses",
        "reads",
    )
    if any(getattr(chip.result, name).numel() != count for name in names):
        raise RefusedError("has not one result for each cell")
    if not torch.equal(chip.result.cells, chip.placement.cells):
        raise RefusedError("has results of other cells than it uses")
    _check_state(chip.state)
    size = chip.specimen.tiles * chip.specimen.rows * chip.specimen.cols
    # Before a bench is made: one of many cells takes memory.
    if chip.image.info.cells != size:
        raise RefusedError("is of a chip of another size than its image")
    if size > max(_CELLS, _SPARSE * count):
        raise RefusedError(
            f"is of a chip of {size:,} cells, far more than its network needs"
        )
    try:
        check_fits(chip.image, chip.specimen.bench().info)
        same = chip.specimen.model == chip.model
        chip.deployed()
    except (ValueError, IndexError, RuntimeError) as error:
        raise RefusedError(f"is of a chip that mho cannot make ({error})") from error
    if not same:
        raise RefusedError(
            f"is of a chip whose model this mho describes by other numbers than mho {chip.version}"
            " did; use that version, or program it again"
        )


def _check_state(state: Mapping[str, Tensor]) -> None:
    """Refuse a state that no chip can be in.

    Raises:
        RefusedError: It is one.
    """
    for name, values in state.items():
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise RefusedError(f"has a state `{name[:120]}` that is not finite")
    for name in ("bench", "core"):
        if name not in state or bool((state[name] < 0).any()):
            raise RefusedError(f"has a state `{name}` that is missing or below zero")
    if state["bench"].shape != (3 + len(Ledger.__slots__),):
        raise RefusedError("has a state `bench` of another length")
