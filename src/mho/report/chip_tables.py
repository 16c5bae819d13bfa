"""Tables of many chips with one network."""

from mho.data import Metric
from mho.report.wording import number, quantity, scored
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


def summary_rows(population: Population) -> list[tuple[str, ...]]:
    """Rows of the table of all chips together: software, and each way to program them."""
    rows: list[tuple[str, ...]] = [
        (
            "in software",
            scored(population.software, population.metric),
            *("",) * 5,
        )
    ]
    return rows + [
        _summary(batch, population.metric) for batch in population.batches
    ]


def _summary(batch: Batch, metric: Metric) -> tuple[str, ...]:
    count = len(batch.chips)
    spent = batch.cost("programming")
    return (
        batch.name,
        scored(batch.mean, metric),
        scored(batch.deviation, metric),
        scored(min(batch.scores), metric),
        scored(max(batch.scores), metric),
        quantity(spent.seconds / count, "s"),
        quantity(spent.joules / count, "J"),
    )


def chip_columns(population: Population) -> tuple[str, ...]:
    """Headings of the table of chips."""
    columns: tuple[str, ...] = ("Seed", "Cells stuck")
    for batch in population.batches:
        columns += (
            f"{batch.name}: {population.metric.name}",
            "over time",
            "Cells converged",
            "Energy",
        )
    return columns


def chip_rows(population: Population) -> list[tuple[str, ...]]:
    """One row for each chip."""
    rows: list[tuple[str, ...]] = []
    # the same chip, programmed in each of the ways
    for ways in zip(
        *(batch.chips for batch in population.batches), strict=True
    ):
        first = ways[0]
        row: tuple[str, ...] = (
            number(first.seed, "d"),
            number(first.stuck_cells, ",d"),
        )
        for chip in ways:
            row += _chip(chip, population.metric)
        rows.append(row)
    return rows


def _chip(chip: ChipFigures, metric: Metric) -> tuple[str, str, str, str]:
    return (
        scored(chip.score, metric),
        f"{scored(chip.lowest, metric)} to {scored(chip.highest, metric)}",
        number(chip.converged_fraction, ".2%"),
        quantity(chip.programming.joules, "J"),
    )
