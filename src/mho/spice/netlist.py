"""A tile as text for circuit simulators: SPICE, in the dialect of ngspice.

Word line i is driven at node `in<i>`, bit line j ends in the virtual ground `out<j>`. Cell (i, j)
lies between the nodes `w<i>_<j>` and `b<j>_<i>`; nodes that ideal wires join are one. What carries
no current is left out, so that no node hangs in the air.
"""

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mho.checks import check_finite, check_shape, check_within
from mho.spice.circuit import Circuit, tile_circuit
from mho.wires import WireModel

_OPTIONS = ".options reltol=1e-12 abstol=1e-18 vntol=1e-15 itl1=500"
"""Newton's method goes on until cubic cells are as exact as linear ones."""
_PER_LINE = 8
"""Ports on a line of text (1)."""


def tile_netlist(
    wires: WireModel,
    conductance: Float[Tensor, "rows cols"],
    voltage: Float[Tensor, " rows"],
    *,
    title: str,
    cubic: Float[Tensor, "rows cols"] | None = None,
    raw: str = "tile.raw",
    notes: Sequence[str] = (),
) -> str:
    """A tile with its sources and virtual grounds, to be run with `ngspice -b`.

    The operating point is printed, and written with all node voltages to a rawfile in the folder
    in which ngspice runs. The current of column j is `i(vout<j>)`, positive out of the tile.

    Args:
        wires: The lines.
        conductance: Conductance of each cell (S); one of 0 S is off. Shape (rows, cols).
        voltage: Voltage of each source (V). Shape (rows,).
        title: First line of the file.
        cubic: Coefficient c of I = GV(1 + cV²) of each cell (1/V²); linear cells if `None`.
        raw: Name of the rawfile.
        notes: Further lines of the header.

    Raises:
        ValueError: Arguments that do not fit each other, or are negative or not finite.
    """
    rows, cols = conductance.shape
    check_shape(voltage, "voltage", (rows,))
    check_finite(voltage, "voltage", "Give every row a voltage.")
    circuit = _checked_circuit(wires, conductance, cubic)
    lines = [
        *_header(title, circuit, notes),
        *(f"vin{i} in{i} 0 dc {v!r}" for i, v in enumerate(voltage.tolist())),
        *_wires(circuit),
        *_cells(circuit),
        *(f"vout{j} out{j} 0 dc 0" for j in range(cols)),
        _OPTIONS,
        ".op",
        ".control",
        "set numdgt=15",
        "run",
        f"write {raw}",
        *(f"print i(vout{j})" for j in range(cols)),
        "quit 0",
        ".endc",
        ".end",
    ]
    return "\n".join(lines) + "\n"


def tile_subcircuit(
    wires: WireModel,
    conductance: Float[Tensor, "rows cols"],
    *,
    title: str,
    name: str = "tile",
    cubic: Float[Tensor, "rows cols"] | None = None,
    notes: Sequence[str] = (),
) -> str:
    """A tile as a subcircuit with the ports `in0 … out0 …`, to be included in a larger design.

    Every cell is an instance of the subcircuit `<name>_cell`, its conductance a parameter.

    Args:
        wires: The lines.
        conductance: Conductance of each cell (S); one of 0 S is off. Shape (rows, cols).
        title: First line of the file.
        name: Name of the subcircuit.
        cubic: Coefficient c of I = GV(1 + cV²) of each cell (1/V²); linear cells if `None`.
        notes: Further lines of the header.

    Raises:
        ValueError: Arguments that do not fit each other, or are negative or not finite.
    """
    circuit = _checked_circuit(wires, conductance, cubic)
    ports = [f"in{i}" for i in range(circuit.rows)] + [
        f"out{j}" for j in range(circuit.cols)
    ]
    chunks = [ports[k : k + _PER_LINE] for k in range(0, len(ports), _PER_LINE)]
    lines = [
        *_header(title, circuit, notes),
        *_cell_definition(f"{name}_cell", bent=cubic is not None),
        f".subckt {name}",
        *("+ " + " ".join(chunk) for chunk in chunks),
        *_wires(circuit),
        *_instances(circuit, f"{name}_cell", bent=cubic is not None),
        f".ends {name}",
    ]
    return "\n".join(lines) + "\n"


def comment(text: str) -> str:
    """A line that a circuit simulator skips, whatever the text."""
    return "* " + " ".join(
        "".join(c if " " <= c <= "~" else " " for c in text).split()
    )


def _checked_circuit(
    wires: WireModel,
    conductance: Float[Tensor, "rows cols"],
    cubic: Float[Tensor, "rows cols"] | None,
) -> Circuit:
    check_within(
        conductance,
        "conductance",
        0.0,
        torch.finfo(torch.float64).max,
        unit="S",
        hint="A cell that is off has 0 S.",
    )
    if cubic is not None:
        check_shape(cubic, "cubic", tuple(conductance.shape))
        check_finite(cubic, "cubic", "A linear cell has 0.")
    return tile_circuit(wires, conductance, cubic)


def _header(
    title: str, circuit: Circuit, notes: Sequence[str]
) -> Iterator[str]:
    yield comment(title)
    yield comment(
        f"{circuit.rows} word lines in<i>, {circuit.cols} bit lines out<j>, {len(circuit.cells)}"
        " cells; V, A, Ohm, S."
    )
    if circuit.idle:
        yield comment(
            f"{circuit.idle} cells on open lines carry no current and are left out."
        )
    yield from (comment(note) for note in notes)


def _wires(circuit: Circuit) -> Iterator[str]:
    return (f"r{r.name} {r.first} {r.second} {r.ohm!r}" for r in circuit.wires)


def _cells(circuit: Circuit) -> Iterator[str]:
    """Every cell as a resistor, or as a source of the current that it carries."""
    for c in circuit.cells:
        name = f"{c.row}_{c.col}"
        far = c.bit
        if circuit.access:
            far = f"c{name}"
            yield f"ra{name} {far} {c.bit} {circuit.access!r}"
        if c.cubic:
            volts = f"v({c.word},{far})"
            law = f"{c.conductance!r}*{volts}*(1+{c.cubic!r}*{volts}*{volts})"
            yield f"bc{name} {c.word} {far} i={law}"
        else:
            yield f"rc{name} {c.word} {far} {1 / c.conductance!r}"


def _instances(circuit: Circuit, kind: str, *, bent: bool) -> Iterator[str]:
    for c in circuit.cells:
        name = f"{c.row}_{c.col}"
        far = c.bit
        if circuit.access:
            far = f"c{name}"
            yield f"ra{name} {far} {c.bit} {circuit.access!r}"
        bend = f" c={c.cubic!r}" if bent else ""
        yield f"xc{name} {c.word} {far} {kind} g={c.conductance!r}{bend}"


def _cell_definition(name: str, *, bent: bool) -> list[str]:
    """One cell, its state a parameter."""
    if not bent:
        return [
            f".subckt {name} p n g=1e-4",
            "rcell p n r={1/g}",
            f".ends {name}",
        ]
    law = "i={g}*v(p,n)*(1+{c}*v(p,n)*v(p,n))"
    return [
        f".subckt {name} p n g=1e-4 c=0",
        f"bcell p n {law}",
        f".ends {name}",
    ]
