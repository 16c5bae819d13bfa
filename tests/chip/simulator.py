"""ngspice, and the equations of a tile, written down once more from its description."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from mho.spice import read_raw
from mho.spice.rawfile import Plot
from mho.wires import WireModel

needs_ngspice = pytest.mark.skipif(
    shutil.which("ngspice") is None, reason="ngspice is not on PATH"
)


def simulate(text: str, folder: Path, raw: str = "tile.raw") -> Plot:
    """What ngspice finds."""
    (folder / "tile.cir").write_text(text)
    words = ["ngspice", "-b", "tile.cir"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "singular" not in done.stdout + done.stderr
    return read_raw(folder / raw)


@dataclass(frozen=True, slots=True)
class Branch:
    """A segment, driver or sense: from a node or a source (V) to a node or a virtual ground."""

    ohm: float
    first: int | None
    second: int | None
    source: float = 0.0
    column: int | None = None


def branches(wires: WireModel, voltage: Tensor, cols: int) -> Iterator[Branch]:
    """All but the cells. Word-line nodes are numbered first, row by row, then bit-line nodes."""
    rows = voltage.numel()
    word = np.arange(rows * cols).reshape(rows, cols)
    bit = word + rows * cols
    for i, (segment, end) in enumerate(
        zip(each(wires.word_line, rows), each(wires.driver, rows), strict=True)
    ):
        for j in (0, cols - 1)[: 1 + (wires.sides == "both")]:
            yield Branch(end, None, int(word[i, j]), source=float(voltage[i]))
        for j in range(cols - 1):
            yield Branch(segment, int(word[i, j]), int(word[i, j + 1]))
    for j, (segment, end) in enumerate(
        zip(each(wires.bit_line, cols), each(wires.sense, cols), strict=True)
    ):
        for i in (rows - 1, 0)[: 1 + (wires.sense_sides == "both")]:
            yield Branch(end, int(bit[i, j]), None, column=j)
        for i in range(rows - 1):
            yield Branch(segment, int(bit[i, j]), int(bit[i + 1, j]))


def each(value: object, lines: int) -> list[float]:
    """One resistance per line (Ω)."""
    return (
        list(value) if isinstance(value, tuple) else [float(str(value))] * lines
    )


def dense(
    wires: WireModel, conductance: Tensor, voltage: Tensor
) -> tuple[Tensor, Tensor]:
    """Column currents (A), and the voltage across each cell without its access (V).

    Kirchhoff's current law at every crossing of both lines, and v − v' = R i for every segment,
    driver and sense, whose currents are unknowns: so R may be 0. Where R is infinite, i = 0.
    Units are V, mA, kΩ, mS. Least squares where some unknowns are free: voltages of nodes that
    nothing reaches, and currents around loops without resistance.
    """
    rows, cols = conductance.shape
    lines = list(branches(wires, voltage, cols))
    nodes = 2 * rows * cols
    a = np.zeros((nodes + len(lines), nodes + len(lines)))
    b = np.zeros(nodes + len(lines))
    series = torch.where(conductance > 0, conductance * wires.access, 0.0)
    cell = (1e3 * conductance / (1 + series)).numpy().flatten()
    here = np.arange(rows * cols)
    there = np.arange(rows * cols) + rows * cols
    a[here, here] = a[there, there] = cell
    a[here, there] = a[there, here] = -cell
    for k, line in enumerate(lines, nodes):
        for node, sign in ((line.first, 1.0), (line.second, -1.0)):
            if node is not None:
                a[node, k] = sign
                a[k, node] = sign if line.ohm < inf else 0.0
        a[k, k] = -1e-3 * line.ohm if line.ohm < inf else 1.0
        b[k] = -line.source if line.ohm < inf else 0.0
    free = any(line.ohm in (0.0, inf) for line in lines)
    x = np.linalg.lstsq(a, b, rcond=None)[0] if free else np.linalg.solve(a, b)
    current = torch.zeros(cols, dtype=torch.float64)
    for k, line in enumerate(lines, nodes):
        if line.column is not None:
            current[line.column] += 1e-3 * float(x[k])
    across = torch.from_numpy(x[: rows * cols] - x[rows * cols : nodes]).view(
        rows, cols
    )
    return current, across / (1 + series)
