"""What else is asked of a network on a chip: how far outputs are off, and where it goes wrong."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from mho.data import ACCURACY, Outputs, agreements
from mho.deployment import DeployedNetwork, Looks, layer_errors
from mho.ledger import Ledger
from mho.runs.job import Questions
from mho.runs.task import Task
from mho.samples import chosen, number_of

_LAYER_SAMPLES = 64
"""Test samples by which errors of layers are told, the first ones (1)."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was asked, answered.

    Args:
        result: Plain values, for a result; none if nothing was asked.
        cost: What it cost the chip; `None` if nothing.
    """

    result: dict[str, Any] = field(default_factory=dict)
    cost: Ledger | None = None


def answer_questions(
    questions: Questions,
    task: Task,
    deployed: DeployedNetwork,
    outputs: Outputs,
) -> Answers:
    """Compare outputs with the digital network's; layers if that is asked.

    Args:
        questions: What is asked.
        task: Network, data and metric.
        deployed: The network on its chip, whose clock goes on if layers are looked at.
        outputs: All outputs that it gave for the task's data, by name.
    """
    result: dict[str, Any] = {}
    cost = None
    if task.metric != ACCURACY or questions.by_layer:
        compared = agreements(outputs, task.software_outputs)
        result["outputs"] = {
            name: one.described
            | {"worst_sample": task.data.number(one.worst_sample)}
            for name, one in compared.items()
        }
    if questions.by_layer:
        before = deployed.bench.ledger
        count = min(_LAYER_SAMPLES, number_of(task.data.inputs))
        some = chosen(task.data.inputs, slice(count))
        errors = layer_errors(deployed, some)
        result["layers"] = [one.described for one in errors]
        result["layer_samples"] = count
        cost = deployed.bench.ledger - before
    return Answers(result, cost)


def evaluate_once(
    deployed: DeployedNetwork,
    task: Task,
    questions: Questions,
    progress: Callable[[float], None],
) -> tuple[dict[str, Any], Ledger]:
    """Judge a network on its chip as it is now.

    Args:
        deployed: The network on its chip, whose clock goes on.
        task: Network, data and metric.
        questions: What else is asked.
        progress: Told how much is done (1).

    Returns:
        Plain values, and what the evaluation itself cost.

    Raises:
        ValueError: The metric gives no number.
    """
    before = deployed.bench.ledger
    looks = Looks(
        deployed,
        task.data.inputs,
        [deployed.bench.clock],
        on_batch=lambda: progress(looks.done),
    )
    (outputs,) = looks
    cost = deployed.bench.ledger - before
    clock = deployed.bench.clock
    score = task.metric.score(outputs, task.data)
    answers = answer_questions(questions, task, deployed, outputs)
    found = {
        task.metric.key: score,
        f"software_{task.metric.key}": task.software_score,
        "metric": task.metric.described,
        "samples": number_of(task.data.inputs),
        "clock_seconds": clock,
        "cost": {**asdict(cost), "joules": cost.joules},
        **answers.result,
    }
    return found, cost
