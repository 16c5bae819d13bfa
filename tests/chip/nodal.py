"""The effective matrix from Kirchhoff's laws at all nodes, by sparse methods; for tests only."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import LinearOperator, cg, splu

from mho.wires import WireModel

Array = NDArray[np.float64]


class Network:
    """Conductances between the nodes of a tile: word-line nodes row by row, then bit-line nodes.

    Args:
        wires: Resistances above 0 Ω; infinite ones are open.
        conductance: Conductance of each cell (S). Shape (rows, cols).
    """

    def __init__(self, wires: WireModel, conductance: Array) -> None:
        m, n = conductance.shape
        node = np.arange(m * n).reshape(m, n)
        per_line = {
            name: 1
            / np.broadcast_to(
                np.asarray(getattr(wires, name), dtype=float), count
            )
            for name, count in (
                ("word_line", m),
                ("driver", m),
                ("bit_line", n),
                ("sense", n),
            )
        }
        cell = conductance / (1 + conductance * wires.access)
        self.lines = m * n
        self._links: list[tuple[Array, Array, Array]] = []
        self._link(node, node + m * n, cell)
        word = np.broadcast_to(per_line["word_line"][:, None], (m, n - 1))
        bit = np.broadcast_to(per_line["bit_line"], (m - 1, n))
        self._link(node[:, :-1], node[:, 1:], word)
        self._link(node[:-1] + m * n, node[1:] + m * n, bit)
        ends = (0, n - 1) if wires.sides == "both" else (0,)
        grounds = (0, m - 1) if wires.sense_sides == "both" else (m - 1,)
        self.drive = _to_lines(
            [node[:, end] for end in ends], per_line["driver"], 2 * m * n
        )
        self.sense = _to_lines(
            [node[end] + m * n for end in grounds], per_line["sense"], 2 * m * n
        )

    def _link(self, one: Array, two: Array, conductance: Array) -> None:
        self._links.append((one.ravel(), two.ravel(), conductance.ravel()))

    def matrix(self) -> csc_matrix:
        """Conductance matrix of all nodes (S)."""
        one, two, g = (
            np.concatenate(x) for x in zip(*self._links, strict=True)
        )
        size = 2 * self.lines
        link = coo_matrix((g, (one, two)), (size, size)).tocsc()
        link = link + link.T
        total = link.sum(0).A1 + self.drive.sum(1).A1 + self.sense.sum(1).A1
        return (diags(total) - link).tocsc()

    def effective_matrix(self) -> Array:
        """Matrix W with current = voltage @ W (S), by LU factors of the sparse matrix."""
        voltage = splu(self.matrix()).solve(self.drive.toarray())
        return np.asarray((self.sense.T @ voltage).T)

    def drops(self, voltage: Array, back: Array) -> Array:
        """Derivative of voltage @ W @ back with respect to each cell (A), by the adjoint method.

        It is the voltage lost at a cell when word lines are driven, times that when bit lines are
        driven from their senses, negative: the second pushes current from bit to word line.
        """
        solve = splu(self.matrix()).solve
        n = self.lines
        there = solve(self.drive @ voltage)
        again = solve(self.sense @ back)
        return -(there[:n] - there[n:]) * (again[:n] - again[n:])

    def currents(self, voltage: Array) -> Array:
        """Currents of one vector of voltages (A), to 1e-12.

        Bit lines are eliminated, what remains is solved by conjugate gradients, with the word
        lines as preconditioner: all that is factorised are chains, so large tiles are cheap.
        """
        a = self.matrix()
        n = self.lines
        word = splu(a[:n, :n], permc_spec="NATURAL")
        bit = splu(a[n:, n:], permc_spec="NATURAL")
        cell = -a[:n, n:]
        schur = LinearOperator(
            (n, n), lambda x: a[:n, :n] @ x - cell @ bit.solve(cell.T @ x)
        )
        source = self.drive[:n] @ voltage
        found, failed = cg(
            schur, source, rtol=1e-14, M=LinearOperator((n, n), word.solve)
        )
        assert not failed
        return np.asarray(self.sense[n:].T @ bit.solve(cell.T @ found))


def _to_lines(ends: list[Array], conductance: Array, size: int) -> csc_matrix:
    """Conductances between nodes and the sources or grounds of lines (S)."""
    line = np.arange(len(conductance))
    parts = (
        coo_matrix((conductance, (end, line)), (size, len(line))).tocsc()
        for end in ends
    )
    return sum(parts, csc_matrix((size, len(line))))
