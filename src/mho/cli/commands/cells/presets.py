"""`mho presets`: the options."""


def presets(name: str | None = None, /) -> None:
    """List the published chips, or every number of one with its unit, source and confidence.

    Args:
        name: Preset to show in full.
    """
    from mho.cli.work.cells.presets import show_all, show_one

    if name is None:
        show_all()
    else:
        show_one(name)
