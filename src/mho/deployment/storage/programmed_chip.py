"""One programmed chip in a file: what was written, how that went, and the state of every cell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor

from mho.bench import Bench
from mho.bench.simulated import ChipSpec, SimulatedBench
from mho.checks import RefusedError
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.storage.compiled_network import (
    CompiledNetwork,
    check_all_used,
    check_fits,
    check_placement,
    image_parts,
    read_image,
)
from mho.deployment.storage.digital_settings import Tuning, check_tuning
from mho.deployment.storage.packed_file import load, pack, refusing, save
from mho.deployment.storage.plain_values import Reader, Writer
from mho.ledger import Ledger
from mho.mapping import Placement
from mho.programming import ProgrammingOptions, ProgramResult

CHIP_KIND = "mho-chip"


_CELLS = 2**24
_SPARSE = 1024
"""Cells that any chip may have, and cells for each one used that a larger one may have (1)."""


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

    image: CompiledNetwork
    specimen: ChipSpec
    effort: ProgrammingOptions
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
        return pack(CHIP_KIND, *chip_parts(self))[1]

    def deployed(self) -> DeployedNetwork:
        """The network running on the chip, in a copy of the state that was kept.

        Raises:
            ValueError: The state does not belong to this chip.
        """
        bench = self.specimen.bench()
        bench.restore(self.state, self.placement.cells)
        image = self.image
        deployed = DeployedNetwork(
            image.network, bench, self.placement, image.ranges, self.result
        )
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

    specimen: ChipSpec
    effort: ProgrammingOptions
    placement: Placement
    result: ProgramResult
    state: Mapping[str, Shaped[Tensor, "..."]]
    records: Mapping[str, float]
    model: str
    version: str
    tuning: Tuning | None = None


def save_chip(path: str | Path, chip: ProgrammedChip) -> str:
    """Write a chip with its image, all or nothing.

    Returns:
        Checksum of the file, as its header says it.

    Raises:
        OSError: The disk is full or the folder cannot be written; an older file is untouched.
    """
    return save(path, CHIP_KIND, *chip_parts(chip))


def load_chip(path: str | Path, argument: str = "chip") -> ProgrammedChip:
    """Read a chip from a file that may come from anywhere: nothing in it is run.

    Args:
        path: The file.
        argument: Name of the argument, for the error.

    Raises:
        ValueError: It is damaged, of another version, or of a chip that this mho cannot make.
        OSError: It cannot be read.
    """
    packed = load(path, (CHIP_KIND,), argument)
    with refusing(path, (CHIP_KIND,), argument):
        reader = Reader(packed.tensors)
        image = read_image(reader, packed.content)
        stored = reader.read(StoredChip, packed.content.get("chip"), "chip")
        check_all_used(reader)
        chip = ProgrammedChip(
            image, *(getattr(stored, n) for n in StoredChip.__annotations__)
        )
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
    names = (
        "cells",
        "target",
        "outcome",
        "error",
        "noise",
        "pulses",
        "denoise_pulses",
        "reads",
    )
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
        raise RefusedError(
            f"is of a chip of {size:,} cells, far more than its network needs"
        )
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
