"""Crossbars written down branch by branch, for solvers that know nothing of `mho`."""

import itertools
import math
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu
from torch import Tensor

from mho.rng import Stream
from mho.units import uS
from mho.wires import WireModel


class Branch(NamedTuple):
    """A wire of a resistance between two nodes; nodes are named as in a netlist."""

    one: str
    other: str
    resistance: float


SIDES = [(a, b) for a in ("one", "both") for b in ("one", "both")]


def random_case(
    stream: Stream, rows: int, cols: int, vectors: int, low: float = 0.05
) -> tuple[Tensor, Tensor]:
    """Conductances of 50 to 4144 µS and voltages of `low` to 0.3 V."""
    generator = stream.generator()
    cells = torch.rand(rows, cols, generator=generator, dtype=torch.float64)
    volts = torch.rand(vectors, rows, generator=generator, dtype=torch.float64)
    return (50 + 4094 * cells) * uS, low + (0.3 - low) * volts


def random_wires(
    stream: Stream, rows: int, cols: int, sides: str, sense_sides: str
) -> WireModel:
    """Another resistance for every line, and access to every cell."""
    generator = stream.child("wires").generator()

    def some(lines: int, high: float) -> list[float]:
        values = high * torch.rand(
            lines, generator=generator, dtype=torch.float64
        )
        return values.tolist()

    return WireModel(
        word_line=some(rows, 5.0),
        bit_line=some(cols, 5.0),
        driver=some(rows, 50.0),
        sense=some(cols, 20.0),
        access=30.0,
        sides=sides,
        sense_sides=sense_sides,
    )


def branches(wires: WireModel, rows: int, cols: int) -> Iterator[Branch]:
    """Every wire: `u` and `v` nodes of word and bit lines, sources `s`, ground `0`."""
    for i in range(rows):
        segment = _of(wires.word_line, i)
        driver = _of(wires.driver, i)
        yield Branch(f"s{i}", f"u{i}_0", driver)
        for j in range(1, cols):
            yield Branch(f"u{i}_{j - 1}", f"u{i}_{j}", segment)
        if wires.sides == "both":
            yield Branch(f"s{i}", f"u{i}_{cols - 1}", driver)
    for j in range(cols):
        segment = _of(wires.bit_line, j)
        sense = _of(wires.sense, j)
        yield Branch(f"v{rows - 1}_{j}", "0", sense)
        for i in range(1, rows):
            yield Branch(f"v{i - 1}_{j}", f"v{i}_{j}", segment)
        if wires.sense_sides == "both":
            yield Branch("0", f"v0_{j}", sense)


