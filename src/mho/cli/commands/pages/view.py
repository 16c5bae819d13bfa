"""`mho view`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import FLAG, PLACE, WHOLE


def view(
    folder: Annotated[str, PLACE],
    /,
    *,
    port: Annotated[int, WHOLE] = 0,
    open_page: Annotated[bool, FLAG, Parameter(name="--open")] = False,
) -> None:
    """Show a run while it goes on: a page on this machine alone, which ends with the run.

    How far each stage is and what is left, maps of chips filling in, cells calming down, what it
    cost so far, and the intervals of fleets. `mho deploy`, `fleet`, `levels`, `sweep` and `yield`
    tell; of other commands only the end is shown. A run that is not there yet is waited for. The
    run's results are the same, watched or not.

    Args:
        folder: Folder of a run that goes on, its `--out`.
        port: Port on the loopback address; any free one if 0.
        open_page: Open the page in the browser.
    """
    from mho.cli.work.pages import view as work

    work.run(folder, port=port, opens=open_page)
