"""`mho inspect`."""

from pathlib import Path
from typing import Annotated

from mho.cli.options import (
    PLACE,
    PRESET,
    ChipPreset,
    Data,
    EndsOptions,
    Json,
    Weights,
)


def inspect(
    file: str,
    /,
    *,
    draw: Annotated[str | None, PLACE] = None,
    data: Data = None,
    weights: Weights = None,
    chip: ChipPreset = PRESET,
    ends: EndsOptions | None = None,
    json: Json = None,
) -> None:
    """Say what a file is and what it holds: a network, an image, a chip, or the result of a run.

    Of a network file, before anything is deployed: inputs and outputs, operators, multiply-adds of
    each layer, what tiles would do, how many of them it takes, and what programming would cost by
    the cells of a small spare chip.

    Args:
        file: A network as for `mho deploy`, a file of `mho compile` or `mho program`, a
            `result.json` or the folder of a run.
        draw: PNG file to draw: the targets of an image, the conductances of a chip.
    """
    if _is_network(file):
        from mho.cli.work.networks import inspect_network

        meant = (ends or EndsOptions()).signature()
        looking = inspect_network.Looking(file, data, weights, chip, meant)
        inspect_network.run_inspect_network(looking, json)
        return
    from mho.cli.work.networks import inspect_ as work

    work.run_inspect(file, draw=draw, json=json)


def _is_network(file: str) -> bool:
    """Whether a word names a network as for `mho deploy`, and nothing that mho wrote."""
    from mho.data import BUILT_IN
    from mho.runs import names_network

    if file in BUILT_IN:
        return not Path(file).exists()
    return names_network(file)
