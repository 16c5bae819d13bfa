"""To and from circuit simulators: netlists, waveforms, compact models, raw files."""

from mho.spice.netlist import tile_netlist, tile_subcircuit
from mho.spice.pulse_sources import pulse_train, pwl_subcircuit, pwl_text
from mho.spice.rawfile import line_values, read_raw
from mho.spice.subcircuit import cell_subcircuit
from mho.spice.verilog_a import verilog_a

__all__ = [
    "cell_subcircuit",
    "line_values",
    "pulse_train",
    "pwl_subcircuit",
    "pwl_text",
    "read_raw",
    "tile_netlist",
    "tile_subcircuit",
    "verilog_a",
]
