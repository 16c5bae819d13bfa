"""A typical cell as a Verilog-A module, for simulators that take compact models.

Conservative on purpose: one internal node with `ddt` for the state, no events, no tables.
"""

import re

from mho.chip import Chip
from mho.spice.compact_model import LEFT_OUT, compact_parameters

_FROM_ZERO = frozenset(
    {
        "g0",
        "curvature",
        "series_resistance",
        "per_decade",
        "gate_threshold",
        "threshold",
    }
)

_BODY = """
  real core, drive, compliance, rate, bend;

  analog begin
    core = max(g0 + 1.0e-3 * V(moved), 0.0);
    drive = V(te, be) / (1.0 + series_resistance * core);
    compliance = gate_slope * max(min(V(gate, be), gate_max) - gate_threshold, 0.0);
    rate = 0.0;
    if (drive >= threshold * set_voltage) begin
      if (core < high) begin
        rate = exp(min((drive - set_voltage) / slope, 30.0))
             * min(max(compliance - core, 0.0) / span, window_max);
      end
    end else begin
      if (-drive >= threshold * reset_voltage) begin
        rate = -exp(min((-drive - reset_voltage) / slope, 30.0))
             * min(max(core - low, 0.0) / span, window_max);
      end
    end
    rate = rate * gain * step / width;
    // 1 F and 1 nS: the state leaks within 30 years
    I(moved) <+ ddt(V(moved)) + 1.0e-9 * V(moved) - 1.0e3 * rate;
    bend = curvature * max(1.0 - core / linear_above, 0.0);
    I(te, be) <+ core * V(te, be) * (1.0 + bend * V(te, be) * V(te, be));
    // variance per decade over ln 10 is the density at 1 Hz
    I(te, be) <+ flicker_noise(V(te, be) * V(te, be) * per_decade * per_decade
                               * core * max(core, knee) / ln(10.0), 1.0, "flicker");
  end
endmodule
"""


def verilog_a(
    chip: Chip, *, start: float | None = None, name: str | None = None
) -> str:
    """A module with the ports `te, be, gate`; a positive voltage from `te` to `be` SETs.

    Args:
        chip: The chip whose typical cell is written.
        start: Conductance at the start (S); that of a freshly formed cell if `None`.
        name: Name of the module; `<preset>_cell` if `None`.

    >>> verilog_a(Chip("rao2023")).splitlines()[-1]
    'endmodule'
    """
    preset = chip.published
    name = name or re.sub(r"\W", "_", preset.name) + "_cell"
    lines = [
        f"// A cell of {preset.name}: conduction, SET and RESET, 1/f noise.",
        *(f"// {text}" for text in LEFT_OUT),
        '`include "constants.vams"',
        '`include "disciplines.vams"',
        "",
        f"module {name}(te, be, gate);",
        "  inout te, be, gate;",
        "  electrical te, be, gate;",
        "  electrical moved; // change of the conductance since the start, 1 V is 1 mS",
        "",
    ]
    for p in compact_parameters(chip, start):
        bound = "[0:inf)" if p.name in _FROM_ZERO else "(0:inf)"
        lines.append(
            f"  parameter real {p.name} = {_number(p.value)} from {bound}; // {p.meaning}"
        )
    return "\n".join(lines) + "\n" + _BODY


def _number(value: float) -> str:
    """A real constant, free of what binary fractions add: Verilog wants digits after a point."""
    mantissa, mark, exponent = f"{value:.12g}".partition("e")
    return (mantissa if "." in mantissa else f"{mantissa}.0") + mark + exponent
