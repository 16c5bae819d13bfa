"""`mho export`: runs, arrays and presets to files of circuit simulators."""

import re
from pathlib import Path

import torch
from torch import Tensor

from mho.checks import check_between, check_choice, check_positive, check_shape
from mho.chip import DRIVERS, Chip
from mho.cli.shared import check_writable, load_arrays, quantity
from mho.cli.work.circuits.tile_source import Origin
from mho.device.published import check_preset
from mho.files import write_whole
from mho.runs import RecordedRun
from mho.spice import (
    cell_subcircuit,
    pulse_train,
    pwl_subcircuit,
    pwl_text,
    tile_netlist,
    tile_subcircuit,
    verilog_a,
)
from mho.units import show

_SPICE = (".cir", ".inc", ".lib", ".sp")
_LARGE = 64 * 64
"""Cells that ngspice solves within seconds (1)."""


def write_spice(
    origin: Origin,
    *,
    voltage: str,
    vector: str | None,
    subcircuit: bool,
    cubic: bool,
    out: str,
) -> None:
    """Write a netlist; see `mho export spice --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    level = quantity(voltage, "voltage", "V")
    array = origin.read(cubic=cubic)
    rows = array.conductance.shape[0]
    if vector is None:
        volts = torch.full((rows,), level, dtype=torch.float64)
    else:
        volts = load_arrays(vector, "vector", "voltage")["voltage"]
        check_shape(volts, "vector", (rows,))
    notes = (array.lines, "cells: " + _law(array.cubic))
    title = f"mho: {array.title}"
    if subcircuit:
        text = tile_subcircuit(
            array.wires,
            array.conductance,
            title=title,
            cubic=array.cubic,
            notes=notes,
        )
        _write(out, text, f"subcircuit `tile` of {_size(array.conductance)}")
        return
    raw = re.sub(r"[^A-Za-z0-9._-]", "_", Path(out).stem) + ".raw"
    text = tile_netlist(
        array.wires,
        array.conductance,
        volts,
        title=title,
        cubic=array.cubic,
        raw=raw,
        notes=notes,
    )
    _write(out, text, f"netlist of {_size(array.conductance)}")
    print(f"`ngspice -b {Path(out).name}` in that folder writes {raw}")
    if int((array.conductance > 0).sum()) > _LARGE:
        print("more than 64×64 cells: ngspice takes minutes")


def write_pwl(
    run: str, *, cell: int, denoise: bool, gap: str, rise: str, out: str
) -> None:
    """Write pulses; see `mho export pwl --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: A file that cannot be read or written.
    """
    pause = quantity(gap, "gap", "s")
    edge = quantity(rise, "rise", "s")
    check_positive(pause, "gap", "s")
    given = RecordedRun(Path(run), denoise=denoise).pulses(cell)
    if given.amplitude.numel() == 0:
        raise ValueError(
            f"Argument `cell` must be a cell that was pulsed, but {cell} was not; take another."
        )
    time, voltage = pulse_train(
        given.amplitude, given.width, gap=pause, rise=edge
    )
    number = f"{given.amplitude.numel()} pulses of cell {cell}"
    if Path(out).suffix in _SPICE:
        _, gate = pulse_train(given.gate, given.width, gap=pause, rise=edge)
        text = pwl_subcircuit(
            time, {"te": voltage, "gate": gate}, title=f"mho: {number}"
        )
        _write(out, text, f"subcircuit `pulses` with {number}")
        return
    _write(
        out,
        pwl_text(time, voltage),
        f"{number}, {show(float(time[-1]), 's')} in all",
    )


def write_subckt(
    chip: str,
    *,
    driver: str,
    conductance: str | None,
    read_noise: bool,
    out: str,
) -> None:
    """Write a behavioural cell; see `mho export subckt --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: The file cannot be written.
    """
    check_choice(driver, "electronics", DRIVERS)
    one = _chip(chip, driver)
    text = cell_subcircuit(
        one, start=_start(one, conductance), read_noise=read_noise
    )
    _write(out, text, "subcircuit `cell`, ports te be gate")


def write_verilog_a(chip: str, *, conductance: str | None, out: str) -> None:
    """Write a Verilog-A module; see `mho export verilog-a --help`.

    Raises:
        ValueError: Bad input, in one sentence.
        OSError: The file cannot be written.
    """
    one = _chip(chip, "off_chip")
    text = verilog_a(one, start=_start(one, conductance))
    _write(out, text, f"module `{one.published.name}_cell`, ports te be gate")


def _chip(name: str, driver: str) -> Chip:
    check_preset(name, "chip")
    return Chip(name, driver=driver)


def _start(chip: Chip, text: str | None) -> float | None:
    if text is None:
        return None
    value = quantity(text, "start", "S")
    cell = chip.cell
    check_between(value, "start", cell.low, cell.high, "S")
    return value


def _write(out: str, text: str, what: str) -> None:
    path = Path(out)
    check_writable(path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, text.encode())
    print(f"{out}: {what}")


def _size(conductance: Tensor) -> str:
    rows, cols = conductance.shape
    return f"{rows}×{cols} cells, {int((conductance > 0).sum())} of them on"


def _law(cubic: Tensor | None) -> str:
    return "linear" if cubic is None else "I = G V (1 + c V^2)"
