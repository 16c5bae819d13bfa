"""Steps of conductance as somebody measured them: from a file to a table of distributions.

A file has one row for each pulse, with the unit of a column in its name:

    before_uS, after_uS, amplitude_V [, width_s] [, cell]

`_S`, `_uS` and `_nS` are understood; positive amplitudes SET. Lines that begin with `#` may carry
`name: value`, of which `read_noise_uS` counts. A `.npz` file has arrays of these names.

For each amplitude, rows are sorted by the conductance before and cut into bins of equal count. A
bin gives a node: its mean conductance, and 33 quantiles of the steps, at probabilities that are
even in standard deviations of a normal law, so that a normal law keeps its width. Where cells are
named, a cell's gain is what its steps add up to, over what the table of all cells expects.
"""

import csv
import math
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mho.checks import check_choice, one_line

Row = npt.NDArray[np.float64]

NODES = 32
"""Conductances of a table, for each amplitude (1)."""
LEVELS = 33
"""Quantiles at each of them (1): the least, 31 from −3 to 3 deviations of a normal law, the
largest."""
_LEAST_ROWS = 200
"""Rows of an amplitude below which there is no distribution to speak of (1)."""
_ROWS_OF_A_BIN = 100
_LEAST_BINS = 4
_ALIKE = 0.01
"""Relative difference up to which amplitudes count as one (1)."""
_MOST_VOLTS = 64
"""Amplitudes of a table at most (1)."""
_LARGEST_NUMBER = 1e6
"""Volts, siemens and their like stay below (1)."""
_LARGEST = 2**30
"""Bytes of a file, unpacked, at most."""
_UNITS = {"S": 1.0, "uS": 1e-6, "nS": 1e-9}
_TITLES = ("before_uS", "after_uS", "amplitude_V", "width_s", "cell")
_REQUIRED = ("before", "after", "amplitude")


@dataclass(frozen=True, slots=True)
class Steps:
    """Rows of a file.

    Args:
        before: Conductance before each pulse (S).
        after: Conductance after it (S).
        amplitude: Its amplitude (V).
        width: Its duration (s); NaN if not stated.
        cell: Number of the cell; all 0 if not stated (1).
        read_noise: Standard deviation of one read (S).
    """

    before: Row
    after: Row
    amplitude: Row
    width: Row
    cell: npt.NDArray[np.int64]
    read_noise: float = 0.0


@dataclass(frozen=True, slots=True)
class StepTable:
    """Distributions of steps, one for each amplitude and node.

    Args:
        volts: Amplitudes, falling ones first (V).
        nodes: Conductances for each, rising (S). `NODES` of each amplitude.
        steps: Quantiles of the step at each node (S). `LEVELS` of each node.
        width: Duration of all pulses (s); 0 if not stated.
        gain_spread: Standard deviation of the logarithm of a cell's gain (1).
        knows_cells: Whether the file names cells.
    """

    volts: tuple[float, ...]
    nodes: tuple[tuple[float, ...], ...]
    steps: tuple[tuple[tuple[float, ...], ...], ...]
    width: float
    gain_spread: float
    knows_cells: bool

    def as_lists(
        self,
    ) -> tuple[list[float], list[list[float]], list[list[list[float]]]]:
        """Amplitudes, nodes and quantiles as plain lists, without repeated last nodes."""
        counts = [
            _own(nodes, steps)
            for nodes, steps in zip(self.nodes, self.steps, strict=True)
        ]
        nodes = [list(n[:k]) for n, k in zip(self.nodes, counts, strict=True)]
        steps = [
            [list(one) for one in s[:k]]
            for s, k in zip(self.steps, counts, strict=True)
        ]
        return list(self.volts), nodes, steps

    @staticmethod
    def of_lists(
        volts: object,
        nodes: object,
        steps: object,
        *,
        width: float,
        gain_spread: float,
        knows_cells: bool,
    ) -> "StepTable":
        """The table of what `as_lists` gave, from wherever it comes.

        Raises:
            ValueError: It is no table; with the rest of a sentence.
        """
        amplitudes = _numbers(volts, "the amplitudes", 1)
        rising = np.all(np.diff(amplitudes) > 0)
        if not rising or amplitudes[0] >= 0 or amplitudes[-1] <= 0:
            raise ValueError("its amplitudes do not rise from below 0 to above")
        if np.any(amplitudes == 0) or amplitudes.size > _MOST_VOLTS:
            raise ValueError("its amplitudes are 0, or too many")
        count = amplitudes.size
        lists = (nodes, steps)
        if not all(
            isinstance(one, list) and len(one) == count for one in lists
        ):
            raise ValueError("it has not nodes and steps for each amplitude")
        assert isinstance(nodes, list)
        assert isinstance(steps, list)
        pairs = [_entry(n, s) for n, s in zip(nodes, steps, strict=True)]
        return StepTable(
            tuple(amplitudes.tolist()),
            tuple(pair[0] for pair in pairs),
            tuple(pair[1] for pair in pairs),
            width,
            gain_spread,
            knows_cells,
        )


