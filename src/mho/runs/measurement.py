"""What a deployment reached: accuracies at different times, errors, noise, cost."""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mho.bench import truth_of
from mho.data import Data, Outputs, answers_of
from mho.deployment import Refit, tile_use
from mho.files import RunFolder
from mho.ledger import Ledger
from mho.mapping import (
    blocks_of_layers,
    positions,
)
from mho.network.account import account
from mho.programming import ProgrammingOptions, ProgramProtocol
from mho.rng import total
from mho.runs.answers import answer_questions
from mho.runs.deployment import Programmed, put_to_work
from mho.runs.evaluation import evaluate
from mho.runs.job import Job
from mho.runs.run_data import JudgedChip, LayerMap, RunData, Traces
from mho.runs.task import Task
from mho.runs.watched import grid_columns
from mho.runs.wire_account import wire_account
from mho.samples import number_of, one_of
from mho.units import uS
from mho.workers import Later

_TRACE_RANKS = (1.0, 0.99, 0.9, 0.5)
"""Which cells to watch: the noisiest, the one that 99 % are quieter than, … (1)."""


_GROUP_NUMBER = re.compile(r"\[\d+\]$")
"""What is added to the name of a layer for each of its groups of channels."""


_TRACE_SAMPLES = 400
_TRACE_SPACING = 0.01


def _confusion(
    data: Data, outputs: Outputs
) -> Int[Tensor, "classes answers"] | None:
    """Test samples by label and by largest entry of the first output; `None` without labels."""
    first = next(iter(outputs.values()))
    labels = data.labels
    if labels is None or first.ndim != 2:
        return None
    answers = answers_of(outputs)
    size = max(data.classes, int(answers.max()) + 1)
    confusion = torch.zeros(size, size, dtype=torch.int64)
    confusion.index_put_(
        (labels, answers), torch.ones_like(answers), accumulate=True
    )

    return confusion


def read_back(
    chip: Programmed, protocol: ProgramProtocol
) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
    """Mean and peak-to-peak of every cell over one verify window, after all programming (S)."""
    look = protocol.verify
    reading = chip.bench.read(
        chip.placement.cells, samples=look.samples, window=look.window
    )
    return reading.mean, reading.peak_to_peak


def traces(plain: JudgedChip, denoised: Programmed, sources: Task) -> Traces:
    """Watch a few cells on both chips, chosen by how noisy they are without denoising."""
    noise = plain.noise
    other = put_to_work(plain.after, sources)
    working = (~(other.result.stuck | denoised.result.stuck)).nonzero()[:, 0]
    order = working[noise[working].argsort(stable=True)]
    last = order.numel() - 1
    chosen = order[[round(rank * last) for rank in _TRACE_RANKS if last >= 0]]
    before, after = (_watch(chip, chosen) for chip in (other, denoised))
    time = torch.arange(before.shape[1]) * _TRACE_SPACING
    return Traces(time, denoised.placement.target[chosen], before, after)


def _watch(chip: Programmed, chosen: Tensor) -> Tensor:
    cells = chip.placement.cells[chosen]
    samples = [
        chip.bench.read(cells, samples=1, window=_TRACE_SPACING).mean
        for _ in range(_TRACE_SAMPLES)
    ]
    return torch.stack(samples, 1)


def layer_maps(
    chip: Programmed, sources: Task, readback: Tensor
) -> tuple[LayerMap, ...]:
    """The cells put together again layer by layer; G⁺ and G⁻ in neighbouring columns.

    Groups of one convolution stand side by side in one map.
    """
    done = chip.result
    counted = (done.outcome, done.pulses, done.denoise_pulses, done.reads)
    values = (
        chip.placement.target,
        readback,
        *(count.float() for count in counted),
    )
    found = []
    blocks = chip.placement.blocks
    places = positions(blocks)
    of_layers = blocks_of_layers(chip.placement)
    for number, layer in enumerate(sources.network.layers):
        parts = grid_columns(
            [(blocks[k], places[k]) for k in of_layers[number]]
        )
        width = 1 + max(int(columns.max()) for _, _, columns in parts)
        grids = [torch.zeros(layer.weight.shape[1], width) for _ in values]
        for inputs, place, columns in parts:
            for grid, value in zip(grids, values, strict=True):
                grid[inputs, columns] = value[place]
        found.append(
            LayerMap(
                layer.name,
                grids[0],
                grids[1],
                grids[2].to(torch.int8),
                torch.stack(grids[3:]).to(torch.int32),
            )
        )
    return groups_joined(found)


def groups_joined(maps: Sequence[LayerMap]) -> tuple[LayerMap, ...]:
    """Maps of layers of as many rows whose names differ in their numbers alone, as one.

    Args:
        maps: Maps of all layers.
    """
    alike: dict[tuple[str, int], list[LayerMap]] = {}
    for one in maps:
        name = _GROUP_NUMBER.sub("", one.name)
        alike.setdefault((name, one.target.shape[0]), []).append(one)
    return tuple(
        several[0]
        if len(several) == 1
        else LayerMap(
            name,
            torch.cat([one.target for one in several], 1),
            torch.cat([one.readback for one in several], 1),
            torch.cat([one.outcome for one in several], 1),
            _spent_joined(several),
        )
        for (name, _), several in alike.items()
    )


def _spent_joined(
    maps: Sequence[LayerMap],
) -> Int[Tensor, "3 rows cols"] | None:
    """What was spent on the cells of several maps, side by side, if all were counted."""
    spent = [one.spent for one in maps if one.spent is not None]
    return torch.cat(spent, 2) if len(spent) == len(maps) else None


