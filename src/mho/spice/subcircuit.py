"""A typical cell as a behavioural subcircuit of SPICE: it conducts, and pulses program it.

The state is the voltage of a capacitor, so plain ngspice runs it, without compiled models.
"""

from mho.chip import Chip
from mho.spice.compact_model import LEFT_OUT, compact_parameters
from mho.spice.netlist import comment

_LAW = (
    "* v(g): conductance, v(on): compliance (1 V is 1 mS); v(x): change of v(g) since the start",
    "bg g 0 v=max(0,1e3*{g0}+v(x))",
    "bd d 0 v=v(te,be)/(1+1e-3*{series_resistance}*v(g))",
    "bon on 0 v=1e3*{gate_slope}*max(0,min(v(gate,be),{gate_max})-{gate_threshold})",
    "bup up 0 v=(v(d)>={threshold}*{set_voltage})&&(v(g)<1e3*{high})"
    " ? exp(min(30,(v(d)-{set_voltage})/{slope}))"
    "*min({window_max},max(0,v(on)-v(g))/(1e3*{span})) : 0",
    "bdown down 0 v=-v(d)>={threshold}*{reset_voltage}"
    " ? exp(min(30,(-v(d)-{reset_voltage})/{slope}))"
    "*min({window_max},max(0,v(g)-1e3*{low})/(1e3*{span})) : 0",
    "* 1 mF and 1 TOhm: the state leaks within 30 years",
    "bx 0 x i={gain}*{step}/{width}*(v(up)-v(down))",
    "cx x 0 1m",
    "rx x 0 1t",
)


def cell_subcircuit(
    chip: Chip,
    *,
    start: float | None = None,
    read_noise: bool = False,
    name: str = "cell",
) -> str:
    """A cell with the ports `te be gate`; a positive voltage from `te` to `be` SETs.

    Args:
        chip: The chip whose typical cell is written.
        start: Conductance at the start (S); that of a freshly formed cell if `None`. Every
            instance may set its own `g0`.
        read_noise: Add the noise of the chip's read-out as a source for transient analyses.
        name: Name of the subcircuit.
    """
    parameters = compact_parameters(chip, start)
    preset = chip.published
    lines = [
        comment(
            f"A cell of {preset.name}, {chip.driver} driver: conduction, SET and RESET."
        ),
        *(comment(text) for text in LEFT_OUT),
        *(comment(f"{p.name}: {p.meaning}") for p in parameters),
        f".subckt {name} te be gate",
        *(f"+ {p.name}={p.value:.12g}" for p in parameters),
        *_LAW,
    ]
    volts = "v(te,be)"
    seen = "v(g)"
    if read_noise:
        rms = 1e3 * chip.electronics.read_noise
        every = chip.electronics.sample_time
        lines += [
            "* noise of the read-out: normal numbers, one per sample",
            f"vn n 0 dc 0 trnoise({rms:.12g} {every:.12g} 0 0)",
        ]
        seen = "(v(g)+v(n))"
    bend = "{curvature}*max(0,1-v(g)/(1e3*{linear_above}))"
    lines += [
        f"bcell te be i=1e-3*{seen}*{volts}*(1+{bend}*{volts}*{volts})",
        f".ends {name}",
    ]
    return "\n".join(lines) + "\n"
