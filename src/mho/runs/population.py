"""One network in many chips of a kind: how far apart do they lie?

Every chip is made, programmed and judged by itself, from its seed alone, so that nothing depends
on which others there are or in what order they come.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from mho.bench.simulated import ChipSpec
from mho.deployment import program_image
from mho.deployment.storage import CompiledNetwork, ProgrammedChip, save_chip
from mho.files import KeptState, RunFolder, write_whole
from mho.ledger import Ledger
from mho.programming import ProgrammingOptions
from mho.progress import Progress, silent
from mho.runs.deployment import put_to_work, specimen_for
from mho.runs.job import Job
from mho.runs.measurement import accuracies, interval, read_back
from mho.runs.population_figures import Batch, ChipFigures, Population
from mho.runs.run_data import RunData
from mho.runs.task import Task

_OWN = "programmed"
_COARSE = "comparison"
_SHARE = 0.75
"""Share of a chip's time that programming takes, for the progress bar (1)."""


def measure_chip(
    image: CompiledNetwork,
    specimen: ChipSpec,
    effort: ProgrammingOptions,
    sources: Task,
    *,
    fit_columns: bool = False,
    state: KeptState | None = None,
    progress: Callable[[float], None] = lambda _: None,
) -> tuple[ProgrammedChip, ChipFigures]:
    """Program a chip and judge it as `measure` does.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How.
        sources: Network and data to judge it by.
        fit_columns: Fit gain and offset of every output to the calibration samples first.
        state: Where the state is kept now and then, and taken up if it is there.
        progress: Told how much is done (1).

    Returns:
        The chip as programming left it, and what it reached.

    Raises:
        ValueError: The image does not fit the chip.
        OSError: The state cannot be written.
    """
    chip = program_image(
        image,
        specimen,
        effort,
        state=state,
        progress=lambda _, done: progress(_SHARE * done),
    )
    programmed = put_to_work(chip, sources, fit_columns=fit_columns)
    read_back(programmed, effort.protocol(programmed.bench.info))
    bench = programmed.bench
    start = bench.ledger
    found, _ = accuracies(
        programmed.deployed,
        sources,
        lambda done: progress(_SHARE + (1 - _SHARE) * done),
    )
    seen = interval(found)
    figures = ChipFigures(
        specimen.seed,
        seen["best"],
        seen["low"],
        seen["high"],
        chip.result.converged_fraction,
        int(chip.result.stuck.sum()),
        programmed.cost,
        bench.ledger - start,
    )
    return programmed.chip, figures


def populate(
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    found: RunData,
    run: RunFolder,
    progress: Progress = silent,
) -> RunData:
    """Add to a finished deployment the job's other chips, and all of them the coarse way.

    Args:
        job: What to do; two chips at least.
        image: The network for this kind of chip.
        sources: Network and data.
        found: The deployment on the first chip.
        run: Where finished chips are kept.
        progress: Told which chip is in work.

    Raises:
        OSError: A file cannot be written.
    """
    ways = {_OWN: ProgrammingOptions(job.tolerance, job.denoise)}
    if job.denoise:
        ways[_COARSE] = ProgrammingOptions(job.compare_tolerance, denoise=False)
    batch = _ChipBatch(job, image, sources, run, progress)
    if job.keep_chips:
        batch.keep(job.seed, (run.results / "chip.mho").read_bytes())
    chips: dict[str, list[ChipFigures]] = {way: [] for way in ways}
    for number in range(job.chips):
        for way, effort in ways.items():
            again = number == 0 and way == _OWN
            own = (
                _first(found, job.seed)
                if again
                else batch.figures(number, way, effort)
            )
            chips[way].append(own)
    batches = {
        way: Batch(effort, tuple(chips[way])) for way, effort in ways.items()
    }
    software = found.result["software_accuracy"]
    assert isinstance(software, float)
    population = Population(software, batches[_OWN], batches.get(_COARSE))
    return replace(
        found,
        result=found.result | {"population": population.result},
        costs=found.costs | _costs(population),
        population=population,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _ChipBatch:
    """Makes one chip after the other, and remembers those it has made."""

    job: Job
    image: CompiledNetwork
    sources: Task
    run: RunFolder
    progress: Progress

    def figures(
        self, number: int, way: str, effort: ProgrammingOptions
    ) -> ChipFigures:
        """What a chip reaches; measured only once, whatever interrupts the run."""
        stage = f"chip {number + 1} of {self.job.chips}{'' if way == _OWN else ', coarse'}"
        name = f"{way}-{number + 1}"
        if held := self.run.get(name):
            return _read(held)
        specimen = specimen_for(self.job, self.image, self.job.seed + number)
        state = self.run.state(name)
        chip, figures = measure_chip(
            self.image,
            specimen,
            effort,
            self.sources,
            fit_columns=self.job.fit_columns,
            state=state,
            progress=lambda done: self.progress(stage, done),
        )
        if self.job.keep_chips and way == _OWN:
            self.keep(specimen.seed, chip)
        self.run.put(name, asdict(figures))
        state.clear()
        return figures

    def keep(self, seed: int, chip: ProgrammedChip | bytes) -> None:
        """Leave a chip's file among the run's."""
        path = self.run.results / "chips" / f"seed{seed}.mho"
        path.parent.mkdir(exist_ok=True)
        if isinstance(chip, bytes):
            write_whole(path, chip)
        else:
            save_chip(path, chip)


def _read(held: Mapping[str, Any]) -> ChipFigures:
    spent = {
        stage: Ledger(**held[stage]) for stage in ("programming", "evaluation")
    }
    return ChipFigures(**{**held, **spent})


def _first(found: RunData, seed: int) -> ChipFigures:
    """What the deployment itself says of its chip."""
    result: Mapping[str, Any] = found.result
    seen = result["chip_accuracy"]
    cost = found.costs
    return ChipFigures(
        seed,
        seen["best"],
        seen["low"],
        seen["high"],
        result["converged_fraction"],
        result["stuck_cells"],
        cost["programming"],
        cost["evaluation"],
    )


def _costs(population: Population) -> dict[str, Ledger]:
    """Stages for the account, the first chip's own left out."""
    own = population.programmed
    others = Batch(own.effort, own.chips[1:])
    costs = {
        f"{stage}, {len(others.chips)} more chips": others.cost(stage)
        for stage in ("programming", "evaluation")
    }
    if coarse := population.comparison:
        costs |= {
            f"{stage}, {len(coarse.chips)} chips at {coarse.name}": coarse.cost(
                stage
            )
            for stage in ("programming", "evaluation")
        }
    return costs
