"""One network in many chips of a kind: how far apart do they lie?

Every chip is made, programmed and judged by itself, from its seed alone, so that nothing depends
on which others there are or in what order they come.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from mho.bench.simulated import ChipSpec
from mho.data import Metric
from mho.deployment import program_image
from mho.deployment.storage import CompiledNetwork, ProgrammedChip, save_chip
from mho.files import KeptState, RunFolder, write_whole
from mho.ledger import Ledger
from mho.programming import ProgrammingOptions, ProgramRun
from mho.progress import Progress, silent
from mho.runs.deployment import put_to_work, specimen_for
from mho.runs.evaluation import evaluate
from mho.runs.job import Job
from mho.runs.measurement import read_back
from mho.runs.population_figures import Batch, ChipFigures, Population
from mho.runs.run_data import JudgedChip, RunData
from mho.runs.task import Task
from mho.runs.watched import ChipWatch
from mho.workers import Later, Workers

_OWN = "programmed"
_COARSE = "comparison"
_SCORE = "accuracy"
"""Name of the score among what a run keeps."""
_SHARE = 0.75
"""Share of a chip's time that programming takes, for the progress bar (1)."""
_PROGRAMMING = "programming"
_EVALUATING = "evaluating"


def measure_chip(
    image: CompiledNetwork,
    specimen: ChipSpec,
    effort: ProgrammingOptions,
    sources: Task,
    *,
    fit_columns: bool = False,
    state: KeptState | None = None,
    looks: KeptState | None = None,
    trace: Path | None = None,
    progress: Progress = silent,
    watch: Callable[[ProgramRun], object] = lambda _: None,
) -> JudgedChip:
    """Program a chip and judge it as `measure` does.

    Args:
        image: What to program.
        specimen: Into which chip.
        effort: How.
        sources: Network and data to judge it by.
        fit_columns: Fit gain and offset of every output to the calibration samples first.
        state: Where the state is kept now and then, and taken up if it is there.
        looks: The same for the looks of its evaluation.
        trace: Folder in which every pulse and read of programming is noted; `None` for nowhere.
        progress: Told of `programming`, then of `evaluating`.
        watch: Shown the programming after every cycle; it must not change anything.

    Raises:
        ValueError: The image does not fit the chip.
        OSError: The state cannot be written.
    """
    chip = program_image(
        image,
        specimen,
        effort,
        state=state,
        trace=trace,
        progress=lambda _, done: progress(_PROGRAMMING, done),
        watch=watch,
    )
    programmed = put_to_work(chip, sources, fit_columns=fit_columns)
    bench = programmed.bench
    _, noise = read_back(programmed, effort.protocol(bench.info))
    start = bench.ledger
    found = evaluate(
        programmed.deployed,
        sources,
        lambda done: progress(_EVALUATING, done),
        looks,
    )
    seen = found.interval
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
    after = programmed.chip.after(bench)
    return JudgedChip(programmed.chip, after, noise, figures, found.outputs)


def plain_chip(
    progress: Progress,
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    run: RunFolder,
) -> JudgedChip:
    """The job's chip programmed without denoising, to compare.

    Args:
        progress: Told what is being done.
        job: What to do.
        image: The network for this kind of chip.
        sources: Network and data.
        run: Where the state of unfinished work is kept.

    Raises:
        OSError: A file cannot be written.
    """
    stages = {
        _PROGRAMMING: "programming plain",
        _EVALUATING: "evaluating without denoising",
    }
    return measure_chip(
        image,
        specimen_for(job, image, job.seed),
        ProgrammingOptions(job.tolerance, denoise=False),
        sources,
        fit_columns=job.fit_columns,
        state=run.state("plain"),
        looks=run.state("evaluation-plain"),
        trace=run.results / "trace" / "plain",
        progress=lambda stage, done: progress(stages[stage], done),
        watch=ChipWatch(run.live, "plain", image),
    )


