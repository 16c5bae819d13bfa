"""A deployment from end to end, in a folder: interruptible, resumable, and then measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from mho.bench import Bench
from mho.bench.simulated import ChipSpec
from mho.deployment import (
    DeployedNetwork,
    Refit,
    fitting_chip,
    program_image,
    refit,
)
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    compile_image,
    provenance_of,
    save_chip,
    save_image,
)
from mho.device.published import code_of
from mho.files import RunFolder, run_identity
from mho.ledger import Ledger
from mho.mapping import Placement, mapping_kind, packing_plan, suited_scale
from mho.programming import (
    ProgrammingOptions,
    ProgramResult,
)
from mho.progress import Progress
from mho.runs.job import Job
from mho.runs.kept_data import PAGE_DATA
from mho.runs.task import Task
from mho.runs.watched import ChipWatch
from mho.wires import WireModel

_MADE = (
    "chips",
    "trace",
    "network.mho",
    "chip.mho",
    "report.html",
    PAGE_DATA,
    "result.json",
)
"""What a run leaves, the result last: where it is, all is."""


@dataclass(frozen=True, slots=True, eq=False)
class Programmed:
    """One chip with the network in it.

    Args:
        chip: The chip as programming, and fitting if that was asked for, left it.
        deployed: The network running on it.
        cost: What programming cost, the repair of pairs included.
        fitted: What fitting gains and offsets of its outputs found, if that was asked for.
    """

    chip: ProgrammedChip
    deployed: DeployedNetwork
    cost: Ledger
    fitted: Refit | None = None

    @property
    def bench(self) -> Bench:
        """The chip, to be read."""
        return self.deployed.bench

    @property
    def placement(self) -> Placement:
        """Cells and final targets."""
        return self.deployed.placement

    @property
    def result(self) -> ProgramResult:
        """How programming went."""
        return self.deployed.programming


def put_to_work(
    chip: ProgrammedChip, task: Task, *, fit_columns: bool = False
) -> Programmed:
    """Let a network run on its chip.

    Args:
        chip: The chip as programming left it.
        task: Network and data.
        fit_columns: Fit gain and offset of every output to the calibration samples first.
    """
    deployed = chip.deployed()
    cost = deployed.bench.ledger
    if not fit_columns:
        return Programmed(chip, deployed, cost)
    fitted = refit(deployed, task.data.calibration, ranged=False)
    return Programmed(chip.tuned(deployed), deployed, cost, fitted)


def packed_by_itself(job: Job, task: Task) -> Job:
    """The job with layers that share tiles if that is decided so for its network.

    Args:
        job: What is done; nobody has said whether layers share tiles.
        task: Network and data.
    """
    chip = fitting_chip([(1, 1)], job.chip)
    plan = packing_plan(
        task.network.shapes,
        chip.rows,
        chip.cols,
        mapping=mapping_kind(job.layout.mapping),
    )
    return replace(job, packed=plan.packed)


def scaled_by_itself(job: Job, task: Task) -> Job:
    """The job with a scale for every output if that is decided so for its network.

    Args:
        job: What is done; nobody has said what shares a scale.
        task: Network and data.
    """
    weights = [layer.weight for layer in task.network.layers]
    layout = replace(job.layout, scale=suited_scale(weights))
    return replace(job, layout=layout)


def image_for(job: Job, sources: Task) -> CompiledNetwork:
    """What `mho compile` makes of the same network for the same kind of chip.

    Raises:
        ValueError: The network does not fit the chip.
    """
    wires = None
    if job.wires is not None:
        wires = WireModel(word_line=job.wires, bit_line=job.wires)
    chip = fitting_chip(
        sources.network.shapes,
        job.chip,
        mapping=job.layout.mapping,
        packed=job.packed,
        wires=wires,
    )
    info = chip.info
    return compile_image(
        sources.network,
        info,
        sources.data.calibration,
        compensated=job.compensated,
        packed=job.packed,
        **job.layout.options(info, job.tolerance),
        provenance=provenance_of(
            job.network, job.chip, weights=job.weights, data=job.data
        ),
    )


def specimen_for(job: Job, image: CompiledNetwork, seed: int) -> ChipSpec:
    """The chip that `mho program` programs with the same seed."""
    info = image.info
    return ChipSpec(
        job.chip,
        seed,
        info.tiles,
        info.rows,
        info.cols,
        info.wires,
        read_noise=job.read_noise,
    )


@contextmanager
def deployment_folder(
    job: Job,
    task: Task,
    folder: Path,
    *,
    resume: bool = False,
    started: float | None = None,
) -> Iterator[RunFolder]:
    """The folder of a deployment.

    Args:
        job: What is done.
        task: Network and data.
        folder: Folder of the results.
        resume: Go on where an interrupted run stopped.
        started: Monotonic time at which the command started (s).

    Raises:
        ValueError: There is nothing to resume, or it belongs to another job.
        OSError: The folder cannot be written.
    """
    identity = run_identity(
        task.fingerprint, job, *code_of(job.chip), *job.asked
    )
    with RunFolder.open(
        folder,
        "deploy",
        identity,
        details=task.details,
        makes=_MADE,
        resume=resume,
        started=started,
    ) as run:
        yield run


def make_chip(
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    run: RunFolder,
    progress: Progress,
    *,
    denoise: bool,
) -> Programmed:
    """Program one chip with the network. Both chips of a job are the same physical chip, anew.

    The image, and the chip as the job wants it, are kept among the run's files.
    """
    name = "denoised" if denoise else "plain"
    specimen = specimen_for(job, image, job.seed)
    options = ProgrammingOptions(job.tolerance, denoise)
    chip = program_image(
        image,
        specimen,
        options,
        state=run.state(name),
        trace=run.results / "trace" / name,
        progress=lambda _, done: progress(f"programming {name}", done),
        watch=ChipWatch(run.live, name, image),
    )
    found = put_to_work(chip, sources, fit_columns=job.fit_columns)
    if denoise == job.denoise:
        save_image(run.results / "network.mho", image)
        save_chip(run.results / "chip.mho", found.chip)
    return found
