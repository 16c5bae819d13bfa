import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from quiet_chip import perceptron, problem

from mho.data import ACCURACY, Data
from mho.deployment.storage import CompiledNetwork, load_chip
from mho.ledger import Ledger
from mho.network import read_network
from mho.programming import ProgrammingOptions
from mho.progress import silent
from mho.rng import Stream
from mho.runs import (
    Batch,
    ChipFigures,
    Job,
    Population,
    RunData,
    deployment_folder,
    image_for,
    make_chip,
    measure,
    plain_chip,
    populate,
)
from mho.runs.deployment import specimen_for
from mho.runs.population import measure_chip
from mho.runs.task import Task
from mho.units import uS
from mho.workers import Later

JOB = Job(
    "digits",
    tolerance=5 * uS,
    seed=3,
    chips=3,
    keep_chips=True,
    wires=0.0,
    packed=True,
)
"""Named after the built-in network, so that no file is looked for; the network is another."""


@pytest.fixture(scope="module", autouse=True)
def few_looks() -> Iterator[None]:
    """Three looks instead of twenty: the laws hold for any number."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mho.runs.evaluation.LOOKS", 3)
        patch.setattr("mho.runs.measurement._TRACE_SAMPLES", 3)
        yield


@pytest.fixture(scope="module")
def sources() -> Task:
    """A perceptron with random weights, and the answers that it gives itself."""
    stream = Stream(1)
    inputs, _ = problem(stream)
    network = read_network(perceptron(stream), inputs)
    labels = network.run(inputs).argmax(1)
    return Task(network, Data(inputs, labels, inputs[:40], 3))


@pytest.fixture(scope="module")
def image(sources: Task) -> CompiledNetwork:
    return image_for(JOB, sources)


def run(
    job: Job,
    image: CompiledNetwork,
    sources: Task,
    folder: Path,
    *,
    resume: bool,
) -> RunData:
    """What the command does between reading the network and writing the report."""
    with deployment_folder(job, sources, folder, resume=resume) as shop:
        chip = make_chip(job, image, sources, shop, silent, denoise=job.denoise)
        plain = None
        if job.denoise:
            plain = Later(lambda: plain_chip(silent, job, image, sources, shop))
        found = measure(job, sources, chip, plain, "test", silent)
        return populate(job, image, sources, found, shop)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def found(whole: Path, image: CompiledNetwork, sources: Task) -> RunData:
    """Three chips, both ways."""
    return run(JOB, image, sources, whole, resume=False)


def chips_of(found: RunData) -> Population:
    assert found.population is not None
    return found.population


def test_the_first_chip_is_the_deployments_own(
    found: RunData, image: CompiledNetwork, sources: Task
) -> None:
    """Its row is taken from the report; measured like the others it is the same, to the bit."""
    row = chips_of(found).programmed.chips[0]
    again = measure_chip(
        image, specimen_for(JOB, image, 3), ProgrammingOptions(5 * uS), sources
    )
    assert again.figures == row
    assert row.score == found.result["chip_accuracy"]["best"]  # type: ignore[index]


def test_a_chip_does_not_know_which_others_there_are(
    found: RunData, image: CompiledNetwork, sources: Task
) -> None:
    """The last one alone, before any other, is what it is as the third of three."""
    own = chips_of(found).programmed
    coarse = chips_of(found).comparison
    assert coarse is not None
    specimen = specimen_for(JOB, image, 5)
    for batch in (coarse, own):
        alone = measure_chip(image, specimen, batch.effort, sources)
        assert alone.figures == batch.chips[2]


def test_chips_differ_and_carry_consecutive_seeds(found: RunData) -> None:
    for batch in chips_of(found).batches:
        assert [chip.seed for chip in batch.chips] == [3, 4, 5]
        assert len({chip.programming.joules for chip in batch.chips}) == 3


def test_the_comparison_is_coarser_and_not_denoised(found: RunData) -> None:
    """A window four times as wide takes fewer pulses, and nothing is denoised: it costs less."""
    own = chips_of(found).programmed
    coarse = chips_of(found).comparison
    assert coarse is not None
    assert (coarse.effort.tolerance, coarse.effort.denoise) == (20e-6, False)
    for fine, rough in zip(own.chips, coarse.chips, strict=True):
        assert rough.programming.pulses < fine.programming.pulses


def test_kept_chips_are_the_ones_that_were_measured(
    found: RunData, whole: Path, sources: Task
) -> None:
    """Each file holds its chip as programming left it: its cost is the chip's in the table."""
    for row in chips_of(found).programmed.chips:
        chip = load_chip(
            whole / "unfinished" / "results" / "chips" / f"seed{row.seed}.mho"
        )
        assert chip.specimen.seed == row.seed
        deployed = chip.deployed()
        assert deployed.bench.ledger == row.programming
        accuracy = deployed.accuracy(sources.data.inputs, sources.data.right)
        assert abs(accuracy - row.score) < 0.1


def test_costs_of_all_chips_are_booked_once(found: RunData) -> None:
    """Each stage of the account has its chips; together they are the sum over both tables."""
    own = chips_of(found).programmed
    coarse = chips_of(found).comparison
    assert coarse is not None
    booked = [
        spent for stage, spent in found.costs.items() if "without" not in stage
    ]
    wanted = [own.cost("programming"), own.cost("evaluation")]
    wanted += [coarse.cost("programming"), coarse.cost("evaluation")]
    assert sum(s.pulses for s in booked) == sum(s.pulses for s in wanted)
    assert math.isclose(
        sum(s.joules for s in booked), sum(s.joules for s in wanted)
    )


def figures(seed: int, accuracy: float, seconds: float = 1.0) -> ChipFigures:
    spent = Ledger(seconds=seconds, pulse_joules=seconds / 4)
    return ChipFigures(
        seed, accuracy, accuracy, accuracy, 1.0, 0, spent, Ledger()
    )


def test_statistics_are_those_of_a_sample() -> None:
    """0.8, 0.9, 1.0: mean 0.9, and with n − 1 = 2 the variance is (0.01 + 0 + 0.01) / 2."""
    chips = tuple(figures(n, x, 1.0 + n) for n, x in enumerate((0.9, 1.0, 0.8)))
    found = Batch(ProgrammingOptions(1 * uS), chips).result(ACCURACY)
    assert found["accuracy"] == pytest.approx(
        {"mean": 0.9, "standard_deviation": 0.1, "lowest": 0.8, "highest": 1.0}
    )
    assert found["chip_seconds_mean"] == pytest.approx(2.0)
    assert found["chip_joules_mean"] == pytest.approx(0.5)
