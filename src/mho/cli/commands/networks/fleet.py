"""`mho fleet`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    FLAG,
    MANY,
    PLACE,
    WHOLE,
    WORDS,
    Chips,
    Compensate,
    Data,
    Denoise,
    Digital,
    EndsOptions,
    FitColumns,
    Json,
    LayoutOptions,
    ManyWorkers,
    MetricName,
    OutFolder,
    OwnPreset,
    Pack,
    ReadNoise,
    Resume,
    Samples,
    Seed,
    Tolerance,
    Weights,
    Wires,
)


def fleet(
    network: str = "digits",
    /,
    *,
    chips: Chips = 1000,
    physics: Annotated[bool, FLAG] = False,
    drawn: Annotated[bool, FLAG] = False,
    surrogate: Annotated[bool, FLAG] = False,
    table: Annotated[str | None, PLACE] = None,
    check: Annotated[int | None, WHOLE] = None,
    vary: Annotated[list[str] | None, FLAG] = None,
    at_least: Annotated[str | None, WORDS] = None,
    until: Annotated[str | None, WORDS] = None,
    data: Data = None,
    weights: Weights = None,
    chip: OwnPreset = None,
    tolerance: Tolerance = None,
    denoise: Denoise = True,
    wires: Wires = None,
    metric: MetricName = None,
    samples: Samples = None,
    seed: Seed = 0,
    compensate: Compensate = True,
    layout: LayoutOptions | None = None,
    pack: Pack = None,
    digital: Digital = None,
    ends: EndsOptions | None = None,
    read_noise: ReadNoise = "frozen",
    fit_columns: FitColumns = False,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    executor: Annotated[str, Parameter(group=MANY)] = "pool",
    workers: ManyWorkers = None,
) -> None:
    """See what all chips of a kind will reach, from as many as it takes to be sure.

    Chips that are in the folder already are not made again. Folders are merged by copying what is
    in `parts`, and a run of the same kind then adds up all of it.

    Args:
        network: `digits`, `mnist`, `model.pt2` or another network, as for `mho deploy`, or an
            image of `mho compile`.
        physics: Simulate every pulse; what is done for up to 64 chips if nothing is said.
        drawn: Draw cells from a table of programmed ones, for thousands of chips.
        surrogate: Draw cells with what time makes of them, on tiles with wires: nearer to chips of
            physics, for thousands.
        table: File of the surrogate, measured and written where it is not there; one among kept
            things if left out.
        check: Program so many chips as well, and compare what both ways give.
        vary: What differs between fleets, such as `tolerance=0.5uS,1uS`; more than once makes a
            grid. Fields are `tolerance`, `denoise`, `chip`, `wires`, `temperature`, `stuck`, and
            every number of the preset, such as `telegraph.births=1,3`; see `mho presets`.
        at_least: Score from which on a chip is good, such as `96%`, to tell the yield.
        until: Stop once the mean is known this well: width of its 95 % interval, such as `0.1%`.
        executor: Who makes chips: `pool`, processes here; `dask://HOST:PORT`, a Dask cluster;
            `dask`, one on this machine; `slurm:PROFILE.toml`, jobs of a SLURM cluster.
    """
    from mho.cli.work.networks import fleet as work

    chosen = layout or LayoutOptions()

    work.run(
        network,
        chips=chips,
        ways=(physics, drawn, surrogate),
        table=table,
        check=check,
        vary=vary or [],
        at_least=at_least,
        until=until,
        data=data,
        weights=weights,
        chip=chip,
        tolerance=tolerance,
        denoise=denoise,
        wires=wires,
        metric=metric,
        samples=samples,
        seed=seed,
        compensate=compensate,
        layout=chosen.layout(),
        scaled=chosen.scale is not None,
        packed=pack,
        digital=digital,
        signature=(ends or EndsOptions()).signature(),
        read_noise=read_noise,
        fit_columns=fit_columns,
        resume=resume,
        out=out,
        json=json,
        executor=executor,
        workers=workers,
    )
