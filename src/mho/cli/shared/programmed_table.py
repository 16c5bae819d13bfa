"""How programming a chip went, as rows of a table."""

from dataclasses import asdict
from typing import Any

from mho.deployment.storage import ProgrammedChip
from mho.units import show


def programmed(chip: ProgrammedChip) -> dict[str, Any]:
    """How programming went, as plain values."""
    result = chip.result
    return {
        "image": chip.image.sha256,
        "preset": chip.specimen.preset,
        "seed": chip.specimen.seed,
        "cells": result.cells.numel(),
        "stuck_cells": int(result.stuck.sum()),
        "converged_fraction": result.converged_fraction,
        "tolerance_uS": chip.effort.tolerance * 1e6,
        "denoise": chip.effort.denoise,
        "programming": asdict(result.ledger),
        **chip.records,
    }


def programmed_rows(chip: ProgrammedChip) -> list[tuple[str, str]]:
    """How programming went, for a table."""
    result = chip.result
    count = result.cells.numel()
    working = ~result.stuck
    at_work = int(working.sum())
    error = result.error[working].abs().double()
    middle = float(error.median()) if error.numel() else 0.0
    return [
        (
            "cells converged",
            f"{result.converged_fraction:.3%} of {at_work:,} ({count - at_work} stuck)",
        ),
        ("error, median", show(middle, "S")),
        (
            "per cell",
            f"{float(result.pulses.sum()) / count:.1f} pulses,"
            f" {float(result.denoise_pulses.sum()) / count:.1f} denoising pulses,"
            f" {float(result.reads.sum()) / count:.0f} reads",
        ),
        (
            "programming on the chip",
            f"{show(result.ledger.seconds, 's')}, {show(result.ledger.joules, 'J')}",
        ),
    ]
