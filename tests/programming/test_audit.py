import pytest
import torch

from mho.bench.simulated import SimulatedBench
from mho.chip import Chip
from mho.device.published import preset
from mho.ledger import Ledger
from mho.programming import Audit, audit
from mho.rng import Stream
from mho.units import uS

CELLS = torch.arange(64)


def bench(**changes: float) -> SimulatedBench:
    kind = preset("rao2023").replace(cell__stuck_fraction=0.0, **changes)
    return SimulatedBench(Chip(kind, rows=8, cols=8), Stream(5))


def test_the_worst_look_decides_and_looks_are_evenly_spaced() -> None:
    """The same reads by hand on the same chip give the same bits."""
    found = audit(
        bench(),
        torch.full((64,), 10 * uS),
        CELLS,
        looks=5,
        span=50.0,
        samples=3,
    )
    other = bench()
    worst = torch.zeros(64)
    for number in range(5):
        other.wait(10.0 * number - other.clock)
        reading = other.read(CELLS, samples=3, window=0.0)
        worst = torch.maximum(worst, (reading.mean - 10 * uS).abs())
    assert torch.equal(found.worst, worst)
    assert found.span == other.clock == pytest.approx(40 + 3 * 8 * 1e-3)
    assert found.ledger.reads == 5 * 3 * 64
    assert found.ledger.pulses == 0


def test_a_window_holds_the_fraction_of_cells_that_was_asked_for() -> None:
    found = audit(bench(), torch.full((64,), 10 * uS), CELLS, looks=3)
    for fraction in (0.5, 0.9, 1.0):
        window = found.window(fraction)
        assert int(found.quiet(window).sum()) == -(-64 * fraction // 1)
        assert int(found.quiet(window * 0.999).sum()) < 64 * fraction


def test_looks_that_take_longer_than_the_span_follow_each_other_at_once() -> (
    None
):
    found = audit(
        bench(), torch.full((64,), 10 * uS), CELLS, looks=4, span=0.0, samples=2
    )
    assert found.span == pytest.approx(4 * 2 * 8 * 1e-3)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"looks": 0}, "`looks` must be finite and above 0"),
        ({"samples": 0}, "`samples` must be finite and above 0"),
        ({"span": -1.0}, "`span` must be finite and not negative"),
    ],
)
def test_an_audit_without_looks_is_refused(
    changes: dict[str, float], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        audit(bench(), torch.zeros(64), CELLS, **changes)  # type: ignore[arg-type]


def test_a_target_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(
        ValueError, match="`target` must be finite, but 64 of 64"
    ):
        audit(bench(), torch.full((64,), float("nan")), CELLS)


def test_a_window_has_an_interval_of_ranks() -> None:
    """Of 1 … 1,000 the 990th; 1.96 √(1000 · 0.99 · 0.01) = 6.17 ranks down, and one more up."""
    order = torch.randperm(1000, generator=Stream(0).generator())
    found = Audit(1.0 + order.float(), 1, 0.0, Ledger())
    assert found.window(0.99) == 990.0
    assert found.window_interval(0.99) == (983.0, 998.0)
