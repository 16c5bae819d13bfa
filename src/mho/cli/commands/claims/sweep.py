"""`mho sweep`: the options."""

from typing import Annotated

from cyclopts import Parameter


def sweep(
    *sweeps: str,
    unknown: list[str] | None = None,
    list_: Annotated[bool, Parameter(name="--list", negative=())] = False,
    chip: str = "rao2023",
    driver: str = "off_chip",
    tolerance: str = "1uS",
    denoise: bool = True,
    cells: int = 4096,
    looks: int = 25,
    span: str = "1000s",
    seed: int = 0,
    parquet: Annotated[bool, Parameter(negative=())] = False,
    resume: Annotated[bool, Parameter(negative=())] = False,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """See what the number of levels depends on: any field of a preset or a protocol.

    Args:
        sweeps: Fields and values, such as `telegraph.births=0.3,1,3`,
            `protocol.denoise.highest=0.6:0.75:4` or `telegraph.amplitude=0.5uS:20uS:5:log`;
            several make a grid. `mho presets rao2023` lists a preset's fields.
        unknown: A ready sweep of something that nobody states; `--list` shows them.
        list_: List the ready sweeps, their ranges and reasons.
        chip: Preset to start from.
        driver: `off_chip` or `on_chip`.
        tolerance: Half-width of the acceptance window, with its unit.
        denoise: Denoise.
        cells: Cells of the chip that every point is measured on, in columns of 256.
        looks: Looks of the audit.
        span: Time over which they are spread, with its unit.
        seed: Names the chip, the same for all points.
        parquet: Write the table as Parquet, too.
        resume: Go on with an interrupted sweep, or with a larger grid; measured points are kept.
        out: Folder for the results; `mho-out/sweep-<fields>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.claims.sweep import run, show_unknowns

    if list_:
        show_unknowns()
        return
    run(
        list(sweeps),
        unknown=unknown or [],
        chip=chip,
        driver=driver,
        tolerance=tolerance,
        denoise=denoise,
        cells=cells,
        looks=looks,
        span=span,
        seed=seed,
        parquet=parquet,
        resume=resume,
        out=out,
        json=json,
    )
