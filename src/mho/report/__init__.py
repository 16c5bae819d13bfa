"""Figures and pages: what people see of a result."""

from mho.report.page import write_report

__all__ = [
    "write_report",
]
