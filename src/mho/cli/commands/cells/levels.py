"""`mho levels`."""

from typing import Annotated

from mho.cli.options import (
    FLAG,
    NUMBER,
    PRESET,
    WHOLE,
    WORDS,
    Cell,
    Cells,
    ChipPreset,
    Compare,
    Electronics,
    Json,
    OutFolder,
    Resume,
    Seed,
    Threads,
    Tolerance,
)


def levels(
    *,
    chip: ChipPreset = PRESET,
    electronics: Electronics = "off_chip",
    levels: Annotated[int, WHOLE] = 2048,
    tolerance: Tolerance = None,
    cell: Cell = 0,
    cells: Cells = 1,
    in_turn: Annotated[bool, FLAG] = False,
    compare: Compare = True,
    bits: Annotated[bool, FLAG] = False,
    error_rate: Annotated[float, NUMBER] = 1e-3,
    window: Annotated[str, WORDS] = "1000s",
    bandwidth: Annotated[str, WORDS] = "25Hz",
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Write many levels into one cell, or into many, and read each by a sweep.

    The acceptance window is half a spacing of the levels to either side unless one is given.

    Args:
        levels: Number of levels, evenly spaced over the chip's range.
        in_turn: Write the levels one after the other into the one cell; a minute for 2,048.
            Otherwise each is written into a copy of the cell, side by side.
        bits: Measure how many levels can be told apart, what limits them, and the largest number
            that 99 % of an array's cells hold.
        error_rate: Accepted share of looks nearer to another level, for `--bits`.
        window: Time over which levels shall hold, for `--bits`.
        bandwidth: Bandwidth of a look, for `--bits`.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.cells import levels as work

    with with_threads(threads):
        work.run(
            chip=chip,
            driver=electronics,
            levels=levels,
            tolerance=tolerance,
            cell=cell,
            cells=cells,
            in_turn=in_turn,
            compare=compare,
            bits=bits,
            error_rate=error_rate,
            window=window,
            bandwidth=bandwidth,
            seed=seed,
            resume=resume,
            out=out,
            json=json,
        )
