"""`mho inspect`."""

from dataclasses import asdict
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
    meant = ends or EndsOptions()
    if _is_network(file):
        if draw is not None:
            raise ValueError(
                "Argument `draw` must be left out for a network, which has no cells before it is"
                f" compiled, but is `{draw}`."
            )
        from mho.cli.work.networks import inspect_network

        looking = inspect_network.Looking(
            file, data, weights, chip, meant.signature()
        )
        inspect_network.run_inspect_network(looking, json)
        return
    reading: dict[str, object] = {
        "data": data,
        "weights": weights,
        "chip": chip != PRESET,
        **asdict(meant),
    }
    _check_unused(file, reading)
    from mho.cli.work.networks import inspect_ as work

    work.run_inspect(file, draw=draw, json=json)


def _is_network(file: str) -> bool:
    """Whether a word names a network as for `mho deploy`, and nothing that mho wrote."""
    from mho.data import BUILT_IN
    from mho.runs import names_network

    if file in BUILT_IN:
        return not Path(file).exists()
    return names_network(file)


def _check_unused(file: str, options: dict[str, object]) -> None:
    """Refuse options that only say how a network is read.

    Raises:
        ValueError: One of them is given.
    """
    given = [name for name, value in options.items() if value]
    if given:
        raise ValueError(
            f"Argument `{given[0]}` must be left out for `{file}`, which is no network file and"
            " says itself what it holds, but is given."
        )
