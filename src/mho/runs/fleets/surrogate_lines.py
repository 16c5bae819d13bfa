"""Lines with resistance as trees: what they leave of cells, in less than a millisecond a block.

A cell that is stuck at the top of its range, and the partner that makes up for it, take half of
the voltage of their lines for themselves. Programming moves the targets of all other cells there
until the lines give the old weights again, in some thirty solutions of the wires. Solving whole
nets, that would take as long for every drawn chip as programming it. Here each line is a ladder of
its segments, loaded at every node with a cell and what lies behind that on its other line; what
lies behind is found in turn for both directions, until they agree. That is exact for nets without
loops. What finds its way round, over cells of other lines, is small and hardly depends on the
cell that it is added to: the image solved as a whole, once, says how much it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from mho.wires import WireModel

_SHORT = 1e-6
"""Resistance in the place of none (Ω)."""
_LEAK = 1e-12
"""Conductance from every node to rest, so that none hangs in the air (S)."""
_SWEEPS = 4
"""Times that what lies behind cells is found, until both directions agree (1).

Each leaves less than a hundredth of what they differ by.
"""

_Grid = Float64[np.ndarray, "rows cols"]


@dataclass(frozen=True, slots=True, eq=False)
class _Ladders:
    """All lines of one direction, nodes from the connected end on.

    Args:
        segments: Sum of what leads from each node along its line (S). Shape (lines, nodes).
        onward: Conductance to the next node, lines one after the other, with its sign turned; 0
            behind the last node of a line (S). Shape (lines · nodes − 1,).
        fed: Current into each node for 1 V at the ends (A). Shape (lines · nodes,).
    """

    segments: Float64[np.ndarray, "lines nodes"]
    onward: Float64[np.ndarray, " between"]
    fed: Float64[np.ndarray, " all"]

    @classmethod
    def of(
        cls,
        near: Float64[np.ndarray, " lines"],
        between: Float64[np.ndarray, "lines between"],
        far: Float64[np.ndarray, " lines"],
    ) -> "_Ladders":
        """Ladders of resistances.

        Args:
            near: From each line's connected end to its first node (Ω).
            between: From node to node (Ω).
            far: From the last node to a connection of the other end (Ω); infinite for none.
        """
        first = _conducts(near)
        last = _conducts(far)
        along = _conducts(between)

        nodes = (along.shape[0], along.shape[1] + 1)
        segments = np.full(nodes, _LEAK)
        segments[:, :-1] += along
        segments[:, 1:] += along
        segments[:, 0] += first
        segments[:, -1] += last

        fed = np.zeros(nodes)
        fed[:, 0] += first
        fed[:, -1] += last

        onward = np.zeros(nodes)
        onward[:, :-1] = -along
        # nothing comes behind the last node of the last line
        joined = onward.ravel()[:-1]
        return cls(segments, joined, fed.ravel())

    @classmethod
    def along(
        cls,
        nodes: Int64[np.ndarray, " nodes"],
        length: int,
        terminal: Float64[np.ndarray, " lines"],
        segment: Float64[np.ndarray, " lines"],
        *,
        sides: str,
    ) -> "_Ladders":
        """Lines of a tile, at some of their crossings.

        Args:
            nodes: Numbers of the crossings, from the connected end on (1).
            length: Crossings of a line (1).
            terminal: What lies between each line and its connection (Ω).
            segment: From one crossing to the next (Ω).
            sides: Ends that are connected, as `WireModel` says it.
        """
        to_first = terminal + segment * nodes[0]
        between = segment[:, None] * np.diff(nodes)
        beyond = length - 1 - nodes[-1]
        far = _far(sides, terminal + segment * beyond)
        return cls.of(to_first, between, far)

    def loaded(
        self, load: Float64[np.ndarray, "lines nodes"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Voltage of each node for a current into it (Ω), and for 1 V at the ends (1).

        Args:
            load: Conductance from each node to rest (S).
        """
        from scipy.linalg.lapack import dpttrf, dpttrs

        # all lines are one band of equations: nothing leads from one to the next
        loaded = self.segments + load
        diagonal = loaded.ravel()
        from_first, factor, _ = dpttrf(diagonal, self.onward)
        reached, _ = dpttrs(from_first, factor, self.fed)

        # what both ways of elimination leave at a node is what it sees there
        backward = diagonal[::-1]
        from_last, _, _ = dpttrf(backward, self.onward[::-1])
        own = 1 / (from_first + from_last[::-1] - diagonal)

        shape = loaded.shape
        return own.reshape(shape), reached.reshape(shape)


