"""`mho characterise`: the options."""

from typing import Annotated

from cyclopts import App, Parameter

characterise = App(
    name="characterise", help="Ask measured data about the cells behind them."
)


@characterise.command
def noise(
    trace: str,
    /,
    *,
    voltage: Annotated[str, Parameter(allow_leading_hyphen=True)] = "0.2V",
    traps: int | None = None,
    out: str | None = None,
    json: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
) -> None:
    """Find the traps behind a trace of telegraph noise: how many, how large, how fast.

    Args:
        trace: CSV file of two columns, `time_s,current_A` or `time_s,conductance_uS` and the
            like; without a header they are seconds and amperes.
        voltage: Voltage at which the current was measured, with its sign and unit.
        traps: Number of traps, 0 to 3, if it is known.
        out: Folder for the figure; `mho-out/noise-<trace>` if left out.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.cells.characterise import run

    run(trace, voltage=voltage, traps=traps, out=out, json=json)
