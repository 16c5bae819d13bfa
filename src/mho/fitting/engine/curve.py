"""Data against fit, for figures."""

from dataclasses import dataclass

from mho.fitting.engine.law import Row


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """What was measured and what a fitted law says, over one quantity.

    Args:
        title: What is shown.
        x_label: Quantity and unit of the abscissa.
        y_label: Quantity and unit of the ordinate.
        x: Where there are data, in that unit. Shape (points,).
        y: Data, in that unit. Shape (points,).
        fit_x: Where the law is shown. Shape (places,).
        fit: What it says there. Shape (places,).
        low: Lower edge of the band in which it expects 95 % of data; empty for none.
        high: Upper edge.
    """

    title: str
    x_label: str
    y_label: str
    x: Row
    y: Row
    fit_x: Row
    fit: Row
    low: Row
    high: Row

    def as_json(self) -> dict[str, object]:
        """All of it, six digits each, ready for JSON."""
        words = {
            "title": self.title,
            "x_label": self.x_label,
            "y_label": self.y_label,
        }
        rows = ("x", "y", "fit_x", "fit", "low", "high")
        return words | {
            name: [float(f"{one:.6g}") for one in getattr(self, name)]
            for name in rows
        }
