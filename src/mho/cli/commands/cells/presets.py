"""`mho presets`: the options."""


def presets(name: str | None = None, /) -> None:
    """List the published chips, or every number of one with its unit, source and confidence.

    Args:
        name: Preset to show in full.
    """
    from mho.cli.work.cells import presets as work

    if name is None:
        work.show_all()
    else:
        work.show_one(name)
