"""`mho export`: what goes to circuit simulators."""

from typing import Annotated

from cyclopts import App, Parameter

from mho.cli.options import (
    FLAG,
    PLACE,
    PRESET,
    WORDS,
    Access,
    Cell,
    ChipPreset,
    CubicCells,
    Driver,
    Electronics,
    Plain,
    ReadVoltage,
    SaveFile,
    Sense,
    SenseSides,
    Sides,
    StartConductance,
    Tile,
    Wires,
)

export = App(
    name="export",
    help="Write netlists, pulses and cell models for circuit simulators.",
)


@export.command
def spice(
    run: str | None = None,
    /,
    *,
    conductance: Annotated[str | None, PLACE] = None,
    tile: Tile = 0,
    plain: Plain = False,
    voltage: ReadVoltage = "0.2V",
    vector: Annotated[str | None, PLACE] = None,
    wires: Wires = None,
    driver: Driver = None,
    sense: Sense = None,
    access: Access = None,
    sides: Sides = None,
    sense_sides: SenseSides = None,
    subcircuit: Annotated[bool, FLAG] = False,
    cubic: CubicCells = False,
    save: SaveFile = None,
) -> None:
    """Write a programmed tile, or a measured array, as a netlist of ngspice.

    The file is `tile.cir` unless another is named. The lines of an array have no resistance
    unless one is given.

    Args:
        run: Folder of a finished `mho deploy`; every cell as it was last read.
        conductance: Array instead of a run: `.npy`, or `.npz` with `conductance`, in S, of shape
            (rows, cols); a cell of 0 S is off.
        vector: Voltages instead of one for all rows: `.npy`, or `.npz` with `voltage`, in V.
        subcircuit: Write a subcircuit for a larger design, without sources.
    """
    from mho.cli.work.circuits import export_ as work
    from mho.cli.work.circuits import tile_source

    origin = tile_source.Origin(
        run,
        conductance,
        tile,
        not plain,
        wires,
        driver,
        sense,
        access,
        sides,
        sense_sides,
    )
    work.write_spice(
        origin,
        voltage=voltage,
        vector=vector,
        subcircuit=subcircuit,
        cubic=cubic,
        out=save or "tile.cir",
    )


@export.command
def pwl(
    run: str,
    /,
    *,
    cell: Cell = 0,
    plain: Plain = False,
    gap: Annotated[str, WORDS] = "1us",
    rise: Annotated[str, WORDS] = "1ns",
    save: SaveFile = None,
) -> None:
    """Write the pulses that programmed a cell, as corners of time and voltage.

    The file is `pulses.pwl` unless another is named: two columns, or for `.cir`, `.inc`, `.lib`
    or `.sp` a subcircuit with the sources of the cell and of its gate.

    Args:
        run: Folder of a finished `mho deploy`.
        gap: Time between two pulses; the waiting of the real run is left out.
        rise: Duration of an edge.
    """
    from mho.cli.work.circuits import export_ as work

    work.write_pwl(
        run,
        cell=cell,
        denoise=not plain,
        gap=gap,
        rise=rise,
        out=save or "pulses.pwl",
    )


@export.command
def subckt(
    *,
    chip: ChipPreset = PRESET,
    electronics: Electronics = "off_chip",
    conductance: StartConductance = None,
    read_noise: Annotated[bool, FLAG, Parameter(name="--noise")] = False,
    save: SaveFile = None,
) -> None:
    """Write a cell that conducts and can be programmed, as a subcircuit for plain ngspice.

    The file is `cell.cir` unless another is named.

    Args:
        read_noise: Add the noise of the read-out, that of the electronics named.
    """
    from mho.cli.work.circuits import export_ as work

    work.write_subckt(
        chip,
        driver=electronics,
        conductance=conductance,
        read_noise=read_noise,
        out=save or "cell.cir",
    )


@export.command
def verilog_a(
    *,
    chip: ChipPreset = PRESET,
    conductance: StartConductance = None,
    save: SaveFile = None,
) -> None:
    """Write a cell that conducts and can be programmed, as a Verilog-A module.

    The file is `cell.va` unless another is named.
    """
    from mho.cli.work.circuits import export_ as work

    work.write_verilog_a(chip, conductance=conductance, out=save or "cell.va")
