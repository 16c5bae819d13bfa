"""What changes about cells, one tensor for each quantity, and what is done to them at once."""

from dataclasses import dataclass, fields

from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from mho.device.laws import Traps


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

    def tensors(self) -> dict[str, Tensor]:
        """All tensors by name, the same objects: for saving and restoring."""
        flat = {
            f.name: getattr(self, f.name) for f in fields(self) if f.name != "traps"
        }
        return flat | {
            f"traps.{f.name}": getattr(self.traps, f.name) for f in fields(self.traps)
        }

    def take_traps(self, cells: Int64[Tensor, " chosen"]) -> Traps:
        """Incomplete channels of some of the cells, as copies."""
        every = self.traps
        return Traps(
            *(getattr(every, f.name).index_select(1, cells) for f in fields(every))
        )

    def put_traps(self, cells: Int64[Tensor, " chosen"], part: Traps) -> None:
        """Set the incomplete channels of some of the cells."""
        for f in fields(part):
            getattr(self.traps, f.name).index_copy_(1, cells, getattr(part, f.name))


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
        amplitude, switches, spawns = (
            x.index_select(1, cells)
            for x in (self.amplitude, self.switches, self.spawns)
        )
        return Train(amplitude, self.width, switches, spawns, self.compliance[cells])
