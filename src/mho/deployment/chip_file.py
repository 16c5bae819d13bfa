"""One programmed chip in a file: what was written, how that went, and the state of every cell."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho import checkpoint
from mho.bench.interface import Bench
from mho.bench.multiplying import READ_NOISES
from mho.bench.simulated import SimulatedBench
from mho.checks import check_between, check_choice, check_positive, configuration
from mho.chip.chip import Chip
from mho.chip.wires import WireModel
from mho.deployment.archive import RefusedError
from mho.deployment.deploy import program_pairs
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.image import (
    Image,
    check_all_used,
    check_fits,
    check_placement,
    image_parts,
    read_image,
)
from mho.deployment.mapping import Placement
from mho.deployment.packed_file import load, pack, refusing, save
from mho.deployment.plain import Reader, Writer
from mho.deployment.tuned import Tuning, check_tuning
from mho.device.published import preset
from mho.ledger import Ledger
from mho.programming.denoise import Denoise
from mho.programming.loop import ProgramRun
from mho.programming.protocol import ProgramProtocol
from mho.programming.result import ProgramResult
from mho.progress import Progress, silent
from mho.rng import Stream

KIND = "mho-chip"
_CHECKPOINT_SECONDS = 1.0
_CELLS, _SPARSE = 2**24, 1024
"""Cells that any chip may have, and cells for each one used that a larger one may have (1)."""


@configuration
@dataclass(frozen=True, slots=True)
class Specimen:
    """One simulated chip, made anew from a few numbers.

    Args:
        preset: Name of its preset.
        seed: Names the chip: its cells, faults and noise.
        tiles: Tiles (1).
        rows: Word lines of a tile (1).
        cols: Bit lines of a tile (1).
        wires: Resistances of its lines.
        temperature: Temperature at which it is switched on (K).
        read_noise: How noise enters a product; see `SimulatedBench`.
        stuck: Share of cells that never switch (1); the preset's if `None`.
    """

    preset: str
    seed: int
    tiles: int
    rows: int
    cols: int
    wires: WireModel = field(default_factory=WireModel)
    temperature: float = 300.0
    read_noise: str = "frozen"
    stuck: float | None = None

    def __post_init__(self) -> None:
        check_between(self.seed, "seed", 0, 2**62, "1")
        check_between(self.tiles, "tiles", 1, 1_000_000, "1")
        check_between(self.rows, "rows", 1, 65_536, "1")
        check_between(self.cols, "cols", 1, 65_536, "1")
        check_positive(self.temperature, "temperature", "K")
        check_choice(self.read_noise, "read_noise", READ_NOISES)
        if self.stuck is not None:
            check_between(self.stuck, "stuck", 0.0, 1.0, "1")

    @property
    def chip(self) -> Chip:
        """The kind of chip."""
        kind = preset(self.preset)
        if self.stuck is not None:
            kind = kind.replace(cell__stuck_fraction=self.stuck)
        return Chip(
            kind, self.tiles, self.rows, self.cols, wires=self.wires, temperature=self.temperature
        )  # fmt: skip

    @property
    def model(self) -> str:
        """Checksum of every number of the chip's model, in hexadecimal digits."""
        return hashlib.sha256(repr(self.chip).encode()).hexdigest()

    def bench(self) -> SimulatedBench:
        """The chip, fresh from the factory."""
        return SimulatedBench(self.chip, Stream(self.seed).child("chip"), None, self.read_noise)


@configuration
@dataclass(frozen=True, slots=True)
class Effort:
    """How a chip was programmed.

    Args:
        tolerance: Half-width of the acceptance window (S).
        denoise: Whether telegraph noise was trained away.
        repaired: Whether partners of stuck cells make up for them.
    """

    tolerance: float = 1e-6
    denoise: bool = True
    repaired: bool = True

    def __post_init__(self) -> None:
        check_positive(self.tolerance, "tolerance", "S")

    @property
    def protocol(self) -> ProgramProtocol:
        """The protocol."""
        return ProgramProtocol(self.tolerance, denoise=Denoise() if self.denoise else None)


