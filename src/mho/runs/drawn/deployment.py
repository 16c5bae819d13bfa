"""Many chips with one network, their cells drawn: each follows from its seed alone."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.data import Data, Outputs, agreements, answers_of
from mho.deployment import ready_to_draw
from mho.files import RunFolder
from mho.ledger import Ledger
from mho.mapping import tiles_needed
from mho.network.account import account
from mho.programming import ErrorTable, ProgrammingOptions, measure_errors
from mho.progress import Progress
from mho.rng import Stream
from mho.runs.drawn.judge import JudgedNetwork, batch_for, judge
from mho.runs.drawn.way import NOT_MODELLED
from mho.runs.job import Job
from mho.runs.population_figures import Batch, ChipFigures, Population
from mho.runs.run_data import DrawnCells, RunData
from mho.runs.task import Task
from mho.samples import (
    number_of,
    one_of,
)
from mho.statistical import ConvertedModule
from mho.units import uS

_SPREAD = {"median": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}


def draw_chips(
    job: Job, task: Task, version: str, run: RunFolder, progress: Progress
) -> RunData:
    """Draw the job's chips, one after the other, and judge each.

    Args:
        job: What to do.
        task: Network, data and metric.
        version: Version of the program.
        run: Where the figures of finished chips are kept.
        progress: Told what is being done.

    Raises:
        ValueError: The chip's converters do more than round, or the metric gives no number.
        OSError: A file cannot be written.
    """
    return _Drawing(job, task, run, progress).finished(version)


@dataclass(slots=True, eq=False)
class _Drawing:
    """Chips of one job under way."""

    job: Job
    task: Task
    run: RunFolder
    progress: Progress
    tables: dict[ProgrammingOptions, ErrorTable] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def finished(self, version: str) -> RunData:
        """Everything."""
        job = self.job
        own = ProgrammingOptions(job.tolerance, job.denoise)
        ready = self._calibrated()
        first = self._judged(ready, own, job.seed)
        costs = {"programming": first.figures.programming}
        plain = first.figures
        if job.denoise:
            effort = ProgrammingOptions(job.tolerance, denoise=False)
            plain = self._figures(ready, effort, job.seed, "plain")
            costs["programming without denoising"] = plain.programming
        result = self._result(ready, own, first, plain, version)
        population = None
        if job.chips > 1:
            population = self._population(ready, own, first.figures)
            result["population"] = population.result
            for batch in population.batches:
                many = f"programming, {job.chips} chips at {batch.name}"
                costs[many] = batch.cost("programming")
        result["seconds"] = {
            stage: round(took, 3) for stage, took in self.seconds.items()
        }
        return self._data(result, own, first, costs, population)

    def _timed(self, stage: str, started: float) -> None:
        took = time.monotonic() - started
        self.seconds[stage] = self.seconds.get(stage, 0.0) + took

    def _calibrated(self) -> ConvertedModule:
        """The network on tiles, its converters' ranges set."""
        job = self.job
        started = time.monotonic()
        self.progress("calibrating", 0.0)
        chip = Chip(job.chip)
        info = self._bench().info
        network = self.task.network
        ready = ready_to_draw(
            network,
            chip,
            self.task.data.calibration,
            job.layout.weight_mapping(info),
            job.layout.rule(info),
            batch=batch_for(network, self.task.data.calibration),
        )
        self._timed("calibrate", started)
        return ready

    def _bench(self) -> SimulatedBench:
        """A tile of the kind, of which the tables are."""
        return SimulatedBench(Chip(self.job.chip), Stream(0).child("table"))

    def _table(self, effort: ProgrammingOptions) -> ErrorTable:
        """What programming leaves, measured once; it depends on no seed."""
        if effort not in self.tables:
            started = time.monotonic()
            self.progress("programming cells for the table", 0.0)
            bench = self._bench()
            pairs = self.job.layout.weight_mapping(bench.info)
            self.tables[effort] = measure_errors(
                bench,
                Stream(0).child("targets"),
                effort.protocol(bench.info),
                low=pairs.low,
                high=pairs.high,
            )
            self._timed("table", started)
        return self.tables[effort]

    def _judged(
        self, ready: ConvertedModule, effort: ProgrammingOptions, seed: int
    ) -> JudgedNetwork:
        """Draw a chip, and judge it."""
        table = self._table(effort)
        started = time.monotonic()
        cost = ready.program(table, Stream(seed).child("chip"))
        self._timed("draw", started)
        started = time.monotonic()
        found = judge(ready, table, cost, self.task, seed, self.progress)
        self._timed("evaluate", started)
        return found

    def _figures(
        self,
        ready: ConvertedModule,
        effort: ProgrammingOptions,
        seed: int,
        way: str,
    ) -> ChipFigures:
        """What a chip reaches; found out only once, whatever interrupts the run."""
        name = f"drawn-{way}-{seed}"
        held = self.run.get(name)
        if held:
            return _read(held)
        figures = self._judged(ready, effort, seed).figures
        self.run.put(name, asdict(figures))
        return figures

    def _population(
        self,
        ready: ConvertedModule,
        own: ProgrammingOptions,
        first: ChipFigures,
    ) -> Population:
        """All chips, and all of them the coarse way if the job denoises."""
        job = self.job
        seeds = range(job.seed, job.seed + job.chips)
        others = [self._figures(ready, own, s, "own") for s in seeds[1:]]
        programmed = Batch(own, (first, *others))
        comparison = None
        if job.denoise:
            effort = ProgrammingOptions(job.compare_tolerance, denoise=False)
            coarse = [self._figures(ready, effort, s, "coarse") for s in seeds]
            comparison = Batch(effort, tuple(coarse))
        software = self.task.software_score
        return Population(software, programmed, comparison, self.task.metric)

    def _result(
        self,
        ready: ConvertedModule,
        own: ProgrammingOptions,
        first: JudgedNetwork,
        plain: ChipFigures,
        version: str,
    ) -> dict[str, Any]:
        """The numbers of `result.json`."""
        job = self.job
        task = self.task
        table = self._table(own)
        work = account(task.network, one_of(task.data.inputs, 0))
        shapes = task.network.shapes
        key = task.metric.key
        cost = first.figures.programming
        return {
            "network": job.network,
            "preset": job.chip,
            "seed": job.seed,
            "version": version,
            "options": asdict(job),
            "tolerance_uS": job.tolerance / uS,
            "denoise": job.denoise,
            "metric": task.metric.described,
            "samples": number_of(task.data.inputs),
            f"software_{key}": task.software_score,
            f"chip_{key}": first.figures.interval,
            f"chip_{key}_no_denoise": plain.interval,
            "multiply_adds": work.summary(),
            "parameters": work.parameters,
            "operations": work.plain(),
            "cells": ready.cells,
            "tiles": tiles_needed(shapes, ready.info.rows, ready.info.cols),
            "stuck_cells": first.figures.stuck_cells,
            "converged_fraction": table.converged_fraction,
            "error_uS": _quantiles(table.error),
            "noise_rms_uS": _quantiles(table.variance.sqrt()),
            "pulses_per_cell": table.cost.pulses / table.programmed,
            "reads_per_cell": table.cost.reads / table.programmed,
            "chip_seconds": cost.seconds,
            "chip_joules": cost.joules,
            "drawn": {
                "programmed_cells": table.programmed,
                "stuck_fraction": table.stuck_fraction,
                "curved": table.bent is not None,
                "not_modelled": list(NOT_MODELLED),
            },
            **self._compared(first.outputs),
        }

    def _compared(self, outputs: Outputs) -> dict[str, Any]:
        """Every output against the digital network's."""
        data = self.task.data
        wanted = self.task.software_outputs
        return {
            "outputs": {
                name: one.described
                | {"worst_sample": data.number(one.worst_sample)}
                for name, one in agreements(outputs, wanted).items()
            }
        }

    def _data(
        self,
        result: dict[str, Any],
        own: ProgrammingOptions,
        first: JudgedNetwork,
        costs: dict[str, Ledger],
        population: Population | None,
    ) -> RunData:
        """What the report shows."""
        table = self._table(own)
        nothing = torch.zeros(0, dtype=torch.int64)
        return RunData(
            result=result,
            layers=(),
            error=table.error.flatten(),
            noise=table.variance.sqrt().flatten(),
            pulses=nothing,
            denoise_pulses=nothing,
            reads=nothing,
            tolerance=self.job.tolerance,
            traces=None,
            confusion=_confusion(self.task.data, first.outputs),
            costs=costs,
            wires=None,
            population=population,
            drawn=DrawnCells(table.programmed, NOT_MODELLED),
        )


def _confusion(data: Data, outputs: Outputs) -> Tensor | None:
    """Test samples by label and by answer; `None` without labels."""
    first = next(iter(outputs.values()))
    labels = data.labels
    if labels is None or first.ndim != 2:
        return None
    answers = answers_of(outputs)
    size = max(data.classes, int(answers.max()) + 1)
    confusion = torch.zeros(size, size, dtype=torch.int64)
    ones = torch.ones_like(answers)
    return confusion.index_put_((labels, answers), ones, accumulate=True)


def _quantiles(values: Tensor) -> dict[str, float]:
    """Of sizes (µS)."""
    ordered = values.abs().flatten().sort().values.double()
    last = ordered.numel() - 1
    return {
        name: float(ordered[round(share * last)]) / uS
        for name, share in _SPREAD.items()
    }


def _read(held: Mapping[str, Any]) -> ChipFigures:
    """Figures as they were kept."""
    spent = {
        stage: Ledger(**held[stage]) for stage in ("programming", "evaluation")
    }
    return ChipFigures(**{**held, **spent})
