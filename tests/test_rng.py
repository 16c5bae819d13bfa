"""Randomness: uniform, normal, independent in every direction, and the same whatever the batch."""

import math

import pytest
import torch

from mho.rng import CellStream, Stream, _purpose, total

COUNT = 1_000_000
GOLDEN_KEYS = [-5760545980247776061, -205248533526338695, 905131862350241117]
GOLDEN_UNIFORM = [3707745792.0, 3303413248.0, 2808378112.0]


def _cells(stream: Stream, count: int = COUNT) -> CellStream:
    return stream.cells(torch.arange(count))


def _correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack((a, b)).double())[0, 1])


def test_uniform_numbers_fill_zero_to_one(stream: Stream) -> None:
    """Inside (0, 1]; mean 1/2, variance 1/12, and each hundredth holds n/100.

    Standard errors √(1/12n), √(1/180n), and √(n·0.01·0.99) for a count; n = 2,000,000 in two
    lanes.
    """
    u = _cells(stream).uniform("uniform", 2).double()
    n = u.numel()
    assert float(u.min()) > 0.0
    assert float(u.max()) <= 1.0
    assert abs(float(u.mean()) - 0.5) <= 5 / math.sqrt(12 * n)
    assert abs(float(u.var()) - 1 / 12) <= 5 / math.sqrt(180 * n)
    counts = torch.histc(u, bins=100, min=0.0, max=1.0)
    assert (counts - n / 100).abs().max() <= 5 * math.sqrt(n * 0.01 * 0.99)


def test_the_smallest_uniform_number_is_above_zero() -> None:
    """The word 0 mixes to 0, the rarest draw: it must give 2⁻³² and a normal of √(64 ln 2) = 6.66.

    The key that meets it is minus the word of the purpose in the first lane.
    """
    key = torch.tensor([-_purpose("rare"), -_purpose("normal/rare")])
    assert float(CellStream(key).uniform("rare")[0, 0]) == 2.0**-32
    assert float(CellStream(key).normal("rare")[0, 1]) == pytest.approx(
        6.6604, rel=1e-4
    )


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_normal_numbers_have_the_moments_of_a_normal(
    stream: Stream, slots: int
) -> None:
    """Moments 0, 1, 0, 3 with variances 1, 2, 15, 96 over n (μ₂ₖ − μₖ² of a normal)."""
    z = _cells(stream).normal("normal", slots).double().flatten()
    n = z.numel()
    assert n == slots * COUNT
    for power, moment, variance in (
        (1, 0, 1),
        (2, 1, 2),
        (3, 0, 15),
        (4, 3, 96),
    ):
        assert abs(float(z.pow(power).mean()) - moment) <= 5 * math.sqrt(
            variance / n
        )
    assert float(z.abs().max()) <= 6.7


def test_lanes_are_uncorrelated(stream: Stream) -> None:
    """Four lanes of uniform and of normal numbers: correlations within 5/√n."""
    key = _cells(stream)
    for lanes in (key.uniform("lanes", 4), key.normal("lanes", 4)):
        matrix = torch.corrcoef(lanes.double()) - torch.eye(4)
        assert matrix.abs().max() <= 5 / math.sqrt(COUNT)


@pytest.mark.parametrize("step", [1, 2, 256])
def test_neighbouring_cells_are_uncorrelated(stream: Stream, step: int) -> None:
    """Cell i and cell i + step; squares too, which a sign would hide: 5/√n."""
    z = _cells(stream).normal("cells")[0]
    assert abs(_correlation(z[:-step], z[step:])) <= 5 / math.sqrt(COUNT - step)
    square = z.square()
    assert abs(_correlation(square[:-step], square[step:])) <= 5 / math.sqrt(
        COUNT - step
    )


@pytest.mark.parametrize("step", [1, 2, 17])
def test_neighbouring_events_are_uncorrelated(
    stream: Stream, step: int
) -> None:
    """The same cells at event 0 and at event `step`, and one cell at a million events: 5/√n."""
    key = _cells(stream)
    first = key.at(torch.zeros(COUNT, dtype=torch.int64)).normal("events")[0]
    later = key.at(torch.full((COUNT,), step)).normal("events")[0]
    assert abs(_correlation(first, later)) <= 5 / math.sqrt(COUNT)
    one = stream.cells(torch.zeros(COUNT, dtype=torch.int64))
    series = one.at(torch.arange(COUNT)).normal("events")[0]
    assert abs(float(series.mean())) <= 5 / math.sqrt(COUNT)
    assert abs(_correlation(series[:-step], series[step:])) <= 5 / math.sqrt(
        COUNT - step
    )


