"""A deployment from end to end, in a folder: interruptible, resumable, and then measured."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from mho.bench import Bench, Journal, JournaledBench, restorable
from mho.bench.simulated import ChipSpec
from mho.chip import Chip
from mho.deployment import DeployedNetwork, Refit, program_pairs, refit
from mho.deployment.storage import (
    CompiledNetwork,
    ProgrammedChip,
    compile_image,
    provenance_of,
    save_chip,
    save_image,
)
from mho.files import RunFolder, run_identity
from mho.ledger import Ledger
from mho.mapping import Placement, mapping_kind, tiles_needed
from mho.network import Network
from mho.programming import (
    ProgrammingOptions,
    ProgramProtocol,
    ProgramResult,
    ProgramRun,
)
from mho.progress import Progress
from mho.runs.job import Job
from mho.runs.task import Task
from mho.wires import WireModel

_MADE = ("chips", "trace", "network.mho", "chip.mho", "report.html", "result.json")
"""What a run leaves, the result last: where it is, all is."""


@dataclass(frozen=True, slots=True, eq=False)
class Programmed:
    """One chip with the network in it.

    Args:
        bench: The chip.
        deployed: The network running on it.
        placement: Cells and final targets.
        result: How programming went.
        cost: What programming cost, the repair of pairs included.
        fitted: What fitting gains and offsets of its outputs found, if that was asked for.
    """

    bench: Bench
    deployed: DeployedNetwork
    placement: Placement
    result: ProgramResult
    cost: Ledger
    fitted: Refit | None = None


def chip_for(job: Job, network: Network) -> Chip:
    """A chip of the job's kind with as many tiles as the network needs.

    Raises:
        ValueError: There is no such preset.
    """
    wires = (
        None
        if job.wires is None
        else WireModel(word_line=job.wires, bit_line=job.wires)
    )
    one = Chip(job.chip, wires=wires)
    shapes = [
        (layer.weight.shape[0], layer.weight.shape[1]) for layer in network.layers
    ]
    kind = mapping_kind(job.layout.mapping)
    tiles = tiles_needed(shapes, one.rows, one.cols, mapping=kind, packed=job.packed)
    return replace(one, tiles=tiles)


def image_for(job: Job, sources: Task) -> CompiledNetwork:
    """What `mho compile` makes of the same network for the same kind of chip.

    Raises:
        ValueError: The network does not fit the chip.
    """
    chip = chip_for(job, sources.network)
    kind = ChipSpec(job.chip, 0, chip.tiles, chip.rows, chip.cols, chip.lines)
    info = kind.bench().info
    return compile_image(
        sources.network,
        info,
        sources.data.calibration,
        compensated=job.compensated,
        packed=job.packed,
        **job.layout.options(info),
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
    identity = run_identity(task.fingerprint, job)
    with RunFolder.open(
        folder, "deploy", identity, makes=_MADE, resume=resume, started=started
    ) as run:
        yield run


def _program(
    run: RunFolder,
    name: str,
    placement: Placement,
    bench: Bench,
    protocol: ProgramProtocol,
    progress: Progress,
) -> tuple[Placement, ProgramResult, Ledger]:
    """Program a chip, saving its state now and then; or take up a saved one."""
    state = run.state(name)
    groups, facts = state.load() or ({}, {})
    if groups:
        restorable(bench).restore(groups["bench"], placement.cells)
    journal = Journal(
        run.results / "trace" / name,
        int(facts.get("rows", 0)),
        {
            "chip": bench.info.name,
            "tiles": bench.info.tiles,
            "rows": bench.info.rows,
            "cols": bench.info.cols,
        },
    )

    def keep(program: ProgramRun) -> None:
        left = program.live_cells
        progress(f"programming {name}", 1 - left / program.cells.numel())
        if program.finished or state.due:
            # The state says how many rows there are: they must be on the disk before it.
            rows = journal.sync()
            parts = {
                "bench": restorable(bench).state(placement.cells),
                "run": program.state(),
            }
            state.save(parts, {"rows": rows})

    final, result = program_pairs(
        JournaledBench(bench, journal),
        placement,
        protocol,
        resume=groups.get("run"),
        on_cycle=keep,
    )
    journal.flush()
    return final, result, bench.ledger


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
    specimen = specimen_for(job, image, job.seed)
    effort = ProgrammingOptions(job.tolerance, denoise)
    bench = specimen.bench()
    name = "denoised" if denoise else "plain"
    final, result, cost = _program(
        run, name, image.placement, bench, effort.protocol, progress
    )
    state = restorable(bench).state(final.cells)
    chip = ProgrammedChip(
        image,
        specimen,
        effort,
        final,
        result,
        state,
        {},
        specimen.model,
        version("mho"),
    )
    deployed = DeployedNetwork(image.network, bench, final, image.ranges, result)
    fitted = None
    if job.fit_columns:
        fitted = refit(deployed, sources.data.calibration, ranged=False)
        chip = chip.tuned(deployed)
    if denoise == job.denoise:
        save_image(run.results / "network.mho", image)
        save_chip(run.results / "chip.mho", chip)
    return Programmed(bench, deployed, final, result, cost, fitted)
