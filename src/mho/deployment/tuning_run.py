"""The built-in example on a chip with faults, tuned step by step: accuracy and cost of each."""

from dataclasses import asdict, dataclass
from typing import Any

from mho.bench.simulated import SimulatedBench
from mho.checks import check_between, check_choice, check_positive, configuration
from mho.chip.chip import Chip
from mho.deployment.deploy import lay_out, program_pairs
from mho.deployment.deployed import DeployedNetwork, calibrate
from mho.deployment.digits import digits_data, digits_training, train_digits
from mho.deployment.hybrid import hybrid_train
from mho.deployment.mapping import tiles_needed
from mho.deployment.network import Network, read_network
from mho.deployment.tuning import refit
from mho.device.published import PRESETS, preset
from mho.ledger import Ledger
from mho.programming.denoise import Denoise
from mho.programming.protocol import ProgramProtocol
from mho.progress import Progress
from mho.rng import Stream

METHODS = ("refit", "hybrid")
_REFIT_SAMPLES = 256


@configuration
@dataclass(frozen=True, slots=True)
class TuneJob:
    """What to tune, and how.

    Args:
        chip: Name of a preset.
        stuck: Fraction of cells that never switch (1); the preset's if `None`.
        methods: Steps in this order, each one of `METHODS`.
        tolerance: Half-width of the acceptance window (S).
        denoise: Whether cells are denoised.
        repaired: Make up for stuck cells when the network is first programmed.
        seed: Names the chip and everything random about the run.
    """

    chip: str = "rao2023"
    stuck: float | None = None
    methods: tuple[str, ...] = METHODS
    tolerance: float = 20e-6
    denoise: bool = False
    repaired: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        for method in self.methods:
            check_choice(method, "method", METHODS)
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")
        check_choice(self.chip, "chip", PRESETS)
        check_positive(self.tolerance, "tolerance", "S")
        check_between(self.seed, "seed", 0, 2**62, "1")

    @property
    def protocol(self) -> ProgramProtocol:
        """How cells are programmed."""
        return ProgramProtocol(self.tolerance, denoise=Denoise() if self.denoise else None)


def tune(job: TuneJob, progress: Progress) -> dict[str, Any]:
    """Train and deploy the digits network, then tune it; accuracies on test images.

    Args:
        job: What to do.
        progress: Told what is being done and how far it is; may raise to interrupt.

    Returns:
        Plain values: options, accuracy in software, steps with accuracy and cost, and the share
        of the lost accuracy that all steps together bring back.
    """
    data = digits_data()
    progress("training", 0.0)
    trained = train_digits(
        Stream(job.seed).child("training"), lambda done: progress("training", done)
    )
    network = read_network(trained, data.calibration)
    right = network.run(data.inputs).argmax(1) == data.labels
    software = int(right.sum()) / data.labels.numel()
    progress("programming", 0.0)
    deployed = _on_chip(job, network)
    steps = [_step("programming", deployed, deployed.programming.ledger)]
    for method in job.methods:
        steps.append(_step(method, deployed, _apply(method, job, deployed, progress)))
    lost = software - steps[0]["accuracy"]
    won = steps[-1]["accuracy"] - steps[0]["accuracy"]
    return {
        "options": asdict(job),
        "software_accuracy": software,
        "cells": deployed.placement.cells.numel(),
        "stuck_cells": int(deployed.programming.stuck.sum()),
        "steps": steps,
        "recovered": won / lost if lost > 0 else None,
    }


def _on_chip(job: TuneJob, network: Network) -> DeployedNetwork:
    """The network programmed into a chip of the job's kind."""
    kind = preset(job.chip)
    if job.stuck is not None:
        kind = kind.replace(cell__stuck_fraction=job.stuck)
    one = Chip(kind)
    shapes = [(layer.weight.shape[0], layer.weight.shape[1]) for layer in network.layers]
    chip = Chip(kind, tiles=tiles_needed(shapes, one.rows, one.cols))
    bench = SimulatedBench(chip, Stream(job.seed).child("chip"))
    placement, result = program_pairs(
        bench, lay_out(network, bench.info), job.protocol, repaired=job.repaired
    )
    ranges = calibrate(network, placement, digits_data().calibration, bench.info.read_voltage)
    return DeployedNetwork(network, bench, placement, ranges, result)


def _apply(method: str, job: TuneJob, deployed: DeployedNetwork, progress: Progress) -> Ledger:
    """Tune by one method; what it cost."""
    training = digits_training()
    if method == "refit":
        progress("refitting gains and offsets", 0.0)
        return refit(deployed, training.inputs[:_REFIT_SAMPLES]).cost
    stream = Stream(job.seed).child("hybrid")
    return hybrid_train(
        deployed, training.inputs, training.labels, stream, protocol=job.protocol,
        progress=progress,
    ).cost  # fmt: skip


def _step(name: str, deployed: DeployedNetwork, cost: Ledger) -> dict[str, Any]:
    """Accuracy after a step, on test images, and its cost."""
    data = digits_data()
    return {
        "step": name,
        "accuracy": deployed.accuracy(data.inputs, data.labels),
        "pulses": cost.pulses,
        "reads": cost.reads,
        "multiplies": cost.multiplies,
        "chip_seconds": cost.seconds,
        "chip_joules": cost.joules,
    }
