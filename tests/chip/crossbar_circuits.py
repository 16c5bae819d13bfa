"""Crossbars written down branch by branch, for solvers that know nothing of `mho`."""

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

from mho.chip.wires import WireModel
from mho.rng import Stream
from mho.units import uS


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


def random_wires(stream: Stream, rows: int, cols: int, sides: str, sense_sides: str) -> WireModel:
    """Another resistance for every line, and access to every cell."""
    generator = stream.child("wires").generator()

    def some(lines: int, high: float) -> list[float]:
        values = high * torch.rand(lines, generator=generator, dtype=torch.float64)
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
        segment, driver = _of(wires.word_line, i), _of(wires.driver, i)
        yield Branch(f"s{i}", f"u{i}_0", driver)
        for j in range(1, cols):
            yield Branch(f"u{i}_{j - 1}", f"u{i}_{j}", segment)
        if wires.sides == "both":
            yield Branch(f"s{i}", f"u{i}_{cols - 1}", driver)
    for j in range(cols):
        segment, sense = _of(wires.bit_line, j), _of(wires.sense, j)
        yield Branch(f"v{rows - 1}_{j}", "0", sense)
        for i in range(1, rows):
            yield Branch(f"v{i - 1}_{j}", f"v{i}_{j}", segment)
        if wires.sense_sides == "both":
            yield Branch("0", f"v0_{j}", sense)


def nodal(wires: WireModel, voltage: Tensor, conductance: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Node voltages of word and bit lines and currents of all columns, by sparse LU.

    Nodes joined by 0 Ω are one node; open branches are left out.
    """
    rows, cols = conductance.shape
    joined = {"0": "0"}

    def root(node: str) -> str:
        while joined.setdefault(node, node) != node:
            node = joined[node]
        return node

    cells = conductance / (1 + conductance * wires.access)
    conducting = [
        (f"u{i}_{j}", f"v{i}_{j}", float(cells[i, j])) for i in range(rows) for j in range(cols)
    ]
    for one, other, resistance in branches(wires, rows, cols):
        if resistance == 0:
            one, other = root(one), root(other)
            fixed = one == "0" or one.startswith("s")
            joined[other if fixed else one] = one if fixed else other
        elif math.isfinite(resistance):
            conducting.append((one, other, 1 / resistance))
    held = {root("0"): torch.zeros(len(voltage), dtype=torch.float64)}
    held |= {root(f"s{i}"): voltage[:, i] for i in range(rows)}
    free: dict[str, int] = {}
    for one, other, _ in conducting:
        for node in (root(one), root(other)):
            if node not in held:
                free.setdefault(node, len(free))
    places, values = [], []
    right = np.zeros((len(free), len(voltage)))
    for one, other, conducts in conducting:
        for node, far in ((root(one), root(other)), (root(other), root(one))):
            if node in free and node != far:
                places.append((free[node], free[node]))
                values.append(conducts)
                if far in free:
                    places.append((free[node], free[far]))
                    values.append(-conducts)
                else:
                    right[free[node]] += conducts * held[far].numpy()
    matrix = coo_matrix((values, np.array(places).T), shape=(len(free), len(free))).tocsc()
    found = torch.from_numpy(splu(matrix).solve(right)) if free else torch.zeros(0, len(voltage))

    def of(node: str) -> Tensor:
        return held[root(node)] if root(node) in held else found[free[root(node)]]

    word, bit = (
        torch.stack([of(f"{x}{i}_{j}") for i in range(rows) for j in range(cols)], -1)
        for x in "uv"
    )
    word, bit = word.view(-1, rows, cols), bit.view(-1, rows, cols)
    return word, bit, (cells * (word - bit)).sum(-2)


def ngspice(
    wires: WireModel, voltage: Tensor, conductance: Tensor, cell: str, folder: Path
) -> Tensor:
    """Currents into ground of one vector by ngspice; `cell` is the current of V and G."""
    if shutil.which("ngspice") is None:
        pytest.skip("ngspice is not installed")
    rows, cols = conductance.shape
    lines = ["crossbar", ".options reltol=1e-12 abstol=1e-18 vntol=1e-15 gmin=1e-20"]
    lines += [f"vs{i} s{i} 0 dc {float(voltage[i])!r}" for i in range(rows)]
    for number, (one, other, resistance) in enumerate(branches(wires, rows, cols)):
        one, other = (f"z{number}" if node == "0" else node for node in (one, other))
        lines += [f"vz{number} {node} 0 dc 0" for node in (one, other) if node[0] == "z"]
        lines.append(f"r{number} {one} {other} {resistance!r}")
    for i in range(rows):
        for j in range(cols):
            lines.append(f"ra{i}_{j} u{i}_{j} a{i}_{j} {wires.access!r}")
            across, conducts = f"v(a{i}_{j},v{i}_{j})", repr(float(conductance[i, j]))
            if cell:
                law = cell.replace("V", across).replace("G", conducts)
                lines.append(f"bc{i}_{j} a{i}_{j} v{i}_{j} i={law}")
            else:
                lines.append(f"rc{i}_{j} a{i}_{j} v{i}_{j} {1 / float(conductance[i, j])!r}")
    lines += [".op", ".end"]
    netlist, raw = folder / "crossbar.cir", folder / "crossbar.raw"
    netlist.write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        ["ngspice", "-b", "-r", str(raw), str(netlist)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = _raw(raw)
    total = torch.zeros(cols, dtype=torch.float64)
    for number, (one, other, _) in enumerate(branches(wires, rows, cols)):
        for node, far in ((one, other), (other, one)):
            if node == "0":
                total[int(far.split("_")[1])] += found[f"i(vz{number})"]
    return total


def _raw(path: Path) -> dict[str, float]:
    """Variables of an operating point in ngspice's binary format."""
    head, _, data = path.read_bytes().partition(b"Binary:\n")
    names = re.findall(r"^\t\d+\t(\S+)\t", head.decode(), re.MULTILINE)
    return dict(zip(names, np.frombuffer(data, "<f8", len(names)).tolist(), strict=True))


def _of(resistance: object, line: int) -> float:
    return float(resistance[line] if isinstance(resistance, tuple) else resistance)  # type: ignore[arg-type]
