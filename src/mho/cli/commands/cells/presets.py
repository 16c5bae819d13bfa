"""`mho presets`: the options."""

from typing import Annotated

from mho.cli.options import FLAG


def presets(
    name: str | None = None, /, *, toml: Annotated[bool, FLAG] = False
) -> None:
    """List the published chips, or every number of one with its unit, source and confidence.

    Args:
        name: Preset to show in full, by its name or in a file, `mycell.toml`.
        toml: Write it as such a file instead, to be changed: `mho presets rao2023 --toml >
            mycell.toml`.
    """
    from mho.cli.work.cells import presets as work

    if name is None:
        work.show_all(toml=toml)
    elif toml:
        work.write_one(name)
    else:
        work.show_one(name)
