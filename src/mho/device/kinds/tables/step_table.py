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

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
