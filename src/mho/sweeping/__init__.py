"""What a result depends on: any field of a preset or a protocol over a grid."""

from mho.sweeping.fields import Subject
from mho.sweeping.grid import Axis, grid, parse_axis
from mho.sweeping.run import COLUMNS, Measure, check, measure
from mho.sweeping.table import Points, Row, to_csv, to_parquet
from mho.sweeping.unknowns import UNKNOWNS

__all__ = [
    "COLUMNS",
    "UNKNOWNS",
    "Axis",
    "Measure",
    "Points",
    "Row",
    "Subject",
    "check",
    "grid",
    "measure",
    "parse_axis",
    "to_csv",
    "to_parquet",
]
