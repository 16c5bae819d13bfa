"""Measured steps as tables: from files of labs to distributions at each amplitude."""

from mho.device.kinds.tables.lab_tables import LabSteps, lab_table
from mho.device.kinds.tables.step_files import has_titles, read_steps
from mho.device.kinds.tables.step_table import (
    LEVELS,
    NODES,
    Steps,
    StepTable,
    step_table,
)

__all__ = [
    "LEVELS",
    "NODES",
    "LabSteps",
    "StepTable",
    "Steps",
    "has_titles",
    "lab_table",
    "read_steps",
    "step_table",
]
