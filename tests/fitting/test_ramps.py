"""Ramps: noises are told apart, laws are chosen by the data, and intervals hold the truth."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fit_recovery
import mho
from mho.device.kinds import RampSteps
from mho.fitting import complex_step, fit_files
from mho.fitting.ramps import (
    NodeLaw,
    Parts,
    SoftBoundLaw,
    fit_restricted,
    likeliest,
    ramps_of,
)
from mho.fitting.ramps.cells_told import one_cell
from mho.fitting.ramps.filter import FIXED, filter_ramps, ramp_loss
from mho.fitting.ramps.laws import RampLaw
from mho.fitting.ramps.restricted import pull_of
from mho.fitting.ramps.slope import ramp_slope
from mho.measured import NormalisedResponses, PulseResponses


def made(cells: int = 1, ramps: int = 3, pulses: int = 40) -> PulseResponses:
    """Ramps up and down, in turn, of steps that shrink; names no cells if there is one."""
    rng = np.random.default_rng(5)
    rows: list[tuple[int, int, int, float, float]] = []
    for cell in range(cells):
        place = 0.1
        for ramp in range(2 * ramps):
            sign = 1 if ramp % 2 == 0 else -1
            seen = 10 + 90 * place + 0.2 * rng.standard_normal()
            for _ in range(pulses):
                room = 1.05 - place if sign > 0 else place + 0.05
                place += sign * 0.06 * room * (1 + 0.2 * rng.standard_normal())
                now = 10 + 90 * place + 0.2 * rng.standard_normal()
                rows.append((ramp, cell, sign, seen, now))
                seen = now
    table = np.array(rows)
    unknown = np.full(len(rows), np.nan)
    return PulseResponses(
        ramp=(table[:, 0] + 2 * ramps * table[:, 1]).astype(np.int64),
        cell=table[:, 1].astype(np.int64),
        amplitude=unknown,
        gate=unknown,
        width=unknown,
        direction=table[:, 2].astype(np.int64),
        before=table[:, 3] * 1e-6,
        after=table[:, 4] * 1e-6,
        source="made.csv",
    )


def test_the_filter_is_the_density_of_a_normal_law() -> None:
    """Brute force: readings of one ramp with even steps are jointly normal.

    Reading k is start + k·step + the sum of k cycle noises + its own noise; given the first, with
    a flat start, the covariance of the others is c²·min(i, j) + r²(1 + δij).
    """
    step, cycle, read = 0.05, 0.03, 0.02
    rng = np.random.default_rng(2)
    y = 0.2 + step * np.arange(8) + 0.04 * rng.standard_normal(8)
    q = np.zeros(FIXED + 4)
    q[2], q[4], q[10] = cycle, read**2, 1.0
    q[FIXED : FIXED + 2] = step
    code = np.array([0] + [1] * 7)
    new = np.array([1] + [0] * 7)
    only = np.array([0])
    turns = np.array([0, 1] + [0] * 6)
    place = np.zeros(8)
    found = ramp_loss(y, code, new, turns, place, q, only, hard=False)
    place = np.arange(1, 8)
    spread = cycle**2 * np.minimum.outer(place, place)
    spread = spread + read**2 * (1 + np.eye(7))
    off = y[1:] - y[0] - step * place
    right = off @ np.linalg.solve(spread, off) / 2
    right += np.linalg.slogdet(spread)[1] / 2
    assert found == pytest.approx(right, rel=1e-12)


def test_the_vigour_of_a_ramp_is_integrated_over() -> None:
    """As above, two ramps of one cell, the second down: all steps of a ramp are e larger.

    That adds step²·σ²·i·j to the covariance within a ramp, and nothing between ramps; the second
    begins where the first ended, with no reading between.
    """
    step, cycle, read, vigour = 0.05, 0.01, 0.02, 0.2
    count = 6
    rng = np.random.default_rng(2)
    sign = np.array([1.0] * count + [-1.0] * count)
    mean = 0.2 + step * np.cumsum(sign)
    y = np.concatenate(([0.2], mean)) + 0.02 * rng.standard_normal(13)
    q = np.zeros(FIXED + 4)
    q[2] = q[3] = cycle
    q[4], q[10], q[12] = read**2, 1.0, vigour**2
    q[FIXED:] = step
    code = np.array([0, *sign.astype(int)])
    new = np.array([1] + [0] * 12)
    turns = np.array([0, 1] + [0] * 5 + [1] + [0] * 5)
    active = np.array([0, 4])
    found = ramp_loss(y, code, new, turns, np.zeros(13), q, active, hard=False)
    pulse = np.arange(1, 13)
    ups = np.minimum(pulse, count)
    downs = pulse - ups
    spread = cycle**2 * np.minimum.outer(pulse, pulse)
    alike = np.outer(ups, ups) + np.outer(downs, downs)
    spread = spread + (step * vigour) ** 2 * alike
    spread = spread + read**2 * (1 + np.eye(12))
    off = y[1:] - y[0] - (mean - 0.2)
    right = off @ np.linalg.solve(spread, off) / 2
    right += np.linalg.slogdet(spread)[1] / 2
    assert found == pytest.approx(right, rel=1e-10)


def laws() -> Iterator[RampLaw]:
    """Laws that among them have all parts, one reading of each far off."""
    wild = made(4, 1, 12)
    wild.after[30] += 40e-6
    several = ramps_of([wild])
    yield NodeLaw(Parts(several, slow=True, cells=True), 4)
    yield SoftBoundLaw(Parts(several, slow=True, cells=True, ends=True))
    # the vigour of a ramp
    yield NodeLaw(Parts(ramps_of([made(1, 5, 10)]), slow=False, cells=False), 3)


def test_the_slopes_are_those_of_the_filter_itself() -> None:
    """One pass back against a step of 1e-30 along the imaginary axis for each number.

    Both are exact, so that 1e-11 of the largest is rounding.
    """
    for law in laws():
        p = np.array([one.start for one in law.parameters]) * 1.01
        q = law.filtered(p.astype(np.complex128)).real
        shared = law.active, law.hard
        found = ramp_slope(*law.readings, q, *shared)
        right = complex_step(
            lambda z, law=law, shared=shared: filter_ramps(
                *law.readings, z, *shared
            ),
            q,
        )
        size = np.abs(right).max()
        assert np.abs(found - right).max() < 1e-11 * size
        whole = complex_step(
            lambda z, law=law, shared=shared: filter_ramps(
                *law.readings, law.filtered(z), *shared
            ),
            p,
        )
        assert law.gradient(p) == pytest.approx(whole, rel=1e-9)


def test_means_take_from_spreads_as_many_readings_as_they_are() -> None:
    """With all noise λ times as large, ½ ln det H of m means falls by m ln λ.

    So the slopes of the term by the logarithms of all noises add up to the number of means, but
    for what a filter that is not linear adds: 10 %.
    """
    law = NodeLaw(Parts(ramps_of([made(1, 3)]), slow=False, cells=False), 3)
    best, _ = likeliest(law)
    pull = pull_of(law, best)
    # the weight of a ramp's progress stands at its bound
    assert pull.weights.sum() == pytest.approx(6.0, rel=0.1)
    assert pull.loss(best) == 0.0
    names = [one.name for one in law.parameters]
    found = fit_restricted(law, best)
    for name in ("cell.spread_up", "cell.spread_down"):
        assert found[name].value > best[names.index(name)]


def test_intervals_of_ramps_hold_the_truth() -> None:
    """Eight sets, every number: at a true 95 %, 5 of 8 or fewer happen once in 2,700 times.

    Ten numbers are asked, so that a false alarm comes once in 270 seeds; this one has none.
    """
    found = fit_recovery.recovery(
        lambda seed: fit_recovery.soft_bound(seed, cells=4), 8
    )
    assert min(one["held"] for one in found.values()) >= 6
    assert found["cell.step"]["determined"] == 8


def test_a_search_of_steps_ends_no_higher_than_at_the_truth() -> None:
    """Steps hang on the progress of a ramp alone: those at conductances are a wrong beginning.

    From it the search once ended with all steps and all cells turned round.
    """
    law, truth = fit_recovery.steps_measured(0)
    exact = np.array([truth[one.name] for one in law.parameters])
    found, loss = likeliest(law)
    assert loss <= law.loss(exact)
    upward = [one.name.startswith("cell.up_") for one in law.parameters]
    assert (found[upward] > 0).all()


def test_a_search_of_soft_bounds_ends_no_higher_than_at_the_truth() -> None:
    """One begun in the middle ends at a symmetry point of 0.01, 450 above this hill."""
    law, truth = fit_recovery.soft_measured(90)
    exact = np.array([truth[one.name] for one in law.parameters])
    found, loss = likeliest(law)
    assert loss <= law.loss(exact)
    assert found[1] == pytest.approx(truth["cell.symmetry_point"], abs=0.1)


def test_files_become_a_preset_that_says_what_rests_on_them(
    tmp_path: Path,
) -> None:
    base = mho.preset("rao2023")
    found = fit_files([made()], base, "mycell")
    told = found.as_json()
    origins = {row["name"]: row["origin"] for row in told["numbers"]}
    assert origins["cell.gain_spread"] == "rao2023"
    assert origins["cell.low"] == "reach of the data"
    data = [name for name, origin in origins.items() if origin == "data"]
    assert "array.read_noise_off_chip" in data
    noise = found.preset.values["array.read_noise_off_chip"]
    assert noise.interval is not None
    assert noise.interval[0] <= 0.2e-6 <= noise.interval[1]
    path = tmp_path / "mycell.toml"
    mho.device.published.write_preset_file(path, found.preset)
    assert mho.preset(str(path)).cell() == found.preset.cell()


def test_cells_that_differ_are_told_from_noise() -> None:
    """A column of cells, all alike: their spread is 0, and the interval says below a tenth."""
    found = fit_files([made(6, ramps=1)], mho.preset("rao2023"), "mycell")
    spread = found.laws[0]["cell.gain_spread"]
    assert spread.low == pytest.approx(0.0, abs=0.02)
    assert spread.high < 0.1


def test_ramps_that_go_on_where_others_ended_are_of_one_cell() -> None:
    measured = made(1, ramps=8)
    # a ramp ends wherever its last pulse led, so that ends differ
    keep = np.ones(measured.ramp.size, dtype=bool)
    for ramp in range(0, 16, 2):
        own = np.flatnonzero(measured.ramp == ramp)
        keep[own[12 + ramp :]] = False
    short = replace(
        measured,
        **{
            name: getattr(measured, name)[keep]
            for name in (
                "ramp",
                "cell",
                "amplitude",
                "gate",
                "width",
                "direction",
                "before",
                "after",
            )
        },
    )
    assert "one cell" not in one_cell(ramps_of([short]))
    assert "one cell" in one_cell(ramps_of([measured]))


def test_normalised_responses_lend_their_scale() -> None:
    place = np.linspace(0, 1, 60)
    rng = np.random.default_rng(0)
    rise = 1 - np.exp(-3 * place) + 0.01 * rng.standard_normal(60)
    fall = np.exp(-3 * place) + 0.01 * rng.standard_normal(60)
    measured = NormalisedResponses(rise[:, None], fall[:, None], "ltp.csv")
    found = fit_files([measured], mho.preset("ecram_li"), "mine")
    assert any("has no unit" in line for line in found.told)
    low = found.preset.values["array.level_low"].value
    assert low == pytest.approx(mho.preset("ecram_li")["cell.low"], rel=1e-6)


def test_pulses_in_one_direction_are_refused() -> None:
    measured = made()
    up = replace(measured, direction=np.ones_like(measured.direction))
    with pytest.raises(ValueError, match="at least 30 RESET pulses"):
        fit_files([up], mho.preset("rao2023"), "mycell")


def test_other_data_are_refused_with_what_they_are() -> None:
    levels = mho.measured.LevelTable(
        np.ones(3) * 1e-5, np.ones(3), "levels.csv"
    )
    with pytest.raises(ValueError, match=r"`levels.csv` must hold something"):
        fit_files([levels], mho.preset("rao2023"), "mycell")


def test_the_kind_is_that_of_the_chosen_law() -> None:
    found = fit_files([made()], mho.preset("rao2023"), "mycell")
    chosen = found.laws[0].title
    is_ramp = found.preset.kind is RampSteps
    assert is_ramp == chosen.startswith("steps at")
