"""`mho report`."""

from typing import Annotated

from cyclopts import Parameter

from mho.cli.options import FLAG, PLACE, Json, SaveFile


def report(
    *runs: Annotated[str, PLACE],
    all_: Annotated[bool, FLAG, Parameter(name="--all")] = False,
    save: SaveFile = None,
    json: Json = None,
) -> None:
    """Put finished runs of one command beside each other, in a table and on a page.

    What was asked for and differs, what was reached and how far that lies from the first run, what
    it cost, and the pictures side by side. One run alone is shown by itself.

    Args:
        runs: Folders of finished runs, one to eight.
        all_: Print all that differs, not only the first lines of it.
    """
    from mho.cli.work.pages import report as work

    work.run(runs, everything=all_, save=save, json=json)
