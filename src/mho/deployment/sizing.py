"""Chips that are as large as a network needs."""

from collections.abc import Sequence

from mho.bench.simulated import ChipSpec
from mho.chip import Chip
from mho.mapping import mapping_kind, packing_plan
from mho.wires import WireModel


def fitting_chip(
    shapes: Sequence[tuple[int, int]],
    preset: str,
    seed: int = 0,
    *,
    size: tuple[int, int] | None = None,
    mapping: str = "pairs",
    packed: bool | None = None,
    spares: int = 0,
    wires: WireModel | None = None,
    read_noise: str = "frozen",
    stuck: float | None = None,
) -> ChipSpec:
    """A chip of a kind with as many tiles as layers need.

    Args:
        shapes: Outputs and inputs of each layer (1), as `Network.shapes` tells them.
        preset: Name of the chip's preset.
        seed: Names the chip.
        size: Rows and columns of a tile (1); the preset's if `None`.
        mapping: Cells of a weight, one of `MAPPINGS`, or `residual:N`.
        packed: Let layers share tiles; decided by `packing_plan` if `None`.
        spares: Spare rows, and lines of columns, of each part of a layer (1).
        wires: Resistances of its lines; the preset's if `None`.
        read_noise: How noise enters a product; see `SimulatedBench`.
        stuck: Share of cells that never switch (1); the preset's if `None`.

    Raises:
        ValueError: There is no such preset or mapping, or a number is out of range.
    """
    one = Chip(preset, wires=wires)
    if size is not None:
        one = Chip(preset, rows=size[0], cols=size[1], wires=wires)
    plan = packing_plan(
        shapes,
        one.rows,
        one.cols,
        mapping=mapping_kind(mapping),
        packed=packed,
        spares=spares,
    )
    return ChipSpec(
        preset,
        seed,
        plan.tiles,
        one.rows,
        one.cols,
        one.lines,
        read_noise=read_noise,
        stuck=stuck,
    )
