"""Tallies and sketches: exact, whatever the order and however they are merged."""

import math

import numpy as np
import pytest

from mho.fleet import QuantileSketch, Tally
from mho.fleet.sketch import EXACT, RELATIVE_ERROR


def values_of(kind: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    if kind == "few":
        return rng.integers(300, 360, 3000) / 360
    # both signs, zeros, and eleven orders of magnitude
    spread = 10.0 ** rng.uniform(-6, 5, 3 * EXACT) * rng.choice(
        [-1, 1], 3 * EXACT
    )
    return np.concatenate([spread, np.zeros(50)])


@pytest.mark.parametrize("kind", ["few", "many"])
def test_a_tally_is_the_same_whatever_the_order_and_the_parts(
    kind: str,
) -> None:
    """Sums are fractions and counts whole numbers, for which order does not matter at all."""
    values = values_of(kind)
    whole = Tally(values.tolist())
    shuffled = np.random.default_rng(5).permutation(values)
    merged = Tally()
    for part in np.array_split(shuffled, 7):
        merged.merge(Tally.from_described(Tally(part.tolist()).described()))
    assert merged.described() == whole.described()
    assert merged.mean == whole.mean
    assert merged.deviation == whole.deviation


@pytest.mark.parametrize("kind", ["few", "many"])
def test_moments_and_ends_are_those_of_the_values(kind: str) -> None:
    """Against numpy: its sums are off by some ulp of the sum of magnitudes."""
    values = values_of(kind)
    tally = Tally(values.tolist())
    size = np.abs(values).max()
    assert tally.count == len(values)
    assert tally.mean == pytest.approx(values.mean(), abs=1e-12 * size)
    assert tally.deviation == pytest.approx(values.std(ddof=1), rel=1e-12)
    assert (tally.smallest, tally.largest) == (values.min(), values.max())


def test_the_sum_of_a_tally_loses_nothing() -> None:
    """1 between two of 1e200 that cancel: in doubles it would be gone."""
    tally = Tally([1e200, 1.0, -1e200])
    assert tally.mean == 1 / 3


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.5, 0.999, 1.0])
@pytest.mark.parametrize("kind", ["few", "many"])
def test_quantiles_are_order_statistics(kind: str, share: float) -> None:
    """Exact for few values; within the relative error that is promised for many."""
    values = np.sort(values_of(kind))
    rank = max(1, math.ceil(share * len(values) - 1e-9))
    sketch = QuantileSketch(values.tolist())
    assert sketch.is_exact == (kind == "few")
    allowed = 0.0 if kind == "few" else RELATIVE_ERROR
    found = sketch.quantile(share)
    # a last digit for the exponential of a logarithm
    assert found == pytest.approx(values[rank - 1], rel=allowed + 1e-12, abs=0)


def test_memory_of_a_sketch_does_not_grow_with_values() -> None:
    """A million values in two decades share their buckets: ln(100)/2e-4 of them at most."""
    values = 10.0 ** np.random.default_rng(0).uniform(0, 2, 200_000)
    sketch = QuantileSketch(values.tolist())
    assert (
        len(sketch.described()["buckets"])
        <= math.log(100) / (2 * RELATIVE_ERROR) + 2
    )


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        Tally([value])


def test_a_damaged_tally_is_refused() -> None:
    held = Tally([1.0]).described()
    del held["values"]
    with pytest.raises(ValueError, match="what a tally said"):
        Tally.from_described(held)


def test_a_spread_whose_square_is_no_double_is_told() -> None:
    """1e308 and −1e308: their deviation is √2 of that size, its square far beyond doubles."""
    assert Tally([1e300, -1e300]).deviation == pytest.approx(2**0.5 * 1e300)
