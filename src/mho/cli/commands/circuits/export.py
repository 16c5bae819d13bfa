"""`mho export`: the options."""

from typing import Annotated

from cyclopts import App, Parameter

export = App(
    name="export", help="Write netlists, pulses and cell models for circuit simulators."
)

_Out = Annotated[str, Parameter(name=("--out", "-o"))]
_Volts = Annotated[str, Parameter(allow_leading_hyphen=True)]


@export.command
def spice(
    run: str | None = None,
    /,
    *,
    conductance: str | None = None,
    tile: int = 0,
    denoise: bool = True,
    voltage: _Volts = "0.2V",
    vector: str | None = None,
    wires: str | None = None,
    driver: str | None = None,
    sense: str | None = None,
    access: str | None = None,
    sides: str | None = None,
    sense_sides: str | None = None,
    subcircuit: Annotated[bool, Parameter(negative=())] = False,
    cubic: Annotated[bool, Parameter(negative=())] = False,
    out: _Out = "tile.cir",
) -> None:
    """Write a programmed tile, or a measured array, as a netlist of ngspice.

    Args:
        run: Folder of a finished `mho deploy`; every cell as it was last read.
        conductance: Array instead of a run: `.npy`, or `.npz` with `conductance`, in S, of shape
            (rows, cols); a cell of 0 S is off.
        tile: Number of the run's tile.
        denoise: Take the chip that was denoised.
        voltage: Voltage of every row, with its unit.
        vector: Voltages instead, one per row: `.npy`, or `.npz` with `voltage`, in V.
        wires: Resistance of a wire segment between two cells, such as `0.5Ohm`; the run's if left
            out, 0 for an array.
        driver: Resistance between a source and its line; as `--wires`.
        sense: Resistance between a line and its virtual ground; as `--wires`.
        access: Resistance in series with every cell; as `--wires`.
        sides: `both` if rows are driven from both ends, else `one`.
        sense_sides: `both` if columns end in a virtual ground at both ends, else `one`.
        subcircuit: Write a subcircuit for a larger design, without sources.
        cubic: Cells with the cubic term of the preset, or of `cubic` in the `.npz`.
        out: File to write.
    """
    from mho.cli.work.circuits.export_ import write_spice
    from mho.cli.work.circuits.tile_source import Origin

    origin = Origin(
        run,
        conductance,
        tile,
        denoise,
        wires,
        driver,
        sense,
        access,
        sides,
        sense_sides,
    )
    write_spice(
        origin,
        voltage=voltage,
        vector=vector,
        subcircuit=subcircuit,
        cubic=cubic,
        out=out,
    )


@export.command
def pwl(
    run: str,
    /,
    *,
    cell: int,
    denoise: bool = True,
    gap: str = "1us",
    rise: str = "1ns",
    out: _Out = "pulses.pwl",
) -> None:
    """Write the pulses that programmed a cell, as corners of time and voltage.

    Args:
        run: Folder of a finished `mho deploy`.
        cell: Number of the cell: tile by tile, row by row.
        denoise: Take the chip that was denoised.
        gap: Time between two pulses; the waiting of the real run is left out.
        rise: Duration of an edge.
        out: File to write: two columns, or for `.cir`, `.inc`, `.lib` or `.sp` a subcircuit with
            the sources of the cell and of its gate.
    """
    from mho.cli.work.circuits.export_ import write_pwl

    write_pwl(run, cell=cell, denoise=denoise, gap=gap, rise=rise, out=out)


@export.command
def subckt(
    *,
    chip: str = "rao2023",
    driver: str = "off_chip",
    conductance: str | None = None,
    read_noise: Annotated[bool, Parameter(negative=())] = False,
    out: _Out = "cell.cir",
) -> None:
    """Write a cell that conducts and can be programmed, as a subcircuit for plain ngspice.

    Args:
        chip: Preset of the chip; `mho presets` lists them.
        driver: `off_chip` or `on_chip`, for the read noise.
        conductance: Conductance at the start, with its unit; that of a formed cell if left out.
        read_noise: Add the noise of the read-out.
        out: File to write.
    """
    from mho.cli.work.circuits.export_ import write_subckt

    write_subckt(
        chip, driver=driver, conductance=conductance, read_noise=read_noise, out=out
    )


@export.command
def verilog_a(
    *, chip: str = "rao2023", conductance: str | None = None, out: _Out = "cell.va"
) -> None:
    """Write a cell that conducts and can be programmed, as a Verilog-A module.

    Args:
        chip: Preset of the chip; `mho presets` lists them.
        conductance: Conductance at the start, with its unit; that of a formed cell if left out.
        out: File to write.
    """
    from mho.cli.work.circuits.export_ import write_verilog_a

    write_verilog_a(chip, conductance=conductance, out=out)
