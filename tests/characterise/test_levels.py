"""The level experiment: copies stand for the one cell, and sweeps read what was written."""

import math

import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.characterise.levels import (
    LevelExperiment,
    bench_of_copies,
    level_targets,
)
from mho.characterise.levels.write_levels import (
    read_out,
    write_in_turn,
    write_levels,
)
from mho.chip import Chip
from mho.device.published import preset
from mho.programming import ProgramProtocol
from mho.rng import Stream
from mho.units import uS

TARGETS = level_targets(50 * uS, 4144 * uS, 2048)


def _silent(stage: str, done: float) -> None:
    assert stage
    assert 0 <= done <= 1


def test_the_published_levels_are_2_microsiemens_apart() -> None:
    """(4144 − 50)/2047 = 2 exactly; single precision of 4 mS is 0.0005 µS."""
    assert torch.allclose(
        TARGETS, (50 + 2 * torch.arange(2048)) * uS, rtol=0, atol=1e-9
    )


def test_a_sweep_is_read_at_its_largest_voltage() -> None:
    """I = GV(1 + cV²) without noise: I/V at the end is G(1 + cV²). To single precision."""
    voltage = torch.linspace(0, 0.2, 21)
    g = torch.tensor([50e-6, 100e-6, 4e-3])
    c = torch.tensor([1.6, 0.5, 0.0])
    current = g * voltage[:, None] * (1 + c * voltage[:, None] ** 2)
    assert torch.allclose(
        read_out(voltage, current), g * (1 + c * 0.04), rtol=1e-6
    )


def test_a_sweep_averages_its_points() -> None:
    """White noise σ of the current at each of n points leaves 10σ²/n at the end of the fit.

    V and V³ span the Legendre polynomials P₁ and P₃, which add (2k + 1)P_k(1)² = 3 and 7.
    n = 200 points come within 5 % of the integrals; 4,000 sweeps know a variance to 2.2 %:
    five standard errors and the 5 % make 16 %.
    """
    voltage = torch.linspace(0, 0.2, 201)
    noise = torch.randn(
        201, 4000, generator=Stream(0).generator(), dtype=torch.float64
    )
    current = voltage[:, None] * 1e-3 + 1e-7 * noise
    spread = float(read_out(voltage, current).var()) * (0.2 / 1e-7) ** 2
    assert spread == pytest.approx(10 / 200, rel=0.16)


def test_every_level_is_written_and_more_than_without_denoising() -> None:
    """F1 and F2 at a quarter of the levels: all of them; without denoising clearly fewer.

    A level is missed once in 50,000; half of the others are, so 5 standard errors of 512 are 0.11.
    """
    found = {}
    for denoise in (True, False):
        experiment = LevelExperiment(
            Chip(), levels=512, tolerance=1 * uS, seed=3
        )
        tally = experiment.run(None, _silent, denoise=denoise)
        found[denoise] = int(tally.per_cell["within_1uS"][0])
        assert int(tally.example.within(1 * uS).sum()) == found[denoise]
    assert found[True] == 512
    assert found[False] < 0.75 * 512


def test_copies_do_what_the_cell_alone_does_in_turn() -> None:
    """The same 40 levels of a cell, side by side and one after the other: same success and cost.

    The way to a level differs, from the last one instead of from the formed state; denoising
    pulses and reads do not depend on it. Their means over 40 levels differ by less than five
    standard errors of the difference.
    """
    chip = Chip(rows=1, cols=1)
    stream = Stream(5).child("chip")
    order = torch.randperm(40, generator=Stream(1).generator())
    target = level_targets(200 * uS, 4000 * uS, 40)[order]
    protocol = ProgramProtocol(max_cycles=1000)
    turn = write_in_turn(SimulatedBench(chip, stream), target, 0, protocol)
    side = write_levels(
        bench_of_copies(chip, torch.tensor([0]), 40, stream),
        target,
        torch.arange(40),
        protocol,
    )
    for levels in (turn, side):
        assert int(levels.within(1 * uS).sum()) == 40
    for name in ("denoise_pulses", "reads"):
        a, b = (getattr(x, name).double() for x in (turn, side))
        error = math.sqrt(float(a.var() + b.var()) / 40)
        assert abs(float(a.mean() - b.mean())) < 5 * error
    assert float(turn.seconds.sum()) == pytest.approx(
        turn.ledger.seconds, rel=1e-6
    )


def test_side_by_side_the_bench_is_busy_as_long_as_with_one_alone() -> None:
    """A level's own seconds: the ledger's, if it is the only one."""
    one = write_levels(
        bench_of_copies(Chip(), torch.tensor([0]), 1, Stream(0)),
        torch.tensor([1e-3]),
        torch.tensor([0]),
        ProgramProtocol(),
    )
    assert float(one.seconds[0]) == pytest.approx(one.ledger.seconds, rel=1e-9)
    assert int(one.reads[0]) == one.ledger.reads


def test_a_cell_holds_the_same_levels_whoever_is_written_with_it() -> None:
    """Cell 4 alone, and among cells 3 to 5: all levels, for half as many pulses more at most.

    The same draws, but a clock that others move on: looks are shared.
    """
    kinds = [
        LevelExperiment(Chip(), 64, 1 * uS, first, cells)
        for first, cells in ((4, 1), (3, 3))
    ]
    alone, among = (x.run(None, _silent, denoise=True).per_cell for x in kinds)
    assert int(alone["within"][0]) == int(among["within"][1]) == 64
    assert float(among["pulses"][1]) == pytest.approx(
        float(alone["pulses"][0]), rel=0.5
    )


def test_a_stuck_cell_holds_no_level_to_speak_of() -> None:
    kind = preset("rao2023").replace(cell__stuck_fraction=1.0)
    tally = LevelExperiment(Chip(kind), 64, 1 * uS).run(
        None, _silent, denoise=True
    )
    assert int(tally.per_cell["stuck"][0]) > 60
    assert int(tally.per_cell["within"][0]) <= 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"levels": 1}, "`levels` must lie within 2 to 65536, but is 1"),
        ({"first": 70_000}, "`cell` must lie within 0 to 65535"),
        ({"cells": 0}, "`cells` must lie within 1 to 65536"),
        (
            {"cells": 2, "in_turn": True},
            "`cells` must be 1 where levels are written in turn",
        ),
    ],
)
def test_an_experiment_that_cannot_be_is_refused(
    changes: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        LevelExperiment(Chip(), **changes)  # type: ignore[arg-type]


def test_a_tolerance_finer_than_the_read_out_is_refused_before_anything_runs() -> (
    None
):
    with pytest.raises(
        ValueError, match="`tolerance` must be at least the read-out's"
    ):
        LevelExperiment(Chip(driver="on_chip")).check()
