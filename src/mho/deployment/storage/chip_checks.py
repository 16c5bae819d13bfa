"""Every promise of a chip's file, checked: its state is one that its chip can be in."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mho.bench.simulated import ChipSpec, check_bench_numbers
from mho.checks import RefusedError
from mho.deployment.storage.image_checks import (
    check_fits,
    check_placement,
    check_tuning,
)
from mho.deployment.storage.programmed_chip import ProgrammedChip
from mho.device.published import is_own

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
    _check_state(chip.state, chip.specimen)
    size = chip.specimen.tiles * chip.specimen.rows * chip.specimen.cols
    # Before a bench is made: one of many cells takes memory.
    if chip.image.info.cells != size:
        raise RefusedError("is of a chip of another size than its image")
    if size > max(_CELLS, _SPARSE * count):
        raise RefusedError(
            f"is of a chip of {size:,} cells, far more than its network needs"
        )
    try:
        check_fits(chip.image, chip.specimen.info)
        same = chip.specimen.model == chip.model
        chip.deployed()
    except (ValueError, IndexError, RuntimeError) as error:
        raise RefusedError(
            f"is of a chip that mho cannot make ({error})"
        ) from error
    if not same:
        raise RefusedError(_changed(chip))


def _changed(chip: ProgrammedChip) -> str:
    """What to do about a chip whose cells are others by now."""
    word = chip.specimen.preset
    if is_own(word):
        return (
            f"is of a chip whose cells, `{word}`, have changed since it was programmed; bring that"
            " file back as it was, or program the chip again"
        )
    return (
        f"is of a chip whose model this mho describes by other numbers than mho {chip.version}"
        " did; use that version, or program it again"
    )


_BOUNDS = {
    "flicker": (-1e3, 1e3),
    "relaxing": (-1e3, 1e3),
    "ahead": (0.0, 1e18),
    "event": (0, 2**62),
    "cycles": (0.0, 1e18),
    "traps.amplitude": (0.0, 1.0),
    "traps.capture_time": (1e-18, 1e18),
    "traps.emission_time": (1e-18, 1e18),
    "traps.cleaning_voltage": (-1e3, 1e3),
}
"""What cells can have, far beyond what any does: 1, 1, s, 1, 1, S, s, s, V."""

_LATEST = 1e18
"""Latest time that a clock can show (s)."""


def _check_state(state: Mapping[str, Tensor], spec: ChipSpec) -> None:
    """Refuse a state that no chip of this kind can be in.

    Raises:
        RefusedError: It is one.
    """
    for name, values in state.items():
        if values.is_floating_point() and not bool(
            torch.isfinite(values).all()
        ):
            raise RefusedError(f"has a state `{name[:120]}` that is not finite")
    try:
        check_bench_numbers(state["bench"])
    except (KeyError, ValueError) as error:
        raise RefusedError(
            "has a state `bench` that is missing or none of a bench"
        ) from error
    now = float(state["bench"][0])
    if now > _LATEST:
        raise RefusedError(f"has a clock beyond {_LATEST:g} s")
    # what happened to a cell happened before now
    times = {"switched_at": (0.0, now), "clock": (0.0, now)}
    try:
        own = spec.chip.cell.bounds()
    except ValueError as error:
        raise RefusedError(
            f"is of a chip that mho cannot make ({error})"
        ) from error
    for name, (low, high) in {**_BOUNDS, **times, **own}.items():
        if name in state and bool(
            ((state[name] < low) | (state[name] > high)).any()
        ):
            raise RefusedError(f"has a state `{name}` that no cell can be in")
