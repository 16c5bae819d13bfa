"""What stuck cells do on lines with resistance, and how far their partners make up for it.

A cell that is stuck at the top of its range takes a large part of the voltage of its row for
itself, and so does its partner. Solving all wires again for every chip would take as long as
programming it. Instead each line is a ladder, loaded by the cells as they were planned, and only
the cells that hold something else are added to it (the formula of Woodbury). That a line is loaded
by cells whose other line is not quite at rest is left out, and so is what all other cells add to
the load once their targets have made up for it: currents of stuck cells are right to some percent.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from mho.bench import BenchInfo
from mho.mapping import Placement, each_block
from mho.wires import WireModel

_ROUNDS = 20
"""Times that targets of partners are moved until the lines give what is wanted (1)."""
_DAMPED = 0.7
"""Share of a step that is gone, as partners on a line move each other (1)."""
_LEAST = 0.05
"""Least share of a current that the wires are taken to leave, for the length of a step (1)."""
_SHORT = 1e-9
"""Resistance in the place of none (Ω)."""


@dataclass(frozen=True, slots=True, eq=False)
class Ladders:
    """Lines of one direction, each node as seen from the cells.

    Args:
        own: Voltage of a node for a current into it (Ω). Shape (lines, nodes).
        along: Logarithm of how a voltage goes on from the driven or sensed end (1).
        reached: Share of the voltage at the ends that a node has, or of its current that they
            get (1).
    """

    own: Float64[Tensor, "lines nodes"]
    along: Float64[Tensor, "lines nodes"]
    reached: Float64[Tensor, "lines nodes"]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedLines:
    """The lines of all blocks as the planned cells load them, by position of the cells.

    Args:
        block: Number of the block of each cell.
        row: Row on the tile.
        column: Column on the tile.
        word: Voltage of the word line for a current into it at the cell (Ω).
        bit: The same of the bit line (Ω).
        along_word: Logarithm of how voltages go on along the word line (1).
        along_bit: The same along the bit line (1).
        driven: Share of the row's voltage at the cell (1).
        sensed: Share of its current that is sensed (1).
    """

    block: Int64[Tensor, " cells"]
    row: Int64[Tensor, " cells"]
    column: Int64[Tensor, " cells"]
    word: Float64[Tensor, " cells"]
    bit: Float64[Tensor, " cells"]
    along_word: Float64[Tensor, " cells"]
    along_bit: Float64[Tensor, " cells"]
    driven: Float64[Tensor, " cells"]
    sensed: Float64[Tensor, " cells"]


def loaded_lines(
    placement: Placement, wires: WireModel, info: BenchInfo
) -> LoadedLines:
    """The lines of a placement with its targets in place.

    Args:
        placement: Cells and targets.
        wires: Resistances of the lines.
        info: Size of a tile.
    """
    count = placement.target.numel()
    whole = {
        name: torch.zeros(count, dtype=torch.int64)
        for name in ("block", "row", "column")
    }
    seen = {
        name: torch.zeros(count, dtype=torch.float64)
        for name in (
            *("word", "bit", "along_word", "along_bit"),
            *("driven", "sensed"),
        )
    }
    for number, (block, place) in enumerate(each_block(placement)):
        on_tile = block.crossings % (info.rows * info.cols)
        row = on_tile // info.cols
        column = on_tile % info.cols
        whole["block"][place] = number
        whole["row"][place] = row
        whole["column"][place] = column
        # a grid of the block's own lines, in the order of the tile
        rows, r = torch.unique(row, return_inverse=True)
        columns, c = torch.unique(column, return_inverse=True)
        grid = torch.zeros(len(rows), len(columns), dtype=torch.float64)
        grid[r, c] = placement.target[place].double()
        words = _ladders(
            grid,
            _of(wires.word_line, rows)[:, None] * columns.diff(),
            _of(wires.driver, rows) + _of(wires.word_line, rows) * columns[0],
            _far(
                wires.sides,
                wires.driver,
                wires.word_line,
                rows,
                info.cols - 1 - columns[-1],
            ),
        )
        from_below = info.rows - 1 - rows.flip(0)
        bits = _ladders(
            grid.T.flip(1),
            _of(wires.bit_line, columns)[:, None] * from_below.diff(),
            _of(wires.sense, columns)
            + _of(wires.bit_line, columns) * from_below[0],
            _far(
                wires.sense_sides, wires.sense, wires.bit_line, columns, rows[0]
            ),
        )
        last = len(rows) - 1
        seen["word"][place] = words.own[r, c]
        seen["along_word"][place] = words.along[r, c]
        seen["driven"][place] = words.reached[r, c]
        seen["bit"][place] = bits.own[c, last - r]
        seen["along_bit"][place] = bits.along[c, last - r]
        seen["sensed"][place] = bits.reached[c, last - r]
    return LoadedLines(**whole, **seen)


def _of(value: object, lines: Int64[Tensor, " lines"]) -> Tensor:
    """A resistance of each line (Ω)."""
    given = torch.as_tensor(value, dtype=torch.float64)
    return given.expand(len(lines)) if given.ndim == 0 else given[lines]


def _far(
    sides: str,
    terminal: object,
    segment: object,
    lines: Int64[Tensor, " lines"],
    segments: Tensor,
) -> Tensor:
    """Conductance at the far end of lines: none unless they are connected at both ends (S)."""
    resistance = _of(terminal, lines) + _of(segment, lines) * segments
    found = 1 / resistance.clamp(min=_SHORT)
    return found if sides == "both" else torch.zeros_like(found)


def _ladders(
    load: Float64[Tensor, "lines nodes"],
    segments: Float64[Tensor, "lines between"],
    near: Float64[Tensor, " lines"],
    far: Float64[Tensor, " lines"],
) -> Ladders:
    """Ladders of resistances with a load at every node.

    Args:
        load: Conductance from each node to rest (S), the one near the connected end first.
        segments: Resistance between neighbours (Ω).
        near: Resistance to the connected end (Ω).
        far: Conductance of a connection at the other end (S).
    """
    nodes = load.shape[1]
    between = 1 / segments.clamp(min=_SHORT)
    entry = 1 / near.clamp(min=_SHORT)
    onward = [load[:, -1] + far]
    for k in range(nodes - 2, -1, -1):
        g = between[:, k]
        onward.append(load[:, k] + g * onward[-1] / (g + onward[-1]))
    onward.reverse()
    back = [entry]
    shares = [torch.zeros_like(entry)]
    for k in range(1, nodes):
        g = between[:, k - 1]
        behind = back[-1] + load[:, k - 1]
        back.append(g * behind / (g + behind))
        shares.append((g / (g + onward[k])).log())
    own = 1 / (torch.stack(onward, 1) + torch.stack(back, 1))
    along = torch.stack(shares, 1).cumsum(1)
    from_near = entry[:, None] * own[:, :1] * along.exp()
    from_far = far[:, None] * own * (along[:, -1:] - along).exp()
    return Ladders(own, along, from_near + from_far)


def settled_partners(
    lines: LoadedLines,
    planned: Float[Tensor, " cells"],
    kept: Float[Tensor, " cells"],
    wanted: Float[Tensor, " cells"],
    stuck: Int64[Tensor, " stuck"],
    held: Float[Tensor, " stuck"],
    after: Placement,
    info: BenchInfo,
) -> tuple[Int64[Tensor, " some"], Tensor, Tensor]:
    """Targets of the partners of stuck cells with which the lines give what is wanted.

    Args:
        lines: The lines as planned.
        planned: Targets that they were loaded with (S).
        kept: What the wires leave of these (1).
        wanted: Effective difference of the pair of each cell (S).
        stuck: Positions of cells that do not answer.
        held: What these conduct (S).
        after: Targets and signs once columns were turned round.
        info: How far partners can go.

    Returns:
        Positions of the stuck cells and then of their partners, what they conduct (S), and what
        the wires leave of that (S).
    """
    partner = after.partner[stuck]
    paired = partner != stuck
    # two stuck cells of a pair are nobody's partners
    taken = torch.zeros_like(after.target, dtype=torch.bool)
    taken[stuck] = True
    paired &= ~taken[partner]
    ports = torch.cat((stuck, partner[paired]))
    first = len(stuck)
    free = torch.arange(first, len(ports))
    own = paired.nonzero()[:, 0]
    share = kept[ports].double()
    sign = after.sign[ports].double()
    conducts = torch.cat((held, after.target[partner[paired]])).double()
    goal = wanted[ports[free]].double()
    best = conducts
    least = float("inf")
    for _ in range(_ROUNDS):
        effective = _effective(lines, ports, planned, share, conducts)
        both = sign[own] * effective[own] + sign[free] * effective[free]
        missing = goal - both
        leaves = (effective[free] / conducts[free]).clamp(min=_LEAST)
        moved = conducts[free] + _DAMPED * sign[free] * missing / leaves
        moved = moved.clamp(info.conductance_low, info.conductance_high)
        # what is at the end of its range cannot be helped, as where cells are programmed
        error = float(missing[moved != conducts[free]].square().sum())
        if error < least:
            best = conducts
            least = error
        conducts = conducts.index_copy(0, free, moved)
    conducts = best
    effective = _effective(lines, ports, planned, share, conducts)
    return ports, conducts, effective


def _effective(
    lines: LoadedLines,
    ports: Int64[Tensor, " ports"],
    planned: Float[Tensor, " cells"],
    share: Float64[Tensor, " ports"],
    conducts: Float64[Tensor, " ports"],
) -> Float64[Tensor, " ports"]:
    """What the lines leave of cells that conduct something else than was planned (S)."""
    before = planned[ports].double()
    change = conducts - before
    one_block = _equal(lines.block[ports])
    one_row = _equal(lines.row[ports]) & one_block
    one_column = _equal(lines.column[ports]) & one_block
    between = _between(lines.word, lines.along_word, ports) * one_row
    between = between + _between(lines.bit, lines.along_bit, ports) * one_column
    reply = torch.eye(len(ports), dtype=torch.float64)
    reply = reply + between * change
    driven = lines.driven[ports]
    sensed = lines.sensed[ports]
    # entry (p, q): voltage at port p for one on the row of q
    volts = torch.linalg.solve(reply, one_row * driven[:, None])
    planned_part = before * volts.diagonal()
    added = (one_column * change[:, None] * volts).sum(0)
    exact = share / (driven * sensed)
    found: Tensor = exact * sensed * (planned_part + added)
    return found.clamp(min=0)


def _equal(numbers: Int64[Tensor, " ports"]) -> Tensor:
    same: Tensor = numbers[:, None] == numbers
    return same


def _between(
    own: Float64[Tensor, " cells"],
    along: Float64[Tensor, " cells"],
    ports: Int64[Tensor, " ports"],
) -> Float64[Tensor, "ports ports"]:
    """Voltage at one port for a current into another one of the same line (Ω)."""
    a = along[ports]
    at_nearer = torch.where(
        a[:, None] >= a, own[ports][:, None], own[ports][None]
    )
    found: Tensor = at_nearer * (-(a[:, None] - a).abs()).exp()
    return found
