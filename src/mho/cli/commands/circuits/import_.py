"""`mho import`: the options."""

from typing import Annotated

from cyclopts import App, Parameter

import_ = App(name="import", help="Read what circuit simulators found.")


@import_.command
def spice_op(
    raw: str,
    /,
    *,
    compare: str | None = None,
    tile: int = 0,
    denoise: bool = True,
    wires: str | None = None,
    driver: str | None = None,
    sense: str | None = None,
    access: str | None = None,
    sides: str | None = None,
    sense_sides: str | None = None,
    cubic: Annotated[bool, Parameter(negative=())] = False,
    out: Annotated[str | None, Parameter(name=("--out", "-o"))] = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Read the column currents of an operating point, and compare them with exact ones.

    Args:
        raw: Rawfile of the netlist that `mho export spice` wrote, text or binary.
        compare: What the netlist was written from: the run's folder, or the array's file.
        tile: Number of the run's tile.
        denoise: Take the chip that was denoised.
        wires: Resistance of a wire segment, if it was given for the export; so are the next ones.
        driver: Resistance between a source and its line.
        sense: Resistance between a line and its virtual ground.
        access: Resistance in series with every cell.
        sides: `both` if rows are driven from both ends, else `one`.
        sense_sides: `both` if columns end in a virtual ground at both ends, else `one`.
        cubic: Compare with bent cells, as exported with `--cubic`.
        out: File for the currents: `.csv` or `.npz`.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.circuits.import_ import read_spice_op
    from mho.cli.work.circuits.tile_source import Origin

    origin = None
    if compare is not None:
        array = compare.endswith((".npy", ".npz"))
        origin = Origin(
            None if array else compare,
            compare if array else None,
            tile,
            denoise,
            wires,
            driver,
            sense,
            access,
            sides,
            sense_sides,
        )
    read_spice_op(raw, origin=origin, cubic=cubic, out=out, json=json)
