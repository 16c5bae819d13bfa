"""Figures derived from measured changes of waiting cells (key: levy2021, technology C).

Computed from the cells of even number, levels 1 to 31 of 32, from the conductance when written to
that at each reading. Statistics alone: the readings are with their author, under the MIT licence.
"""

from typing import NamedTuple

TIMES = (0.01, 0.1, 1.0, 4.0, 1e5)
"""Nominal times after writing (s)."""
QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)
"""Which quantiles the figures have (1)."""


class Measured(NamedTuple):
    """The change of cells of some levels at one time.

    Args:
        lowest: Lowest conductance when written (µS).
        highest: Highest one (µS).
        time: Time after writing (s).
        cells: Cells read (1).
        mean: Mean change (µS).
        spread: Its standard deviation (µS).
        kurtosis: Its kurtosis, 3 for a normal law (1).
    """

    lowest: float
    highest: float
    time: float
    cells: int
    mean: float
    spread: float
    kurtosis: float


class OfAll(NamedTuple):
    """The change of cells of all levels at one time.

    Args:
        spread: Its standard deviation (µS).
        kurtosis: Its kurtosis (1).
        quantiles: Its quantiles (µS). Shape (quantiles,).
        errors: Their standard errors, by drawing cells again (µS). Shape (quantiles,).
    """

    spread: float
    kurtosis: float
    quantiles: tuple[float, ...]
    errors: tuple[float, ...]


BY_LEVEL = (
    Measured(1.25, 5, 0.01, 793, 0.08, 0.70, 42.1),
    Measured(1.25, 5, 0.1, 794, 0.17, 1.27, 36.8),
    Measured(1.25, 5, 1, 794, 0.32, 1.83, 20.0),
    Measured(1.25, 5, 4, 788, 0.41, 1.99, 18.3),
    Measured(1.25, 5, 100000, 794, 0.54, 2.46, 9.9),
    Measured(5, 10, 0.01, 984, 0.06, 1.06, 35.7),
    Measured(5, 10, 0.1, 985, 0.06, 1.74, 13.3),
    Measured(5, 10, 1, 985, 0.07, 2.27, 7.7),
    Measured(5, 10, 4, 723, -0.24, 2.30, 8.1),
    Measured(5, 10, 100000, 985, -0.33, 3.36, 6.2),
    Measured(10, 15, 0.01, 995, -0.07, 0.96, 19.2),
    Measured(10, 15, 0.1, 997, -0.17, 1.86, 11.8),
    Measured(10, 15, 1, 997, -0.22, 2.34, 7.6),
    Measured(10, 15, 4, 353, -0.64, 2.86, 4.9),
    Measured(10, 15, 100000, 997, -1.16, 3.98, 5.2),
    Measured(15, 20, 0.01, 999, -0.07, 1.24, 24.9),
    Measured(15, 20, 0.1, 1000, -0.26, 1.90, 13.6),
    Measured(15, 20, 1, 1000, -0.39, 2.31, 10.0),
    Measured(15, 20, 4, 374, -0.63, 2.86, 10.0),
    Measured(15, 20, 100000, 1000, -2.13, 4.00, 3.9),
    Measured(20, 25, 0.01, 1069, -0.11, 0.95, 23.7),
    Measured(20, 25, 0.1, 1070, -0.30, 1.74, 14.9),
    Measured(20, 25, 1, 1070, -0.48, 2.29, 10.8),
    Measured(20, 25, 4, 367, -0.66, 2.64, 11.5),
    Measured(20, 25, 100000, 1070, -2.12, 3.84, 4.9),
    Measured(25, 30, 0.01, 1044, -0.03, 0.90, 42.1),
    Measured(25, 30, 0.1, 1046, -0.21, 1.51, 17.3),
    Measured(25, 30, 1, 1046, -0.46, 1.96, 20.4),
    Measured(25, 30, 4, 374, -0.63, 2.20, 25.8),
    Measured(25, 30, 100000, 1046, -2.11, 3.83, 8.4),
    Measured(30, 35, 0.01, 1048, -0.08, 0.82, 10.3),
    Measured(30, 35, 0.1, 1048, -0.30, 1.44, 15.7),
    Measured(30, 35, 1, 1048, -0.54, 1.87, 10.0),
    Measured(30, 35, 4, 314, -0.72, 2.15, 5.3),
    Measured(30, 35, 100000, 1048, -2.19, 3.40, 7.2),
    Measured(35, 40, 0.01, 905, -0.07, 0.71, 9.0),
    Measured(35, 40, 0.1, 905, -0.18, 1.16, 9.4),
    Measured(35, 40, 1, 905, -0.36, 1.55, 8.9),
    Measured(35, 40, 4, 310, -0.56, 1.71, 5.1),
    Measured(35, 40, 100000, 905, -2.03, 3.33, 20.1),
)
"""Eight ranges of conductance at five times."""

OF_ALL = {
    0.01: OfAll(
        0.94,
        30.4,
        (-3.03, -1.28, -0.01, 1.12, 2.78),
        (0.14, 0.04, 0.00, 0.04, 0.13),
    ),
    0.1: OfAll(
        1.62,
        16.3,
        (-5.65, -2.48, -0.07, 1.97, 4.61),
        (0.38, 0.08, 0.01, 0.08, 0.21),
    ),
    1: OfAll(
        2.10,
        11.9,
        (-6.74, -3.44, -0.19, 2.72, 5.84),
        (0.26, 0.09, 0.02, 0.08, 0.30),
    ),
    4: OfAll(
        2.37,
        12.0,
        (-7.79, -3.87, -0.20, 3.03, 6.51),
        (0.40, 0.13, 0.02, 0.13, 0.44),
    ),
    100000: OfAll(
        3.71,
        7.6,
        (-12.66, -7.89, -1.17, 3.79, 7.39),
        (0.37, 0.18, 0.04, 0.12, 0.39),
    ),
}
"""All of them together, by time."""

RANKS = {
    (0.01, 0.1): 0.40,
    (0.01, 1.0): 0.27,
    (0.01, 1e5): 0.12,
    (0.1, 1.0): 0.55,
    (0.1, 1e5): 0.22,
    (1.0, 1e5): 0.33,
}
"""Correlation of the cells' ranks within a level, as normal scores, from time to time (1)."""
