"""An audit: does a cell stay at its target long after it was accepted?"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import Bench
from mho.checks import (
    check_between,
    check_finite,
    check_not_negative,
    check_positive,
    check_shape,
)
from mho.ledger import Ledger


@dataclass(frozen=True, slots=True, eq=False)
class Audit:
    """What many looks over a long time found.

    Args:
        worst: Largest distance between a look and the target (S). Shape (cells,).
        looks: Looks taken (1).
        span: Time from the start of the first to the end of the last look (s).
        ledger: What it cost.
    """

    worst: Float[Tensor, " cells"]
    looks: int
    span: float
    ledger: Ledger

    def quiet(self, tolerance: float) -> Bool[Tensor, " cells"]:
        """Cells that no look found further than `tolerance` (S) from their targets."""
        return self.worst <= tolerance

    def window(self, fraction: float) -> float:
        """Half-width of a window that this fraction of the cells never left (S).

        >>> Audit(torch.tensor([3.0, 1.0, 2.0, 9.0]), 100, 1000.0, Ledger()).window(0.75)
        3.0
        """
        check_between(fraction, "fraction", 0.0, 1.0, "1")
        # products round: an ulp above a whole number must not name the next cell
        rank = math.ceil(fraction * self.worst.numel() - 1e-9)
        return self._ranked(rank)

    def window_interval(self, fraction: float) -> tuple[float, float]:
        """95 % interval of `window`, by the binomial spread of its rank among the cells (S)."""
        check_between(fraction, "fraction", 0.0, 1.0, "1")
        middle = fraction * self.worst.numel()
        spread = 1.96 * math.sqrt(middle * (1 - fraction))
        low = math.floor(middle - spread)
        high = math.ceil(middle + spread) + 1
        return self._ranked(low), self._ranked(high)

    def _ranked(self, rank: int) -> float:
        """The distance of this rank, the smallest being number 1 (S)."""
        count = self.worst.numel()
        within = min(max(rank, 1), count)
        return float(self.worst.kthvalue(within).values)


def audit(
    bench: Bench,
    target: Float[Tensor, " cells"],
    cells: Int64[Tensor, " cells"],
    *,
    looks: int = 100,
    span: float = 1000.0,
    samples: int = 20,
    on_look: Callable[[int], object] | None = None,
) -> Audit:
    """Look at cells again and again; nothing is pulsed.

    A look is the mean of a few samples in a row, as the slope of a sweep from 0 V to the read
    voltage is in the published chip (key: rao2023). Looks are evenly spaced, the first at once.

    Args:
        bench: Where the cells are.
        target: Conductance that each should have (S). Shape (cells,).
        cells: Cell numbers, each once. Shape (cells,).
        looks: Looks to take (1).
        span: Time over which they are spread (s); longer if the bench needs longer for a look.
        samples: Samples of one look (1).
        on_look: Called after every look with their number so far, for progress.

    Raises:
        ValueError: No look or no sample, or targets that are not one finite number per cell.
    """
    check_shape(target, "target", (cells.numel(),))
    check_finite(target, "target", "Leave such cells out.")
    check_positive(looks, "looks", "1")
    check_positive(samples, "samples", "1")
    check_not_negative(span, "span", "s")
    before = bench.ledger
    started = bench.clock
    worst = torch.zeros_like(target)
    readings = spaced_looks(bench, cells, looks, span=span, samples=samples)
    for number, reading in enumerate(readings, start=1):
        distance = (reading - target).abs()
        worst = torch.maximum(worst, distance)
        if on_look is not None:
            on_look(number)
    return Audit(
        worst=worst,
        looks=looks,
        span=bench.clock - started,
        ledger=bench.ledger - before,
    )


def spaced_looks(
    bench: Bench,
    cells: Int64[Tensor, " cells"],
    looks: int,
    *,
    span: float,
    samples: int,
) -> Iterator[Float[Tensor, " cells"]]:
    """Look after look at the cells, evenly spaced, the first at once; each as it is taken (S).

    Args:
        bench: Where the cells are.
        cells: Cell numbers, each once. Shape (cells,).
        looks: Looks to take (1).
        span: Time over which they are spread (s); longer if the bench needs longer for a look.
        samples: Samples of one look, whose mean it is (1).
    """
    started = bench.clock
    for number in range(looks):
        due = started + number * span / looks
        pause = due - bench.clock
        if pause > 0:
            bench.wait(pause)
        yield bench.read(cells, samples=samples, window=0.0).mean
