import math
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from quiet_chip import COARSE, deployed_on, perceptron, problem, quiet_bench

from mho.bench.simulated import ChipSpec
from mho.data import Data
from mho.deployment import DeployedNetwork, Refresh, program_image
from mho.deployment.aging import lifetime
from mho.deployment.storage import ProgrammedChip, compile_image
from mho.files import RunFolder
from mho.programming import ProgrammingOptions
from mho.rng import Stream
from mho.runs import REFRESHED, LifeJob, Task, grow_old
from mho.runs.lifetime import ALONE
from mho.units import uS

HOUR = 3600.0
YEAR = 3.15576e7


def folder(
    path: Path, identity: str, *, resume: bool = False
) -> AbstractContextManager[RunFolder]:
    return RunFolder.open(path, "test", identity, resume=resume)


def aging(loss: float) -> DeployedNetwork:
    """A network whose cells lose `loss` per e-fold of time after the first hour, no more."""
    bench = quiet_bench(
        retention__scale=1.0,
        retention__loss=loss,
        temperature__coefficient=0.0,
        temperature__coefficient_spread=0.0,
    )
    return deployed_on(bench, perceptron(Stream(3)), problem(Stream(1))[0])


def test_drift_is_the_loss_of_the_retention_law() -> None:
    """Mean drift from one hour to one year: −d ln(t / 3600 s), for cells above the floor.

    Programming took seconds, 1e-3 of an hour or less at most; reads have 16 bits, 0.08 µS.
    """
    deployed = aging(1 * uS)
    samples, labels = problem(Stream(1))
    hour, year = lifetime(deployed, samples, labels, [HOUR, YEAR])
    expected = -1 * uS * math.log(YEAR / HOUR)
    assert year.drift - hour.drift == pytest.approx(expected, abs=0.1 * uS)
    assert year.refreshed == 0
    assert year.cost == hour.cost


def test_heat_makes_a_year_of_a_day() -> None:
    """At T the loss is that of time multiplied by the Arrhenius factor: d ln(A t / 3600 s)."""
    deployed = aging(1 * uS)
    samples, labels = problem(Stream(1))
    cool = 300.0
    hot = 358.0
    acceleration = deployed.bench.chip.cell.temperature.ion_acceleration(hot)
    cold = lifetime(aging(1 * uS), samples, labels, [HOUR], temperature=cool)[0]
    warm = lifetime(deployed, samples, labels, [24 * HOUR], temperature=hot)[0]
    expected = -1 * uS * math.log(24 * acceleration)
    assert warm.drift - cold.drift == pytest.approx(expected, abs=0.2 * uS)


def test_a_refresh_brings_cells_back_within_the_tolerance() -> None:
    """Cells that lose 4 µS per e-fold leave ±5 µS in a year; a refresh at its end finds them.

    All cells lose 36 µS and are written again, so that none is off by more than the tolerance
    afterwards; looks and pulses are booked.
    """
    samples, labels = problem(Stream(1))
    old = aging(4 * uS)
    fresh = aging(4 * uS)
    (worn,) = lifetime(old, samples, labels, [YEAR])
    (kept,) = lifetime(
        fresh, samples, labels, [YEAR], refresh=Refresh(0.9999 * YEAR, COARSE)
    )
    assert worn.spread > 30 * uS
    assert kept.spread < 5.5 * uS
    assert kept.refreshed >= 0.9 * fresh.placement.cells.numel()
    assert kept.cost.pulses > 0
    assert kept.cost.reads >= 8 * fresh.placement.cells.numel()
    assert worn.cost.reads == 0
    assert kept.score >= worn.score


@pytest.mark.parametrize(
    "times", [[YEAR, HOUR], [HOUR, HOUR], [0.0], [], [math.inf]]
)
def test_ages_must_rise(times: list[float]) -> None:
    samples, labels = problem(Stream(1))
    with pytest.raises(ValueError, match="Argument `times` must rise"):
        lifetime(aging(1 * uS), samples, labels, times)


@pytest.mark.parametrize(
    ("quantile", "written"), [(1.0, True), (0.97, True), (0.95, False)]
)
def test_nothing_is_written_until_the_quantile_is_off(
    quantile: float, *, written: bool
) -> None:
    """4 % of the cells are off by 30 µS: more than 1 − q, or not.

    Nothing else moves on a quiet chip, and programming left all others within ±5 µS.
    """
    deployed = aging(1e-3 * uS)
    samples, labels = problem(Stream(1))
    placement = deployed.placement
    moved = round(0.04 * placement.cells.numel())
    target = placement.target.clone()
    target[:moved] += torch.where(target[:moved] < 200 * uS, 30 * uS, -30 * uS)
    deployed.retarget(target)
    refresh = Refresh(HOUR, COARSE, quantile)
    (age,) = lifetime(deployed, samples, labels, [2.5 * HOUR], refresh=refresh)
    assert age.looks == 2
    assert age.rewrites == int(written)
    assert age.refreshed == (moved if written else 0)
    assert (max(abs(q) for q in age.quantiles) > 10 * uS) != written


