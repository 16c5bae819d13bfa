"""Ranges from counts of magnitudes: against brute force, closed forms, and all samples at once."""

import math

import pytest
import torch
from torch import Tensor

from mho.chip.periphery import Magnitudes
from mho.chip.periphery.calibration import fit_full_scale, range_error
from mho.rng import Stream


def seen(*batches: Tensor) -> Magnitudes:
    """Batches counted one after the other."""
    found = Magnitudes(batches[0].shape[1])
    for batch in batches:
        found.add(batch)
    return found


def several(stream: Stream, count: int = 4000) -> Tensor:
    """Columns that are normal, heavy-tailed, rectified, uniform, and all of one size."""
    normal = torch.randn(count, generator=stream.generator())
    even = torch.rand(count, generator=stream.child("even").generator()) - 0.5
    columns = (
        normal,
        1e-3 * normal**3,
        30 * normal.clamp(min=0),
        even,
        2 * normal.sign(),
    )
    return torch.stack(columns, 1)


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5, 6, 8])
def test_no_other_range_has_a_smaller_error(bits: int, stream: Stream) -> None:
    """Brute force over 2,000 ranges with the samples themselves.

    Full scales are tried at most 0.4 % apart, and samples are known as well. Smooth densities have
    a flat minimum; 4,000 samples in 255 codes make ripples of about 1/√4000, hence 2 %.
    """
    samples = several(stream)[:, :4]
    found = seen(samples).least_error(bits)
    reached = range_error(samples.double(), bits, found)
    largest = samples.abs().amax(0).double()
    tried = torch.linspace(2e-3, 1.0, 2000, dtype=torch.float64)
    brute = torch.stack(
        [range_error(samples.double(), bits, largest * x) for x in tried]
    )
    assert bool((reached <= brute.amin(0) * 1.02).all())


@pytest.mark.parametrize(
    ("bits", "sigmas"),
    [(1, 1.224), (2, 1.9524), (3, 2.4738), (4, 2.91), (7, 3.92)],
)
def test_a_gaussian_is_clipped_where_theory_clips_it(
    bits: int, sigmas: float
) -> None:
    """Full scale in σ: steps 1.224, 0.6508 and 0.3534 of uniform quantisers of 3, 7 and 15 levels.

    Those are in max1960, times 1, 3 and 7 codes; larger ones minimise ∫(x − q(x))²φ(x)dx, which
    `test_calibration` does cell by cell. A sign with three bits is what others call 4 bits, whose
    16 levels clip at 2.5 σ. The minimum is flat: counts in bins 0.4 % wide meet it within 1 %.
    """
    share = (torch.arange(200_000, dtype=torch.float64) + 0.5) / 200_000
    found = seen(torch.special.ndtri(share).float()[:, None]).least_error(bits)
    assert float(found) == pytest.approx(sigmas, rel=0.01)


@pytest.mark.parametrize("bits", [1, 3, 8])
def test_a_uniform_signal_ends_half_a_step_above_full_scale(bits: int) -> None:
    """|x| up to 1 in n codes and zero: all cells are of one width if 1 = (n + ½)·lsb.

    Then the error is lsb²/12 everywhere, and any other step makes some cell wider. So full scale
    is n/(n + ½). Full scales tried lie at most 0.4 % apart.
    """
    codes = 2**bits - 1
    samples = torch.linspace(-1, 1, 100_001)[:, None]
    found = float(seen(samples).least_error(bits))
    assert found == pytest.approx(codes / (codes + 0.5), rel=0.004)


def test_batches_are_the_same_as_all_at_once_in_any_order(
    stream: Stream,
) -> None:
    """Counts are whole numbers and bins are dropped by the largest of all: nothing can differ.

    Batches of sizes 1e-7 to 5 make bins come and go.
    """
    samples = several(stream, 3000)
    scales = torch.tensor([0.3, 2.0, 1.0, 1e-7, 5.0, 0.0])
    batches = [
        part * s for part, s in zip(samples.split(500), scales, strict=True)
    ]
    whole = seen(torch.cat(batches))
    orders = [
        torch.randperm(6, generator=stream.child(k).generator())
        for k in range(4)
    ]
    for order in orders:
        parts = seen(*(batches[k] for k in order))
        assert parts.count == whole.count
        assert torch.equal(parts.largest, whole.largest)
        for percent in (40.0, 70.0, 99.0):
            assert torch.equal(
                parts.percentile(percent), whole.percentile(percent)
            )
        assert torch.equal(parts.least_error(4), whole.least_error(4))


