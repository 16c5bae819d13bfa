"""What programming leaves behind, as statistics: measured on some cells, drawn for millions.

Closed-loop programming takes tens of microseconds a cell even in simulation. A network of tens of
millions of weights, or a training that meets a new chip at every step, needs what it leaves, not
every pulse: how far a cell is off its target, how noisy it then is, and whether it switches at
all. These are measured on cells of the same kind that were programmed in earnest, and drawn from
the measured cells afterwards, error and noise of one cell together.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int32, Int64
from torch import Tensor

from mho.bench import Bench
from mho.checks import check_between, check_finite, check_positive, check_shape
from mho.ledger import Ledger
from mho.programming.by_kind import suited_protocol
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
        bent: Part of a cell's conductance at the read voltage that grows with the square of the
            voltage, mean of every row (S): its current at a share x of that voltage goes as
            G x + bent (x³ − x). Cells are straight if `None`. Shape (rows,).
        converged_fraction: Share of the working cells that converged (1); `None` if nobody knows.
    """

    low: float
    high: float
    error: Float[Tensor, "rows cells"]
    variance: Float[Tensor, "rows cells"]
    held: Float[Tensor, " stuck"]
    programmed: int
    cost: Ledger
    bent: Float[Tensor, " rows"] | None = None
    converged_fraction: float | None = None

    def __post_init__(self) -> None:
        check_positive(self.low, "low", "S")
        check_between(self.high, "high", self.low, 1.0, "S")

        rows, cells = self.error.shape
        check_between(rows, "rows", 2, 4096, "1")
        is_power_of_two = cells & (cells - 1) == 0
        most_cells = 1 << _LONGEST
        if not is_power_of_two or cells > most_cells:
            raise ValueError(
                f"Argument `error` must hold a power of two of cells in each row, at most"
                f" {most_cells}, but holds {cells}."
            )

        check_shape(self.variance, "variance", (rows, cells))
        if self.bent is not None:
            check_shape(self.bent, "bent", (rows,))
            check_finite(self.bent, "bent", "Leave such cells out.")
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
        wanted = target.clamp(self.low, self.high).flatten()
        error, variance = draws.errors(wanted - self.low)
        conductance = (wanted + error).clamp_(min=0)
        stuck = draws.stuck(conductance.numel())
        conductance[stuck] = draws.held(stuck.numel())
        return conductance.view(target.shape), variance.view(target.shape)

    def bent_at(
        self, target: Float[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """Part of cells' conductance that grows with the square of the voltage (S).

        Args:
            target: What they are asked to hold (S).

        Raises:
            ValueError: Nobody has measured it.
        """
        if self.bent is None:
            raise ValueError(
                "Argument `bent` must have been measured for a table that is asked for it, but was"
                " not."
            )
        last = self.bent.numel() - 1
        place = (target - self.low) * (last / (self.high - self.low))
        place = place.clamp(0, last)
        below = place.floor().clamp(max=last - 1).long()
        share = place - below
        return torch.lerp(self.bent[below], self.bent[below + 1], share)

    def expected_cost(self, cells: int) -> Ledger:
        """What programming this many cells costs by the same statistics, tile after tile."""
        share = cells / self.programmed
        return Ledger(
            pulses=round(self.cost.pulses * share),
            reads=round(self.cost.reads * share),
            conversions=round(self.cost.conversions * share),
            multiplies=round(self.cost.multiplies * share),
            seconds=self.cost.seconds * share,
            pulse_joules=self.cost.pulse_joules * share,
            read_joules=self.cost.read_joules * share,
            converter_joules=self.cost.converter_joules * share,
        )


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
        # bits that name a cell of a row, and rows per siemens
        self._bits = cells.bit_length() - 1
        self._pitch = (rows - 1) / (table.high - table.low)
        self._last_row = rows - 1

    def errors(
        self, above: Float[Tensor, " cells"]
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """Error (S) and noise variance (S²) of working cells.

        Args:
            above: Their targets, counted from the lowest (S).
        """
        row = (above * self._pitch).ceil_().clamp_(0, self._last_row)
        place = row.to(torch.int32)
        # rows are a power of two long: the row's bits, then those of the cell within
        place.bitwise_left_shift_(self._bits)
        place.bitwise_or_(self.ranks(above.numel()))
        return self._at(place)

    def idle(
        self, cells: int
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """The same for cells whose target is the lowest."""
        return self._at(self.ranks(cells))

    def stuck(self, cells: int) -> Int64[Tensor, " stuck"]:
        """Which of so many cells do not answer."""
        generator = np.random.Generator(self._source)
        count = generator.binomial(cells, self._table.stuck_fraction)
        named = generator.integers(0, max(cells, 1), count)
        # a cell named twice is one cell: of thousandths of the cells, a thousandth of these
        return torch.from_numpy(np.unique(named))

    def held(self, cells: int) -> Float[Tensor, " cells"]:
        """Conductance of stuck cells (S)."""
        measured = self._table.held
        generator = np.random.Generator(self._source)
        chosen = generator.integers(0, max(measured.numel(), 1), cells)
        return measured[torch.from_numpy(chosen)]

    def ranks(self, count: int) -> Int32[Tensor, " count"]:
        """Numbers of cells within a row of the table."""
        # four numbers of sixteen bits in each word of the source
        words = math.ceil(count / 4)
        raw = self._source.random_raw(words).view(np.uint16)[:count]
        ranks = torch.from_numpy(raw.astype(np.int32))
        return ranks.bitwise_right_shift_(_LONGEST - self._bits)

    def _at(
        self, place: Int32[Tensor, " cells"]
    ) -> tuple[Float[Tensor, " cells"], Float[Tensor, " cells"]]:
        """Error (S) and noise variance (S²) of measured cells, one place after the other."""
        error = self._error.index_select(0, place)
        variance = self._variance.index_select(0, place)
        return error, variance


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
    protocol = protocol or suited_protocol(info)
    low = info.array_low if low is None else low
    high = info.array_high if high is None else high
    check_between(rows, "rows", 2, 4096, "1")
    check_between(low, "low", info.conductance_low, info.conductance_high, "S")
    check_between(high, "high", low, info.conductance_high, "S")

    cells_per_row = min(info.cells // rows, 1 << _LONGEST)
    if cells_per_row < 2:
        raise ValueError(
            f"Argument `bench` must have at least {2 * rows} cells for a table of {rows} rows, but"
            f" has {info.cells}."
        )
    # each row is a bin that ends at its own target; the first has no width
    row = torch.arange(rows).repeat_interleave(cells_per_row)
    below = torch.rand(row.numel(), generator=stream.generator())
    pitch = (high - low) / (rows - 1)
    target = low + pitch * (row - below).clamp(min=0)

    cells = torch.arange(row.numel())
    before = bench.ledger
    result = program(bench, target, protocol, cells=cells)
    cost = bench.ledger - before

    # looked at after the wait: what cells hold then is what counts
    bench.wait(wait)
    look = protocol.verify
    reading = bench.read(cells, samples=look.samples, window=look.window)

    bent = _bent_part(bench, cells).view(rows, cells_per_row)
    working = ~result.stuck.view(rows, cells_per_row)
    kept = _kept_cells(working)
    error = (reading.mean - target).view(rows, cells_per_row)
    variance = reading.spread.square().view(rows, cells_per_row)
    return ErrorTable(
        low=low,
        high=high,
        error=error.gather(1, kept).contiguous(),
        variance=variance.gather(1, kept).contiguous(),
        held=reading.mean[result.stuck],
        programmed=row.numel(),
        cost=cost,
        bent=_mean_of(bent, working),
        converged_fraction=result.converged_fraction,
    )


def _bent_part(
    bench: Bench, cells: Int64[Tensor, " cells"]
) -> Float[Tensor, " cells"]:
    """What grows with the square of the voltage, from currents at two of them (S).

    At half the read voltage a quarter of it is there: three quarters are missing.
    """
    volts = bench.info.read_voltage
    currents = bench.sweep(cells, torch.tensor([volts / 2, volts]))
    seen_at_half = currents[0] / (volts / 2)
    return 4 / 3 * (currents[1] / volts - seen_at_half)


def _mean_of(
    values: Float[Tensor, "rows cells"], working: Bool[Tensor, "rows cells"]
) -> Float[Tensor, " rows"]:
    """Mean of the working cells of every row."""
    sums = (values * working).double().sum(1)
    found: Tensor = sums / working.sum(1)
    return found.to(values.dtype)


def _kept_cells(
    working: Bool[Tensor, "rows cells"],
) -> Int64[Tensor, "rows kept"]:
    """As many working cells of every row, a power of two, some of them twice in poor rows."""
    in_best_row = int(working.sum(1).max())
    length = 1 << max(in_best_row.bit_length() - 1, 0)
    kept = []
    for row in working:
        cells = row.nonzero()[:, 0]
        if cells.numel() == 0:
            raise ValueError(
                "Argument `bench` must have working cells all over the range, but of one part none"
                " works; take another chip."
            )
        times = math.ceil(length / cells.numel())
        kept.append(cells.repeat(times)[:length])
    return torch.stack(kept)
