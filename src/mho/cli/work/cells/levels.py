"""`mho levels`: options to the level experiment, and its results to terminal, figure and JSON."""

import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from mho.bench.simulated import describe_chip
from mho.characterise.levels import (
    Distinguishable,
    LevelExperiment,
    LevelTally,
    Observation,
    distinguishable,
    largest_count,
)
from mho.checks import check_between, check_choice
from mho.chip import DRIVERS, Chip
from mho.cli.shared import (
    check_outputs,
    info_of,
    print_rows,
    progress_bars,
    quantity,
    tell,
    write_json,
)
from mho.cli.work.cells.levels_files import (
    CELLS,
    LEVELS,
    cells_table,
    levels_table,
)
from mho.cli.work.cells.levels_table import rows
from mho.device.published import label
from mho.files import RunFolder, run_identity
from mho.programming import ProgramProtocol
from mho.progress import Progress
from mho.report.figures import (
    as_array,
    draw_png,
    levels_figure,
    to_uS,
    widths_figure,
)
from mho.rng import Stream
from mho.units import uS

_POINTS_AND_COPIES = (16, 2048)
"""Conductances at which the spread is measured, and times a level is written at each (1)."""
_COLS = 16
"""Columns of the array on which the largest number of levels is searched; it has all rows (1)."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for.

    Args:
        experiment: The experiment.
        compare: Run it without denoising, too.
        observation: How levels are looked at; `None` without `--bits`.
    """

    experiment: LevelExperiment
    compare: bool
    observation: Observation | None


