"""Which row of a tile serves which input, and which column, or pair of them, which output.

The order of inputs and outputs on a tile is free. Small weights, and weights that a stuck pair
happens to hold, are put where cells are stuck; large ones where they are not.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.tiles.fault_survey import FaultMap, StuckHalves

_ROUNDS = 3
"""Times that columns and rows are assigned in turn (1)."""

_AS_PLACED_OR_TURNED = (1.0, -1.0)
"""Polarities of a pair of columns: either of the two may add (1)."""


@dataclass(frozen=True, slots=True, eq=False)
class AssignedLines:
    """Rows and columns of one tile.

    Args:
        tile: Number of the tile.
        rows: Rows. Shape (rows,).
        pairs: Pairs of columns: 2n and 2n + 1; or single columns, where a mapping has no pairs.
            Shape (pairs,).
    """

    tile: int
    rows: Int64[Tensor, " rows"]
    pairs: Int64[Tensor, " pairs"]

    def without_columns(self, taken: "AssignedLines") -> "AssignedLines":
        """The same rows, and the columns that others have not taken."""
        free = ~torch.isin(self.pairs, taken.pairs)
        return AssignedLines(self.tile, self.rows, self.pairs[free])


def lines_of_pairs(
    wanted: Float[Tensor, "inputs outputs"],
    lines: AssignedLines,
    faults: FaultMap | None,
    info: BenchInfo,
) -> AssignedLines:
    """One row for each input and one pair of columns for each output.

    Where cells are stuck, lines are chosen so that these cost least squared conductance.
    Polarities of columns are taken to be the better ones, which repairing chooses later.

    Args:
        wanted: Conductance differences G⁺ − G⁻ (S).
        lines: Lines to choose from; the first ones serve where nothing is known to be stuck.
        faults: Stuck cells, if they are known.
        info: The bench: how far partners of stuck cells can go.
    """
    inputs, outputs = wanted.shape
    if faults is None:
        return AssignedLines(
            lines.tile, lines.rows[:inputs], lines.pairs[:outputs]
        )
    left_columns = 2 * lines.pairs
    columns = torch.stack((left_columns, left_columns + 1), 1)
    # both halves of each pair that there is to choose from
    stuck_of_rows = faults.stuck[lines.tile][lines.rows]
    held_of_rows = faults.held[lines.tile][lines.rows]
    return _least_lost(
        wanted,
        lines,
        stuck_of_rows[:, columns],
        held_of_rows[:, columns],
        _AS_PLACED_OR_TURNED,
        info,
    )


def lines_beside_reference(
    wanted: Float[Tensor, "inputs outputs"],
    reference: float,
    lines: AssignedLines,
    faults: FaultMap | None,
    info: BenchInfo,
) -> AssignedLines:
    """One row for each input, one column for each output, and that of the reference last.

    The reference gets the middle column, where it sees what the wires do to its neighbours on the
    average; or, where cells are stuck, the column with fewest of them.

    Args:
        wanted: Conductance differences to the reference (S).
        reference: Conductance of the reference (S).
        lines: Lines to choose from; the first ones serve where nothing is known to be stuck.
        faults: Stuck cells, if they are known.
        info: The bench: how far a cell can go.
    """
    inputs, outputs = wanted.shape
    columns = len(lines.pairs)
    numbers = torch.arange(columns)
    middle = outputs // 2
    if faults is None:
        others = lines.pairs[numbers != middle]
        assigned = AssignedLines(
            lines.tile,
            lines.rows[:inputs],
            others[:outputs],
        )
        return _with_column(assigned, lines.pairs[middle])
    # where cells are stuck, every column that works is looked at
    stuck_of_rows = faults.stuck[lines.tile][lines.rows]
    held_of_rows = faults.held[lines.tile][lines.rows]
    # fewest stuck cells first; of equally many, nearest to the middle
    stuck_count = stuck_of_rows[:, lines.pairs].sum(0)
    from_middle = (numbers - middle).abs()
    rank = stuck_count * columns + from_middle
    best = int(rank.argmin())
    others = lines.pairs[numbers != best]
    stuck = stuck_of_rows[:, others]
    held = held_of_rows[:, others]
    # A stuck cell's only partner, the reference, cannot give way: it counts as stuck where it is.
    at_reference = torch.full_like(held, reference)
    stuck_pairs = torch.stack((stuck, stuck), 2)
    held_pairs = torch.stack((held, at_reference), 2)
    assigned = _least_lost(
        wanted,
        AssignedLines(lines.tile, lines.rows, others),
        stuck_pairs,
        held_pairs,
        _AS_PLACED_OR_TURNED[:1],
        info,
    )
    return _with_column(assigned, lines.pairs[best])


def _with_column(
    lines: AssignedLines, column: Int64[Tensor, ""]
) -> AssignedLines:
    """The lines with one more column."""
    columns = torch.cat((lines.pairs, column[None]))
    return AssignedLines(lines.tile, lines.rows, columns)


def _least_lost(
    wanted: Float[Tensor, "inputs outputs"],
    lines: AssignedLines,
    stuck: Bool[Tensor, "rows lines 2"],
    held: Float[Tensor, "rows lines 2"],
    polarities: tuple[float, ...],
    info: BenchInfo,
) -> AssignedLines:
    """Lines for inputs and outputs so that stuck cells cost least squared conductance.

    Columns are assigned while rows stay, then rows while columns stay; each step is the best for
    what the other one is, so none makes it worse.

    Args:
        wanted: Conductance differences (S).
        lines: Lines to choose from.
        stuck: Which halves of each crossing are stuck.
        held: What the stuck halves hold; others do not matter (S).
        polarities: Signs with which a column may hold its differences (1).
        info: The bench: how far partners of stuck cells can go.
    """
    inputs, outputs = wanted.shape
    row_of_input = torch.arange(inputs)
    column_of_output = torch.arange(outputs)
    faulty = _FaultyCrossings.among(stuck, held)
    if faulty.count == 0:
        return AssignedLines(
            lines.tile, lines.rows[row_of_input], lines.pairs[column_of_output]
        )
    for _ in range(_ROUNDS):
        # columns: what would each output lose on each column, rows being as they are?
        input_of_crossing = _serves(row_of_input, faulty.rows)[faulty.row]
        lost = torch.stack(
            [
                faulty.lost_by_column(
                    polarity * wanted, input_of_crossing, info
                )
                for polarity in polarities
            ]
        )
        column_of_output = _cheapest(lost.amin(0).T)
        # each output holds its differences with the polarity that loses less on its column
        lost_where_put = lost[:, column_of_output, torch.arange(outputs)]
        polarity = torch.tensor(polarities)[lost_where_put.argmin(0)]
        # rows: what would each input lose on each row, columns and polarities being so?
        output_of_crossing = _serves(column_of_output, faulty.columns)[
            faulty.column
        ]
        lost_by_row = faulty.lost_by_row(
            wanted * polarity, output_of_crossing, info
        )
        row_of_input = _cheapest(lost_by_row.T)
    return AssignedLines(
        lines.tile, lines.rows[row_of_input], lines.pairs[column_of_output]
    )


@dataclass(frozen=True, slots=True, eq=False)
class _FaultyCrossings:
    """The crossings of a tile, few of all, where something is stuck.

    Args:
        row: Row of each. Shape (crossings,).
        column: Column, or pair of columns, of each. Shape (crossings,).
        rows: Rows of the tile to choose from (1).
        columns: Columns, or pairs of them, to choose from (1).
        fixed: Their stuck halves. Shape (crossings, 1).
    """

    row: Int64[Tensor, " crossings"]
    column: Int64[Tensor, " crossings"]
    rows: int
    columns: int
    fixed: StuckHalves

    @classmethod
    def among(
        cls,
        stuck: Bool[Tensor, "rows lines 2"],
        held: Float[Tensor, "rows lines 2"],
    ) -> "_FaultyCrossings":
        """Those with a stuck half."""
        rows, columns, _ = stuck.shape
        row, column = stuck.any(2).nonzero(as_tuple=True)
        stuck_there = stuck[row, column]
        held_there = held[row, column]
        fixed = StuckHalves(
            held_there[:, :1],
            held_there[:, 1:],
            stuck_there[:, :1],
            stuck_there[:, 1:],
        )
        return cls(row, column, rows, columns, fixed)

    @property
    def count(self) -> int:
        """How many they are (1)."""
        return self.row.numel()

    def lost_by_column(
        self,
        wanted: Float[Tensor, "inputs outputs"],
        served: Int64[Tensor, " crossings"],
        info: BenchInfo,
    ) -> Float[Tensor, "columns outputs"]:
        """Squared conductance that each output would lose on each column (S²).

        Args:
            wanted: Conductance differences (S).
            served: Input that the row of each crossing serves; −1 if it is spare.
            info: The bench.
        """
        lost = self._lost(wanted, served, info)
        return _summed(lost, self.column, self.columns)

    def lost_by_row(
        self,
        wanted: Float[Tensor, "inputs outputs"],
        served: Int64[Tensor, " crossings"],
        info: BenchInfo,
    ) -> Float[Tensor, "rows inputs"]:
        """Squared conductance that each input would lose on each row (S²).

        Args:
            wanted: Conductance differences (S).
            served: Output that the column of each crossing serves; −1 if it is spare.
            info: The bench.
        """
        lost = self._lost(wanted.T, served, info)
        return _summed(lost, self.row, self.rows)

    def _lost(
        self,
        wanted: Float[Tensor, "known others"],
        served: Int64[Tensor, " crossings"],
        info: BenchInfo,
    ) -> Float[Tensor, "crossings others"]:
        """What each crossing would cost, for every choice of its other line (S²)."""
        # a spare line serves nothing: any number will do, as its loss is set to 0
        goal = wanted[served.clamp(min=0)]
        error = self.fixed.nearest_difference(goal, info) - goal
        in_use = (served >= 0)[:, None]
        return torch.where(in_use, error.square(), 0.0)


def _serves(
    line_of: Int64[Tensor, " things"], lines: int
) -> Int64[Tensor, " lines"]:
    """Which input or output each line serves; −1 if it is spare."""
    thing_of = torch.full((lines,), -1)
    thing_of[line_of] = torch.arange(line_of.numel())
    return thing_of


def _summed(
    lost: Float[Tensor, "crossings others"],
    line: Int64[Tensor, " crossings"],
    lines: int,
) -> Float[Tensor, "lines others"]:
    """Losses of the crossings of each line together (S²)."""
    total = torch.zeros(lines, lost.shape[1], dtype=torch.float64)
    return total.index_add_(0, line, lost.double())


def _cheapest(cost: Float[Tensor, "things lines"]) -> Int64[Tensor, " things"]:
    """The line of each thing in the cheapest assignment."""
    # imported here, as it takes a moment that chips without faults do not need
    from scipy.optimize import linear_sum_assignment

    _, line_of_thing = linear_sum_assignment(cost.numpy())
    return torch.from_numpy(line_of_thing).to(torch.int64)
