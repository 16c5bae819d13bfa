"""What a result depends on: any field of a preset or a protocol over a grid.

Tables grow point by point and can be resumed; `UNKNOWNS` has the sweeps of what nobody states.
"""

from mho.sweeping.fields import Subject
from mho.sweeping.grid import Axis, grid_points, parse_axis
from mho.sweeping.run import COLUMNS, PointMeasure, check_sweep, measure_point
from mho.sweeping.swept import SweptPoint, subject_of, swept_point
from mho.sweeping.table import RESULT, Points, Row, to_csv, to_parquet
from mho.sweeping.unknowns import UNKNOWNS

__all__ = [
    "COLUMNS",
    "RESULT",
    "UNKNOWNS",
    "Axis",
    "PointMeasure",
    "Points",
    "Row",
    "Subject",
    "SweptPoint",
    "check_sweep",
    "grid_points",
    "measure_point",
    "parse_axis",
    "subject_of",
    "swept_point",
    "to_csv",
    "to_parquet",
]
