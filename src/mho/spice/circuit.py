"""A tile as a list of resistors and cells between named nodes: what a netlist is written from.

Circuit simulators replace 0 Ω by some small resistance and stop at nodes that hang in the air, so
here ideal segments become one node, and what carries no current is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from jaxtyping import Float
from torch import Tensor

from mho.checks import check_choice
from mho.wires import SIDES, WireModel


@dataclass(frozen=True, slots=True)
class Resistor:
    """A resistor between two nodes.

    Args:
        name: Name without the leading letter of its kind.
        first: One node.
        second: The other node.
        ohm: Resistance, above zero and finite (Ω).
    """

    name: str
    first: str
    second: str
    ohm: float


@dataclass(frozen=True, slots=True)
class Crossing:
    """A cell between its word line and its bit line.

    Args:
        row: Row of the tile.
        col: Column of the tile.
        word: Node on the word line.
        bit: Node on the bit line.
        conductance: Conductance at zero bias (S).
        cubic: Coefficient c of I = GV(1 + cV²) (1/V²).
    """

    row: int
    col: int
    word: str
    bit: str
    conductance: float
    cubic: float


@dataclass(frozen=True, slots=True)
class Circuit:
    """What of a tile carries current.

    Args:
        rows: Word lines of the tile; their sources are the nodes `in0`, `in1`, …
        cols: Bit lines of the tile; their virtual grounds are the nodes `out0`, `out1`, …
        access: Resistance in series with every cell (Ω).
        wires: Segments, drivers and senses that have a resistance.
        cells: Cells.
        idle: Cells with a conductance that no current can reach or leave (1).
    """

    rows: int
    cols: int
    access: float
    wires: tuple[Resistor, ...]
    cells: tuple[Crossing, ...]
    idle: int


@dataclass(frozen=True, slots=True)
class _Line:
    """One line of a tile.

    Args:
        prefix: First letter of its nodes and segments, and its number.
        terminal: Node of its source or virtual ground.
        count: Cells on it.
        segment: Resistance between neighbouring cells (Ω).
        end: Resistance between terminal and line (Ω).
        near: Places that are connected to the terminal.
    """

    prefix: str
    terminal: str
    count: int
    segment: float
    end: float
    near: tuple[int, ...]

    def node(self, place: int) -> str:
        """Node at the cell with this number on the line."""
        one_node = self.segment == 0
        at_terminal = place in self.near or (one_node and self.near)
        if self.end == 0 and at_terminal:
            return self.terminal
        return f"{self.prefix}_{0 if one_node else place}"

    def resistors(self) -> Iterator[Resistor]:
        """Its segments, and what connects it to its terminal."""
        for place in range(self.count - 1):
            name = f"{self.prefix}_{place}"
            here = self.node(place)
            after = self.node(place + 1)
            yield Resistor(name, here, after, self.segment)
        for number, place in enumerate(self.near):
            name = f"{self.prefix}_{self.terminal}{'b' * number}"
            yield Resistor(name, self.terminal, self.node(place), self.end)


def tile_circuit(
    wires: WireModel,
    conductance: Float[Tensor, "rows cols"],
    cubic: Float[Tensor, "rows cols"] | None,
) -> Circuit:
    """The circuit of a tile, without what carries no current.

    Args:
        wires: The lines.
        conductance: Conductance of each cell (S); a cell of 0 S is off. Shape (rows, cols).
        cubic: Coefficient c of I = GV(1 + cV²) of each cell (1/V²); linear cells if `None`.

    Raises:
        ValueError: A sequence of resistances does not fit the shape.
    """
    rows, cols = conductance.shape
    word = _word_lines(wires, rows, cols)
    bit = _bit_lines(wires, rows, cols)
    resistors = [
        resistor
        for line in (*word, *bit)
        for resistor in line.resistors()
        if resistor.ohm < float("inf") and resistor.first != resistor.second
    ]
    cells = _crossings(word, bit, conductance, cubic)
    reachable = cells if wires.access < float("inf") else []
    branches = [(resistor.first, resistor.second) for resistor in resistors]
    branches += [(cell.word, cell.bit) for cell in reachable]
    live = _live(branches)
    live_wires = live[: len(resistors)]
    live_cells = live[len(resistors) :]
    kept = tuple(compress(reachable, live_cells))
    return Circuit(
        rows=rows,
        cols=cols,
        access=wires.access,
        wires=tuple(compress(resistors, live_wires)),
        cells=kept,
        idle=len(cells) - len(kept),
    )


def _crossings(
    word: Sequence[_Line],
    bit: Sequence[_Line],
    conductance: Float[Tensor, "rows cols"],
    cubic: Float[Tensor, "rows cols"] | None,
) -> list[Crossing]:
    """Cells that are not off, between the nodes of their lines."""
    bends = None if cubic is None else cubic.tolist()
    cells = []
    for row, line in enumerate(conductance.tolist()):
        for col, siemens in enumerate(line):
            if siemens > 0:
                bend = 0.0 if bends is None else bends[row][col]
                above = word[row].node(col)
                below = bit[col].node(row)
                cells.append(Crossing(row, col, above, below, siemens, bend))
    return cells


def _word_lines(wires: WireModel, rows: int, cols: int) -> list[_Line]:
    """Word lines: cells count from the driver's side on."""
    check_choice(wires.sides, "sides", SIDES)
    segment = _each(wires, "word_line", rows)
    drive = _each(wires, "driver", rows)
    driven = (0, cols - 1) if wires.sides == "both" else (0,)
    return [
        _Line(f"w{i}", f"in{i}", cols, segment[i], drive[i], driven)
        for i in range(rows)
    ]


