"""A deployment from end to end, in a folder: interruptible, resumable, and then measured."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from mho import checkpoint
from mho.bench.journal import Journal, JournaledBench
from mho.bench.multiplying import READ_NOISES
from mho.bench.simulated import SimulatedBench
from mho.checks import (
    check_between,
    check_choice,
    check_not_negative,
    check_positive,
    configuration,
)
from mho.chip.chip import Chip
from mho.chip.wires import WireModel
from mho.deployment.chip_file import Effort, ProgrammedChip, Specimen, save_chip
from mho.deployment.deploy import program_pairs
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.digits import digits_data, train_digits
from mho.deployment.image import Image, compile_image, save_image
from mho.deployment.kept import Kept, work_folder
from mho.deployment.layout import Layout
from mho.deployment.mapping import Placement, tiles_needed
from mho.deployment.named_mappings import mapping_kind
from mho.deployment.network import Network, read_network
from mho.deployment.origin import provenance_of
from mho.deployment.sources import Data, load_data, load_network
from mho.deployment.tuning import Refit, refit
from mho.device.published import PRESETS
from mho.ledger import Ledger
from mho.programming.loop import ProgramRun
from mho.programming.protocol import ProgramProtocol
from mho.programming.result import ProgramResult
from mho.progress import Progress
from mho.rng import Stream

_CHECKPOINT_SECONDS = 1.0
_MADE = ("chips", "trace", "network.mho", "chip.mho", "report.html", "result.json")
"""What a run leaves, the result last: where it is, all is."""


@configuration
@dataclass(frozen=True, slots=True)
class Job:
    """What to deploy, on what, and how.

    Args:
        network: `"digits"`, a `.pt2` or `.onnx` file, or `module.py:factory`.
        chip: Name of a preset.
        tolerance: Half-width of the acceptance window (S).
        seed: Names the chip and everything random about the run.
        denoise: Whether to denoise; a second chip without it is then programmed to compare.
        data: `.npz` file of test data; not for `"digits"`.
        weights: State dict for a factory; `None` if it brings its own.
        wires: Resistance of a wire segment between two cells (Ω); the preset's if `None`.
        compensated: Make up for the wires in the mapping.
        read_noise: How noise enters a product; see `SimulatedBench`.
        packed: Let layers share tiles; else each has tiles of its own.
        layout: Weights to conductances, and converter ranges.
        fit_columns: Fit gain and offset of every output to the calibration samples on the chip.
        digital: Modules that stay digital, names or patterns; see `read_network`.
        chips: Number of chips, with seeds from `seed` on; the report is of the first (1).
        compare_tolerance: Half-width of the window to which several chips are programmed without
            denoising, to compare (S).
        keep_chips: Keep a file of each of several chips.
    """

    network: str
    chip: str = "rao2023"
    tolerance: float = 1e-6
    seed: int = 0
    denoise: bool = True
    data: str | None = None
    weights: str | None = None
    wires: float | None = None
    compensated: bool = True
    read_noise: str = "frozen"
    packed: bool = False
    layout: Layout = field(default_factory=Layout)
    fit_columns: bool = False
    digital: tuple[str, ...] = ()
    chips: int = 1
    compare_tolerance: float = 20e-6
    keep_chips: bool = False

    def __post_init__(self) -> None:
        check_choice(self.chip, "chip", PRESETS)
        check_positive(self.tolerance, "tolerance", "S")
        check_between(self.seed, "seed", 0, 2**62, "1")
        if self.wires is not None:
            check_not_negative(self.wires, "wires", "Ω")
        check_choice(self.read_noise, "read_noise", READ_NOISES)
        check_between(self.chips, "chips", 1, 1000, "1")
        check_positive(self.compare_tolerance, "compare_tolerance", "S")

    def protocol(self, *, denoise: bool) -> ProgramProtocol:
        """How cells are programmed."""
        return Effort(self.tolerance, denoise).protocol

    @property
    def name(self) -> str:
        """Name of the run's folder: the same job has the same one."""
        short = Path(self.network.rpartition(":")[0] or self.network).stem
        given = "|".join(str(getattr(self, f.name)) for f in fields(self))
        mark = hashlib.sha256(given.encode()).hexdigest()[:6]
        return f"{short}-{self.chip}-seed{self.seed}-{mark}"


@dataclass(frozen=True, slots=True, eq=False)
class Sources:
    """A network and the data to judge it by.

    Args:
        network: The trained network.
        data: Test and calibration data.
    """

    network: Network
    data: Data

    @property
    def fingerprint(self) -> str:
        """SHA-256 of weights and data: a run is only resumed with the same ones."""
        digest = hashlib.sha256()
        for layer in self.network.layers:
            digest.update(layer.weight.contiguous().numpy().tobytes())
        for tensor in (self.data.inputs, self.data.labels, self.data.calibration):
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()


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

    bench: SimulatedBench
    deployed: DeployedNetwork
    placement: Placement
    result: ProgramResult
    cost: Ledger
    fitted: Refit | None = None


