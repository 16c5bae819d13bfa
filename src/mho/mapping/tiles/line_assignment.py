"""Which row of a tile serves which input, and which column, or pair of them, which output.

The order of inputs and outputs on a tile is free. Small weights, and weights that a stuck pair
happens to hold, are put where cells are stuck; large ones where they are not.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping.tiles.fault_survey import Ends, FaultMap
from mho.mapping.weight_mapping import Stage

_ROUNDS = 3
_POLARITIES = (1.0, -1.0)


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


def take(
    stage: Stage, lines: AssignedLines, faults: FaultMap | None, info: BenchInfo
) -> tuple[AssignedLines, AssignedLines]:
    """Choose lines for a part of a layer.

    Args:
        stage: What its cells shall hold.
        lines: Lines to choose from; the first ones serve where nothing is known to be stuck.
        faults: Stuck cells, if they are known.
        info: The bench.

    Returns:
        One row for each input and one line for each output, the reference column last if there
        is one; and lines for those that come after.
    """
    inputs, outputs = stage.plus.shape
    if stage.minus is not None:
        if faults is None:
            used = AssignedLines(lines.tile, lines.rows[:inputs], lines.pairs[:outputs])
        else:
            used = assign(stage.difference, lines, faults, info)
    else:
        used = _beside_reference(stage, lines, faults, info)
    left = lines.pairs[~torch.isin(lines.pairs, used.pairs)]
    return used, AssignedLines(lines.tile, lines.rows, left)


def _beside_reference(
    stage: Stage, lines: AssignedLines, faults: FaultMap | None, info: BenchInfo
) -> AssignedLines:
    """Columns for outputs, and for the reference the middle one or one with fewest stuck cells.

    In the middle it sees what the wires do to its neighbours on the average.
    """
    inputs, outputs = stage.plus.shape
    near = (torch.arange(len(lines.pairs)) - outputs // 2).abs()
    if faults is None:
        chosen = outputs // 2
        others = lines.pairs[torch.arange(len(lines.pairs)) != chosen][:outputs]
        best = AssignedLines(lines.tile, lines.rows[:inputs], others)
    else:
        stuck = faults.stuck[lines.tile][lines.rows][:, lines.pairs].sum(0)
        chosen = int((stuck * len(lines.pairs) + near).argmin())
        others = lines.pairs[torch.arange(len(lines.pairs)) != chosen]
        part = faults.stuck[lines.tile][lines.rows][:, others]
        held = faults.held[lines.tile][lines.rows][:, others]
        middle = torch.full_like(held, stage.reference or 0.0)
        best = _assigned(
            stage.difference,
            AssignedLines(lines.tile, lines.rows, others),
            torch.stack((part, part), 2),
            torch.stack((held, middle), 2),
            info,
            _POLARITIES[:1],
        )
    return AssignedLines(
        lines.tile, best.rows, torch.cat((best.pairs, lines.pairs[chosen : chosen + 1]))
    )


def assign(
    wanted: Float[Tensor, "inputs outputs"],
    lines: AssignedLines,
    faults: FaultMap,
    info: BenchInfo,
) -> AssignedLines:
    """Choose lines for inputs and outputs so that stuck cells cost least squared conductance.

    Pairs of columns and rows are assigned in turn, each best for the other, so no turn makes it
    worse. Polarities of columns are taken to be the better ones, which `repair` chooses later.

    Args:
        wanted: Conductance differences G⁺ − G⁻ (S).
        lines: Lines to choose from; the first ones serve where nothing is stuck.
        faults: Stuck cells.
        info: The bench: how far partners of stuck cells can go.

    Returns:
        One row for each input and one pair of columns for each output.
    """
    part = faults.stuck[lines.tile][lines.rows][:, _columns(lines.pairs)]
    held = faults.held[lines.tile][lines.rows][:, _columns(lines.pairs)]
    size = (len(lines.rows), -1, 2)
    return _assigned(wanted, lines, part.view(size), held.view(size), info, _POLARITIES)


def _assigned(
    wanted: Float[Tensor, "inputs outputs"],
    lines: AssignedLines,
    part: Bool[Tensor, "rows lines 2"],
    held: Float[Tensor, "rows lines 2"],
    info: BenchInfo,
    polarities: tuple[float, ...],
) -> AssignedLines:
    """Lines for inputs and outputs, where halves of some crossings are stuck and hold a value."""
    inputs, outputs = wanted.shape
    row_at = torch.arange(inputs)
    pair_at = torch.arange(outputs)
    at_row, at_pair = part.any(2).nonzero(as_tuple=True)
    if at_row.numel():
        stuck = part[at_row, at_pair]
        value = held[at_row, at_pair]
        ends = Ends(value[:, :1], value[:, 1:], stuck[:, :1], stuck[:, 1:])
        for _ in range(_ROUNDS):
            along = _inverse(row_at, part.shape[0])[at_row]
            costs = torch.stack(
                [
                    _sum(_loss(wanted, along, sign, ends, info), at_pair, part.shape[1])
                    for sign in polarities
                ]
            )
            pair_at = _best(costs.amin(0).T)
            turned = costs[:, pair_at, torch.arange(outputs)].argmin(0)
            signed = wanted * torch.tensor(polarities)[turned]
            down = _inverse(pair_at, part.shape[1])[at_pair]
            row_at = _best(
                _sum(_loss(signed.T, down, 1.0, ends, info), at_row, part.shape[0]).T
            )
    return AssignedLines(lines.tile, lines.rows[row_at], lines.pairs[pair_at])


def _columns(pairs: Int64[Tensor, " pairs"]) -> Int64[Tensor, " cols"]:
    return torch.stack((2 * pairs, 2 * pairs + 1), 1).flatten()


def _inverse(place: Int64[Tensor, " used"], count: int) -> Int64[Tensor, " lines"]:
    """Which input or output a line serves; −1 if it is spare."""
    found = torch.full((count,), -1)
    found[place] = torch.arange(place.numel())
    return found


def _loss(
    wanted: Float[Tensor, "known others"],
    known: Int64[Tensor, " stuck"],
    polarity: float,
    ends: Ends,
    info: BenchInfo,
) -> Float[Tensor, "stuck others"]:
    """What each stuck pair would cost on its known line, for every choice of the other (S²)."""
    goal = polarity * wanted[known.clamp(min=0)]
    loss = (ends.reach(goal, info) - goal).square()
    return torch.where((known >= 0)[:, None], loss, 0.0)


def _sum(
    loss: Float[Tensor, "stuck others"], line: Int64[Tensor, " stuck"], count: int
) -> Float[Tensor, "lines others"]:
    """Losses of the stuck pairs of each line (S²)."""
    total = torch.zeros(count, loss.shape[1], dtype=torch.float64)
    return total.index_add_(0, line, loss.double())


def _best(cost: Float[Tensor, "things lines"]) -> Int64[Tensor, " things"]:
    """The line of each thing in the cheapest assignment."""
    # imported here, as it takes a moment that chips without faults do not need
    from scipy.optimize import linear_sum_assignment

    return torch.from_numpy(linear_sum_assignment(cost.numpy())[1]).to(torch.int64)