def _bit_lines(wires: WireModel, rows: int, cols: int) -> list[_Line]:
    """Bit lines: their virtual grounds are behind the last row."""
    segment = _each(wires, "bit_line", cols)
    sense = _each(wires, "sense", cols)
    held = (rows - 1, 0) if wires.sense_sides == "both" else (rows - 1,)
    return [
        _Line(f"b{j}", f"out{j}", rows, segment[j], sense[j], held)
        for j in range(cols)
    ]


def _each(wires: WireModel, name: str, lines: int) -> Sequence[float]:
    """One resistance per line (Ω)."""
    value = getattr(wires, name)
    if isinstance(value, float):
        return (value,) * lines
    if len(value) != lines:
        raise ValueError(
            f"Argument `wires` must have one `{name}` or {lines}, one per line, but has"
            f" {len(value)}."
        )
    return tuple(value)


def _live(edges: Sequence[tuple[str, str]]) -> list[bool]:
    """Which branches can carry current: joined to a terminal, and no dead end."""
    at: dict[str, set[int]] = defaultdict(set)
    for number, nodes in enumerate(edges):
        for node in nodes:
            at[node].add(number)
    reached = _reached(edges, at)
    live = [first in reached for first, _ in edges]
    loose = [node for node in at if len(at[node]) == 1 and not _terminal(node)]
    while loose:
        node = loose.pop()
        for number in at.pop(node, ()):
            live[number] = False
            (other,) = set(edges[number]) - {node}
            at[other].discard(number)
            if len(at[other]) == 1 and not _terminal(other):
                loose.append(other)
    return live


def _reached(
    edges: Sequence[tuple[str, str]], at: Mapping[str, Iterable[int]]
) -> set[str]:
    """Nodes joined to a source or a virtual ground."""
    reached = {node for node in at if _terminal(node)}
    ahead = list(reached)
    while ahead:
        branches = at[ahead.pop()]
        neighbours = {node for number in branches for node in edges[number]}
        beyond = neighbours - reached
        reached |= beyond
        ahead += beyond

    return reached


def _terminal(node: str) -> bool:
    return node.startswith(("in", "out"))
