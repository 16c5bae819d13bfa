"""`mho import`: what comes back from circuit simulators."""

from typing import Annotated

from cyclopts import App, Parameter

from mho.cli.options import (
    PLACE,
    Access,
    CubicCells,
    Driver,
    Json,
    Plain,
    SavedTable,
    Sense,
    SenseSides,
    Sides,
    Tile,
    Wires,
)

import_ = App(name="import", help="Read what circuit simulators found.")


@import_.command
def spice_op(
    raw: str,
    /,
    *,
    compare: Annotated[str | None, PLACE, Parameter(name="--against")] = None,
    tile: Tile = 0,
    plain: Plain = False,
    wires: Wires = None,
    driver: Driver = None,
    sense: Sense = None,
    access: Access = None,
    sides: Sides = None,
    sense_sides: SenseSides = None,
    cubic: CubicCells = False,
    save: SavedTable = None,
    json: Json = None,
) -> None:
    """Read the column currents of an operating point, and compare them with exact ones.

    What was given for the export, such as resistances of lines, is to be given here as well.

    Args:
        raw: Rawfile of the netlist that `mho export spice` wrote, text or binary.
        compare: What the netlist was written from, to compare with: the run's folder, or the
            array's file.
    """
    from mho.cli.work.circuits import import_ as work
    from mho.cli.work.circuits import tile_source

    origin = None
    if compare is not None:
        array = compare.endswith((".npy", ".npz"))
        origin = tile_source.Origin(
            None if array else compare,
            compare if array else None,
            tile,
            not plain,
            wires,
            driver,
            sense,
            access,
            sides,
            sense_sides,
        )
    work.read_spice_op(raw, origin=origin, cubic=cubic, out=save, json=json)
