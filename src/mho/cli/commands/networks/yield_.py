"""`mho yield`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import (
    PRESET,
    WHOLE,
    WORDS,
    ChipPreset,
    Chips,
    Data,
    EndsOptions,
    Json,
    ManyWorkers,
    MetricName,
    OutFolder,
    Resume,
    Samples,
    Seed,
    Threads,
    Tolerance,
    Weights,
)


def yield_(
    network: str = "digits",
    /,
    *,
    stuck: Annotated[
        str, WORDS, Parameter(name="--shares")
    ] = "0,0.01,0.02,0.05,0.1",
    seeds: Annotated[Chips, Parameter(name="--chips")] = 3,
    spares: Annotated[int, WHOLE] = 0,
    data: Data = None,
    weights: Weights = None,
    ends: EndsOptions | None = None,
    chip: ChipPreset = PRESET,
    tolerance: Tolerance = None,
    metric: MetricName = None,
    samples: Samples = None,
    seed: Seed = 0,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
    workers: ManyWorkers = None,
) -> None:
    """See what stuck cells cost a network, and what mapping around them saves.

    So many chips of each share are programmed. An interrupted run may also be resumed with more
    shares or chips than it had.

    Args:
        network: `digits`, `mnist`, `model.pt2` or another network, as for `mho deploy`.
        stuck: Shares of stuck cells, from 0 to 0.3, with commas between.
        spares: Spare rows, and pairs of columns, of each part of a layer.
    """
    from mho.cli.work.networks import yield_ as work

    asked = work.Yield(
        network,
        stuck,
        seeds,
        spares,
        data,
        weights,
        (ends or EndsOptions()).signature(),
        chip,
        tolerance,
        metric,
        samples,
        seed,
    )
    work.run(
        asked,
        resume=resume,
        out=out,
        json=json,
        threads=threads,
        workers=workers,
    )
