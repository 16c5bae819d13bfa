"""Figures of what labs have measured, one for each kind of measurement, beside its numbers.

They are drawn in the style of all figures; what they show comes from `mho.measured`.
"""

from mho.report.lab.measured import measured_figure

__all__ = ["measured_figure"]
