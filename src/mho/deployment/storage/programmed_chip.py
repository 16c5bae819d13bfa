"""One programmed chip: what was written, how that went, and the state of every cell."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from jaxtyping import Shaped
from torch import Tensor

from mho.bench import Bench, restorable
from mho.bench.simulated import ChipSpec
from mho.deployment.deployed import DeployedNetwork
from mho.deployment.storage.compiled_network import CompiledNetwork
from mho.deployment.storage.digital_settings import Tuning
from mho.mapping import Placement
from mho.programming import ProgrammingOptions, ProgramResult


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
        # files know this class, so this class asks them late
        from mho.deployment.storage.file_kinds import CHIP

        return CHIP.checksum(self)

    def deployed(self) -> DeployedNetwork:
        """The network running on the chip, in a copy of the state that was kept.

        Raises:
            ValueError: The state does not belong to this chip.
        """
        bench = self.specimen.bench()
        cells = self.placement.cells
        restorable(bench).restore(self.state, cells)
        image = self.image
        deployed = DeployedNetwork(
            image.network, bench, self.placement, image.ranges, self.result
        )
        if self.tuning is not None:
            self.tuning.put_in_force(deployed)
        return deployed

    def after(self, bench: Bench, **records: float | None) -> "ProgrammedChip":
        """The same chip, in the state in which a bench is now.

        Args:
            bench: Bench of `deployed()`.
            records: What was measured meanwhile; `None` for what holds no longer.

        Raises:
            ValueError: The bench cannot keep its state.
        """
        state = restorable(bench).state(self.placement.cells)
        known = {**self.records, **records}
        valid = {
            name: value for name, value in known.items() if value is not None
        }
        return replace(self, state=state, records=valid)

    def tuned(
        self, deployed: DeployedNetwork, **records: float | None
    ) -> "ProgrammedChip":
        """The same chip after tuning: its state, targets and digital settings.

        Args:
            deployed: What `deployed()` returned, tuned.
            records: What was measured meanwhile; `None` for what holds no longer.
        """
        there = replace(
            self, placement=deployed.placement, tuning=Tuning.of(deployed)
        )
        return there.after(deployed.bench, **records)
