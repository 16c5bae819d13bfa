"""`mho sweep`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    FLAG,
    PRESET,
    WHOLE,
    WORDS,
    Cells,
    ChipPreset,
    Denoise,
    Electronics,
    Json,
    ManyWorkers,
    OutFolder,
    Resume,
    Seed,
    Threads,
    Tolerance,
    plain_digits,
)


def sweep(
    *sweeps: Annotated[str, Parameter(converter=plain_digits)],
    unknown: Annotated[list[str] | None, FLAG] = None,
    list_: Annotated[bool, FLAG, Parameter(name="--list")] = False,
    chip: ChipPreset = PRESET,
    electronics: Electronics = "off_chip",
    tolerance: Tolerance = None,
    denoise: Denoise = True,
    cells: Cells = 4096,
    looks: Annotated[int, WHOLE] = 25,
    span: Annotated[str, WORDS] = "1000s",
    seed: Seed = 0,
    parquet: Annotated[bool, FLAG] = False,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
    workers: ManyWorkers = None,
) -> None:
    """See what the number of levels depends on: any field of a preset or a protocol.

    Every point is measured on cells in columns of 256. An interrupted sweep may also be resumed
    with a larger grid.

    Args:
        sweeps: Fields and values, such as `telegraph.births=0.3,1,3`,
            `protocol.denoise.highest=0.6:0.75:4` or `telegraph.amplitude=0.5uS:20uS:5:log`;
            several make a grid. `mho presets rao2023` lists a preset's fields.
        unknown: A ready sweep of something that nobody states; `--list` shows them.
        list_: List the ready sweeps, their ranges and reasons.
        looks: Looks of the audit.
        span: Time over which they are spread, with its unit.
        parquet: Write the table as Parquet, too.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.claims import sweep as work

    if list_:
        work.show_unknowns()
        return
    with with_threads(threads):
        asked = work.Swept(
            list(sweeps),
            unknown or [],
            chip,
            electronics,
            tolerance,
            denoise,
            cells,
            looks,
            span,
            seed,
        )
        work.run(
            asked,
            parquet=parquet,
            resume=resume,
            out=out,
            json=json,
            threads=threads,
            workers=workers,
        )
