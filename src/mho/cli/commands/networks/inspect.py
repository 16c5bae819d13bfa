"""`mho inspect`."""

from typing import Annotated

from mho.cli.options import PLACE, Json


def inspect(
    file: str,
    /,
    *,
    draw: Annotated[str | None, PLACE] = None,
    json: Json = None,
) -> None:
    """Say what a file is and what it holds: an image, a chip, a `result.json` or a run's folder.

    Args:
        file: File or folder.
        draw: PNG file to draw: the targets of an image, the conductances of a chip.
    """
    from mho.cli.work.networks import inspect_ as work

    work.run_inspect(file, draw=draw, json=json)