def _conducts(resistance: np.ndarray) -> np.ndarray:
    """Conductances of resistances, one of which may be 0 (S)."""
    found: np.ndarray = 1 / np.maximum(resistance, _SHORT)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """What lies behind each cell: resistance to rest from its nodes, the cell left out.

    Args:
        word: Along its word line (Ω).
        bit: Along its bit line (Ω).
    """

    word: _Grid
    bit: _Grid


class TreeNet:
    """Lines of the cells of a block, or of rows of it that are driven together; others are off.

    Args:
        cells: Numbers of the cells.
        wires: Resistances of the lines.
        size: Rows and columns of a tile (1).
    """

    def __init__(
        self,
        cells: Int64[Tensor, "*cells"],
        wires: WireModel,
        size: tuple[int, int],
    ) -> None:
        self._size = size
        self._access = wires.access
        row, column = self._on_tile(cells)
        rows = np.unique(row)
        columns = np.unique(column)
        self.shape = (len(rows), len(columns))

        # where the lines of the tile stand in the grid of these
        self._row = np.zeros(size[0], np.int64)
        self._row[rows] = np.arange(len(rows))
        self._column = np.zeros(size[1], np.int64)
        self._column[columns] = np.arange(len(columns))

        driver = _of(wires.driver, rows)
        segment = _of(wires.word_line, rows)
        self._words = _Ladders.along(
            columns, size[1], driver, segment, sides=wires.sides
        )

        sense = _of(wires.sense, columns)
        segment = _of(wires.bit_line, columns)
        # currents are summed below the last row
        upward = size[0] - 1 - rows[::-1]
        self._bits = _Ladders.along(
            upward, size[0], sense, segment, sides=wires.sense_sides
        )

    def _on_tile(
        self, cells: Int64[Tensor, "*cells"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Row and column on the tile of cells (1)."""
        rows, cols = self._size
        place = cells.numpy() % (rows * cols)
        return place // cols, place % cols

    def places(
        self, cells: Int64[Tensor, "*cells"]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Row and column in the grid of these lines (1)."""
        row, column = self._on_tile(cells)
        return self._row[row], self._column[column]

    def grid(self, values: Tensor, cells: Int64[Tensor, "*cells"]) -> _Grid:
        """Values of cells in the grid of these lines, 0 where there is none.

        Args:
            values: The values.
            cells: Numbers of the cells.
        """
        found = np.zeros(self.shape)
        found[self.places(cells)] = values.detach().double().numpy()
        return found

    def nothing_behind(self) -> Behind:
        """To begin with: all other lines at rest."""
        return Behind(np.zeros(self.shape), np.zeros(self.shape))

    def seen(self, held: _Grid, behind: Behind) -> tuple[_Grid, Behind]:
        """What the lines leave of cells (S), and what then lies behind each.

        Args:
            held: Their conductances, 0 where there is no cell (S).
            behind: What is taken to lie behind each.
        """
        conducts = held / (1 + held * self._access)
        word_load = conducts / (1 + conducts * behind.bit)
        bit_load = conducts / (1 + conducts * behind.word)

        own, driven = self._words.loaded(word_load)
        word, driven = _left_out(word_load, own, driven)

        # lines by columns, nodes from the sensed end on
        upward = np.ascontiguousarray(bit_load[::-1].T)
        own, sensed = self._bits.loaded(upward)
        own = own.T[::-1]
        sensed = sensed.T[::-1]
        bit, sensed = _left_out(bit_load, own, sensed)

        # one way in, one way out, and the cell between them
        on_the_way = 1 + conducts * (word + bit)
        left = driven * sensed * conducts / on_the_way
        return left, Behind(word, bit)


def _left_out(
    load: np.ndarray, own: np.ndarray, reached: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Resistance to rest (Ω) and share of the voltage (1) of nodes without their own loads.

    Args:
        load: Their loads (S).
        own: Resistance to rest with these (Ω).
        reached: Share of the voltage with these (1).
    """
    without = own / (1 - load * own)
    return without, reached * (1 + load * without)


def _of(value: object, lines: np.ndarray) -> np.ndarray:
    """A resistance of each line (Ω)."""
    given = np.asarray(value, np.float64)
    return (
        np.broadcast_to(given, lines.shape) if not given.ndim else given[lines]
    )


def _far(sides: str, resistance: np.ndarray) -> np.ndarray:
    """Resistance to a connection of the far ends (Ω): infinite where there is none."""
    if sides == "both":
        return resistance
    return np.full_like(resistance, np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class PlannedNet:
    """A net with the cells of an image in it, as planned.

    Args:
        net: Its lines.
        behind: What lies behind each cell.
        round_about: What each cell seems to conduct because of currents over other lines (S).
    """

    net: TreeNet
    behind: Behind
    round_about: _Grid

    @classmethod
    def of(
        cls,
        net: TreeNet,
        cells: Int64[Tensor, "*cells"],
        planned: Tensor,
        solved: Tensor,
    ) -> "PlannedNet":
        """A net, and what the whole one is other by.

        Args:
            net: Its lines.
            cells: Numbers of the cells.
            planned: What they conduct (S).
            solved: What the wires leave of that, solved as a whole (S).
        """
        held = net.grid(planned, cells)
        seen = held
        behind = net.nothing_behind()

        for _ in range(_SWEEPS):
            seen, behind = net.seen(held, behind)

        exact = net.grid(solved, cells)
        return cls(net, behind, exact - seen)


class ChipNet:
    """A planned net for the cells of one chip, which remembers what lay behind them.

    Args:
        of: The planned net.
    """

    def __init__(self, of: PlannedNet) -> None:
        self._of = of
        self._behind = of.behind

    def __call__(
        self, held: Tensor, cells: Int64[Tensor, "*cells"], sweeps: int = 1
    ) -> Tensor:
        """What the lines leave of cells (S).

        Args:
            held: What they conduct (S).
            cells: Their numbers.
            sweeps: Times that what lies behind them is found (1); one will do in a search, whose
                next step goes on from there.
        """
        net = self._of.net
        grid = net.grid(held, cells)
        seen = grid
        for _ in range(sweeps):
            seen, self._behind = net.seen(grid, self._behind)

        found = seen + self._of.round_about
        of_cells = found[net.places(cells)]
        return torch.from_numpy(of_cells).clamp_(min=0).to(held)

    def settled(self, held: Tensor, cells: Int64[Tensor, "*cells"]) -> Tensor:
        """The same once both directions agree (S)."""
        return self(held, cells, _SWEEPS)


class ChipNets:
    """The nets of one chip's blocks, each known by the smallest number of its cells.

    Args:
        planned: The net of each block of the image.
        cells: Numbers of the cells of each block.
    """

    def __init__(
        self,
        planned: Iterable[PlannedNet],
        cells: Iterable[Int64[Tensor, "*cells"]],
    ) -> None:
        self._nets = {
            int(own.min()): ChipNet(net)
            for net, own in zip(planned, cells, strict=True)
        }

    def __call__(self, held: Tensor, cells: Int64[Tensor, "*cells"]) -> Tensor:
        """What the lines leave of the cells of a block (S)."""
        return self._nets[int(cells.min())](held, cells)
