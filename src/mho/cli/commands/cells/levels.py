"""`mho levels`: the options."""

from typing import Annotated

from cyclopts import Parameter


def levels(
    *,
    chip: str = "rao2023",
    driver: str = "off_chip",
    levels: int = 2048,
    tolerance: str | None = None,
    cell: int = 0,
    cells: int = 1,
    in_turn: Annotated[bool, Parameter(negative=())] = False,
    compare: bool = True,
    bits: Annotated[bool, Parameter(negative=())] = False,
    error_rate: float = 1e-3,
    window: str = "1000s",
    bandwidth: str = "25Hz",
    seed: int = 0,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Write many levels into one cell, or into many, and read each by a sweep.

    Args:
        chip: Preset of the chip; `mho presets` lists them.
        driver: `off_chip`, high resolution, or `on_chip`, the integrated 6-bit electronics.
        levels: Number of levels, evenly spaced over the chip's range.
        tolerance: Half-width of the acceptance window, with its unit; half a spacing if left out.
        cell: Number of the cell, or of the first of several.
        cells: Number of cells.
        in_turn: Write the levels one after the other into the one cell; a minute for 2,048.
            Otherwise each is written into a copy of the cell, side by side.
        compare: Write the levels without denoising as well.
        bits: Measure how many levels can be told apart, what limits them, and the largest number
            that 99 % of an array's cells hold.
        error_rate: Accepted share of looks nearer to another level, for `--bits`.
        window: Time over which levels shall hold, for `--bits`.
        bandwidth: Bandwidth of a look, for `--bits`.
        seed: Names the chip and everything random about it.
        resume: Go on with an interrupted experiment.
        out: Folder for the results; `mho-out/<experiment>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.cells.levels import run

    run(
        chip=chip,
        driver=driver,
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