def test_columns_do_not_see_each_other(stream: Stream) -> None:
    """A column alone has the very range it has among others, of sizes 1e-3 to 30."""
    samples = several(stream)
    together = seen(samples)
    for column in range(samples.shape[1]):
        alone = seen(samples[:, column : column + 1])
        for name, value in (("percentile", 99.9), ("least_error", 6)):
            one, all_ = (
                float(getattr(m, name)(value)[k])
                for m, k in ((alone, 0), (together, column))
            )
            assert one == all_


@pytest.mark.parametrize("percent", [50.0, 90.0, 99.0, 99.9, 100.0])
def test_a_percentile_holds_its_samples_and_is_one_bin_wide_at_most(
    percent: float, stream: Stream
) -> None:
    """Where half of the samples are zero, half need no range, and the largest is taken."""
    samples = several(stream)
    found = seen(samples).percentile(percent)
    exact = fit_full_scale(
        samples.double(), 8, method="percentile", percentile=percent, dim=0
    )
    inside = (samples.abs() <= found).double().mean(0)
    assert bool((inside >= percent / 100 - 1e-12).all())
    spare = (samples == 0).double().mean(0) < percent / 100
    assert torch.equal(found[~spare], samples.abs().amax(0).double()[~spare])
    assert bool((found >= exact * (1 - 1e-6))[spare].all())
    assert bool((found <= exact * (1 + 2**-8))[spare].all())


def test_ranges_scale_with_the_signal(stream: Stream) -> None:
    """Bins are those of floats: a factor of two moves them by 64, and nothing else changes."""
    samples = several(stream)
    one = seen(samples)
    eight = seen(8 * samples)
    assert torch.equal(8 * one.least_error(5), eight.least_error(5))
    assert torch.equal(8 * one.percentile(99.9), eight.percentile(99.9))


def test_outliers_are_cut_and_silence_stays_silent() -> None:
    """One sample of 1000 σ among 10,000: with 4 bits of magnitude it is better cut.

    Cutting it costs 1000²/10⁴ = 100 σ² whatever else; keeping it rounds all others to zero and
    costs 1 σ². So for mean squares it is kept, and cut at a million samples, by the percentile.
    """
    share = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    samples = torch.special.ndtri(share).float()[:, None]
    samples[0] = 1000.0
    assert float(seen(samples).least_error(4)) == pytest.approx(
        1000.0, rel=0.03
    )
    assert float(seen(samples).percentile(99.9)) == pytest.approx(
        3.29, rel=0.03
    )
    samples[0] = 8.0
    assert float(seen(samples).least_error(4)) < 3.2
    silent = seen(torch.zeros(5, 2))
    assert float(silent.least_error(4).amax()) == 0.0
    assert float(silent.percentile(99.9).amax()) == 0.0


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="`samples` must"):
        seen(torch.tensor([[1.0], [math.nan]]))
    with pytest.raises(ValueError, match="`columns` must lie within"):
        Magnitudes(0)
    with pytest.raises(ValueError, match="`bits` must lie within"):
        seen(torch.ones(1, 1)).least_error(0)
    with pytest.raises(ValueError, match="`percent` must lie within"):
        seen(torch.ones(1, 1)).percentile(101.0)


def test_to_count_several_times_is_to_come_several_times(
    stream: Stream,
) -> None:
    """A sample counted three times, or none, is that sample three times in the batch, or left out.

    But for the largest magnitude, which knows it all the same: so the largest counts once here.
    """
    samples = several(stream, 600)
    times = torch.randint(
        0, 4, (600,), generator=stream.child("times").generator()
    )
    times[samples.abs().argmax(0)] = 1
    counted = Magnitudes(5)
    repeated = seen(samples.repeat_interleave(times, 0))
    counted.add(samples, times)
    assert counted.count == repeated.count
    for bits in (2, 5):
        assert torch.equal(
            counted.least_error(bits), repeated.least_error(bits)
        )
    assert torch.equal(counted.percentile(90.0), repeated.percentile(90.0))