def prepare(job: Job, progress: Progress) -> Sources:
    """Read or train the network, and read the data.

    Raises:
        ValueError: Something about the files; one sentence says what.
    """
    if job.network == "digits":
        if job.data or job.weights:
            raise ValueError(
                "Argument `data` or `weights` must be left out for the built-in `digits`, which"
                " brings its own."
            )
        data = digits_data()
        progress("training", 0.0)
        trained = train_digits(
            Stream(job.seed).child("training"), lambda done: progress("training", done)
        )
        return Sources(read_network(trained, data.calibration, job.digital), data)
    if not job.network.endswith((".pt2", ".onnx", ".safetensors")) and ":" not in job.network:
        near = " Did you mean `digits`?" if get_close_matches(job.network, ["digits"]) else ""
        raise ValueError(
            "Argument `network` must be `digits`, `model.pt2`, `model.onnx`,"
            f" `weights.safetensors` or `module.py:factory`, but is `{job.network}`; other files"
            f" of weights go into `weights`.{near}"
        )
    if job.data is None:
        raise ValueError("Argument `data` must name a .npz file of test data, but is missing.")
    data = load_data(job.data)
    progress("reading the network", 0.0)
    network = load_network(job.network, job.weights, data.calibration, job.digital)
    return Sources(network, data)


def chip_for(job: Job, network: Network) -> Chip:
    """A chip of the job's kind with as many tiles as the network needs.

    Raises:
        ValueError: There is no such preset.
    """
    wires = None if job.wires is None else WireModel(word_line=job.wires, bit_line=job.wires)
    one = Chip(job.chip, wires=wires)
    shapes = [(layer.weight.shape[0], layer.weight.shape[1]) for layer in network.layers]
    kind = mapping_kind(job.layout.mapping)
    tiles = tiles_needed(shapes, one.rows, one.cols, mapping=kind, packed=job.packed)
    return replace(one, tiles=tiles)


def image_for(job: Job, sources: Sources) -> Image:
    """What `mho compile` makes of the same network for the same kind of chip.

    Raises:
        ValueError: The network does not fit the chip.
    """
    chip = chip_for(job, sources.network)
    kind = Specimen(job.chip, 0, chip.tiles, chip.rows, chip.cols, chip.lines)
    info = kind.bench().info
    return compile_image(
        sources.network, info, sources.data.calibration, compensated=job.compensated,
        packed=job.packed, **job.layout.options(info),
        provenance=provenance_of(job.network, job.chip, weights=job.weights, data=job.data),
    )  # fmt: skip


def specimen_for(job: Job, image: Image, seed: int) -> Specimen:
    """The chip that `mho program` programs with the same seed."""
    info = image.info
    return Specimen(
        job.chip, seed, info.tiles, info.rows, info.cols, info.wires, read_noise=job.read_noise
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
        self.folder, self.work = folder, work_folder(folder, resume=resume)
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
        self, name: str, placement: Placement, bench: SimulatedBench, protocol: ProgramProtocol,
        progress: Progress,
    ) -> tuple[Placement, ProgramResult, Ledger]:  # fmt: skip
        """Program a chip, saving its state every second; or take up a saved one."""
        path = self.work / f"{name}.safetensors"
        groups, facts = checkpoint.load(path) if path.exists() else ({}, {})
        rows = int(facts.get("rows", 0))
        if groups:
            bench.restore(groups["bench"], placement.cells)
        journal = Journal(self.work / "trace" / name, rows, {"chip": bench.info.name, "tiles":
            bench.info.tiles, "rows": bench.info.rows, "cols": bench.info.cols})  # fmt: skip
        saved = time.monotonic()

        def keep(run: ProgramRun) -> None:
            nonlocal saved
            left = run.live["place"].numel()
            progress(f"programming {name}", 1 - left / run.cells.numel())
            if run.finished or time.monotonic() - saved > _CHECKPOINT_SECONDS:
                state = {"bench": bench.state(placement.cells), "run": run.state()}
                self._save(path, state, journal.flush())
                saved = time.monotonic()

        final, result = program_pairs(
            JournaledBench(bench, journal), placement, protocol,
            resume=groups.get("run"), on_cycle=keep,
        )  # fmt: skip
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

    def _save(self, path: Path, groups: dict[str, dict[str, Tensor]], rows: int) -> None:
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
    image: Image,
    sources: Sources,
    workshop: Workshop,
    progress: Progress,
    *,
    denoise: bool,
) -> Programmed:
    """Program one chip with the network. Both chips of a job are the same physical chip, anew.

    The image, and the chip as the job wants it, are kept among the run's files.
    """
    specimen, effort = specimen_for(job, image, job.seed), Effort(job.tolerance, denoise)
    bench = specimen.bench()
    name = "denoised" if denoise else "plain"
    final, result, cost = workshop.program(name, image.placement, bench, effort.protocol, progress)
    state = bench.state(final.cells)
    chip = ProgrammedChip(
        image, specimen, effort, final, result, state, {}, specimen.model, version("mho")
    )
    deployed, fitted = DeployedNetwork(image.network, bench, final, image.ranges, result), None
    if job.fit_columns:
        fitted = refit(deployed, sources.data.calibration, ranged=False)
        chip = chip.tuned(deployed)
    if denoise == job.denoise:
        save_image(workshop.work / "network.mho", image)
        save_chip(workshop.work / "chip.mho", chip)
    return Programmed(bench, deployed, final, result, cost, fitted)


@contextmanager
def with_threads(threads: int) -> Iterator[None]:
    """Compute with this many threads: elementwise work gains nothing from more than one."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
