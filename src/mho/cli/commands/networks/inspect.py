"""`mho inspect`: the options."""

from mho.cli.shared.option_types import _Json


def inspect(file: str, /, *, draw: str | None = None, json: _Json = None) -> None:
    """Say what a file is and what it holds: an image, a chip, a `result.json` or a run's folder.

    Args:
        file: File or folder.
        draw: PNG file to draw: the targets of an image, the conductances of a chip.
        json: File for the results as JSON; `-` for standard output, and nothing else there.
    """
    from mho.cli.work.networks.inspect_ import run_inspect

    run_inspect(file, draw=draw, json=json)
