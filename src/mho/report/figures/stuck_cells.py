"""Figure of accuracy against the share of stuck cells."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from mho.report.figures.style import BLUE, GREEN, VERMILLION, new_figure
from mho.runs import REMEDIES, YieldPoint

_LABELS = {
    "none": "as programmed",
    "partners": "partners and polarities",
    "mapped": "surveyed, mapped around",
}


def yield_figure(points: Sequence[YieldPoint], software: float) -> Figure:
    """Mean accuracy of each remedy, with the worst and the best chip.

    Args:
        points: Chips.
        software: Accuracy of the network itself (1).
    """
    figure = new_figure(3.4)
    panel = figure.subplots()
    for remedy, colour, mark in zip(
        REMEDIES, (VERMILLION, BLUE, GREEN), "^so", strict=True
    ):
        own: dict[float, list[float]] = {}
        for point in points:
            if point.remedy == remedy:
                own.setdefault(100 * point.stuck_fraction, []).append(
                    100 * point.accuracy
                )
        stuck = sorted(own)
        if not stuck:
            continue
        mean = [sum(own[x]) / len(own[x]) for x in stuck]
        down = [m - min(own[x]) for m, x in zip(mean, stuck, strict=True)]
        up = [max(own[x]) - m for m, x in zip(mean, stuck, strict=True)]
        panel.errorbar(
            stuck,
            mean,
            [down, up],
            fmt=f"{mark}-",
            color=colour,
            capsize=3,
            label=_LABELS[remedy],
        )
    panel.axhline(
        100 * software, color="#888888", linewidth=1, linestyle=":", label="software"
    )
    panel.set_xlabel("Stuck cells (%)")
    panel.set_ylabel("Accuracy (%)")
    panel.legend(loc="best")
    return figure
