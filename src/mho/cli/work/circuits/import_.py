"""`mho import`: what a circuit simulator found, beside what mho finds."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from rich.console import Console
from rich.table import Table
from torch import Tensor

from mho.cli.shared import check_writable, write_json
from mho.cli.work.circuits.tile_source import Array, Origin
from mho.files import write_whole
from mho.spice import line_values, read_raw
from mho.units import show
from mho.wires import Cubic, part_in_use

_SHOWN = 16
"""Columns in the table on the terminal (1)."""
_TOLERANCE = 1e-12
"""Relative error of mho's own currents (1)."""


def read_spice_op(
    raw: str,
    *,
    origin: Origin | None,
    cubic: bool,
    out: str | None,
    json: str | None,
) -> None:
    """Read an operating point; see `mho import spice-op --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    if out is not None and Path(out).suffix not in (".csv", ".npz"):
        raise ValueError(
            f"Argument `save` must end in `.csv` or `.npz`, but is `{out}`."
        )
    plot = read_raw(raw)
    currents = line_values(plot, "i", "vout")
    exact = None
    if origin is not None:
        exact = exact_currents(
            origin.read(cubic=cubic),
            line_values(plot, "v", "in"),
            currents.numel(),
        )
    if out is not None:
        check_writable(Path(out).parent)
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        write_whole(Path(out), _file(Path(out).suffix, currents, exact))
    found: dict[str, object] = {"current_A": currents.tolist()}
    if exact is not None:
        found |= {
            "exact_A": exact.tolist(),
            "largest_difference": difference(currents, exact),
        }
    if not write_json(found, json):
        _print(currents, exact)


def exact_currents(
    array: Array, voltage: Float[Tensor, " rows"], cols: int
) -> Float[Tensor, " cols"]:
    """Column currents of cells and wires, exactly (A).

    Raises:
        ValueError: The simulated array has another shape.
    """
    shape = tuple(array.conductance.shape)
    if shape != (voltage.numel(), cols):
        raise ValueError(
            f"Argument `compare` must have {voltage.numel()} rows and {cols} columns like the"
            f" rawfile, but has {shape[0]} and {shape[1]}; name what the netlist was written from."
        )
    on = array.conductance > 0
    current = voltage.new_zeros(cols)
    if not on.any():
        return current
    rows, columns = (
        slice(int(n[0]), int(n[-1]) + 1)
        for n in (on.any(k).nonzero()[:, 0] for k in (1, 0))
    )
    part = part_in_use(array.wires, (shape[0], shape[1]), rows, columns)
    place = (part.rows, part.cols)
    law = None if array.cubic is None else Cubic(array.cubic[place])
    current[part.cols] = part.wires.currents(
        voltage[None, part.rows],
        array.conductance[place],
        law,
        tolerance=_TOLERANCE,
    )[0]
    return current


def difference(
    currents: Float[Tensor, " cols"], exact: Float[Tensor, " cols"]
) -> float:
    """Largest difference over the largest current (1)."""
    top = float(exact.abs().max())
    return float((currents - exact).abs().max()) / (top or 1.0)


def _file(suffix: str, currents: Tensor, exact: Tensor | None) -> bytes:
    columns = {"current_A": currents} | (
        {} if exact is None else {"exact_A": exact}
    )
    if suffix == ".npz":
        packed = io.BytesIO()
        arrays: dict[str, Any] = {
            name: values.numpy() for name, values in columns.items()
        }
        np.savez(packed, **arrays)
        return packed.getvalue()
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["column", *columns])
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    table.writerows([number, *row] for number, row in enumerate(rows))
    return text.getvalue().encode()


def _print(currents: Tensor, exact: Tensor | None) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("column", "current", *(() if exact is None else ("mho",))):
        table.add_column(heading, justify="right")
    for number, current in enumerate(currents.tolist()[:_SHOWN]):
        cells = [str(number), show(current, "A", 10)]
        table.add_row(
            *cells,
            *([] if exact is None else [show(float(exact[number]), "A", 10)]),
        )
    console = Console(highlight=False)
    console.print(table)
    if currents.numel() > _SHOWN:
        console.print(
            f"and {currents.numel() - _SHOWN} more; `--save` writes all"
        )
    if exact is not None:
        console.print(
            f"largest difference: {difference(currents, exact):.2g} of the largest current"
        )
