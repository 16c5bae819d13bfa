"""Tables of many chips with one network."""

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


def summary_rows(population: Population) -> list[tuple[str, ...]]:
    """Rows of the table of all chips together: software, and each way to program them."""
    rows: list[tuple[str, ...]] = [
        ("in software", number(population.software, ".2%"), *("",) * 5)
    ]
    return rows + [_summary(batch) for batch in population.batches]


def _summary(batch: Batch) -> tuple[str, ...]:
    count = len(batch.chips)
    spent = batch.cost("programming")
    return (
        batch.name,
        number(batch.mean, ".2%"),
        number(batch.deviation, ".2%"),
        number(min(batch.accuracies), ".2%"),
        number(max(batch.accuracies), ".2%"),
        quantity(spent.seconds / count, "s"),
        quantity(spent.joules / count, "J"),
    )


def chip_columns(population: Population) -> tuple[str, ...]:
    """Headings of the table of chips."""
    columns: tuple[str, ...] = ("Seed", "Cells stuck")
    for batch in population.batches:
        columns += (
            f"{batch.name}: accuracy",
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
