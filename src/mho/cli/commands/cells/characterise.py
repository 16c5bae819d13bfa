"""`mho characterise`: what measured data say about the cells behind them."""

from typing import Annotated

from cyclopts import App, Parameter

from mho.cli.options import (
    PLACE,
    WHOLE,
    WORDS,
    Json,
    OutFolder,
    OwnReadVoltage,
    ReadVoltage,
    Resume,
    Threads,
)

characterise = App(
    name="characterise", help="Ask measured data about the cells behind them."
)


@characterise.default
def files(
    *files: Annotated[str, PLACE],
    kind: Annotated[str | None, Parameter(name="--as")] = None,
    columns: Annotated[str | None, WORDS] = None,
    voltage: OwnReadVoltage = None,
    direction: str | None = None,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Look at files that a lab has measured: traces, pulses, waits, endurance, sweeps, maps.

    Args:
        files: CSV and the like, ArC ONE, ArC TWO, EasyEXPERT, MATLAB, Parquet; kinds are told by
            the columns.
        kind: Kind of measurement: `trace`, `pulses`, `waits`, `endurance`, `sweeps`, `map`,
            `levels`, `responses`, `steps`; told by the columns if left out.
        columns: What columns are, by name or number, with a unit where the file has none, such as
            `time=t,conductance=G[uS]`.
        direction: `set` or `reset`, where a file of pulses does not say.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.cells import lab_files as work

    with with_threads(threads):
        work.run(
            files,
            kind=kind,
            columns=columns,
            voltage=voltage,
            direction=direction,
            resume=resume,
            out=out,
            json=json,
        )


@characterise.command
def noise(
    trace: str,
    /,
    *,
    columns: Annotated[str | None, WORDS] = None,
    voltage: ReadVoltage = "0.2V",
    traps: Annotated[int | None, WHOLE] = None,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Find the traps behind a trace of telegraph noise: how many, how large, how fast.

    Args:
        trace: File of a trace, of any format that `mho characterise` reads; two columns without a
            header are seconds and amperes.
        columns: What columns are, where the names do not say it, such as `current=I2` for one cell
            of several.
        traps: Number of traps, 0 to 3, if it is known.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.cells import characterise as work

    with with_threads(threads):
        work.run(
            trace,
            columns=columns,
            voltage=voltage,
            traps=traps,
            resume=resume,
            out=out,
            json=json,
        )
