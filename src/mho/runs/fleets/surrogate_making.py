"""Surrogates for the fleets of a run, and what makes chips of them."""

from dataclasses import replace
from pathlib import Path

from mho.bench.simulated import ChipSpec, describe_chip
from mho.chip import Chip
from mho.deployment.storage import CompiledNetwork
from mho.device.published import Preset, code_of, preset
from mho.programming import ProgrammingOptions, ProgramProtocol
from mho.runs.deployment import specimen_for
from mho.runs.evaluation import look_times
from mho.runs.fleets.conditions import Condition
from mho.runs.fleets.surrogate_chip import SurrogateChips
from mho.runs.fleets.surrogate_tiles import wired
from mho.runs.task import Task
from mho.statistical import (
    Surrogate,
    kept_surrogate,
    measure_surrogate,
    surrogate_identity,
)

_SOME = 0.02
"""Least share of stuck cells of a table (1): of 65,536 cells so many say what share of them is
stuck high to 0.014, where the 0.002 of the usual kind would say it to 0.045."""
_STUCK = "cell.stuck_fraction"


def check_surrogate(condition: Condition) -> None:
    """Refuse what a surrogate does not know.

    Raises:
        ValueError: In the house sentence.
    """
    job = condition.job
    if job.fit_columns:
        raise ValueError(
            "Argument `fit_columns` must be left out where cells are drawn from a surrogate, but"
            " is given; `--physics` fits gains and offsets."
        )
    if job.read_noise == "sampled":
        raise ValueError(
            "Argument `read_noise` must be `frozen` or `moments` where cells are drawn from a"
            " surrogate, but is `sampled`; `--physics` follows every cell."
        )


def surrogate_for(
    condition: Condition, low: float, high: float, file: str | None
) -> Surrogate:
    """The surrogate of a condition, from its file if it was measured before.

    Args:
        condition: Under what chips are made.
        low: Lowest target of the mapping (S).
        high: Highest target of it (S).
        file: Its file; one in the folder of kept things if `None`.

    Raises:
        ValueError: The file is of something else, or damaged.
        OSError: It cannot be written.
    """
    code = code_of(condition.job.chip)

    def measured() -> Surrogate:
        return measure_surrogate(
            *_measured_of(condition), low=low, high=high, code=code
        )

    whose = identity_for(condition, low, high)
    return kept_surrogate(whose, measured, None if file is None else Path(file))


def identity_for(condition: Condition, low: float, high: float) -> str:
    """Identity of the surrogate of a condition.

    Args:
        condition: Under what chips are made.
        low: Lowest target of the mapping (S).
        high: Highest target of it (S).
    """
    code = code_of(condition.job.chip)
    return surrogate_identity(
        *_measured_of(condition), low=low, high=high, code=code
    )


def _measured_of(
    condition: Condition,
) -> tuple[Chip, ProgramProtocol, str, tuple[float, ...]]:
    """Chip, protocol, noise and looks of the table of a condition."""
    job = condition.job
    # lines do nothing to single cells, and a chip has one table whatever its wires are
    chip = Chip(_table_kind(condition), temperature=condition.temperature)
    effort = ProgrammingOptions(job.tolerance, job.denoise)
    protocol = effort.protocol(describe_chip(chip))
    return chip, protocol, job.read_noise, tuple(look_times())


def surrogate_chips(
    condition: Condition, table: Surrogate, read: Task, image: CompiledNetwork
) -> SurrogateChips:
    """What makes chips of a condition.

    Args:
        condition: Under what chips are made.
        table: What their cells are drawn from.
        read: Network, data and metric.
        image: The network as it is laid out.

    Raises:
        ValueError: The image has second pairs.
    """
    job = condition.job
    spec: ChipSpec = replace(
        specimen_for(job, image, job.seed),
        temperature=condition.temperature,
        stuck=condition.stuck,
    )
    share = spec.chip.published.values.get(_STUCK)
    stuck = table.stuck_fraction if share is None else share.value
    of = wired(image, spec.chip, job.tolerance)

    return SurrogateChips(of, table, stuck, read)


def _table_kind(condition: Condition) -> Preset:
    """The kind of chip whose cells are programmed for a table: more of them are stuck."""
    kind = preset(condition.job.chip)
    own = kind.values.get(_STUCK)
    if own is None or not (own.value or condition.stuck):
        return kind
    return kind.replace(cell__stuck_fraction=max(own.value, _SOME))
