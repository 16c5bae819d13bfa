"""Training from scratch on a faulty chip and on one without faults: resumable, pass by pass."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jaxtyping import Float, Shaped
from torch import Tensor

from mho.bench import restorable
from mho.checks import Configuration, check_between, check_within
from mho.data import (
    BUILT_IN,
    TrainingAndTest,
    load_data,
    load_training,
)
from mho.deployment import fitting_chip
from mho.deployment.storage import ProgrammedChip, Provenance
from mho.device.published import check_preset, code_of
from mho.files import KeptState, RunFolder, run_identity
from mho.ledger import Ledger
from mho.progress import Progress, silent
from mho.rng import Stream
from mho.samples import number_of
from mho.training import (
    OnChipPerceptron,
    OnChipTraining,
    layer_shapes,
    trained_chip,
)

FAULTY = "on the chip"
FAULTLESS = "without stuck cells"
"""Names of the two runs of a job."""


@dataclass(frozen=True, slots=True)
class TrainJob(Configuration):
    """What shall learn, and on which chip.

    Args:
        training: Layers, passes, rates.
        chip: Name of a preset.
        stuck: Share of cells that never switch (1); the preset's if `None`.
        compared: Train a chip without stuck cells, too.
        seed: Names the chip and everything random about the run.
    """

    training: OnChipTraining = field(default_factory=OnChipTraining)
    chip: str = "umass_ta_hfo2"
    stuck: float | None = None
    compared: bool = True
    seed: int = 0

    def identity(self, data: TrainingAndTest) -> str:
        """Everything that the result depends on; see `RunFolder`."""
        digest = hashlib.sha256()
        for tensor in (
            data.inputs,
            data.labels,
            data.test.only_input,
            data.test.right,
        ):
            digest.update(tensor.contiguous().numpy().tobytes())
        return run_identity(digest.hexdigest(), self, *code_of(self.chip))

    def __post_init__(self) -> None:
        check_preset(self.chip, "chip")
        check_between(self.seed, "seed", 0, 2**62, "1")
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")


@dataclass(frozen=True, slots=True)
class Pass:
    """The perceptron after one pass over its samples.

    Args:
        training_accuracy: Share of the pass's samples that were right before their update (1).
        accuracy: Share of test samples that are right after it, on the chip (1).
        cost: What training cost so far; measuring the accuracy is left out.
    """

    training_accuracy: float
    accuracy: float
    cost: Ledger


def training_data(name: str) -> tuple[TrainingAndTest, Provenance]:
    """Samples, and where they come from.

    Args:
        name: `digits`, `mnist`, or a `.npz` file.

    Raises:
        ValueError: Something about the file; one sentence says what.
    """
    if name in BUILT_IN:
        given = BUILT_IN[name]
        own = given.training()
        both = TrainingAndTest(own.inputs, own.labels, given.test())
        return both, Provenance(
            source=f"{name}, trained on the chip", data=name
        )
    test = load_data(name)
    learnt = load_training(name, None, test.inputs)
    classes = max(test.classes, int(learnt.labels.max()) + 1)
    test = replace(
        test,
        calibration=learnt.inputs[: number_of(test.calibration)],
        classes=classes,
    )
    data = TrainingAndTest(learnt.inputs, learnt.labels, test)
    for what, inputs in (
        ("training_inputs", data.inputs),
        ("inputs", data.test.only_input),
    ):
        check_within(
            inputs, what, 0.0, 1.0, unit="1", hint="Scale them to this range."
        )
    digest = hashlib.sha256(Path(name).read_bytes()).hexdigest()
    source = f"{Path(name).name}, trained on the chip"
    return data, Provenance(source=source, sha256={"data": digest})


def learn(
    job: TrainJob,
    data: TrainingAndTest,
    provenance: Provenance,
    *,
    run: RunFolder | None = None,
    progress: Progress = silent,
) -> tuple[dict[str, Any], ProgrammedChip]:
    """Train on the chip, and on one of the same seed without stuck cells to compare.

    Args:
        job: What to do.
        data: Samples from 0 to 1.
        provenance: Where they come from.
        run: Where the state is kept after every pass; what it has is taken up.
        progress: Told what is being done and how far it is; may raise to interrupt.

    Returns:
        Plain values, and the trained chip.

    Raises:
        ValueError: What was kept is damaged.
        OSError: The folder cannot be written.
    """
    runs = {FAULTY: job.stuck} | ({FAULTLESS: 0.0} if job.compared else {})
    found: dict[str, list[Pass]] = {}
    chip = None
    for name, stuck in runs.items():
        state = run.state(name.replace(" ", "-")) if run else None
        course = _Course(job, data, stuck, state)
        found[name] = course.go(name, progress)
        chip = chip or course.chip(provenance)
    assert chip is not None
    return _described(job, data, found, chip), chip


class _Course:
    """One chip that learns, kept after every pass."""

    def __init__(
        self,
        job: TrainJob,
        data: TrainingAndTest,
        stuck: float | None,
        state: KeptState | None,
    ) -> None:
        self._job = job
        self._data = data
        self._state = state
        features = data.inputs[0].numel()
        classes = data.test.classes
        shapes = layer_shapes(features, job.training.hidden, classes)
        self._specimen = fitting_chip(shapes, job.chip, job.seed, stuck=stuck)
        self._bench = self._specimen.bench()
        self._perceptron = OnChipPerceptron(
            self._bench, features, classes, job.training
        )
        self._stream = Stream(job.seed).child("on-chip")
        self._passes: list[Pass] = []
        self._cost = Ledger()

    def go(self, name: str, progress: Progress) -> list[Pass]:
        """All passes."""
        epochs = self._job.training.epochs
        perceptron = self._perceptron
        bench = self._bench
        inputs = _flat(self._data.inputs)
        test = self._data.test
        if not self._take_up():
            perceptron.scatter(self._stream.child("weights"))
            self._cost = bench.ledger
        progress(name, len(self._passes) / epochs)
        for epoch in range(len(self._passes), epochs):
            before = bench.ledger
            right = perceptron.learn(
                epoch, inputs, self._data.labels, self._stream
            )
            self._cost += bench.ledger - before
            accuracy = perceptron.accuracy(_flat(test.only_input), test.right)
            self._passes.append(Pass(right, accuracy, self._cost))
            self._keep()
            progress(name, (epoch + 1) / epochs)
        return self._passes

    def chip(self, provenance: Provenance) -> ProgrammedChip:
        """The chip as it is now."""
        return trained_chip(
            self._perceptron,
            self._specimen,
            self._data,
            self._cost,
            provenance,
            accuracy=self._passes[-1].accuracy,
        )

    def _keep(self) -> None:
        if self._state is None:
            return
        cells = self._perceptron.placement.cells
        groups = {
            "bench": restorable(self._bench).state(cells),
            "perceptron": self._perceptron.state(),
        }
        self._state.save(
            groups, {"passes": [asdict(one) for one in self._passes]}
        )

    def _take_up(self) -> bool:
        """Go on with what was kept, if there is something."""
        held = self._state.load() if self._state is not None else None
        if held is None:
            return False
        groups, facts = held
        restorable(self._bench).restore(
            groups["bench"], self._perceptron.placement.cells
        )
        self._perceptron.restore(groups["perceptron"])
        self._passes = [
            Pass(**(p | {"cost": Ledger(**p["cost"])})) for p in facts["passes"]
        ]
        self._cost = self._passes[-1].cost

        return True


def _flat(
    inputs: Shaped[Tensor, "samples ..."],
) -> Float[Tensor, "samples features"]:
    return inputs.flatten(1)


def _described(
    job: TrainJob,
    data: TrainingAndTest,
    found: Mapping[str, list[Pass]],
    chip: ProgrammedChip,
) -> dict[str, Any]:
    """The results as plain numbers, units in the names."""
    features = data.inputs[0].numel()
    training = job.training
    stuck = chip.specimen.chip.published.values.get("cell.stuck_fraction")
    return {
        "options": asdict(job),
        "network": [features, *training.hidden, data.test.classes],
        "cells": chip.placement.cells.numel(),
        "stuck_fraction": stuck.value if stuck else 0.0,
        "training_samples": data.labels.numel(),
        "test_samples": data.test.right.numel(),
        "runs": {
            name: [_told(one) for one in passes]
            for name, passes in found.items()
        },
        "chip": chip.sha256,
        "version": version("mho"),
    }


def _told(one: Pass) -> dict[str, Any]:
    return asdict(one) | {
        "cost": {**asdict(one.cost), "joules": one.cost.joules}
    }