def _quantiles(values: Tensor, names: dict[str, float]) -> dict[str, float]:
    if values.numel() == 0:
        return dict.fromkeys(names, 0.0)
    found = torch.quantile(
        values.double(), torch.tensor(list(names.values()), dtype=torch.float64)
    )
    return {name: float(q) / uS for name, q in zip(names, found, strict=True)}


def measure(
    job: Job,
    sources: Task,
    chip: Programmed,
    plain: Later[JudgedChip] | None,
    version: str,
    progress: Callable[[str, float], None],
    on_cells: Callable[[RunData], object] = lambda _: None,
    run: RunFolder | None = None,
) -> RunData:
    """Read back, evaluate and sum up a finished deployment.

    Args:
        job: What was deployed.
        sources: Network and data.
        chip: The chip programmed as the job says.
        plain: The same chip programmed without denoising; `None` if the job says so.
        version: Version of the program.
        progress: Told what is being done and how far it is.
        on_cells: Told once what cells hold is known: result, costs, traces and confusion matrix
            are still empty.
        run: Where looks at long evaluations are kept; nowhere if `None`.

    Raises:
        ValueError: The metric gives no number, or what was kept is damaged.
        OSError: A look cannot be kept.
    """
    found = _of_cells(job, sources, chip)
    on_cells(found)
    programmed_until = chip.bench.ledger
    looks = evaluate(
        chip.deployed,
        sources,
        lambda done: progress("evaluating the chip", done),
        None if run is None else run.state("evaluation"),
    )
    truth = truth_of(chip.bench, chip.placement.cells)
    costs = {
        "programming": chip.cost,
        "evaluation": chip.bench.ledger - programmed_until,
    }
    if chip.fitted is not None:
        costs["fitting gains and offsets"] = chip.fitted.cost
    key = sources.metric.key
    answers = answer_questions(
        job.questions, sources, chip.deployed, looks.outputs
    )
    if answers.cost is not None:
        costs["errors by layer"] = answers.cost
    score_plain = looks.interval
    watched = None
    if plain is not None:
        other = plain.result()
        score_plain = other.figures.interval
        costs["programming without denoising"] = other.figures.programming
        watched = traces(other, chip, sources)
    result = _result(job, sources, chip, found, version) | {
        f"chip_{key}": looks.interval,
        f"chip_{key}_no_denoise": score_plain,
        "wires": None if found.wires is None else found.wires.result,
        "passive": truth and truth.half_selected,
        "fitted_columns": _fit_figures(chip.fitted),
        **answers.result,
    }
    return replace(
        found,
        result=result,
        traces=watched,
        confusion=_confusion(sources.data, looks.outputs),
        costs=costs,
    )


def _of_cells(job: Job, sources: Task, chip: Programmed) -> RunData:
    """What cells hold, what that took, and what wires do; nothing is evaluated yet."""
    effort = ProgrammingOptions(job.tolerance, job.denoise)
    readback, noise = read_back(chip, effort.protocol(chip.bench.info))
    working = ~chip.result.stuck
    wires = wire_account(
        sources,
        chip.bench.info,
        compensated=chip.chip.image.placement if job.compensated else None,
        packed=job.packed,
        layout=job.layout,
        tolerance=job.tolerance,
    )
    return RunData(
        result={},
        layers=layer_maps(chip, sources, readback),
        error=(readback - chip.placement.target)[working],
        noise=noise[working],
        pulses=chip.result.pulses,
        denoise_pulses=chip.result.denoise_pulses,
        reads=chip.result.reads,
        tolerance=job.tolerance,
        traces=None,
        confusion=None,
        costs={},
        wires=wires,
    )


def _fit_figures(fitted: Refit | None) -> dict[str, Any] | None:
    """What fitting gains and offsets did to the products, by layer."""
    if fitted is None:
        return None
    return {
        "before": list(fitted.before),
        "after": list(fitted.after),
        "chip_seconds": fitted.cost.seconds,
        "chip_joules": fitted.cost.joules,
    }


def _result(
    job: Job,
    sources: Task,
    chip: Programmed,
    found: RunData,
    version: str,
) -> dict[str, Any]:
    """The numbers of `result.json` that concern programming."""
    per_cell = {
        f"{name}_per_cell": total(getattr(chip.result, name))
        / chip.result.cells.numel()
        for name in ("pulses", "denoise_pulses", "reads")
    }
    sample = one_of(sources.data.inputs, 0)
    work = account(sources.network, sample)
    use = tile_use(sources.network, chip.placement, chip.bench.info, sample)
    vector_time = chip.chip.specimen.chip.published.array.vector_time
    spread = {"median": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}
    cost: Ledger = chip.cost
    return {
        "network": job.network,
        "preset": job.chip,
        "seed": job.seed,
        "version": version,
        "options": asdict(job),
        "tolerance_uS": job.tolerance / uS,
        "denoise": job.denoise,
        "metric": sources.metric.described,
        "samples": number_of(sources.data.inputs),
        f"software_{sources.metric.key}": sources.software_score,
        "multiply_adds": work.summary(),
        "parameters": work.parameters,
        "operations": work.plain(),
        "cells": chip.result.cells.numel(),
        "tiles": chip.bench.info.tiles,
        "packing": use.plain() | {"vector_seconds": vector_time},
        "stuck_cells": int(chip.result.stuck.sum()),
        "converged_fraction": chip.result.converged_fraction,
        "error_uS": _quantiles(found.error.abs(), spread),
        "noise_uS": _quantiles(found.noise, {"median": 0.5, "p99": 0.99}),
        **per_cell,
        "chip_seconds": cost.seconds,
        "chip_joules": cost.joules,
    }