def nodal(
    wires: WireModel, voltage: Tensor, conductance: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Node voltages of word and bit lines and currents of all columns, by sparse LU.

    Nodes joined by 0 Ω are one node; open branches are left out.
    """
    rows, cols = conductance.shape
    cells = conductance / (1 + conductance * wires.access)
    conducting = [
        (f"u{i}_{j}", f"v{i}_{j}", float(cells[i, j]))
        for i in range(rows)
        for j in range(cols)
    ]
    nodes = _Nodes()
    for one, other, resistance in branches(wires, rows, cols):
        if resistance == 0:
            nodes.join(one, other)
        elif math.isfinite(resistance):
            conducting.append((one, other, 1 / resistance))
    joined = [
        (nodes.root(one), nodes.root(other), conducts)
        for one, other, conducts in conducting
    ]
    held = {"0": torch.zeros(len(voltage), dtype=torch.float64)}
    held |= {f"s{i}": voltage[:, i] for i in range(rows)}
    found = _solved(joined, held)
    word, bit = (
        torch.stack(
            [
                found[nodes.root(f"{x}{i}_{j}")]
                for i in range(rows)
                for j in range(cols)
            ],
            -1,
        ).view(-1, rows, cols)
        for x in "uv"
    )
    return word, bit, (cells * (word - bit)).sum(-2)


class _Nodes:
    """Names of nodes, of which some are the same; sources and ground keep theirs."""

    def __init__(self) -> None:
        self._same: dict[str, str] = {}

    def root(self, node: str) -> str:
        while node in self._same:
            node = self._same[node]
        return node

    def join(self, one: str, other: str) -> None:
        one = self.root(one)
        other = self.root(other)
        if one != other:
            fixed = one[0] in "0s"
            self._same[other if fixed else one] = one if fixed else other


def _solved(
    branches: list[tuple[str, str, float]], held: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Voltages of all nodes, some of them held, from the conductances between them."""
    names = {node for branch in branches for node in branch[:2]} - set(held)
    free = {node: place for place, node in enumerate(sorted(names))}
    if not free:
        return held
    places: list[tuple[int, int]] = []
    values: list[float] = []
    right = np.zeros((len(free), len(held["0"])))
    for one, other, conducts in branches:
        for node, far in ((one, other), (other, one)):
            if node not in free or node == far:
                continue
            places.append((free[node], free[node]))
            values.append(conducts)
            if far in free:
                places.append((free[node], free[far]))
                values.append(-conducts)
            else:
                right[free[node]] += conducts * held[far].numpy()
    matrix = coo_matrix(
        (values, np.array(places).T), shape=(len(free), len(free))
    )
    solved = torch.from_numpy(splu(matrix.tocsc()).solve(right))
    return held | {node: solved[place] for node, place in free.items()}


def ngspice(
    wires: WireModel,
    voltage: Tensor,
    conductance: Tensor,
    cell: str,
    folder: Path,
) -> Tensor:
    """Currents into ground of one vector by ngspice; `cell` is the current of V and G."""
    if shutil.which("ngspice") is None:
        pytest.skip("ngspice is not installed")
    rows, cols = conductance.shape
    lines = [
        "crossbar",
        ".options reltol=1e-12 abstol=1e-18 vntol=1e-15 gmin=1e-20",
    ]
    lines += [f"vs{i} s{i} 0 dc {float(voltage[i])!r}" for i in range(rows)]
    sensed = []
    for number, (one, other, resistance) in enumerate(
        branches(wires, rows, cols)
    ):
        if "0" in (one, other):
            node = one if other == "0" else other
            sensed.append((f"i(vz{number})", int(node.split("_")[1])))
            lines += [
                f"rz{number} {node} z{number} {resistance!r}",
                f"vz{number} z{number} 0 dc 0",
            ]
        else:
            lines.append(f"r{number} {one} {other} {resistance!r}")
    for i, j in itertools.product(range(rows), range(cols)):
        across = f"v(a{i}_{j},v{i}_{j})"
        conducts = float(conductance[i, j])
        law = cell.replace("V", across).replace("G", repr(conducts))
        own = (
            f"bc{i}_{j} a{i}_{j} v{i}_{j} i={law}"
            if cell
            else (f"rc{i}_{j} a{i}_{j} v{i}_{j} {1 / conducts!r}")
        )
        lines += [f"ra{i}_{j} u{i}_{j} a{i}_{j} {wires.access!r}", own]
    lines += [".op", ".end"]
    netlist = folder / "crossbar.cir"
    raw = folder / "crossbar.raw"
    netlist.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["ngspice", "-b", "-r", str(raw), str(netlist)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = _raw(raw)
    total = torch.zeros(cols, dtype=torch.float64)
    for name, col in sensed:
        total[col] += found[name]
    return total


def _raw(path: Path) -> dict[str, float]:
    """Variables of an operating point in ngspice's binary format."""
    head, _, data = path.read_bytes().partition(b"Binary:\n")
    names = re.findall(r"^\t\d+\t(\S+)\t", head.decode(), re.MULTILINE)
    return dict(
        zip(names, np.frombuffer(data, "<f8", len(names)).tolist(), strict=True)
    )


def _of(resistance: object, line: int) -> float:
    return float(
        resistance[line] if isinstance(resistance, tuple) else resistance
    )  # type: ignore[arg-type]
