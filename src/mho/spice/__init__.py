"""To and from circuit simulators: netlists, waveforms, compact models, raw files.

A tile as a circuit, alone or in the feedback of amplifiers, the pulses of a trace as sources, a
cell as a subcircuit or in Verilog-A, and a simulator's operating point read back.
"""

from mho.spice.feedback import AmplifierText, feedback_netlist
from mho.spice.netlist import tile_netlist, tile_subcircuit
from mho.spice.pulse_sources import pulse_train, pwl_subcircuit, pwl_text
from mho.spice.rawfile import line_values, read_raw
from mho.spice.subcircuit import cell_subcircuit
from mho.spice.verilog_a import verilog_a

__all__ = [
    "AmplifierText",
    "cell_subcircuit",
    "feedback_netlist",
    "line_values",
    "pulse_train",
    "pwl_subcircuit",
    "pwl_text",
    "read_raw",
    "tile_netlist",
    "tile_subcircuit",
    "verilog_a",
]
