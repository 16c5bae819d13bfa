"""Many chips with one network: figure, and rows of the tables."""

import numpy as np
from matplotlib.figure import Figure

from mho.report.figures.style import BLACK, BLUE, ORANGE, Array, add_legend, new_figure
from mho.report.wording import number, quantity
from mho.runs import Batch, ChipFigures, Population

SUMMARY_COLUMNS = (
    "Programmed to",
    "Mean",
    "Standard deviation",
    "Lowest",
    "Highest",
    "Time per chip",
    "Energy per chip",
)
"""Headings of the table of all chips together."""

_CLOSE = 0.014
_LANE = 0.1
"""Distance below which dots would overlap, over the span of all, and between their lanes (1)."""


def population_figure(population: Population) -> Figure:
    """One dot for each chip, a row for each way to program them, software as a line.

    Args:
        population: Chips to show.
    """
    batches = population.batches
    figure = new_figure(1.1 + 0.8 * len(batches))
    axes = figure.subplots()
    values = [100 * np.array(batch.accuracies) for batch in batches]
    everything = np.concatenate([*values, [100 * population.software]])
    span = float(np.ptp(everything))
    for row, (batch, percent, colour) in enumerate(
        zip(batches, values, (BLUE, ORANGE), strict=False)
    ):
        mark = axes.errorbar(
            100 * batch.mean,
            row + 0.32,
            xerr=100 * batch.deviation,
            fmt="|",
            color=BLACK,
            capsize=3,
            markersize=9,
            elinewidth=1.0,
        )
        axes.plot(
            percent,
            row - side_by_side(percent, _CLOSE * span),
            "o",
            color=colour,
            markersize=5,
            alpha=0.8,
            markeredgewidth=0,
        )
    mark.set_label("mean ± standard deviation")
    axes.axvline(
        100 * population.software,
        color="#666666",
        linestyle=":",
        label="software",
        zorder=0.8,
    )
    axes.set_yticks(
        range(len(batches)), [batch.name.replace(", ", "\n") for batch in batches]
    )
    axes.set_ylim(len(batches) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Accuracy (%)")
    add_legend(axes, "one dot for each chip")
    return figure


def side_by_side(values: Array, close: float) -> Array:
    """Lanes for dots on a line, such that no two in one lane lie close; the rest stays in lane 0.

    Args:
        values: Where the dots lie. Shape (dots,).
        close: Distance at which they do not touch, in the unit of the values.

    Returns:
        Distance of each dot from the line (rows of the figure). Shape (dots,).
    """
    lanes = np.zeros_like(values)
    last: list[float] = []
    for dot in np.argsort(values, kind="stable"):
        free = [n for n, end in enumerate(last) if values[dot] - end > close]
        lane = free[0] if free else len(last)
        last[lane : lane + 1] = [values[dot]]
        lanes[dot] = lane
    # Many equal chips are drawn closer together rather than across the next row.
    return lanes * min(_LANE, 0.75 / max(1, len(last) - 1)) - 0.1


def summary_rows(population: Population) -> list[tuple[str, ...]]:
    """Rows of the table of all chips together: software, and each way to program them."""
    rows: list[tuple[str, ...]] = [
        ("in software", number(population.software, ".2%"), *("",) * 5)
    ]
    return rows + [_summary(batch) for batch in population.batches]


def _summary(batch: Batch) -> tuple[str, ...]:
    count = len(batch.chips)
    spent = batch.cost("programming")
    shares = (batch.mean, batch.deviation, min(batch.accuracies), max(batch.accuracies))
    return (
        batch.name,
        *(number(share, ".2%") for share in shares),
        quantity(spent.seconds / count, "s"),
        quantity(spent.joules / count, "J"),
    )


def chip_columns(population: Population) -> tuple[str, ...]:
    """Headings of the table of chips."""
    columns: tuple[str, ...] = ("Seed", "Cells stuck")
    for batch in population.batches:
        columns += (f"{batch.name}: accuracy", "over time", "Cells converged", "Energy")
    return columns


def chip_rows(population: Population) -> list[tuple[str, ...]]:
    """One row for each chip."""
    rows: list[tuple[str, ...]] = []
    for same in zip(*(batch.chips for batch in population.batches), strict=True):
        first = same[0]
        row: tuple[str, ...] = (
            number(first.seed, "d"),
            number(first.stuck_cells, ",d"),
        )
        for chip in same:
            row += _chip(chip)
        rows.append(row)
    return rows


def _chip(chip: ChipFigures) -> tuple[str, str, str, str]:
    return (
        number(chip.accuracy, ".2%"),
        f"{number(chip.lowest, '.2%')} to {number(chip.highest, '.2%')}",
        number(chip.converged_fraction, ".2%"),
        quantity(chip.programming.joules, "J"),
    )
