"""Stuck cells in maps and endurance data: counted, with intervals, or said not to be told."""

import numpy as np
import pytest

import fit_recovery
import mho
from mho.fitting import fit_files
from mho.measured import ArrayMap, Endurance

FRACTION = "cell.stuck_fraction"


def grid(place: float, seed: int, spread: float = 0.1) -> np.ndarray:
    """A map of 400 cells around a conductance (S)."""
    return place * np.random.default_rng(seed).lognormal(0, spread, (20, 20))


@pytest.mark.parametrize("law", ["stuck-map", "endurance"])
def test_intervals_of_shares_hold_the_truth(law: str) -> None:
    """Thirty sets: at a true 95 %, 25 or fewer happen once in 200 times; Clopper's are wider."""
    found = fit_recovery.recovery(fit_recovery.LAWS[law], 30)
    assert min(one["held"] for one in found.values()) >= 26


def test_two_maps_tell_the_share_and_the_end() -> None:
    up, down = grid(150e-6, 1), grid(20e-6, 2)
    up[0, :6] = down[0, :6] = 200e-6
    up[1, :2] = down[1, :2] = 1e-6
    maps = [ArrayMap(up, "set.csv"), ArrayMap(down, "reset.csv")]
    found = fit_files(maps, mho.preset("rao2023"), "mycell")
    value = found.preset.values[FRACTION]
    assert value.value == pytest.approx(8 / 400)
    assert value.interval == pytest.approx((0.008674, 0.039025), rel=1e-3)
    # eight cells say too little of the ends
    assert (
        found.preset["cell.stuck_high"]
        == mho.preset("rao2023")["cell.stuck_high"]
    )
    assert any(
        "8 of 400 never switch, 6 of them" in line for line in found.told
    )


@pytest.mark.parametrize(
    ("maps", "says"),
    [
        ((grid(20e-6, 1), grid(21e-6, 2)), "hardly differ"),
        ((grid(50e-6, 1, spread=0.8),), "a stuck one among them looks like"),
    ],
)
def test_maps_that_do_not_tell_say_so(
    maps: tuple[np.ndarray, ...], says: str
) -> None:
    measured = [ArrayMap(one, f"{k}.csv") for k, one in enumerate(maps)]
    base = mho.preset("rao2023")
    found = fit_files(measured, base, "mycell")
    assert any(says in line for line in found.told)
    assert found.preset.values[FRACTION] == base.values[FRACTION]


def test_a_map_of_one_level_shows_cells_that_are_elsewhere() -> None:
    held = grid(50e-6, 1, spread=0.01)
    held[3, :5] = 5e-6
    found = fit_files(
        [ArrayMap(held, "m.csv")], mho.preset("rao2023"), "mycell"
    )
    assert found.preset[FRACTION] == pytest.approx(5 / 400)


def test_cells_that_wear_out_are_printed_and_not_taken_for_stuck() -> None:
    cells, cycles = 200, np.arange(1.0, 41.0)
    rng = np.random.default_rng(0)
    shape = (cells, cycles.size)
    low = 10e-6 * rng.lognormal(0, 0.1, shape)
    high = 100e-6 * rng.lognormal(0, 0.1, shape)
    high[:7, 20:] = low[:7, 20:]
    high[7:10] = low[7:10]
    measured = Endurance(
        np.repeat(np.arange(cells), cycles.size),
        np.tile(cycles, cells),
        low.ravel(),
        high.ravel(),
        "cycles.csv",
    )
    found = fit_files([measured], mho.preset("rao2023"), "mycell")
    assert found.preset[FRACTION] == pytest.approx(3 / 200)
    assert any(
        "of 197 cells that switched, 7 do not" in line for line in found.told
    )
    assert any(
        "endurance.onset, endurance.growth" in line for line in found.told
    )
