"""A network on a chip, tuned step by step: what each step reaches and costs."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mho.bench.simulated import SimulatedBench
from mho.data import ACCURACY, Data
from mho.deployment import (
    DeployedNetwork,
    Refit,
    program_image,
    refit,
)
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    Provenance,
    compile_image,
)
from mho.device.published import numbers_of
from mho.files import RunFolder
from mho.ledger import Ledger
from mho.network import Network
from mho.programming import measure_errors
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.runs.judging import digital_outputs, metric_for
from mho.runs.task import Task
from mho.runs.tuning.job import (
    NOISE_AWARE,
    START,
    TuneJob,
    planned,
)
from mho.runs.tuning.kept_steps import TuningSteps
from mho.samples import chosen
from mho.training import (
    NoiseAwareTraining,
    Surrogate,
    hybrid_train,
    noise_aware_train,
)

_REFIT_SAMPLES = 256
_SPARE_LINES = 64
"""Rows and columns of the spare chip whose cells are measured (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Tuned:
    """What tuning ended with.

    Args:
        result: Plain values: options, what the metric says in software, steps with that and
            their cost, and the share of what was lost that the steps on the chip bring back.
        chip: The tuned chip, to go on with.
    """

    result: dict[str, Any]
    chip: ProgrammedChip


def tune(
    job: TuneJob,
    progress: Progress = silent,
    *,
    start: Task | None = None,
    run: RunFolder | None = None,
) -> Tuned:
    """Program a network into a chip, or take a programmed one, and tune it; judge every step.

    Args:
        job: What to do.
        progress: Told what is being done and how far it is; may raise to interrupt.
        start: What `job.gather` gave; read here if `None`.
        run: Where every step is kept; what it has is gone on with. The end is the same as
            without an interruption.

    Raises:
        ValueError: Something about the files or the methods; one sentence says what.
        OSError: A file that cannot be read, or a folder that cannot be written.
    """
    start = start or job.gather(progress)
    plan = planned(job, start)
    kept = TuningSteps(run)
    tuning = _Tuning(job, start, progress, kept)
    source = kept.left or start.source
    for name in plan[len(kept.done) :]:
        source, step = tuning.step(name, source)
        kept.put(step, source)
    assert isinstance(source, ProgrammedChip)
    return Tuned(_result(job, start, source, kept.done), source)


class _Tuning:
    """The steps of a job."""

    def __init__(
        self, job: TuneJob, start: Task, progress: Progress, kept: TuningSteps
    ) -> None:
        self._job = job
        self._start = start
        self._progress = progress
        self._kept = kept

    def step(
        self, name: str, source: Network | CompiledNetwork | ProgrammedChip
    ) -> tuple[CompiledNetwork | ProgrammedChip, dict[str, Any]]:
        """What a step leaves, and its accuracy and cost."""
        if isinstance(source, Network):
            if name == NOISE_AWARE:
                return self._noise_aware(source)
            source = self._compiled(source)
        more: dict[str, Any] = {}
        if isinstance(source, CompiledNetwork):
            source = self._programmed(source)
            deployed = source.deployed()
            cost = source.result.ledger
        else:
            deployed = source.deployed()
            cost = Ledger()
            if name != START:
                cost, more = self._on_chip(name, deployed, source)
        score = self._start.score_on(deployed)
        records = self._start.metric.record(score)
        told = self._described(name, score, cost) | more
        return source.tuned(deployed, **records), told

    def _compiled(self, network: Network) -> CompiledNetwork:
        job = self._job
        start = self._start
        name = Path(job.network.rpartition(":")[0] or job.network).name
        origin = Provenance(
            source=name,
            preset=job.chip,
            data=start.built_in,
            numbers=numbers_of(job.chip),
        )
        info = job.specimen(network).info
        return compile_image(
            network, info, start.data.calibration, provenance=origin
        )

    def _programmed(self, image: CompiledNetwork) -> ProgrammedChip:
        job = self._job
        info = image.info
        one = job.specimen(image.network)
        if not isinstance(self._start.source, Network):
            one = replace(
                one,
                tiles=info.tiles,
                rows=info.rows,
                cols=info.cols,
                wires=info.wires,
            )
        return program_image(
            image,
            one,
            job.effort,
            state=self._kept.programming,
            progress=self._progress,
        )

    def _noise_aware(
        self, network: Network
    ) -> tuple[CompiledNetwork, dict[str, Any]]:
        """Tune the network for chips of the kind, whose cells are measured on a spare one."""
        job = self._job
        start = self._start
        stream = Stream(self._job.seed)
        self._progress("measuring a spare chip", 0.0)
        chip = replace(
            job.specimen(network), tiles=1, rows=_SPARE_LINES, cols=_SPARE_LINES
        ).chip
        spare = SimulatedBench(chip, stream.child("spare chip"))
        table = measure_errors(
            spare, stream.child("statistics"), job.effort.protocol(spare.info)
        )
        surrogate = Surrogate(spare.info, None, chip.around, table)
        training = NoiseAwareTraining()
        found = noise_aware_train(
            network,
            start.learning.inputs,
            start.learning.labels,
            surrogate,
            stream.child(NOISE_AWARE),
            training=training,
            progress=self._progress,
        )
        step = self._described(
            NOISE_AWARE, start.score_of(found.network), table.cost
        )
        step |= {
            "measured_cells": table.programmed,
            "training_epochs": training.epochs,
            "training_samples": found.samples,
            "training_multiply_adds": found.multiply_adds,
            "training_seconds": found.seconds,
        }
        return self._compiled(found.network), step

    def _on_chip(
        self, method: str, deployed: DeployedNetwork, chip: ProgrammedChip
    ) -> tuple[Ledger, dict[str, Any]]:
        """Tune by one method; what it cost, and what else it has to say."""
        if method == "refit":
            self._progress("refitting gains and offsets", 0.0)
            return self._refit(deployed).cost, {}
        training = self._start.learning
        found = hybrid_train(
            deployed,
            training.inputs,
            training.labels,
            Stream(self._job.seed).child("hybrid"),
            protocol=chip.effort.protocol(deployed.bench.info),
            progress=self._progress,
        )
        return found.cost, {
            "training_accuracy_before": found.accuracy[0],
            "training_accuracy_after": found.ended,
        }

    def _refit(self, deployed: DeployedNetwork) -> Refit:
        """Fit gains and offsets; the fit stays only if it helps what the network is tuned for."""
        start = self._start
        training = start.training
        if training is None:
            samples = start.data.calibration
            labels = None
        else:
            some = slice(_REFIT_SAMPLES)
            samples = chosen(training.inputs, some)
            labels = training.labels[some]
        if start.metric == ACCURACY:
            return refit(deployed, samples, labels)
        own = Data(samples, labels, start.data.calibration, start.data.classes)
        try:
            wanted = digital_outputs(start.network, samples)
            metric = metric_for(self._job.metric, own, lambda: wanted)
            sign = -1.0 if metric.higher_is_better else 1.0
            metric.score(wanted, own)
        except ValueError:
            # it needs what only test data have
            return refit(deployed, samples, labels)
        return refit(
            deployed,
            samples,
            loss=lambda fitted: (
                sign * metric.score(fitted.outputs(samples), own)
            ),
        )

    def _described(
        self, name: str, score: float, cost: Ledger
    ) -> dict[str, Any]:
        """A step as plain values."""
        return {
            "step": name,
            "where": "software" if name == NOISE_AWARE else "chip",
            self._start.metric.key: score,
            "pulses": cost.pulses,
            "reads": cost.reads,
            "multiplies": cost.multiplies,
            "chip_seconds": cost.seconds,
            "chip_joules": cost.joules,
        }


def _result(
    job: TuneJob, start: Task, chip: ProgrammedChip, steps: list[dict[str, Any]]
) -> dict[str, Any]:
    key = start.metric.key
    software = start.software_score
    found = [step[key] for step in steps if step["where"] == "chip"]
    sign = 1.0 if start.metric.higher_is_better else -1.0
    lost = sign * (software - found[0])
    return {
        "options": asdict(job),
        "metric": start.metric.described,
        f"software_{key}": software,
        "cells": chip.placement.cells.numel(),
        "stuck_cells": int(chip.result.stuck.sum()),
        "steps": steps,
        "recovered": sign * (found[-1] - found[0]) / lost if lost > 0 else None,
    }