@dataclass(frozen=True, slots=True, eq=False)
class ProgrammedChip:
    """A chip with a network in it, ready to go on.

    Args:
        image: What was programmed.
        specimen: Into which chip.
        effort: How.
        placement: Cells and targets in force after stuck cells were made up for.
        result: How it went, cell by cell.
        state: Everything that changes about the chip; of `placement.cells`, or of all cells where
            programming reaches others.
        records: What was measured on it and kept, such as `"accuracy"`.
        model: Checksum of the numbers of the chip's model.
        version: Version of mho that programmed it.
        tuning: Digital settings that tuning left; those of the image if `None`.
    """

    image: Image
    specimen: Specimen
    effort: Effort
    placement: Placement
    result: ProgramResult
    state: Mapping[str, Shaped[Tensor, "..."]]
    records: Mapping[str, float]
    model: str
    version: str
    tuning: Tuning | None = None

    @property
    def sha256(self) -> str:
        """Checksum of the file that `save_chip` writes, in hexadecimal digits."""
        return pack(KIND, *chip_parts(self))[1]

    def deployed(self) -> DeployedNetwork:
        """The network running on the chip, in a copy of the state that was kept.

        Raises:
            ValueError: The state does not belong to this chip.
        """
        bench = self.specimen.bench()
        bench.restore(self.state, self.placement.cells)
        image = self.image
        deployed = DeployedNetwork(image.network, bench, self.placement, image.ranges, self.result)
        if self.tuning is not None:
            self.tuning.put_in_force(deployed)
        return deployed

    def after(self, bench: Bench, **records: float) -> "ProgrammedChip":
        """The same chip, in the state in which a bench is now.

        Args:
            bench: Bench of `deployed()`.
            records: What was measured meanwhile.
        """
        assert isinstance(bench, SimulatedBench)
        state = bench.state(self.placement.cells)
        return replace(self, state=state, records={**self.records, **records})

    def tuned(self, deployed: DeployedNetwork, **records: float) -> "ProgrammedChip":
        """The same chip after tuning: its state, targets and digital settings.

        Args:
            deployed: What `deployed()` returned, tuned.
            records: What was measured meanwhile.
        """
        there = replace(self, placement=deployed.placement, tuning=Tuning.of(deployed))
        return there.after(deployed.bench, **records)


@dataclass(frozen=True, slots=True, eq=False)
class StoredChip:
    """The fields of a chip as they lie in a file, the image left out."""

    specimen: Specimen
    effort: Effort
    placement: Placement
    result: ProgramResult
    state: Mapping[str, Shaped[Tensor, "..."]]
    records: Mapping[str, float]
    model: str
    version: str
    tuning: Tuning | None = None


def program_image(
    image: Image,
    specimen: Specimen,
    effort: Effort | None = None,
    *,
    unfinished: Path | None = None,
    resume: bool = False,
    progress: Progress = silent,
) -> ProgrammedChip:
    """Program an image into one chip.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How; to 1 µS with denoising if `None`.
        unfinished: File in which the state is kept every second; remove it once the chip is saved.
        resume: Go on with the state in that file.
        progress: Told what is being done and how far it is.

    Raises:
        ValueError: The image does not fit the chip, or there is nothing to resume.
        OSError: The state cannot be written.
    """
    effort, bench = effort or Effort(), specimen.bench()
    check_fits(image, bench.info)
    identity = f"{version('mho')} {image.sha256} {specimen!r} {effort!r}"
    groups = _taken_up(unfinished, identity) if resume else {}
    if groups:
        bench.restore(groups["bench"], image.placement.cells)
    saved = time.monotonic()

    def keep(run: ProgramRun) -> None:
        nonlocal saved
        progress("programming", 1 - run.live["place"].numel() / run.cells.numel())
        if unfinished and (run.finished or time.monotonic() - saved > _CHECKPOINT_SECONDS):
            state = {"bench": bench.state(image.placement.cells), "run": run.state()}
            checkpoint.save(unfinished, state, {"identity": identity})
            saved = time.monotonic()

    placement, result = program_pairs(
        bench,
        image.placement,
        effort.protocol,
        repaired=effort.repaired,
        resume=groups.get("run"),
        on_cycle=keep,
    )
    return ProgrammedChip(
        image, specimen, effort, placement, result, bench.state(placement.cells), {},
        specimen.model, version("mho"),
    )  # fmt: skip


