"""`mho wires`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    PRESET,
    WORDS,
    ChipPreset,
    Driver,
    Json,
    OutFolder,
    Seed,
    Sense,
    SenseSides,
    Sides,
    Size,
    Threads,
    Wires,
)


def wires(
    *,
    size: Size = None,
    wires: Wires = None,
    driver: Driver = None,
    sense: Sense = None,
    range_: Annotated[str | None, WORDS, Parameter(name="--range")] = None,
    sides: Sides = None,
    sense_sides: SenseSides = None,
    chip: ChipPreset = PRESET,
    wanted: Annotated[str, WORDS] = "95%",
    seed: Seed = 0,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """See how much current the wires of an array leave, where it is lost, and what would help.

    The array has 256 rows and columns, and wires and range of the preset, unless others are given.

    Args:
        range_: Range of the cells' conductances, such as `50uS:500uS`; the preset's range for
            multiplying in parallel if left out.
        wanted: Share of the current that the proposed combinations shall keep.
    """
    from mho.cli.work.circuits import wires as work

    work.run(
        size=size or "256",
        resistance_=wires,
        driver=driver,
        sense=sense,
        range_=range_,
        sides=sides or "one",
        sense_sides=sense_sides or "one",
        chip=chip,
        wanted=wanted,
        seed=seed,
        out=out,
        json=json,
        threads=threads,
    )