def test_purposes_children_and_streams_are_uncorrelated(stream: Stream) -> None:
    """Another purpose, child, kind of draw, sibling stream or seed: all pairs within 5/√n."""
    key = _cells(stream)
    draws = torch.stack(
        [
            key.uniform("one")[0],
            key.uniform("two")[0],
            key.normal("one")[0],
            key.child("part").uniform("one")[0],
            key.child("other").uniform("one")[0],
            key.child("other").child("part").uniform("one")[0],
            _cells(stream.child("sibling")).uniform("one")[0],
            _cells(Stream(stream.seed + 1, stream.path)).uniform("one")[0],
        ]
    ).double()
    matrix = torch.corrcoef(draws) - torch.eye(len(draws))
    assert matrix.abs().max() <= 5 / math.sqrt(COUNT)


@pytest.mark.parametrize(
    ("one", "two"),
    [(("a", "b"), ("b", "a")), (("a", "a"), ()), (("a", "b", "a"), ("b",))],
)
def test_nested_children_have_streams_of_their_own(
    stream: Stream, one: tuple[str, ...], two: tuple[str, ...]
) -> None:
    """A child of a child differs from the same names in another order, and from no child."""
    draws = []
    for names in (one, two):
        key = _cells(stream, 100)
        for name in names:
            key = key.child(name)
        draws.append(key.uniform("x"))
    assert not torch.equal(draws[0], draws[1])


def test_a_subset_gets_the_rows_of_the_whole(stream: Stream) -> None:
    """What a cell draws does not depend on its company: bitwise, three ways of choosing."""
    some = torch.tensor([5, 3, 99_999, 0, 77])
    events = torch.arange(100_000) % 7
    whole = _cells(stream, 100_000)
    for kind in ("uniform", "normal"):
        full = getattr(whole.at(events), kind)("subset", 5)[:, some]
        assert torch.equal(
            full, getattr(whole.at(events).take(some), kind)("subset", 5)
        )
        assert torch.equal(
            full, getattr(whole.take(some).at(events[some]), kind)("subset", 5)
        )
        assert torch.equal(
            full,
            getattr(stream.cells(some).at(events[some]), kind)("subset", 5),
        )


def test_asking_consumes_nothing_and_changes_no_key(stream: Stream) -> None:
    """The same question has the same answer; keys and arguments stay as they were. Bitwise."""
    index = torch.arange(1000)
    key = stream.cells(index)
    before = key.key.clone()
    first = key.normal("again", 3)
    key.uniform("other", 5)
    key.at(index).child("part").uniform("more")
    assert torch.equal(key.normal("again", 3), first)
    assert torch.equal(key.key, before)
    assert torch.equal(index, torch.arange(1000))


@pytest.mark.parametrize("slots", [1, 2, 3, 8])
def test_two_threads_give_the_bits_of_one(stream: Stream, slots: int) -> None:
    """Element-wise arithmetic on 1,000,000 cells, split over threads or not: bitwise."""
    key = _cells(stream)
    one = key.normal("threads", slots), key.uniform("threads", slots)
    torch.set_num_threads(2)
    two = key.normal("threads", slots), key.uniform("threads", slots)
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])


def test_names_split_streams_and_order_does_not() -> None:
    """Equal paths are equal streams; the type and the cut of the names count."""
    a = Stream(7).child("tile").child(3)
    assert a == Stream(7).child("tile", 3)
    words = {
        Stream(7).word,
        Stream(8).word,
        a.word,
        Stream(7).child("tile", "3").word,
        Stream(7).child(3, "tile").word,
        Stream(7).child("tile3").word,
        Stream(78).word,
    }
    assert len(words) == 7


def test_a_generator_is_fresh_every_time(stream: Stream) -> None:
    """Two generators of one stream draw alike, one of a child differently."""
    first = torch.rand(100, generator=stream.generator())
    assert torch.equal(first, torch.rand(100, generator=stream.generator()))
    assert not torch.equal(
        first, torch.rand(100, generator=stream.child("x").generator())
    )


def test_the_first_numbers_are_these_for_ever() -> None:
    """A seed names an experiment: another hash would silently change every result."""
    key = Stream(0).child("golden").cells(torch.arange(3))
    assert key.key.tolist() == GOLDEN_KEYS
    found = key.uniform("golden")[0].double() * 2**32
    assert found.tolist() == pytest.approx(GOLDEN_UNIFORM, rel=1e-6)


def test_a_total_does_not_depend_on_threads(stream: Stream) -> None:
    """Sum in double precision, bitwise on 1 and 2 threads, and right to 1e-12 of n."""
    values = _cells(stream).uniform("total")[0]
    one = total(values)
    torch.set_num_threads(2)
    assert total(values) == one
    assert one == pytest.approx(math.fsum(values.tolist()), rel=1e-12)


def test_a_copy_draws_the_same_whatever_other_copies_there_are() -> None:
    """Named by its original and its number among the copies: 7's second copy, alone or not."""
    many = Stream(1).copies(torch.tensor([7, 3, 7, 3, 3, 7])).uniform("x")[0]
    assert torch.unique(many).numel() == 6
    assert torch.equal(
        many[[0, 2]], Stream(1).copies(torch.tensor([7, 7])).uniform("x")[0]
    )
    assert torch.equal(
        many[[1, 3, 4]],
        Stream(1).copies(torch.tensor([3, 3, 3])).uniform("x")[0],
    )
