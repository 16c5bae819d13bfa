"""Stores of ArC TWO: the history of every crosspoint, its experiments, and the last raster."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from mho.measured.formats.hdf5_contents import Contents
from mho.measured.sheets import Column, Sheet

Values = npt.NDArray[np.float64]

_READ = 1
_PULSE = 2
_CROSSPOINT = re.compile(r"W(\d{1,5})B(\d{1,5})")


def arc_two_sheet(contents: Contents, kind: str | None) -> tuple[Sheet, str]:
    """The table of one kind of measurement, and that kind.

    Pulses if the histories hold any, else the raster of the array; sweeps and waits are those of
    the experiments.

    Args:
        contents: The open file.
        kind: Kind that is asked for; `None` for what there is.

    Raises:
        ValueError: The file holds none of that kind.
    """
    histories = list(_histories(contents))
    pulsed = any(
        ((ops.astype(int) & _PULSE) != 0).any()
        for _, _, table in histories
        for ops in [table["op_type"]]
    )
    chosen = kind or ("pulses" if pulsed else "map")
    if chosen == "pulses":
        return _pulses(contents, histories), chosen
    if chosen == "sweeps":
        return _experiments(contents, "voltage", chosen), chosen
    if chosen in ("waits", "trace"):
        return _experiments(contents, "tstamp_s", chosen), chosen
    return _raster(contents), "map"


def _histories(contents: Contents) -> Any:
    """Word, bit and table of each crosspoint."""
    group = contents.group("crosspoints")
    for name, point in contents.members(group) if group is not None else ():
        found = _CROSSPOINT.fullmatch(name)
        if found is None or not hasattr(point, "keys"):
            continue
        for inner, dataset in contents.members(point):
            if inner != "timeseries" or not hasattr(dataset, "dtype"):
                continue
            table = contents.read(dataset, _rows(dataset))
            needed = {
                "current",
                "voltage",
                "pulse_width",
                "read_voltage",
                "op_type",
            }
            if table is not None and needed <= set(table.dtype.names or ()):
                yield int(found[1]), int(found[2]), table


def _rows(dataset: Any) -> int | None:
    """How many rows of a table are filled: it is longer than what was written."""
    count = dataset.attrs.get("NROWS")
    if not isinstance(count, int | np.integer):
        return None
    return int(min(max(int(count), 0), dataset.shape[0]))


def _pulses(contents: Contents, histories: list[tuple[int, int, Any]]) -> Sheet:
    """A line a reading; a pulse goes with the reading after it."""
    parts = []
    lost = 0
    for word, bit, table in histories:
        part, several = _history(table)
        lost += several
        cell = np.full((len(part), 2), (word, bit), dtype=np.float64)
        parts.append(np.concatenate((cell, part), 1))
    if not parts or not sum(map(len, parts)):
        raise ValueError(
            f"File `{contents.path}` must hold a reading, but holds none."
        )
    whole = np.concatenate(parts)
    names = (
        ("wordline", ""),
        ("bitline", ""),
        ("conductance", "S"),
        ("amplitude", "V"),
        ("width", "s"),
    )
    remarks = contents.remarks()
    if lost:
        remarks = (
            *remarks,
            f"{lost:,} readings come after several pulses at once; those pulses were left out",
        )
    return _sheet(contents, names, whole, remarks)


def _history(table: Any) -> tuple[Values, int]:
    """Conductance, amplitude and width by reading, and how many came after several pulses."""
    ops = table["op_type"].astype(np.int64)
    current = table["current"].astype(np.float64)
    read_voltage = table["read_voltage"].astype(np.float64)
    amplitude = table["voltage"].astype(np.float64)
    width = table["pulse_width"].astype(np.float64)
    rows: list[tuple[float, float, float]] = []
    waiting: list[int] = []
    several = 0
    for row, op in enumerate(ops):
        if op & _PULSE:
            waiting.append(row)
        if not op & _READ:
            continue
        read = current[row] / read_voltage[row] if read_voltage[row] else np.nan
        if len(waiting) == 1:
            rows.append((read, amplitude[waiting[0]], width[waiting[0]]))
        else:
            several += len(waiting) > 1
            rows.append((read, 0.0, 0.0))
        waiting = []
    return np.array(rows, dtype=np.float64).reshape(-1, 3), several


def _sheet(
    contents: Contents,
    names: tuple[tuple[str, str], ...],
    values: Values,
    remarks: tuple[str, ...],
) -> Sheet:
    columns = tuple(
        Column(name, unit, np.ascontiguousarray(values[:, place]))
        for place, (name, unit) in enumerate(names)
    )
    return Sheet(
        contents.path.name,
        columns,
        np.arange(1, len(values) + 1),
        True,
        remarks,
    )


def _experiments(contents: Contents, field: str, kind: str) -> Sheet:
    """Tables of all experiments that have a column, each a sweep or a cell of its own."""
    parts = []
    group = contents.group("crosspoints")
    number = 0
    for name, point in contents.members(group) if group is not None else ():
        found = _CROSSPOINT.fullmatch(name)
        if found is None or not hasattr(point, "keys"):
            continue
        for table in _tables(contents, point):
            if (
                field not in (table.dtype.names or ())
                or "current" not in table.dtype.names
            ):
                continue
            where = np.full(
                (len(table), 3),
                (int(found[1]), int(found[2]), number),
                dtype=float,
            )
            parts.append(
                np.concatenate((where, _of_experiment(table, field)), 1)
            )
            number += 1
    if not parts:
        raise ValueError(
            f"File `{contents.path}` must hold experiments of `{kind}`, but holds none; see"
            " `--as pulses` and `--as map`."
        )
    places = (("wordline", ""), ("bitline", ""), ("sweep", ""))
    names = (
        (("voltage", "V"), ("current", "A"))
        if field == "voltage"
        else (("time", "s"), ("conductance", "S"))
    )
    return _sheet(
        contents, (*places, *names), np.concatenate(parts), contents.remarks()
    )


def _tables(contents: Contents, point: Any) -> Any:
    """Tables of the experiments of one crosspoint."""
    for name, group in contents.members(point):
        if name != "experiments" or not hasattr(group, "keys"):
            continue
        for _, dataset in contents.members(group):
            if hasattr(dataset, "dtype") and dataset.ndim == 1:
                table = contents.read(dataset, _rows(dataset))
                if table is not None:
                    yield table


def _of_experiment(table: Any, field: str) -> Values:
    """The two columns of an experiment."""
    current = table["current"].astype(np.float64)
    if field == "voltage":
        return np.stack((table["voltage"].astype(np.float64), current), 1)
    seconds = table["tstamp_s"].astype(np.float64)
    if "tstamp_us" in table.dtype.names:
        seconds = (
            seconds
            - seconds.min(initial=np.inf)
            + 1e-6 * table["tstamp_us"].astype(np.float64)
        )
    volts = (
        table["read_voltage"].astype(np.float64)
        if "read_voltage" in table.dtype.names
        else np.full(len(table), np.nan)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        read = np.where(volts == 0, np.nan, current / volts)
    return np.stack((seconds - seconds.min(initial=np.inf), read), 1)


def _raster(contents: Contents) -> Sheet:
    """The last reading of every crosspoint."""
    group = contents.group("crossbar")
    found = {}
    for name, dataset in contents.members(group) if group is not None else ():
        if name in ("current", "voltage") and hasattr(dataset, "dtype"):
            found[name] = contents.read(dataset)
    if any(found.get(name) is None for name in ("current", "voltage")):
        raise ValueError(
            f"File `{contents.path}` must hold a raster of the array, but holds none."
        )
    current = np.asarray(found["current"], dtype=np.float64)
    volts = np.asarray(found["voltage"], dtype=np.float64)
    if current.shape != volts.shape or current.ndim != 2:
        raise ValueError(
            f"File `{contents.path}` must have currents and voltages of one shape, but has not."
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        read = np.where(volts == 0, np.nan, current / volts)
    # stored by bit and word; rows of a map are word lines
    grid = read.T
    columns = tuple(
        Column(str(number + 1), "S", np.ascontiguousarray(grid[:, number]))
        for number in range(grid.shape[1])
    )
    return Sheet(
        contents.path.name,
        columns,
        np.arange(1, len(grid) + 1),
        False,
        contents.remarks(),
    )
