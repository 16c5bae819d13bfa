"""What stands around a tile: converters, front ends, encodings of inputs, limits of lines."""

from mho.chip.periphery.calibration import fit_full_scale, measure_inl
from mho.chip.periphery.converters import Converter, SignedConverter
from mho.chip.periphery.encoding import InputEncoding, row_groups
from mho.chip.periphery.front_end import Integrator, Transimpedance
from mho.chip.periphery.inl_tables import inl_from_dnl
from mho.chip.periphery.limits import (
    LimitReport,
    LineLimits,
    line_currents,
    metal_limit,
)
from mho.chip.periphery.periphery import Periphery
from mho.chip.periphery.signal_histogram import Magnitudes

__all__ = [
    "Converter",
    "InputEncoding",
    "Integrator",
    "LimitReport",
    "LineLimits",
    "Magnitudes",
    "Periphery",
    "SignedConverter",
    "Transimpedance",
    "fit_full_scale",
    "inl_from_dnl",
    "line_currents",
    "measure_inl",
    "metal_limit",
    "row_groups",
]