def run(
    *,
    chip: str,
    driver: str,
    levels: int,
    tolerance: str | None,
    cell: int,
    cells: int,
    in_turn: bool,
    compare: bool,
    bits: bool,
    error_rate: float,
    window: str,
    bandwidth: str,
    seed: int,
    resume: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Write levels; see `mho levels --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A folder that cannot be written, or a full disk.
    """
    info = info_of(chip)
    check_choice(driver, "electronics", DRIVERS)
    check_between(seed, "seed", 0, 2**62, "1")
    width = None if tolerance is None else quantity(tolerance, "tolerance", "S")
    experiment = LevelExperiment(
        Chip(chip, driver=driver), levels, width, cell, cells, seed, in_turn
    )
    experiment.check()
    seen = (
        _observation(experiment.chip, error_rate, window, bandwidth)
        if bits
        else None
    )
    if bits and not info.telegraph:
        raise ValueError(
            f"Argument `bits` must be left out for cells of `{label(chip)}`, as what limits their"
            " levels is told apart for filaments alone; ask for more and more `--levels`."
        )
    # where there is nothing to denoise, once is enough
    options = Options(experiment, compare and info.telegraph, seen)
    usual = Path("mho-out") / f"levels-{label(chip)}-{levels}-seed{seed}"
    folder = Path(out) if out else usual
    check_outputs(folder, json)
    with progress_bars() as progress:
        result = _run(options, folder, progress, resume=resume)
    if write_json(result, json):
        return
    print_rows(rows(result), f"figure: {folder / 'levels.png'}")


def _observation(
    chip: Chip, error_rate: float, window: str, bandwidth: str
) -> Observation:
    points, copies = _POINTS_AND_COPIES
    seen = Observation(
        error_rate,
        quantity(window, "window", "s"),
        quantity(bandwidth, "bandwidth", "Hz"),
        points=points,
        copies=copies,
    )
    seen.samples(chip.electronics.sample_time)
    return seen


def _run(
    options: Options, folder: Path, progress: Progress, *, resume: bool
) -> dict[str, Any]:
    """Everything between the options and the results."""
    started = time.monotonic()
    with RunFolder.open(
        folder,
        "levels",
        run_identity(options),
        makes=("levels.png", "bits.png", CELLS, LEVELS, "result.json"),
        resume=resume,
        started=started,
    ) as files:
        tell(files)
        progress = files.live.following(progress)
        if not files.is_complete:
            files.write_result(_measured(options, files, progress))
            files.finish()
        result: dict[str, Any] = files.result()
        return result


def _measured(
    options: Options, files: RunFolder, progress: Progress
) -> dict[str, Any]:
    """All numbers; the figures are written."""
    experiment = options.experiment
    noisy = (
        experiment.run(files, progress, denoise=False)
        if options.compare
        else None
    )
    info = describe_chip(experiment.chip)
    tally = experiment.run(files, progress, denoise=info.telegraph)
    result = describe(experiment, tally, noisy)
    if options.observation is not None:
        result["bits"] = _bits(options, files, progress)
    example = noisy.example if noisy else None
    picture = draw_png(
        lambda: levels_figure(tally.example, example, experiment.window)
    )
    files.write("levels.png", picture)
    files.write(LEVELS, levels_table(tally.example, example))
    if experiment.cells > 1:
        files.write(CELLS, cells_table(experiment, tally, noisy))
    result["wall_seconds"] = round(files.seconds, 2)
    return result


def describe(
    experiment: LevelExperiment, tally: LevelTally, noisy: LevelTally | None
) -> dict[str, Any]:
    """The results as plain numbers, units in the names."""
    targets = experiment.targets
    result: dict[str, Any] = {
        "preset": experiment.chip.published.name,
        "driver": experiment.chip.driver,
        "seed": experiment.seed,
        "cell": experiment.first,
        "cells": experiment.cells,
        "in_turn": experiment.in_turn,
        "denoise": describe_chip(experiment.chip).telegraph,
        "levels": experiment.levels,
        "low_uS": round(float(targets[0]) / uS, 3),
        "high_uS": round(float(targets[-1]) / uS, 3),
        "tolerance_uS": round(experiment.window / uS, 6),
        "version": version("mho"),
    }
    if experiment.chip.biasing is not None:
        result["passive"] = {
            "biasing": experiment.chip.biasing,
            **tally.disturb,
        }
    for ending, found in (("", tally), ("_no_denoise", noisy)):
        if found is not None:
            own = _counts(found, experiment.levels)
            result |= {key + ending: value for key, value in own.items()}
    return result


def _counts(tally: LevelTally, levels: int) -> dict[str, Any]:
    cells = tally.per_cell
    working = cells["stuck"] < levels / 2
    total = levels * cells["within"].numel()
    costs = ("pulses", "denoise_pulses", "reads", "seconds")
    counts: dict[str, Any] = {
        "levels_within_1uS": int(cells["within_1uS"][0]),
        "levels_within": int(cells["within"][0]),
        "levels_converged": int(cells["converged"][0]),
        "stuck": not bool(working[0]),
        "per_level": {k: round(float(cells[k].sum()) / total, 4) for k in costs}
        | {"joules": tally.joules / total},
    }
    if working.numel() > 1:
        counts["all_cells"] = _spread(cells["within"][working], levels) | {
            "stuck": int((~working).sum())
        }
    return counts


def _spread(within: Tensor, levels: int) -> dict[str, int | float]:
    """How the number of levels differs between working cells."""
    if within.numel() == 0:
        return {}
    return {
        "min": int(within.min()),
        "median": float(within.median()),
        "mean": round(float(within.mean()), 3),
        "share_with_all": round(float((within == levels).double().mean()), 6),
    }


def _bits(
    options: Options, files: RunFolder, progress: Progress
) -> dict[str, Any]:
    """Distinguishable levels and the largest number that most cells reach, each kept."""
    held: dict[str, Any] | None = files.get("distinguishable")
    if held is None:
        held = _distinguishable(options, files, progress)
        files.put("distinguishable", held)
    most: dict[str, Any] | None = files.get("largest")
    if most is None:
        most = _largest(options, progress)
        files.put("largest", most)
    return held | most


def _distinguishable(
    options: Options, files: RunFolder, progress: Progress
) -> dict[str, Any]:
    """Distinguishable levels, and their figure."""
    experiment = options.experiment
    seen = options.observation
    assert seen is not None
    found = distinguishable(
        experiment.chip,
        experiment.first,
        experiment.protocol(denoise=True),
        observation=seen,
        stream=Stream(experiment.seed).child("chip"),
        progress=progress,
    )
    conductance = to_uS(found.conductance)
    width = to_uS(found.half_width)
    picture = draw_png(
        lambda: widths_figure(conductance, width, experiment.window / uS)
    )
    files.write("bits.png", picture)
    return _bits_numbers(found, seen)


def _largest(options: Options, progress: Progress) -> dict[str, Any]:
    """The largest number of levels that most cells reach."""
    chip = options.experiment.chip
    seen = options.observation
    assert seen is not None
    largest = largest_count(
        Chip(chip.preset, cols=_COLS, driver=chip.driver),
        ProgramProtocol(),
        stream=Stream(options.experiment.seed).child("chip"),
        observation=seen,
        progress=progress,
    )
    return {
        "largest_count": largest.levels,
        "largest_count_held": round(largest.held, 5),
        "largest_count_fraction": largest.fraction,
        "largest_count_cells": largest.cells,
    }


def _bits_numbers(found: Distinguishable, seen: Observation) -> dict[str, Any]:
    return {
        "error_rate": seen.error_rate,
        "window_s": seen.window,
        "bandwidth_Hz": seen.bandwidth,
        "distinguishable": round(found.levels, 1),
        "low": round(found.low, 1),
        "high": round(found.high, 1),
        "bits": round(found.bits, 3),
        "evenly_spaced": round(found.evenly_spaced, 1),
        "limit": found.limit,
        "without": {
            name: round(count, 1) for name, count in found.without.items()
        },
        "placed_exactly": round(found.placed, 1),
        "conductance_uS": [
            round(float(g), 3) for g in as_array(found.conductance) / uS
        ],
        "half_width_uS": [
            round(float(h), 4) for h in as_array(found.half_width) / uS
        ],
    }
