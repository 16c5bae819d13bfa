"""`mho fit`: from measured files to a preset."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    FLAG,
    PLACE,
    PRESET,
    Json,
    OutFolder,
    ReadVoltage,
    Resume,
    SaveFile,
    Threads,
)


def fit(
    *data: Annotated[str, PLACE],
    save: SaveFile = None,
    base: Annotated[str, PLACE] = PRESET,
    as_: Annotated[str | None, Parameter(name="--as")] = None,
    voltage: ReadVoltage = "0.2V",
    table: Annotated[bool, FLAG] = False,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Make a preset out of measured files: numbers with intervals, the rest kept from a base.

    Args:
        data: Files of measurements, as `mho characterise` reads them.
        base: Preset that gives whatever the data do not determine; see `mho presets`.
        as_: What the files hold, where their columns leave it open, such as `pulses`.
        table: Make cells that draw their steps from a table of the measured ones, by conductance,
            instead of laws; of ramps and pulses.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.cells import fit as work

    with with_threads(threads):
        work.run(
            data,
            save=save,
            base=base,
            kind=as_,
            voltage=voltage,
            as_table=table,
            resume=resume,
            out=out,
            json=json,
        )