def _own(nodes: tuple[float, ...], steps: tuple[tuple[float, ...], ...]) -> int:
    """How many nodes there are without the repeated last one (1)."""
    count = len(nodes)
    while count > 1 and (nodes[count - 2], steps[count - 2]) == (
        nodes[-1],
        steps[-1],
    ):
        count -= 1
    return count


def _numbers(said: object, what: str, ndim: int) -> Row:
    """Finite numbers of nested lists.

    Raises:
        ValueError: They are none, or lists of different length.
    """
    try:
        found = np.asarray(said, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.empty(0)
    fits = isinstance(said, list) and found.ndim == ndim and found.size > 0
    if not fits or not np.all(np.abs(found) < _LARGEST_NUMBER):
        raise ValueError(f"{what} are no numbers")
    return found


def _entry(
    nodes: object, steps: object
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Nodes and quantiles of one amplitude, as many as every amplitude has."""
    places = _numbers(nodes, "the nodes of an amplitude", 1)
    table = _numbers(steps, "the steps of an amplitude", 2)
    if places.size > NODES or table.shape != (places.size, LEVELS):
        raise ValueError(
            f"an amplitude has not 1 to {NODES} nodes with {LEVELS} steps each"
        )
    if np.any(np.diff(places) < 0) or places[0] < 0:
        raise ValueError("nodes fall, or are below 0 S")
    if np.any(np.diff(table, axis=1) < 0):
        raise ValueError("steps of a node fall")
    more = NODES - places.size
    some = [tuple(row) for row in table.tolist()]
    return (
        tuple(places.tolist() + places[-1:].tolist() * more),
        tuple(some + some[-1:] * more),
    )


def has_titles(path: Path) -> bool:
    """Whether a file has the columns that a table of steps needs, by their names alone."""
    try:
        columns, _ = (
            _from_npz(path) if path.suffix == ".npz" else _from_csv(path)
        )
    except (ValueError, OSError, zipfile.BadZipFile):
        return False
    names = {title.rpartition("_")[0] for title in columns}
    return {*_REQUIRED} <= names


def read_steps(path: Path) -> Steps:
    """The rows of a file.

    Raises:
        ValueError: It cannot be read, lacks a column, or has a row that makes no sense.
    """
    try:
        columns, notes = (
            _from_npz(path) if path.suffix == ".npz" else _from_csv(path)
        )
    except (OSError, UnicodeDecodeError, zipfile.BadZipFile) as error:
        what = getattr(error, "strerror", None) or "it is of another kind"
        raise ValueError(
            f"File `{path}` must be a table of steps, but cannot be read ({what})."
        ) from error
    named = {_name(title, path): title for title in columns}
    for name, title in zip(_REQUIRED, _TITLES, strict=False):
        if name not in named:
            has = ", ".join(f"`{one_line(title)}`" for title in columns)
            raise ValueError(
                f"File `{path}` must have a column `{title}`, but has {has or 'none'}."
            )
    count = len(columns[named["before"]])
    given = {
        name: columns[title] * _UNITS.get(title.rpartition("_")[2], 1.0)
        for name, title in named.items()
    }
    steps = Steps(
        given["before"],
        given["after"],
        given["amplitude"],
        given.get("width", np.full(count, np.nan)),
        given.get("cell", np.zeros(count)).astype(np.int64),
        notes.get("read_noise_uS", 0.0) * 1e-6,
    )
    _check(steps, path)
    return steps


def _name(title: str, path: Path) -> str:
    """A column's name without its unit.

    Raises:
        ValueError: It is none that a table of steps has.
    """
    units = {"before": _UNITS, "after": _UNITS, "amplitude": "V", "width": "s"}
    name, _, unit = title.rpartition("_")
    if title == "cell" or (name in units and unit in units[name]):
        return name or title
    try:
        check_choice(one_line(title), "column", _TITLES)
    except ValueError as error:
        raise ValueError(f"In `{path}`: {error}") from None
    return title


def _from_csv(path: Path) -> tuple[dict[str, Row], dict[str, float]]:
    """Columns by their titles, and numbers in comments."""
    notes: dict[str, float] = {}
    rows: list[tuple[int, str]] = []
    text = path.read_text(encoding="utf-8-sig")
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#"):
            name, _, value = line.lstrip("# \t").partition(":")
            notes |= _noted(name.strip(), value)
        elif line.strip():
            rows.append((number, line))
    cells = list(csv.reader(line for _, line in rows))
    titles = [title.strip() for title in cells[0]] if cells else []
    table = np.empty((max(len(cells) - 1, 0), len(titles)))
    for place, words in enumerate(cells[1:]):
        try:
            table[place] = [float(word) for word in words]
        except ValueError:
            line_number = rows[place + 1][0]
            raise ValueError(
                f"File `{path}` must have {len(titles)} numbers in every row, but line"
                f" {line_number} is `{one_line(rows[place + 1][1])[:60]}`."
            ) from None
    return dict(zip(titles, table.T, strict=True)), notes


def _noted(name: str, value: str) -> dict[str, float]:
    try:
        return {name: float(value)}
    except ValueError:
        return {}


def _from_npz(path: Path) -> tuple[dict[str, Row], dict[str, float]]:
    """Columns by the names of arrays, and what is a single number."""
    with zipfile.ZipFile(path) as archive:
        size = sum(member.file_size for member in archive.infolist())
    if size > _LARGEST:
        raise ValueError(
            f"File `{path}` must hold 1 GiB at most, but holds {size / 2**30:.1f} GiB."
        )
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name].astype(float) for name in arrays.files}
    except ValueError as error:
        raise ValueError(
            f"File `{path}` must hold arrays of numbers, but does not."
        ) from error
    columns = {name: array for name, array in found.items() if array.ndim == 1}
    if len({array.size for array in columns.values()}) > 1:
        raise ValueError(
            f"File `{path}` must hold arrays of one length, but theirs differ."
        )
    notes = {n: float(a) for n, a in found.items() if a.ndim == 0}
    return columns, notes


def _check(steps: Steps, path: Path) -> None:
    """Refuse rows that make no sense, by their number."""
    where = f"File `{path}` must"
    for name in _REQUIRED:
        values = getattr(steps, name)
        bad = ~np.isfinite(values)
        if name != "amplitude":
            bad |= values < 0
        if bad.any():
            row = int(bad.argmax())
            raise ValueError(
                f"{where} have finite conductances that are not negative, and finite amplitudes,"
                f" but `{name}` of row {row + 1} is {values[row]:g}."
            )
    for sign, what, cannot in ((1, "SET", "raise"), (-1, "RESET", "lower")):
        if not (np.sign(steps.amplitude) == sign).any():
            raise ValueError(
                f"{where} have pulses of both polarities, but has no {what} pulses; a loop could"
                f" not {cannot} a cell."
            )
    if not 0 <= steps.read_noise < 1:
        raise ValueError(
            f"{where} have a `read_noise_uS` that is not negative."
        )
    widths = steps.width[np.isfinite(steps.width)]
    if widths.size and not np.ptp(widths) <= _ALIKE * widths.max():
        raise ValueError(
            f"{where} have pulses of one width, but has {widths.min():g} to {widths.max():g} s;"
            " write one file for each width."
        )


def step_table(steps: Steps, path: Path) -> StepTable:
    """Distributions of steps.

    Args:
        steps: Rows of a file.
        path: The file, for errors.

    Raises:
        ValueError: An amplitude has too few rows.
    """
    table = _binned(steps, path)
    cells = np.unique(steps.cell)
    if cells.size < 2:
        return table
    log_gains, errors = _log_gains(steps, table, cells)
    place = np.searchsorted(cells, steps.cell)
    gain = np.exp(log_gains)[place]
    alike = replace(
        steps, after=steps.before + (steps.after - steps.before) / gain
    )
    spread = float(log_gains.var(ddof=1) - np.mean(errors**2))
    return replace(
        _binned(alike, path),
        gain_spread=math.sqrt(max(spread, 0.0)),
        knows_cells=True,
    )


def _log_gains(
    steps: Steps, table: StepTable, cells: npt.NDArray[np.int64]
) -> tuple[Row, Row]:
    """Logarithm of each cell's gain, with the typical one at 0, and its standard error."""
    moved = steps.after - steps.before
    expected = np.empty_like(moved)
    for k, some in enumerate(_groups(steps.amplitude)):
        middle = np.array(table.steps[k])[:, 1:-1].mean(1)
        expected[some] = np.interp(steps.before[some], table.nodes[k], middle)
    gains = np.empty(cells.size)
    errors = np.empty(cells.size)
    for i, cell in enumerate(cells):
        mine = steps.cell == cell
        along = np.sign(expected[mine])
        whole = np.abs(expected[mine]).sum()
        gains[i] = (along * moved[mine]).sum() / whole
        off = moved[mine] - gains[i] * expected[mine]
        errors[i] = math.sqrt(float((off**2).sum())) / whole
    gains = np.maximum(gains, 0.01)
    return np.log(gains / np.median(gains)), errors / gains


def _groups(amplitude: Row) -> list[npt.NDArray[np.int64]]:
    """Rows of each amplitude, falling ones first; those that are alike count as one."""
    order = np.argsort(amplitude, kind="stable")
    apart = np.diff(amplitude[order]) > _ALIKE * np.abs(amplitude[order][1:])
    return [np.sort(g) for g in np.split(order, np.flatnonzero(apart) + 1)]


def _binned(steps: Steps, path: Path) -> StepTable:
    """Nodes and quantiles for each amplitude."""
    volts = []
    nodes = []
    quantiles = []
    for rows in _groups(steps.amplitude):
        mean = float(steps.amplitude[rows].mean())
        if rows.size < _LEAST_ROWS:
            raise ValueError(
                f"File `{path}` must have {_LEAST_ROWS} rows of every amplitude, but has"
                f" {rows.size} at {mean:g} V; measure more, or leave them out."
            )
        volts.append(mean)
        own_nodes, own_steps = _one_amplitude(
            steps.before[rows], steps.after[rows], steps.read_noise
        )
        nodes.append(own_nodes)
        quantiles.append(own_steps)
    width = steps.width[np.isfinite(steps.width)]
    return StepTable(
        tuple(volts),
        tuple(nodes),
        tuple(quantiles),
        float(width.mean()) if width.size else 0.0,
        0.0,
        False,
    )


def _one_amplitude(
    before: Row, after: Row, read_noise: float
) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Nodes and quantiles; the last node is repeated until there are `NODES`."""
    # by both, so that the order of rows in the file does not matter
    order = np.lexsort((after, before))
    count = min(max(before.size // _ROWS_OF_A_BIN, _LEAST_BINS), NODES)
    levels = probabilities()
    nodes = []
    steps = []
    for rows in np.array_split(order, count):
        moved = after[rows] - before[rows]
        found = np.quantile(moved, levels)
        if read_noise > 0:
            # two reads are in every difference
            true = max(float(moved.var()) - 2 * read_noise**2, 0.0)
            middle = found[LEVELS // 2]
            found = middle + (found - middle) * math.sqrt(
                true / float(moved.var())
            )
        nodes.append(float(before[rows].mean()))
        steps.append(tuple(found.tolist()))
    more = NODES - count
    return (
        tuple(nodes + nodes[-1:] * more),
        tuple(steps + steps[-1:] * more),
    )


def probabilities() -> Row:
    """Probabilities of the quantiles of a table (1). Shape (LEVELS,)."""
    z = np.linspace(-3, 3, LEVELS - 2)
    inner = [0.5 * (1 + math.erf(x / math.sqrt(2))) for x in z]
    return np.array([0.0, *inner, 1.0])
