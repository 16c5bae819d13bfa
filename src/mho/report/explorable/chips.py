"""Many chips with one network, to choose among on a page."""

from typing import Any

from mho.report.chip_tables import chip_columns, chip_rows
from mho.runs import Population


def chips_shown(population: Population, metric: str) -> dict[str, Any]:
    """Every chip: what it reached in each way to program it, and its row of the table.

    Args:
        population: The chips.
        metric: Name of the score.

    Returns:
        What scripts draw, plain values.
    """
    factor = population.metric.factor
    return {
        "metric": metric,
        "unit": population.metric.unit,
        "software": factor * population.software,
        "seeds": [chip.seed for chip in population.programmed.chips],
        "ways": [
            {
                "name": batch.name,
                "scores": [
                    float(f"{factor * one:.6g}") for one in batch.scores
                ],
            }
            for batch in population.batches
        ],
        "columns": list(chip_columns(population)),
        "rows": [list(row) for row in chip_rows(population)],
    }
