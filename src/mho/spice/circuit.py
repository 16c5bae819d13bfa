"""A tile as a list of resistors and cells between named nodes: what a netlist is written from.

Circuit simulators replace 0 Ω by some small resistance and stop at nodes that hang in the air, so
here ideal segments become one node, and what carries no current is left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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
        if self.end == 0 and (place in self.near or (self.segment == 0 and self.near)):
            return self.terminal
        return f"{self.prefix}_{0 if self.segment == 0 else place}"

    def resistors(self) -> Iterator[Resistor]:
        """Its segments, and what connects it to its terminal."""
        for place in range(self.count - 1):
            yield Resistor(
                f"{self.prefix}_{place}",
                self.node(place),
                self.node(place + 1),
                self.segment,
            )
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
    word, bit = _lines(wires, rows, cols)
    resistors = [
        one
        for line in (*word, *bit)
        for one in line.resistors()
        if one.ohm < float("inf") and one.first != one.second
    ]
    bends = None if cubic is None else cubic.tolist()
    cells = [
        Crossing(
            i,
            j,
            word[i].node(j),
            bit[j].node(i),
            g,
            0.0 if bends is None else bends[i][j],
        )
        for i, line in enumerate(conductance.tolist())
        for j, g in enumerate(line)
        if g > 0
    ]
    found = cells if wires.access < float("inf") else []
    live = _live(
        [(r.first, r.second) for r in resistors] + [(c.word, c.bit) for c in found]
    )
    kept = tuple(c for n, c in enumerate(found, len(resistors)) if live[n])
    return Circuit(
        rows,
        cols,
        wires.access,
        tuple(r for n, r in enumerate(resistors) if live[n]),
        kept,
        len(cells) - len(kept),
    )


def _lines(wires: WireModel, rows: int, cols: int) -> tuple[list[_Line], list[_Line]]:
    check_choice(wires.sides, "sides", SIDES)
    segment, drive = (_each(wires, n, rows) for n in ("word_line", "driver"))
    left = (0, cols - 1) if wires.sides == "both" else (0,)
    word = [
        _Line(f"w{i}", f"in{i}", cols, segment[i], drive[i], left) for i in range(rows)
    ]
    segment, sense = (_each(wires, n, cols) for n in ("bit_line", "sense"))
    low = (rows - 1, 0) if wires.sense_sides == "both" else (rows - 1,)
    bit = [
        _Line(f"b{j}", f"out{j}", rows, segment[j], sense[j], low) for j in range(cols)
    ]
    return word, bit


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
        beyond = {
            node for number in at[ahead.pop()] for node in edges[number]
        } - reached
        reached |= beyond
        ahead += beyond
    return reached


def _terminal(node: str) -> bool:
    return node.startswith(("in", "out"))
