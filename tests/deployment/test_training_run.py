"""Training on the chip as a job: two chips, kept after every pass, and the chip it ends with."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from quiet_chip import problem

from mho.data import Data, TrainingAndTest
from mho.deployment.storage import (
    ProgrammedChip,
    Provenance,
    load_chip,
    save_chip,
)
from mho.files import RunFolder
from mho.programming import Outcome
from mho.rng import Stream
from mho.runs import TrainJob, learn
from mho.runs.training import FAULTLESS, FAULTY
from mho.training import OnChipTraining
from mho.training.trained_chip import as_module

JOB = TrainJob(
    OnChipTraining(hidden=(10,), epochs=2, batch=45), stuck=0.11, seed=1
)


def folder(
    path: Path, identity: str, *, resume: bool = False
) -> AbstractContextManager[RunFolder]:
    return RunFolder.open(path, "test", identity, resume=resume)


def data() -> TrainingAndTest:
    """Three classes of points, scaled to 0 … 1, in two rows of four as an image would be."""
    samples, labels = problem(Stream(1))
    low = samples.min()
    high = samples.max()
    samples = ((samples - low) / (high - low)).view(-1, 2, 4)
    test = Data(samples[90:], labels[90:], samples[:20], 3)
    return TrainingAndTest(samples[:90], labels[:90], test)


def run(
    **changes: object,
) -> tuple[dict[str, object], ProgrammedChip]:
    return learn(replace(JOB, **changes), data(), Provenance(source="points"))


@pytest.fixture(scope="module")
def trained() -> tuple[dict[str, object], ProgrammedChip]:
    return run()


def test_the_trained_chip_is_kept_and_computes_what_it_learnt(
    trained: tuple[dict[str, object], ProgrammedChip], tmp_path: Path
) -> None:
    """A file of the chip gives the accuracy of the last pass, up to noise of two reads.

    Its network in software, from the weights read, differs from the chip by noise and wires: at
    most three of 30 samples change sides. Cells that none could program count as stuck: some of
    11 % of 330 lie outside the range. Every pulse of the ledger is booked at its cell.
    """
    found, chip = trained
    save_chip(tmp_path / "chip.mho", chip)
    loaded = load_chip(tmp_path / "chip.mho")
    assert loaded.sha256 == chip.sha256
    test = data().test
    deployed = loaded.deployed()
    accuracy = deployed.accuracy(test.inputs, test.labels)
    last = found["runs"][FAULTY][-1]  # type: ignore[index]
    assert abs(accuracy - last["accuracy"]) <= 3.1 / 30
    software = (
        (loaded.image.network.run(test.inputs).argmax(1) == test.labels)
        .double()
        .mean()
    )
    assert abs(float(software) - accuracy) <= 3.1 / 30
    assert chip.specimen.stuck == 0.11
    assert int(chip.result.pulses.sum()) == last["cost"]["pulses"]
    stuck = chip.result.outcome == int(Outcome.STUCK)
    assert 0 < int(stuck.sum()) < 0.25 * stuck.numel()
    assert float(chip.result.error[~stuck].abs().max()) == 0.0


def test_both_chips_share_everything_but_stuck_cells(
    trained: tuple[dict[str, object], ProgrammedChip],
) -> None:
    found, _ = trained
    runs = found["runs"]
    assert isinstance(runs, dict)
    assert list(runs) == [FAULTY, FAULTLESS]
    assert runs[FAULTY] != runs[FAULTLESS]
    alone, _ = run(stuck=0.0, compared=False)
    assert alone["runs"] == {FAULTY: runs[FAULTLESS]}
    costs = [one["cost"]["pulses"] for one in runs[FAULTY]]
    assert 0 < costs[0] <= costs[1]


def test_an_interrupted_training_ends_like_one_that_was_not(
    trained: tuple[dict[str, object], ProgrammedChip], tmp_path: Path
) -> None:
    """Interrupted after the first pass of either chip; passes that are done are not run again."""
    for stop, left in ((2, 5), (5, 3)):
        work = tmp_path / str(stop)
        calls = 0

        def count(*_: object, last: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls == last:
                raise KeyboardInterrupt

        given = (data(), Provenance(source="points"))
        with (
            pytest.raises(KeyboardInterrupt),
            folder(work, "training") as files,
        ):
            learn(JOB, *given, run=files, progress=count)
        calls = 100  # beyond the one that interrupts
        with folder(work, "training", resume=True) as files:
            found, chip = learn(JOB, *given, run=files, progress=count)
        assert found == trained[0]
        assert chip.sha256 == trained[1].sha256
        assert calls == 100 + left


def test_the_identity_of_a_training_is_of_samples_and_options() -> None:
    other = replace(data(), labels=2 - data().labels)
    told = {JOB.identity(data()), JOB.identity(other)}
    told.add(replace(JOB, seed=2).identity(data()))
    assert JOB.identity(data()) == JOB.identity(data())
    assert len(told) == 3


def test_the_perceptron_in_software_saturates_and_has_biases() -> None:
    """Two layers by hand: clamp(x W₁ᵀ + b₁, 0, 4) W₂ᵀ + b₂, exact to rounding."""
    generator = torch.Generator().manual_seed(0)
    first, second = (
        torch.randn(n, m, generator=generator) for n, m in ((5, 9), (3, 6))
    )
    inputs = 3 * torch.rand(20, 2, 4, generator=generator)
    hidden = (inputs.flatten(1) @ first[:, :-1].T + first[:, -1]).clamp(0, 4)
    assert float((hidden == 4).double().mean()) > 0.05
    wanted = hidden @ second[:, :-1].T + second[:, -1]
    torch.testing.assert_close(as_module([first, second], 4.0)(inputs), wanted)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"stuck": 1.5}, "`stuck`"),
        ({"chip": "umas"}, "umass_ta_hfo2"),
        ({"seed": -1}, "`seed`"),
    ],
)
def test_impossible_jobs_are_refused(
    change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(JOB, **change)
