"""Whether cells are programmed by pulses or drawn, and what drawn cells leave out."""

from dataclasses import replace

from mho.network import Network
from mho.runs.job import Job

DRAWN = "drawn"
PHYSICS = "physics"
LARGE = 2_000_000
"""Cells from which on they are drawn if nobody says how they come to hold weights (1)."""

NOT_MODELLED = (
    "wires, which are taken as made up for by the mapping",
    "drift and relaxation after the look at the cells of the table",
    "noise that stands still from one vector to the next",
    "sharing of tiles by layers, and fitting of gains",
)
"""What programmed cells have and drawn ones have not."""


def cells_of(network: Network) -> int:
    """Cells of the pairs that hold a network's weights (1)."""
    return 2 * sum(layer.weight.numel() for layer in network.layers)


def way_chosen(job: Job, cells: int) -> tuple[Job, str]:
    """The job with a way for its cells, and one line that says so if nobody has chosen it.

    Args:
        job: What is asked for.
        cells: Cells of the pairs that hold its network's weights (1).

    Raises:
        ValueError: Cells are drawn, and the job asks for something that these do not have.
    """
    said = ""
    if job.cells is None:
        way = DRAWN if cells >= LARGE else PHYSICS
        job = replace(job, cells=way)
        if way == DRAWN:
            said = (
                f"The network takes {cells:,} cells: they are drawn from a table of programmed"
                " ones; `--cells physics` pulses every one of them."
            )
    if job.cells == DRAWN:
        _check_can_be_drawn(job)
    return job, said


def _check_can_be_drawn(job: Job) -> None:
    """Refuse what does nothing where cells are drawn.

    Raises:
        ValueError: In the house sentence.
    """
    asked = {
        "wires": job.wires is not None,
        "compensate": not job.compensated,
        "read_noise": job.read_noise == "sampled",
        "pack": job.packed,
        "fit_columns": job.fit_columns,
        "keep_chips": job.keep_chips,
        "by_layer": job.questions.by_layer,
        "mapping": job.layout.mapping != "pairs",
    }
    for name, given in asked.items():
        if given:
            raise ValueError(
                f"Argument `{name}` must be left out where cells are drawn, but is given; they"
                " have nothing of it, and `--cells physics` pulses every cell."
            )