def populate(
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    found: RunData,
    run: RunFolder,
    progress: Progress = silent,
    workers: Workers | None = None,
) -> RunData:
    """Add to a finished deployment the job's other chips, and all of them the coarse way.

    Args:
        job: What to do; two chips at least.
        image: The network for this kind of chip.
        sources: Network and data.
        found: The deployment on the first chip.
        run: Where finished chips are kept.
        progress: Told which chips are in work.
        workers: Who makes the chips, one each; this process makes all of them if `None`.

    Raises:
        OSError: A file cannot be written.
    """
    ways = {_OWN: ProgrammingOptions(job.tolerance, job.denoise)}
    if job.denoise:
        ways[_COARSE] = ProgrammingOptions(job.compare_tolerance, denoise=False)
    batch = _ChipBatch(job, image, sources, run)
    if job.keep_chips:
        batch.keep(job.seed, (run.results / "chip.mho").read_bytes())
    chips = _all_chips(batch, ways, found, progress, workers or Workers())
    batches = {
        way: Batch(effort, tuple(one.result() for one in chips[way]))
        for way, effort in ways.items()
    }
    software = found.result[f"software_{sources.metric.key}"]
    assert isinstance(software, float)
    population = Population(
        software, batches[_OWN], batches.get(_COARSE), sources.metric
    )
    return replace(
        found,
        result=found.result | {"population": population.result},
        costs=found.costs | _costs(population),
        population=population,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _ChipBatch:
    """Makes chips, and remembers those it has made."""

    job: Job
    image: CompiledNetwork
    sources: Task
    run: RunFolder

    def figures(
        self,
        progress: Progress,
        number: int,
        way: str,
        effort: ProgrammingOptions,
    ) -> ChipFigures:
        """What a chip reaches; measured only once, whatever interrupts the run."""
        name = f"{way}-{number + 1}"
        if held := self.run.get(name):
            return _read(held)
        specimen = specimen_for(self.job, self.image, self.job.seed + number)
        state = self.run.state(name)
        looks = self.run.state(f"{name}-looks")
        judged = measure_chip(
            self.image,
            specimen,
            effort,
            self.sources,
            fit_columns=self.job.fit_columns,
            state=state,
            looks=looks,
            progress=self._told(progress, number, way),
        )
        if self.job.keep_chips and way == _OWN:
            self.keep(specimen.seed, judged.chip)
        held = asdict(judged.figures)
        held[_SCORE] = held.pop("score")
        self.run.put(name, held)
        state.clear()
        looks.clear()
        return judged.figures

    def _told(self, progress: Progress, number: int, way: str) -> Progress:
        """Tell of both stages of a chip as one."""
        coarse = "" if way == _OWN else ", coarse"
        chip = f"chip {number + 1} of {self.job.chips}{coarse}"

        def tell(stage: str, done: float) -> None:
            share = _SHARE * done
            if stage == _EVALUATING:
                share = _SHARE + (1 - _SHARE) * done
            progress(chip, share)

        return tell

    def keep(self, seed: int, chip: ProgrammedChip | bytes) -> None:
        """Leave a chip's file among the run's."""
        path = self.run.results / "chips" / f"seed{seed}.mho"
        path.parent.mkdir(exist_ok=True)
        if isinstance(chip, bytes):
            write_whole(path, chip)
        else:
            save_chip(path, chip)


def _all_chips(
    batch: _ChipBatch,
    ways: Mapping[str, ProgrammingOptions],
    found: RunData,
    progress: Progress,
    workers: Workers,
) -> dict[str, list[Later[ChipFigures]]]:
    """Figures of every chip in every way, as far as they are not there yet at work on."""
    chips: dict[str, list[Later[ChipFigures]]] = {way: [] for way in ways}
    first = _first(found, batch.job.seed, batch.sources.metric)
    for number in range(batch.job.chips):
        for way, effort in ways.items():
            if number == 0 and way == _OWN:
                known = Later(lambda: first)
            else:
                known = workers.start(
                    batch.figures, progress, number, way, effort
                )
            chips[way].append(known)
    return chips


def _read(held: Mapping[str, Any]) -> ChipFigures:
    spent = {
        stage: Ledger(**held[stage]) for stage in ("programming", "evaluation")
    }
    figures = {**held, **spent}
    figures["score"] = figures.pop(_SCORE)
    return ChipFigures(**figures)


def _first(found: RunData, seed: int, metric: Metric) -> ChipFigures:
    """What the deployment itself says of its chip."""
    result: Mapping[str, Any] = found.result
    seen = result[f"chip_{metric.key}"]
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