def save_chip(path: str | Path, chip: ProgrammedChip) -> str:
    """Write a chip with its image, all or nothing.

    Returns:
        Checksum of the file, as its header says it.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    return save(path, KIND, *chip_parts(chip))


def load_chip(path: str | Path, argument: str = "chip") -> ProgrammedChip:
    """Read a chip from a file that may come from anywhere: nothing in it is run.

    Args:
        path: The file.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: It is damaged, of another version, or of a chip that this mho cannot make.
        OSError: It cannot be read.
    """
    packed = load(path, (KIND,), argument)
    with refusing(path, (KIND,), argument):
        reader = Reader(packed.tensors)
        image = read_image(reader, packed.content)
        stored = reader.read(StoredChip, packed.content.get("chip"), "chip")
        check_all_used(reader)
        chip = ProgrammedChip(image, *(getattr(stored, n) for n in StoredChip.__annotations__))
        _check(chip)
        return chip


def chip_parts(chip: ProgrammedChip) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """A chip with its image as plain values and tensors."""
    content, tensors = image_parts(chip.image)
    writer = Writer()
    stored = StoredChip(*(getattr(chip, name) for name in StoredChip.__annotations__))
    content["chip"] = writer.write(stored, "chip")
    return content, tensors | writer.tensors


def _check(chip: ProgrammedChip) -> None:
    """Refuse a chip whose parts do not belong together.

    Raises:
        RefusedError: They do not.
    """
    check_placement(chip.placement, chip.image)
    if chip.tuning is not None:
        check_tuning(chip.tuning, chip.image)
    count = chip.placement.cells.numel()
    names = ("cells", "target", "outcome", "error", "noise", "pulses", "denoise_pulses", "reads")
    if any(getattr(chip.result, name).numel() != count for name in names):
        raise RefusedError("has not one result for each cell")
    if not torch.equal(chip.result.cells, chip.placement.cells):
        raise RefusedError("has results of other cells than it uses")
    _check_state(chip.state)
    size = chip.specimen.tiles * chip.specimen.rows * chip.specimen.cols
    # Before a bench is made: one of many cells takes memory.
    if chip.image.info.cells != size:
        raise RefusedError("is of a chip of another size than its image")
    if size > max(_CELLS, _SPARSE * count):
        raise RefusedError(f"is of a chip of {size:,} cells, far more than its network needs")
    try:
        check_fits(chip.image, chip.specimen.bench().info)
        same = chip.specimen.model == chip.model
        chip.deployed()
    except (ValueError, IndexError, RuntimeError) as error:
        raise RefusedError(f"is of a chip that mho cannot make ({error})") from error
    if not same:
        raise RefusedError(
            f"is of a chip whose model this mho describes by other numbers than mho {chip.version}"
            " did; use that version, or program it again"
        )


def _check_state(state: Mapping[str, Tensor]) -> None:
    """Refuse a state that no chip can be in.

    Raises:
        RefusedError: It is one.
    """
    for name, values in state.items():
        if values.is_floating_point() and not bool(torch.isfinite(values).all()):
            raise RefusedError(f"has a state `{name[:120]}` that is not finite")
    for name in ("bench", "core"):
        if name not in state or bool((state[name] < 0).any()):
            raise RefusedError(f"has a state `{name}` that is missing or below zero")
    if state["bench"].shape != (3 + len(Ledger.__slots__),):
        raise RefusedError("has a state `bench` of another length")


def _taken_up(unfinished: Path | None, identity: str) -> dict[str, dict[str, Tensor]]:
    """The state of an interrupted run.

    Raises:
        ValueError: There is none, or it is another run's.
    """
    if unfinished is None or not unfinished.exists():
        raise ValueError(
            f"Argument `resume` must find an unfinished run in `{unfinished}`, but there is none;"
            " leave it out to start one."
        )
    groups, facts = checkpoint.load(unfinished)
    if facts.get("identity") != identity:
        raise ValueError(
            f"Argument `resume` must go on with the same run, but `{unfinished}` holds another one"
            " (image, chip, seed, version or options differ); leave it out to start anew."
        )
    return groups
