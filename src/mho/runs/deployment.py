"""A deployment from end to end, in a folder: interruptible, resumable, and then measured."""

import shutil
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from torch import Tensor

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
from mho.files import Kept, checkpoint, work_folder
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

_CHECKPOINT_SECONDS = 1.0
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


class Workshop:
    """The folder of an unfinished run, and the time spent on it so far.

    Args:
        folder: The run's folder.
        fingerprint: Of weights and data.
        job: What is done.
        started: Monotonic time at which the command started (s).
        resume: Go on where an interrupted run stopped.

    Raises:
        ValueError: There is nothing to resume, or it belongs to another job.
        OSError: The folder cannot be written.
    """

    def __init__(
        self, folder: Path, fingerprint: str, job: Job, started: float, *, resume: bool
    ) -> None:
        self.folder = folder
        self.work = work_folder(folder, resume=resume)
        self.job = job
        self._identity = f"{version('mho')} {fingerprint} {job!r}"
        self.kept = Kept(self.work / "kept", self._identity)
        self._started = started
        self._earlier = 0.0
        if resume:
            self._check()

    @property
    def seconds(self) -> float:
        """Wall time spent on the run, interruptions left out (s)."""
        return self._earlier + time.monotonic() - self._started

    def program(
        self,
        name: str,
        placement: Placement,
        bench: Bench,
        protocol: ProgramProtocol,
        progress: Progress,
    ) -> tuple[Placement, ProgramResult, Ledger]:
        """Program a chip, saving its state every second; or take up a saved one."""
        path = self.work / f"{name}.safetensors"
        groups, facts = checkpoint.load(path) if path.exists() else ({}, {})
        rows = int(facts.get("rows", 0))
        if groups:
            restorable(bench).restore(groups["bench"], placement.cells)
        journal = Journal(
            self.work / "trace" / name,
            rows,
            {
                "chip": bench.info.name,
                "tiles": bench.info.tiles,
                "rows": bench.info.rows,
                "cols": bench.info.cols,
            },
        )
        saved = time.monotonic()

        def keep(run: ProgramRun) -> None:
            nonlocal saved
            left = run.live_cells
            progress(f"programming {name}", 1 - left / run.cells.numel())
            if run.finished or time.monotonic() - saved > _CHECKPOINT_SECONDS:
                state = {
                    "bench": restorable(bench).state(placement.cells),
                    "run": run.state(),
                }
                self._save(path, state, journal.flush())
                saved = time.monotonic()

        final, result = program_pairs(
            JournaledBench(bench, journal),
            placement,
            protocol,
            resume=groups.get("run"),
            on_cycle=keep,
        )
        journal.flush()
        return final, result, bench.ledger

    def finish(self) -> None:
        """Put the finished run's files in place of an earlier run's."""
        old = self.folder / ".old"
        shutil.rmtree(old, ignore_errors=True)
        old.mkdir()
        for earlier in ("trace", "chips"):
            if (self.folder / earlier).exists():
                (self.folder / earlier).replace(old / earlier)
        for made in _MADE:
            if (self.work / made).exists():
                (self.work / made).replace(self.folder / made)
        shutil.rmtree(old, ignore_errors=True)
        shutil.rmtree(self.work)

    def _save(
        self, path: Path, groups: dict[str, dict[str, Tensor]], rows: int
    ) -> None:
        facts = {"rows": rows, "identity": self._identity, "seconds": self.seconds}
        checkpoint.save(path, groups, facts)

    def _check(self) -> None:
        """Refuse to resume another job."""
        for path in sorted(self.work.glob("*.safetensors")):
            _, facts = checkpoint.load(path)
            if facts["identity"] != self._identity:
                raise ValueError(
                    f"Argument `resume` must go on with the same job, but `{self.folder}` holds"
                    " another one (weights, data, version or options differ); leave it out to"
                    " start anew."
                )
            self._earlier = max(self._earlier, float(facts["seconds"]))
        for name in self.kept.names():
            held = self.kept.get(name) or {}
            self._earlier = max(self._earlier, float(held.get("seconds", 0.0)))


def make_chip(
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    workshop: Workshop,
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
    final, result, cost = workshop.program(
        name, image.placement, bench, effort.protocol, progress
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
        save_image(workshop.work / "network.mho", image)
        save_chip(workshop.work / "chip.mho", chip)
    return Programmed(bench, deployed, final, result, cost, fitted)
