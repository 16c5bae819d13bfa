"""`mho characterise`: what measured data say about the cells behind them."""

from typing import Annotated

from cyclopts import App

from mho.cli.options import WHOLE, Json, OutFolder, ReadVoltage, Resume, Threads

characterise = App(
    name="characterise", help="Ask measured data about the cells behind them."
)


@characterise.command
def noise(
    trace: str,
    /,
    *,
    voltage: ReadVoltage = "0.2V",
    traps: Annotated[int | None, WHOLE] = None,
    resume: Resume = False,
    out: OutFolder = None,
    json: Json = None,
    threads: Threads = 1,
) -> None:
    """Find the traps behind a trace of telegraph noise: how many, how large, how fast.

    Args:
        trace: CSV file of two columns, `time_s,current_A` or `time_s,conductance_uS` and the
            like; without a header they are seconds and amperes.
        traps: Number of traps, 0 to 3, if it is known.
    """
    from mho.cli.shared import with_threads
    from mho.cli.work.cells import characterise as work

    with with_threads(threads):
        work.run(
            trace,
            voltage=voltage,
            traps=traps,
            resume=resume,
            out=out,
            json=json,
        )
