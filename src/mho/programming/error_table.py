"""What programming leaves behind, as statistics: measured on some cells, drawn for millions.

Closed-loop programming takes tens of microseconds a cell even in simulation. A network of tens of
millions of weights, or a training that meets a new chip at every step, needs what it leaves, not
every pulse: how far a cell is off its target, how noisy it then is, and whether it switches at
all. These are measured on cells of the same kind that were programmed in earnest, and drawn from
the measured cells afterwards, error and noise of one cell together.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import torch
from jaxtyping import Float, Int32, Int64
from torch import Tensor

from mho.bench import Bench
from mho.checks import check_between, check_finite, check_positive, check_shape
from mho.ledger import Ledger
from mho.programming.loop import program
from mho.programming.protocol import ProgramProtocol
from mho.rng import Stream

_LONGEST = 16
"""Largest binary logarithm of the cells of a row: what sixteen random bits can name."""


@dataclass(frozen=True, slots=True, eq=False)
class ErrorTable:
    """Errors and noise of programmed cells, by what they were asked to hold.

    The first row is of cells asked for `low` exactly, where the idle half of a pair waits; the
    others share the range up to `high` evenly.

    Args:
        low: Lowest target (S).
        high: Highest target (S).
        error: Reading minus target of working cells (S). Shape (rows, cells), a power of two.
        variance: Variance of the samples of the same cells (S²). Shape (rows, cells).
        held: Conductance of each cell that did not answer (S). Shape (stuck,).
        programmed: Cells that were programmed for this (1).
        cost: What that cost.
    """

    low: float
    high: float
    error: Float[Tensor, "rows cells"]
    variance: Float[Tensor, "rows cells"]
    held: Float[Tensor, " stuck"]
    programmed: int
    cost: Ledger

    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")
        rows, cells = self.error.shape
        check_between(rows, "rows", 2, 4096, "1")
        if cells & (cells - 1) or cells > 1 << _LONGEST:
            raise ValueError(
                f"Argument `error` must hold a power of two of cells in each row, at most"
                f" {1 << _LONGEST}, but holds {cells}."
            )
        check_shape(self.variance, "variance", (rows, cells))
        check_finite(self.error, "error", "Leave such cells out.")
        check_finite(self.variance, "variance", "Leave such cells out.")

    @property
    def stuck_fraction(self) -> float:
        """Share of the cells that did not answer (1)."""
        return self.held.numel() / self.programmed

    def draws(self, stream: Stream) -> "TableDraws":
        """A source of programmed cells, one after the other."""
        return TableDraws(self, stream)

    def draw(
        self, target: Float[Tensor, "*shape"], stream: Stream
    ) -> tuple[Float[Tensor, "*shape"], Float[Tensor, "*shape"]]:
        """Conductance (S) and noise variance (S²) that cells have after programming.

        Args:
            target: What they are asked to hold, clamped to the range of the table (S).
            stream: Names the cells.

        >>> table = ErrorTable(
        ...     50e-6, 150e-6, torch.full((2, 1), 1e-6), torch.zeros(2, 1), torch.ones(0), 2,
        ...     Ledger(),
        ... )
        >>> table.draw(torch.tensor([60e-6]), Stream(0))[0] * 1e6
        tensor([61.])
        """
        draws = self.draws(stream)
        asked = target.clamp(self.low, self.high).flatten()
        error, variance = draws.errors(asked - self.low)
        made = (asked + error).clamp_(min=0)
        places = draws.stuck(made.numel())
        made[places] = draws.held(places.numel())
        return made.view(target.shape), variance.view(target.shape)

    def expected_cost(self, cells: int) -> Ledger:
        """What programming this many cells costs by the same statistics, tile after tile."""
        share = cells / self.programmed
        parts = {f.name: getattr(self.cost, f.name) * share for f in fields(Ledger)}
        counts = ("pulses", "reads", "conversions", "multiplies")
        return Ledger(**{k: round(v) if k in counts else v for k, v in parts.items()})


class TableDraws:
    """Cells drawn from a table: every call names new ones.

    Args:
        table: The table.
        stream: Randomness.
    """

    def __init__(self, table: ErrorTable, stream: Stream) -> None:
        rows, cells = table.error.shape
        self._table = table
        self._source = np.random.SFC64(stream.word)
        self._error = table.error.flatten()
        self._variance = table.variance.flatten()
        self._bits = cells.bit_length() - 1
        self._pitch = (rows - 1) / (table.high - table.low)
        self._last = rows - 1

    def errors(
        self, above: Float[Tensor, " cells"]
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """Error (S) and noise variance (S²) of working cells.

        Args:
            above: Their targets, counted from the lowest (S).
        """
        place = (above * self._pitch).ceil_().clamp_(0, self._last).to(torch.int32)
        place.bitwise_left_shift_(self._bits).bitwise_or_(self.ranks(above.numel()))
        return self._error.index_select(0, place), self._variance.index_select(0, place)

    def idle(
        self, cells: int
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """The same for cells whose target is the lowest."""
        place = self.ranks(cells)
        return self._error.index_select(0, place), self._variance.index_select(0, place)

    def stuck(self, cells: int) -> Int64[Tensor, " stuck"]:
        """Which of so many cells do not answer."""
        generator = np.random.Generator(self._source)
        count = generator.binomial(cells, self._table.stuck_fraction)
        # a cell named twice is one cell: of thousandths of the cells, a thousandth of these
        return torch.from_numpy(np.unique(generator.integers(0, max(cells, 1), count)))

    def held(self, cells: int) -> Float[Tensor, " cells"]:
        """Conductance of stuck cells (S)."""
        held = self._table.held
        chosen = np.random.Generator(self._source).integers(
            0, max(held.numel(), 1), cells
        )
        return held[torch.from_numpy(chosen)]

    def ranks(self, count: int) -> Int32[Tensor, " count"]:
        """Numbers of cells within a row of the table."""
        raw = self._source.random_raw(-(-count // 4)).view(np.uint16)[:count]
        return torch.from_numpy(raw.astype(np.int32)).bitwise_right_shift_(
            _LONGEST - self._bits
        )


def measure_errors(
    bench: Bench,
    stream: Stream,
    protocol: ProgramProtocol | None = None,
    *,
    low: float | None = None,
    high: float | None = None,
    rows: int = 17,
    wait: float = 0.0,
) -> ErrorTable:
    """Program cells of a bench in earnest, all over the range, and keep what they are then.

    Args:
        bench: A bench whose cells may all be written.
        stream: Names the targets.
        protocol: How to program; predictive trimming with denoising if `None`.
        low: Lowest target (S); what the bench recommends for multiplying if `None`.
        high: Highest target (S); the same.
        rows: Rows of the table, one of them for the lowest target (1).
        wait: Time to let pass before the cells are looked at (s).

    Raises:
        ValueError: The bench has too few cells, or none of a row works.
    """
    info = bench.info
    protocol = protocol or ProgramProtocol()
    low = info.array_low if low is None else low
    high = info.array_high if high is None else high
    check_between(rows, "rows", 2, 4096, "1")
    check_between(low, "low", info.conductance_low, info.conductance_high, "S")
    check_between(high, "high", low, info.conductance_high, "S")
    each = min(info.cells // rows, 1 << _LONGEST)
    if each < 2:
        raise ValueError(
            f"Argument `bench` must have at least {2 * rows} cells for a table of {rows} rows, but"
            f" has {info.cells}."
        )
    row = torch.arange(rows).repeat_interleave(each)
    below = torch.rand(row.numel(), generator=stream.generator())
    target = low + (high - low) / (rows - 1) * (row - below).clamp(min=0)
    before = bench.ledger
    cells = torch.arange(row.numel())
    result = program(bench, target, protocol, cells=cells)
    cost = bench.ledger - before
    bench.wait(wait)
    look = protocol.verify
    reading = bench.read(cells, samples=look.samples, window=look.window)
    works = ~result.stuck.view(rows, each)
    length = 1 << (int(works.sum(1).max()).bit_length() - 1)
    kept = torch.stack([_kept(one, length) for one in works])
    both = (reading.mean - target, reading.spread.square())
    error, variance = (x.view(rows, each).gather(1, kept).contiguous() for x in both)
    held = reading.mean[result.stuck]
    return ErrorTable(low, high, error, variance, held, row.numel(), cost)


def _kept(works: Tensor, length: int) -> Int64[Tensor, " cells"]:
    """So many working cells of a row, some of them twice where stuck ones leave too few."""
    own = works.nonzero()[:, 0]
    if own.numel() == 0:
        raise ValueError(
            "Argument `bench` must have working cells all over the range, but of one part none"
            " works; take another chip."
        )
    return own.repeat(math.ceil(length / own.numel()))[:length]
