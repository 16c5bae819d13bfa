"""What a network on drawn cells makes of the test data."""

from dataclasses import dataclass

from mho.data import Outputs
from mho.ledger import Ledger
from mho.network import Network
from mho.network.operations import size_of
from mho.programming import ErrorTable
from mho.progress import Progress
from mho.runs.population_figures import ChipFigures
from mho.runs.task import Task
from mho.samples import (
    Inputs,
    batches,
    joined,
    number_of,
    shape_of_sample,
    without_numbers,
)
from mho.statistical import ConvertedModule

_BATCH_BYTES = 1 << 26
"""Memory that the largest result of a batch may take (bytes)."""
_LARGEST_BATCH = 256


@dataclass(frozen=True, slots=True, eq=False)
class JudgedNetwork:
    """A chip and what its network gave.

    Args:
        figures: What the chip reached.
        outputs: All outputs by name.
    """

    figures: ChipFigures
    outputs: Outputs


def judge(
    drawn: ConvertedModule,
    table: ErrorTable,
    cost: Ledger,
    task: Task,
    seed: int,
    progress: Progress,
) -> JudgedNetwork:
    """Let a network on drawn cells compute the test data.

    Args:
        drawn: The network.
        table: What its cells are drawn from.
        cost: What programming would have cost.
        task: Data and metric.
        seed: Names the chip.
        progress: Told how much is done.

    Raises:
        ValueError: The metric gives no number.
    """
    inputs = task.data.inputs
    parts = []
    done = 0
    for part in batches(inputs, batch_for(task.network, inputs)):
        parts.append(drawn.outputs(part))
        done += number_of(part)
        progress("evaluating", done / number_of(inputs))
    outputs = joined(parts)
    score = task.metric.score(outputs, task.data)
    converged = table.converged_fraction
    figures = ChipFigures(
        seed,
        score,
        score,
        score,
        1.0 if converged is None else converged,
        drawn.stuck_cells,
        cost,
        Ledger(),
    )
    return JudgedNetwork(figures, outputs)


def batch_for(network: Network, inputs: Inputs) -> int:
    """Samples that are computed together: as many as fit the memory meant for a result (1).

    Args:
        network: The network.
        inputs: Samples.
    """
    largest = 1
    sample = without_numbers(shape_of_sample(inputs), 1)

    def watch(_: object, __: object, result: object) -> None:
        nonlocal largest
        largest = max(largest, size_of(result))

    network.outputs(sample, watch=watch)
    return max(1, min(_LARGEST_BATCH, _BATCH_BYTES // largest))
