"""`mho wires`: the options."""

from typing import Annotated

from cyclopts import Parameter


def wires(
    *,
    size: str = "256",
    resistance: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    driver: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    sense: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    range_: Annotated[
        str | None, Parameter(name="--range", allow_leading_hyphen=True)
    ] = None,
    sides: str = "one",
    sense_sides: str = "one",
    chip: str = "rao2023",
    wanted: str = "95%",
    seed: int = 0,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """See how much current the wires of an array leave, where it is lost, and what would help.

    Args:
        size: Rows and columns, such as `256` or `256x64`.
        resistance: Resistance of a wire segment between two cells, such as `0.5Ohm` or `0.5`; the
            preset's if left out.
        driver: Resistance between a driver and its row; the preset's if left out.
        sense: Resistance between a column and its virtual ground; the preset's if left out.
        range_: Range of the cells' conductances, such as `50uS:500uS`; the preset's range for
            multiplying in parallel if left out.
        sides: `one`, or `both` if rows are driven from both ends.
        sense_sides: `one`, or `both` if columns are sensed at both ends.
        chip: Preset whose wires and range are taken; `mho presets` lists them.
        wanted: Share of the current that the proposed combinations shall keep.
        seed: Names the random conductances and inputs.
        out: Folder for the results; `mho-out/wires-<array>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.circuits.wires import run

    run(
        size=size,
        resistance_=resistance,
        driver=driver,
        sense=sense,
        range_=range_,
        sides=sides,
        sense_sides=sense_sides,
        chip=chip,
        wanted=wanted,
        seed=seed,
        out=out,
        json=json,
    )