@pytest.fixture(scope="module")
def chip() -> ProgrammedChip:
    """A small noisy chip with a network of two layers."""
    samples = problem(Stream(1))[0]
    specimen = ChipSpec("wan2022", 1, 2, 12, 24)
    image = compile_image(perceptron(Stream(3)), specimen.bench().info, samples)
    return program_image(
        image, specimen, ProgrammingOptions(2 * uS, denoise=False)
    )


def data() -> Data:
    samples, labels = problem(Stream(1))
    return Data(samples, labels, samples[:10], 3)


JOB = LifeJob((HOUR, 24 * HOUR, YEAR), 400.0, YEAR / 3, 1 * uS)


def test_a_chip_is_measured_with_and_without_refreshing_and_stays_as_it_is(
    chip: ProgrammedChip,
) -> None:
    """Until the first refresh both lives are the same, draw by draw; later it drifts less."""
    before = chip.sha256
    found, aged = grow_old(Task(chip, data()), JOB)
    alone = found["lives"][ALONE]
    kept = found["lives"][REFRESHED]
    assert [age["time_s"] for age in kept] == [0.0, *JOB.times]
    assert alone[:3] == kept[:3]
    assert kept[3]["looks"] == 3
    assert abs(kept[3]["drift_uS"]) < abs(alone[3]["drift_uS"])
    assert kept[3]["spread_uS"] < alone[3]["spread_uS"]
    assert kept[3]["cost"]["pulses"] > 0
    # Three looks at all cells, eight samples each, at least.
    assert kept[3]["cost"]["reads"] >= 3 * 8 * found["cells"]
    assert 0 < kept[3]["cost"]["seconds"] < YEAR / 100
    assert chip.sha256 == before
    assert aged.records == {"accuracy": kept[3]["accuracy"]}
    bench = aged.deployed().bench
    assert bench.clock >= YEAR
    assert float(aged.state["bench"][2]) == 400.0


def test_an_interrupted_life_ends_like_one_that_was_not(
    chip: ProgrammedChip, tmp_path: Path, monkeypatch: Any
) -> None:
    """What is kept holds all that comes later depends on, at ages and between them."""
    monkeypatch.setattr("mho.files.kept_parts.CHECKPOINT_SECONDS", 0.0)
    whole, aged = grow_old(Task(chip, data()), JOB)
    for stop, left in ((3, 9), (9, 5)):
        calls = 0

        def count(*_: object, last: int = stop) -> None:
            nonlocal calls
            calls += 1
            if calls == last:
                raise KeyboardInterrupt

        work = tmp_path / str(stop)
        with pytest.raises(KeyboardInterrupt), folder(work, "a life") as run:
            grow_old(Task(chip, data()), JOB, run=run, progress=count)
        calls = 100  # beyond the one that interrupts
        with folder(work, "a life", resume=True) as run:
            resumed, same = grow_old(
                Task(chip, data()), JOB, run=run, progress=count
            )
        assert resumed == whole
        assert same.sha256 == aged.sha256
        assert calls == 100 + left


def test_the_identity_of_a_life_is_of_chip_data_and_options(
    chip: ProgrammedChip,
) -> None:
    other = replace(data(), labels=1 - data().right)
    # which a metric may look at
    truth = replace(data(), others={"truth": torch.ones(3)})
    told = {
        JOB.identity(Task(chip, data())),
        JOB.identity(Task(chip, other)),
        JOB.identity(Task(chip, truth)),
        JOB.identity(Task(replace(chip, records={"accuracy": 0.5}), data())),
        replace(JOB, temperature=300.0).identity(Task(chip, data())),
    }
    assert JOB.identity(Task(chip, data())) == JOB.identity(Task(chip, data()))
    assert len(told) == 5


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"temperature": 0.0}, "`temperature` must lie within"),
        ({"interval": 1.0}, "`refresh` must be at least .* look less often"),
        ({"quantile": 1.1}, "`quantile` must lie within"),
    ],
)
def test_impossible_lives_are_refused(
    change: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        replace(JOB, **change)
