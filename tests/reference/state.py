"""What changes about cells, one tensor for each quantity, and what is done to them at once."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from reference.telegraph import Traps


@dataclass(frozen=True, slots=True, eq=False)
class CellState:
    """State of a set of cells; the tensors are changed in place, by `Cells` alone.

    Args:
        core: Conductance of the complete channel (S). Shape (cells,).
        traps: Incomplete channels. Shapes (slots, cells).
        flicker: Processes of the 1/f remainder (1). Shape (components, cells).
        relaxing: Signed strength of the creep under way (1). Shape (cells,).
        switched_at: Time from which the creep counts (s). Shape (cells,).
        clock: Time up to which traps and flicker are known (s). Shape (cells,).
        ahead: Ageing of the traps by pulses, not yet applied (s). Shape (cells,).
        event: Operations so far; counts the randomness (1). Shape (cells,).
        cycles: Cycles of SET and RESET so far (1). Shape (cells,).
    """

    core: Float[Tensor, " cells"]
    traps: Traps
    flicker: Float[Tensor, "components cells"]
    relaxing: Float[Tensor, " cells"]
    switched_at: Float[Tensor, " cells"]
    clock: Float[Tensor, " cells"]
    ahead: Float[Tensor, " cells"]
    event: Int64[Tensor, " cells"]
    cycles: Float64[Tensor, " cells"]

    @classmethod
    def fresh(
        cls,
        core: Float[Tensor, " cells"],
        flicker: Float[Tensor, "components cells"],
        slots: int,
    ) -> "CellState":
        """Cells at time 0 to which nothing has happened yet.

        Args:
            core: Conductance of the complete channel (S). Shape (cells,).
            flicker: Processes of the 1/f remainder (1). Shape (components, cells).
            slots: Incomplete channels a cell can have (1).
        """
        count = core.numel()
        return cls(
            core=core,
            traps=Traps.none(slots, count),
            flicker=flicker,
            relaxing=torch.zeros(count),
            # times and cycles grow large: single precision would lose the last pulse
            switched_at=torch.zeros(count, dtype=torch.float64),
            clock=torch.zeros(count, dtype=torch.float64),
            ahead=torch.zeros(count),
            event=torch.zeros(count, dtype=torch.int64),
            cycles=torch.zeros(count, dtype=torch.float64),
        )

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, the same objects: for saving and restoring."""
        by_name: dict[str, Tensor] = {}
        for field in fields(self):
            if field.name != "traps":
                by_name[field.name] = getattr(self, field.name)
        for field in fields(self.traps):
            by_name[f"traps.{field.name}"] = getattr(self.traps, field.name)
        return by_name

    def with_channels(
        self, cells: Int64[Tensor, " chosen"]
    ) -> Bool[Tensor, " chosen"]:
        """Which of some cells have an incomplete channel."""
        amplitude = self.traps.amplitude.index_select(1, cells)
        return (amplitude > 0).any(0)

    def take_traps(self, cells: Int64[Tensor, " chosen"]) -> Traps:
        """Incomplete channels of some of the cells, as copies."""
        traps = self.traps
        return Traps(
            amplitude=traps.amplitude.index_select(1, cells),
            capture_time=traps.capture_time.index_select(1, cells),
            emission_time=traps.emission_time.index_select(1, cells),
            cleaning_voltage=traps.cleaning_voltage.index_select(1, cells),
            filled=traps.filled.index_select(1, cells),
        )

    def put_traps(self, cells: Int64[Tensor, " chosen"], part: Traps) -> None:
        """Set the incomplete channels of some of the cells."""
        traps = self.traps
        traps.amplitude.index_copy_(1, cells, part.amplitude)
        traps.capture_time.index_copy_(1, cells, part.capture_time)
        traps.emission_time.index_copy_(1, cells, part.emission_time)
        traps.cleaning_voltage.index_copy_(1, cells, part.cleaning_voltage)
        traps.filled.index_copy_(1, cells, part.filled)


@dataclass(frozen=True, slots=True, eq=False)
class Train:
    """Pulses given one after the other, and what each does to each cell besides cleaning.

    Args:
        amplitude: Voltage at each cell (V). Shape (train, cells).
        width: Duration of each pulse (s).
        switches: Where a pulse switches the cell. Shape (train, cells).
        spawns: Where a sub-threshold pulse leaves a new channel. Shape (train, cells).
        compliance: Conductance at which the selector stops a SET (S). Shape (cells,).
    """

    amplitude: Float[Tensor, "train cells"]
    width: float
    switches: Bool[Tensor, "train cells"]
    spawns: Bool[Tensor, "train cells"]
    compliance: Float[Tensor, " cells"]

    def take(self, cells: Int64[Tensor, " chosen"]) -> "Train":
        """The train of some of the cells."""
        return Train(
            amplitude=self.amplitude.index_select(1, cells),
            width=self.width,
            switches=self.switches.index_select(1, cells),
            spawns=self.spawns.index_select(1, cells),
            compliance=self.compliance[cells],
        )
