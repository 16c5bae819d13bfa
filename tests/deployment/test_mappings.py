"""Options of the mapping: scales, clipping, and what is refused."""

import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.mapping import DifferentialPairs, place, round_together
from mho.mapping.targets import compensate, to_levels
from mho.rng import Stream
from mho.units import uS

LOW = 50 * uS
HIGH = 500 * uS


def weights(out: int, inputs: int) -> torch.Tensor:
    return torch.randn(
        out, inputs, generator=Stream(0).child("weights").generator()
    )


def back(pairs: DifferentialPairs, weight: torch.Tensor) -> torch.Tensor:
    return pairs.weights(*pairs.targets(weight), pairs.scales(weight))


@pytest.mark.parametrize("scale", ["layer", "column"])
def test_ideal_targets_stand_for_the_weights_exactly(scale: str) -> None:
    """But for the rounding of float32, 6e-8 of 500 µS, over a scale of 450 µS per largest."""
    weight = weights(7, 5) * torch.logspace(-2, 1, 7)[:, None]
    pairs = DifferentialPairs(LOW, HIGH, scale=scale)
    error = (back(pairs, weight) - weight).abs()
    assert torch.all(
        error <= 3e-7 * (HIGH - LOW) / pairs.scales(weight)[:, None]
    )


def test_with_a_scale_of_its_own_every_output_uses_the_whole_range() -> None:
    """A layer's scale leaves the small outputs in a corner of the range."""
    weight = weights(7, 5) * torch.logspace(-2, 1, 7)[:, None]
    each = torch.stack(
        DifferentialPairs(LOW, HIGH, scale="column").targets(weight)
    )
    torch.testing.assert_close(each.amax((0, 1)), torch.full((7,), HIGH))
    one = torch.stack(DifferentialPairs(LOW, HIGH).targets(weight))
    assert float(one.amax()) == pytest.approx(HIGH)
    assert float(one[:, :, 0].amax()) < LOW + 0.02 * (HIGH - LOW)


@pytest.mark.parametrize("scale", ["layer", "column"])
def test_clipping_cuts_off_the_largest_weights_and_no_others(
    scale: str,
) -> None:
    """The 90th percentile of 1 … 100 is 90: ten weights become 90, the rest stay."""
    weight = torch.arange(1.0, 101.0)[None] * torch.tensor([[1.0], [-1.0]])
    pairs = DifferentialPairs(LOW, HIGH, scale=scale, clip=90.0)
    torch.testing.assert_close(
        back(pairs, weight), weight.clamp(-90, 90), rtol=1e-5, atol=1e-4
    )
    assert float(torch.stack(pairs.targets(weight)).max()) <= HIGH * (1 + 1e-6)


def test_outputs_of_zeros_and_nearly_all_zeros_have_a_scale() -> None:
    """Where the percentile itself is zero the largest weight counts."""
    weight = torch.zeros(3, 200)
    weight[1, 7] = -2.0
    for scale in ("layer", "column"):
        pairs = DifferentialPairs(LOW, HIGH, scale=scale, clip=99.0)
        torch.testing.assert_close(
            back(pairs, weight), weight, rtol=1e-5, atol=1e-6
        )


GOOD = {"low": LOW, "high": HIGH, "scale": "column", "clip": 99.0, "levels": 64}
BAD = [
    ("low", 0.0),
    ("low", -1.0),
    ("low", float("nan")),
    ("low", HIGH),
    ("low", 1.0),
    ("high", LOW),
    ("high", 0.0),
    ("high", 1.1),
    ("high", float("inf")),
    ("high", float("nan")),
    ("clip", 0.0),
    ("clip", 49.9),
    ("clip", 100.1),
    ("clip", float("nan")),
    ("clip", -1.0),
    ("levels", 1),
    ("levels", 0),
    ("levels", -3),
    ("levels", 65_537),
    ("scale", "colum"),
    ("scale", "Layer"),
    ("scale", ""),
    ("scale", "tile"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_every_field_out_of_range_is_refused_in_one_sentence(
    name: str, value: object
) -> None:
    DifferentialPairs(**GOOD)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Argument `") as caught:
        DifferentialPairs(**GOOD | {name: value})  # type: ignore[arg-type]
    said = str(caught.value)
    assert f"`{name}`" in said or (name == "low" and "`high`" in said)
    assert "\n" not in said


@pytest.mark.parametrize(
    ("written", "meant"), [("colum", "column"), ("Layer", "layer")]
)
def test_a_misspelt_word_names_the_nearest_one(
    written: str, meant: str
) -> None:
    with pytest.raises(ValueError, match=f"Did you mean `{meant}`"):
        DifferentialPairs(LOW, HIGH, scale=written)


@pytest.mark.parametrize("levels", [2, 3, 64])
def test_quantised_targets_lie_on_levels_with_one_of_each_pair_at_the_bottom(
    levels: int,
) -> None:
    """Also after making up for wires. float32 holds 500 µS to 3e-11 S."""
    pairs = DifferentialPairs(LOW, HIGH, levels=levels)
    info = SimulatedBench(Chip(rows=32, cols=32), Stream(0)).info
    placement = to_levels(
        compensate(place([weights(12, 30)], info, pairs), info, pairs), pairs
    )
    step = (HIGH - LOW) / (levels - 1)
    count = (placement.target.double() - LOW) / step
    assert float((count - count.round()).abs().max()) * step < 1e-10
    assert float(count.max()) <= levels - 1 + 1e-3
    assert float(torch.minimum(count, count[placement.partner]).max()) < 1e-3


def test_without_levels_targets_stay() -> None:
    info = SimulatedBench(Chip(rows=32, cols=32), Stream(0)).info
    placement = place([weights(12, 30)], info, DifferentialPairs(LOW, HIGH))
    assert to_levels(placement, DifferentialPairs(LOW, HIGH)) is placement


def test_rounding_together_beats_the_nearest_levels_and_no_single_change_is_better() -> (
    None
):
    """(Σe)² + Σe² of 30 uniform errors is 30/12 · 2 = 5 when rounded to the nearest.

    Together the sum all but vanishes and Σe² grows little: below 0.7 of it on average.
    """
    values = 20 * weights(40, 30).double().T
    found = round_together(values, 200)

    def loss(rounded: torch.Tensor) -> torch.Tensor:
        error = rounded - values
        return error.sum(0).square() + error.square().sum(0)

    assert torch.equal(found, found.round())
    assert float((found - values).abs().max()) < 1.0
    assert torch.all(loss(found) <= loss(values.round()))
    assert float(loss(found).mean()) < 0.7 * float(loss(values.round()).mean())
    for row in range(30):
        for change in (-1.0, 1.0):
            other = found.clone()
            other[row] += change
            assert torch.all(loss(other) >= loss(found) - 1e-9)


def test_rounding_stays_within_the_range() -> None:
    values = torch.full((9, 2), 2.9, dtype=torch.float64)
    assert float(round_together(values, 2).abs().max()) == 2.0
    assert float(round_together(-values, 3).abs().max()) <= 3.0
