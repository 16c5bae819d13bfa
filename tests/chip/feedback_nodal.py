"""Kirchhoff's laws of arrays between amplifiers at rest, all nodes at once; for tests only."""

import numpy as np
from numpy.typing import NDArray

from mho.wires import WireModel

Array = NDArray[np.float64]


class Nodes:
    """Linear equations that are written down one element after the other."""

    def __init__(self) -> None:
        self.names: dict[object, int] = {}
        self.rows: list[dict[int, float]] = []
        self.right: list[float] = []

    def number(self, name: object) -> int:
        """Place of a node's equation and voltage."""
        if name not in self.names:
            self.names[name] = len(self.names)
            self.rows.append({})
            self.right.append(0.0)
        return self.names[name]

    def add(self, row: object, col: object, value: float) -> None:
        here = self.rows[self.number(row)]
        place = self.number(col)
        here[place] = here.get(place, 0.0) + value

    def resistor(self, one: object, two: object, ohm: float) -> None:
        """Current through a resistor leaves one node and enters the other."""
        for a, b in ((one, two), (two, one)):
            self.add(a, a, 1 / ohm)
            self.add(a, b, -1 / ohm)

    def hold(
        self, node: object, terms: dict[object, float], right: float
    ) -> None:
        """An amplifier or a source takes whatever current comes: its law replaces Kirchhoff's."""
        row = self.number(node)
        self.rows[row] = {}
        for name, value in terms.items():
            self.add(node, name, value)
        self.right[row] = right

    def solve(self) -> dict[object, float]:
        size = len(self.names)
        matrix = np.zeros((size, size))
        for row, terms in enumerate(self.rows):
            for col, value in terms.items():
                matrix[row, col] = value
        # The laws of amplifiers are volts, those of nodes amperes: scaled alike.
        scale = np.abs(matrix).max(1)
        found = np.linalg.solve(matrix / scale[:, None], self.right / scale)
        return {name: float(found[n]) for name, n in self.names.items()}


def array(
    nodes: Nodes, wires: WireModel, cells: Array, above: list[object], name: str
) -> None:
    """An array whose word lines begin at `above`, and whose bit lines end at `("u", j)`."""
    rows, cols = cells.shape
    for i in range(rows):
        nodes.resistor(above[i], (name, "w", i, 0), wires.driver)
        for j in range(cols - 1):
            nodes.resistor(
                (name, "w", i, j), (name, "w", i, j + 1), wires.word_line
            )
    for j in range(cols):
        nodes.resistor((name, "b", rows - 1, j), ("u", j), wires.sense)
        for i in range(rows - 1):
            nodes.resistor(
                (name, "b", i, j), (name, "b", i + 1, j), wires.bit_line
            )
    for i in range(rows):
        for j in range(cols):
            nodes.resistor(
                (name, "w", i, j),
                (name, "b", i, j),
                1 / cells[i, j] + wires.access,
            )


def at_rest(
    wires: WireModel,
    positive: Array,
    negative: Array,
    source: Array,
    conductance: float,
    gain: float,
    offset: Array,
    layout: str,
) -> Array:
    """Outputs of the amplifiers (V)."""
    size = len(source)
    nodes = Nodes()
    outputs: list[object] = [("x", i) for i in range(size)]
    inverted: list[object] = [("y", i) for i in range(size)]
    if layout == "arrays":
        array(nodes, wires, positive, outputs, "plus")
        array(nodes, wires, negative, inverted, "minus")
    else:
        woven = np.stack([positive, negative], 1).reshape(2 * size, size)
        pairs = [
            node for i in range(size) for node in (outputs[i], inverted[i])
        ]
        array(nodes, wires, woven, pairs, "both")
    for k in range(size):
        nodes.resistor(("s", k), ("u", k), 1 / conductance)
        nodes.resistor(("x", k), ("m", k), 1e3)
        nodes.resistor(("m", k), ("y", k), 1e3)
    for k in range(size):
        nodes.hold(("s", k), {("s", k): 1.0}, source[k])
        nodes.hold(("x", k), {("x", k): 1.0, ("u", k): gain}, gain * offset[k])
        nodes.hold(
            ("y", k), {("y", k): 1.0, ("m", k): gain}, gain * offset[size + k]
        )
    found = nodes.solve()
    return np.array([found[node] for node in outputs])
