"""What a finished deployment hands to the report: one value, every array with its unit."""

from dataclasses import dataclass

from jaxtyping import Float, Int
from torch import Tensor

from mho.data import Outputs
from mho.deployment.storage import ProgrammedChip
from mho.ledger import Ledger
from mho.runs.population_figures import ChipFigures, Population


@dataclass(frozen=True, slots=True, eq=False)
class JudgedChip:
    """A chip that was programmed and judged, and can be gone on with in any process.

    Args:
        chip: The chip as programming, and fitting if that was asked for, left it.
        after: The same chip after all looks.
        noise: Peak-to-peak of every cell over the verify window (S). Shape (cells,).
        figures: What it reached.
        outputs: All outputs of the last look by name; none if all looks were there already.
    """

    chip: ProgrammedChip
    after: ProgrammedChip
    noise: Float[Tensor, " cells"]
    figures: ChipFigures
    outputs: Outputs


@dataclass(frozen=True, slots=True, eq=False)
class LayerMap:
    """Conductances of one analog layer, all its row and column parts put together.

    Args:
        name: Layer's name in the network.
        target: Conductance wanted (S). Shape (rows, cols).
        readback: Conductance read after everything was programmed (S). Shape (rows, cols).
        outcome: Number of the `Outcome` of each cell. Shape (rows, cols).
        spent: Programming pulses, denoising pulses and reads of each cell (1), in this order;
            `None` if nobody counted. Shape (3, rows, cols).
    """

    name: str
    target: Float[Tensor, "rows cols"]
    readback: Float[Tensor, "rows cols"]
    outcome: Int[Tensor, "rows cols"]
    spent: Int[Tensor, "3 rows cols"] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Traces:
    """The same few cells watched at the read voltage on both chips.

    Args:
        time: Sampling times (s). Shape (samples,).
        target: Conductance wanted (S). Shape (cells,).
        before: Conductance of the chip programmed without denoising (S). Shape (cells, samples).
        after: Conductance of the denoised chip (S). Shape (cells, samples).
    """

    time: Float[Tensor, " samples"]
    target: Float[Tensor, " cells"]
    before: Float[Tensor, "cells samples"]
    after: Float[Tensor, "cells samples"]


@dataclass(frozen=True, slots=True, eq=False)
class WireAccount:
    """What wires do to the weights, nothing else considered.

    Args:
        result: The numbers, as `result.json` holds them.
        wanted: Weights over the largest of their layer, all layers (1). Shape (weights,).
        found: What they become with the wires, for each way to map them (1). Shape (weights,).
    """

    result: dict[str, object]
    wanted: Float[Tensor, " weights"]
    found: dict[str, Float[Tensor, " weights"]]


@dataclass(frozen=True, slots=True)
class DrawnCells:
    """Where drawn cells come from.

    Args:
        programmed: Cells that were programmed for the table that they are drawn from (1).
        not_modelled: What programmed cells have and drawn ones have not.
    """

    programmed: int
    not_modelled: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RunData:
    """A finished deployment.

    Args:
        result: What `result.json` holds.
        layers: Analog layers in network order.
        error: Read-back minus target of every mapped, non-stuck cell (S). Shape (cells,).
        noise: Peak-to-peak of those cells over the verify window (S). Shape (cells,).
        pulses: Programming pulses each mapped cell took (1). Shape (mapped,).
        denoise_pulses: Denoising pulses each mapped cell took (1). Shape (mapped,).
        reads: Samples read of each mapped cell (1). Shape (mapped,).
        tolerance: Half-width of the acceptance window (S).
        traces: Telegraph traces of a few cells; `None` if there was no denoising to compare.
        confusion: Test images by true class (rows) and class answered (cols) (1); `None` without
            labels.
        costs: Ledger of each stage of the run, in order.
        wires: What the wires did; `None` if they are ideal.
        population: Many chips with the same network; `None` if there is one only.
        drawn: Where the cells come from if they are drawn; then errors and noise are of the cells
            of the table, noise is a standard deviation, and there are no pulses and no layers.
    """

    result: dict[str, object]
    layers: tuple[LayerMap, ...]
    error: Float[Tensor, " cells"]
    noise: Float[Tensor, " cells"]
    pulses: Int[Tensor, " mapped"]
    denoise_pulses: Int[Tensor, " mapped"]
    reads: Int[Tensor, " mapped"]
    tolerance: float
    traces: Traces | None
    confusion: Int[Tensor, "classes answers"] | None
    costs: dict[str, Ledger]
    wires: WireAccount | None
    population: Population | None = None
    drawn: DrawnCells | None = None
